"""Trains assignment 4's reference Transformer, and tells its BLEU on the test split.

A script, not a test.

    python tests/train_translator.py                         # about two minutes, writes the weights
    python tests/train_translator.py --multi30k FOLDER       # half an hour, writes nothing

The first trains on toy_de_en and writes translator.safetensors and translator.json beside the
reference, which the leaderboard's grader needs. The second shows what the reference does on real
sentences; FOLDER is as `datasets.load_multi30k` takes it.
"""

import argparse
import json
import math
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import sacrebleu
import torch
from safetensors.torch import save_file
from torch import Tensor

from datasets import load_multi30k, load_toy_de_en
from datasets.translation import TranslationData

REFERENCE = Path(__file__).parents[1] / "solutions" / "a4_seq2seq"
sys.path.insert(0, str(REFERENCE))

from decoding import beam_search, greedy_decode, perplexity  # noqa: E402 - after the path
from text import Vocabulary, collate, tokenize  # noqa: E402
from training import evaluate, train_epoch, transformer_scores  # noqa: E402
from transformer import Transformer  # noqa: E402

WARMUP = 100  # updates
Pair = tuple[list[int], list[int]]


@dataclass(frozen=True)
class Recipe:
    """How to train on one set: passes or minutes, whichever comes first."""

    sizes: dict[str, float]
    batch: int
    rate: float
    epochs: int
    minutes: float
    min_frequency: int = 1
    label_smoothing: float = 0.0


TOY = Recipe({"d_model": 96, "num_heads": 4, "num_layers": 2, "d_ff": 192, "dropout": 0.0}, 64, 3e-3, 3, 30)
MULTI30K = Recipe(
    {"d_model": 128, "num_heads": 4, "num_layers": 3, "d_ff": 512, "dropout": 0.1},
    batch=64,
    rate=2e-3,
    epochs=100,
    minutes=30,
    min_frequency=2,
    label_smoothing=0.1,
)


class Translation:
    """The data as numbers, and a model."""

    def __init__(self, data: TranslationData, recipe: Recipe) -> None:
        """Vocabularies of the training split alone."""
        self.data, self.recipe = data, recipe
        german, english = zip(*((tokenize(de), tokenize(en)) for de, en in data.train), strict=True)
        self.german = Vocabulary(list(german), recipe.min_frequency)
        self.english = Vocabulary(list(english), recipe.min_frequency)
        torch.manual_seed(0)
        self.model = Transformer(
            len(self.german), len(self.english), pad_id=Vocabulary.pad_id, **recipe.sizes
        )

    def encoded(self, pairs: list[tuple[str, str]]) -> list[Pair]:
        """Ids of each pair; the target between <sos> and <eos>."""
        return [
            (
                self.german.encode(tokenize(german)),
                [Vocabulary.sos_id, *self.english.encode(tokenize(english)), Vocabulary.eos_id],
            )
            for german, english in pairs
        ]

    def batches(self, pairs: list[Pair], rng: random.Random) -> Iterator[tuple[Tensor, Tensor]]:
        """Batches of sentences of about one length, in random order."""
        order = sorted(range(len(pairs)), key=lambda i: (len(pairs[i][1]), rng.random()))
        size = self.recipe.batch
        chunks = [order[start : start + size] for start in range(0, len(order), size)]
        rng.shuffle(chunks)
        for chunk in chunks:
            sources, targets = zip(*(pairs[i] for i in chunk), strict=True)
            yield (
                collate(list(sources), Vocabulary.pad_id)[0],
                collate(list(targets), Vocabulary.pad_id)[0],
            )

    def train(self) -> None:
        """Adam with a warm-up, then a linear decay to the end of the time."""
        recipe, rng = self.recipe, random.Random(0)
        pairs, check = self.encoded(self.data.train), self.encoded(self.data.validation)
        updates, started = recipe.epochs * math.ceil(len(pairs) / recipe.batch), time.time()
        optimizer = torch.optim.Adam(self.model.parameters(), betas=(0.9, 0.98))
        steps = iter(range(1, updates + 1))

        def schedule() -> float:
            step = next(steps)
            spent = max(step / updates, (time.time() - started) / (60 * recipe.minutes))
            return recipe.rate * min(step / WARMUP, max(0.02, 1 - spent))

        for epoch in range(1, recipe.epochs + 1):
            loss = train_epoch(
                self.model,
                self.batches(pairs, rng),
                optimizer,
                transformer_scores,
                Vocabulary.pad_id,
                label_smoothing=recipe.label_smoothing,
                schedule=schedule,
            )
            total, words = evaluate(
                self.model, self.batches(check, rng), transformer_scores, Vocabulary.pad_id
            )
            minutes = (time.time() - started) / 60
            told = f"loss {loss:.3f}, validation perplexity {perplexity(total, words):.3f}"
            print(f"epoch {epoch}: {told}, {minutes:.1f} min", flush=True)
            if minutes * (epoch + 1) / epoch > recipe.minutes:
                break

    def bleu(self, beam_size: int = 1) -> str:
        """BLEU on the test split, without regard to case, and sacrebleu's signature."""
        self.model.eval()
        english = []
        with torch.no_grad():
            for start in range(0, len(self.data.test), 50):
                sentences = [german for german, _ in self.data.test[start : start + 50]]
                english += self.translate(sentences, beam_size)
        metric = sacrebleu.BLEU(lowercase=True, force=True)
        score = metric.corpus_score(english, [[right for _, right in self.data.test]])
        return f"{score.score:.1f} ({metric.get_signature()})"

    def translate(self, sentences: list[str], beam_size: int) -> list[str]:
        """Greedy for a beam of 1, which does all sentences at once."""
        rows = [self.german.encode(tokenize(sentence)) for sentence in sentences]
        specials = Vocabulary.sos_id, Vocabulary.eos_id
        if beam_size == 1:
            source = collate(rows, Vocabulary.pad_id)[0]
            found = greedy_decode(self.step(source), len(rows), *specials, max_length=40)
        else:
            found = [
                beam_search(self.step(torch.tensor([row])), *specials, 40, beam_size, 0.7) for row in rows
            ]
        return [" ".join(self.english.decode(row)) for row in found]

    def step(self, source: Tensor):
        """The model with its source bound."""

        def log_probabilities(prefixes: Tensor) -> Tensor:
            wide = source.expand(len(prefixes), -1) if len(source) == 1 else source
            return self.model(wide, prefixes)[:, -1].log_softmax(dim=1)

        return log_probabilities

    def save(self) -> None:
        """The two files of the leaderboard."""
        save_file(self.model.state_dict(), REFERENCE / "translator.safetensors")
        config = {
            "german": self.german.tokens,
            "english": self.english.tokens,
            "sizes": self.recipe.sizes,
        }
        text = json.dumps(config, ensure_ascii=False)
        (REFERENCE / "translator.json").write_text(text + "\n", encoding="utf-8")


def main() -> int:
    """Trains, prints BLEU, and writes the weights of the toy set."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--multi30k", metavar="FOLDER", help="train on Multi30k, for half an hour")
    parser.add_argument("--minutes", type=float, default=MULTI30K.minutes, help="of that")
    arguments = parser.parse_args()
    if arguments.multi30k:
        recipe = Recipe(**{**vars(MULTI30K), "minutes": arguments.minutes})
        made = Translation(load_multi30k(Path(arguments.multi30k)), recipe)
    else:
        made = Translation(load_toy_de_en(), TOY)
    numbers = sum(parameter.numel() for parameter in made.model.parameters())
    print(f"{made.data.name}: {len(made.data.train):,} pairs, {numbers:,} parameters", flush=True)
    made.train()
    print("BLEU on the test split:", made.bleu())
    if arguments.multi30k:
        print("with a beam of 4:", made.bleu(beam_size=4))
    else:
        made.save()
    return 0


if __name__ == "__main__":
    sys.exit(main())
