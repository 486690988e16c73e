"""Part 4.8: your translator, as the leaderboard runs it.

It is rebuilt from two files that you hand in with this one: `translator.safetensors` holds the
numbers that training has found, `translator.json` all else that it needs, such as its two
vocabularies and its sizes. Neither holds code. Which model it is, is up to you.

    save_file(model.state_dict(), "translator.safetensors")     # of safetensors.torch
    Path("translator.json").write_text(json.dumps(config), encoding="utf-8")
"""

from typing import Any

# BEGIN SOLUTION
import torch

# END SOLUTION
from torch import Tensor

# BEGIN SOLUTION
from decoding import greedy_decode
from text import Vocabulary, collate, tokenize
from transformer import Transformer

# END SOLUTION

__all__ = ["Translator"]


class Translator:
    """Translates German sentences into English ones."""

    def __init__(self, tensors: dict[str, Tensor], config: dict[str, Any]) -> None:
        """Rebuilds the model.

        Args:
            tensors: what translator.safetensors holds, on the CPU.
            config: what translator.json holds.
        """
        # BEGIN SOLUTION
        self._german = {word: i for i, word in enumerate(config["german"])}
        self._english: list[str] = config["english"]
        sizes = config["sizes"]
        self.model = Transformer(len(self._german), len(self._english), pad_id=Vocabulary.pad_id, **sizes)
        self.model.load_state_dict(tensors)
        self.model.eval()
        # END SOLUTION

    def translate(self, sentences: list[str]) -> list[str]:
        """Translations, one for each sentence, in the same order.

        Args:
            sentences: German, any number of them, each of at least one word. Words that the
                training has not seen may occur.

        Returns:
            English sentences of words with spaces between them. BLEU takes punctuation apart by
            itself and does not look at capital letters.
        """
        # BEGIN SOLUTION
        source, _, _ = collate([self._ids(sentence) for sentence in sentences], Vocabulary.pad_id)

        def step(prefixes: Tensor) -> Tensor:
            scores: Tensor = self.model(source, prefixes)[:, -1]
            return scores.log_softmax(dim=1)

        with torch.no_grad():
            rows = greedy_decode(
                step, len(sentences), Vocabulary.sos_id, Vocabulary.eos_id, max_length=2 * source.shape[1] + 5
            )
        return [" ".join(self._english[i] for i in row) for row in rows]
        # END SOLUTION

    # BEGIN SOLUTION
    def _ids(self, sentence: str) -> list[int]:
        return [self._german.get(word, Vocabulary.unk_id) for word in tokenize(sentence)]

    # END SOLUTION
