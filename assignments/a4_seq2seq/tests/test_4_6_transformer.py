import numpy as np
import torch
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import (
    assert_close,
    assert_dtype,
    assert_keys,
    assert_length,
    assert_shape,
    assert_that,
    given,
)

FOUND = ["result", "arguments"]
# N = 2 sentences of S = 5 and T = 4 words; D = 6 numbers, h = 3 heads of 2, d_ff = 8.
D, HEADS, FF, WORDS, V, PAD = 6, 3, 8, 9, 7, 0
SOURCE = np.array([[3, 8, 1, 5, 2], [4, 7, 6, 0, 0]])
TARGET = np.array([[1, 4, 6, 3], [1, 2, 5, 5]])


def linear(rng, name, size_in, size_out):
    """A linear layer's numbers."""
    scale = size_in**-0.5
    return {
        f"{name}.weight": rng.normal(size=(size_out, size_in)) * scale,
        f"{name}.bias": rng.normal(size=size_out),
    }


def attention_numbers(rng, prefix=""):
    """Of a MultiHeadAttention."""
    numbers = {}
    for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
        numbers |= linear(rng, prefix + name, D, D)
    return numbers


def norm(rng, name):
    """A layer norm's numbers."""
    return {f"{name}.weight": rng.normal(size=D) + 1, f"{name}.bias": rng.normal(size=D)}


def layer_numbers(rng, *, decoder=False, prefix=""):
    """Of an encoder or a decoder layer."""
    numbers = attention_numbers(rng, f"{prefix}self_attention.")
    numbers |= attention_numbers(rng, f"{prefix}cross_attention.") if decoder else {}
    numbers |= linear(rng, f"{prefix}linear1", D, FF) | linear(rng, f"{prefix}linear2", FF, D)
    for i in range(1, 4 if decoder else 3):
        numbers |= norm(rng, f"{prefix}norm{i}")
    return numbers


def model_numbers(rng, layers=2):
    """Of a Transformer."""
    numbers = {
        "source_embedding.weight": rng.normal(size=(WORDS, D)),
        "target_embedding.weight": rng.normal(size=(V, D)),
    }
    for i in range(layers):
        numbers |= layer_numbers(rng, prefix=f"encoder_layers.{i}.")
        numbers |= layer_numbers(rng, decoder=True, prefix=f"decoder_layers.{i}.")
    return numbers | norm(rng, "encoder_norm") | norm(rng, "decoder_norm") | linear(rng, "out", D, V)


class Numbers:
    """The grader's own layers, as functions of numbers by name; each step can be done wrongly on purpose.

    Args:
        numbers: arrays by the parameters' names.
        prefix: of the names of this layer.
        wrong: what to do wrongly, by name; nothing where it is empty.
    """

    def __init__(self, numbers, prefix="", **wrong):
        self.numbers, self.prefix, self.wrong = numbers, prefix, wrong

    def below(self, name):
        """The layer of this name."""
        return Numbers(self.numbers, f"{self.prefix}{name}.", **self.wrong)

    def apply(self, name, x):
        """A linear layer."""
        where = self.prefix + name
        return x @ self.numbers[f"{where}.weight"].T + self.numbers[f"{where}.bias"]

    def normed(self, name, x):
        """A layer norm."""
        where = self.prefix + name
        x = (x - x.mean(axis=-1, keepdims=True)) / np.sqrt(x.var(axis=-1, keepdims=True) + 1e-5)
        return x * self.numbers[f"{where}.weight"] + self.numbers[f"{where}.bias"]

    def cut(self, x):
        """(N, T, D) into heads (N, h, T, D / h)."""
        N, T, size = *x.shape[:2], D // HEADS
        if self.wrong.get("heads") in {"one view", "cut in one view"}:
            return x.reshape(N, HEADS, T, size)
        if self.wrong.get("heads") == "interleaved":
            return x.reshape(N, T, size, HEADS).transpose(0, 3, 1, 2)
        return x.reshape(N, T, HEADS, size).transpose(0, 2, 1, 3)

    def join(self, x):
        """Heads (N, h, T, D / h) side by side."""
        N, T = x.shape[0], x.shape[2]
        if self.wrong.get("heads") in {"one view", "not exchanged back"}:
            return x.reshape(N, T, D)
        order = (0, 2, 3, 1) if self.wrong.get("heads") == "interleaved" else (0, 2, 1, 3)
        return x.transpose(order).reshape(N, T, D)

    def attend(self, query, key, value, mask):
        """Attention by torch's own function; the mask broadcasts to (N, h, T, S)."""
        projected = (("q_proj", query), ("k_proj", key), ("v_proj", value))
        heads = [torch.from_numpy(self.cut(self.apply(name, x)).copy()) for name, x in projected]
        mask = np.broadcast_to(mask, (len(query), HEADS, query.shape[1], key.shape[1])).copy()
        found = torch.nn.functional.scaled_dot_product_attention(
            *heads, attn_mask=torch.from_numpy(mask), scale=self.wrong.get("scale")
        )
        found = self.join(found.numpy())
        return found if self.wrong.get("no_out_proj") else self.apply("out_proj", found)

    def feed_forward(self, x):
        """Two linear layers with a ReLU between."""
        wide = self.apply("linear1", x)
        return self.apply("linear2", wide if self.wrong.get("no_relu") else np.maximum(wide, 0))

    def encoder_layer(self, x, mask):
        """Pre-norm."""
        look = self.below("self_attention").attend
        if self.wrong.get("post_norm"):
            x = self.normed("norm1", x + look(x, x, x, mask))
            return self.normed("norm2", x + self.feed_forward(x))
        seen = self.normed("norm1", x)
        read = x if self.wrong.get("keys_not_normed") else seen
        x = (seen if self.wrong.get("normed_residual") else x) + look(seen, read, read, mask)
        seen = self.normed("norm2", x)
        return (seen if self.wrong.get("normed_residual") else x) + self.feed_forward(seen)

    def decoder_layer(self, x, memory, mask, memory_mask):
        """Pre-norm, with a look at the memory."""
        look, across = self.below("self_attention").attend, self.below("cross_attention").attend
        if self.wrong.get("post_norm"):
            x = self.normed("norm1", x + look(x, x, x, mask))
            x = self.normed("norm2", x + across(x, memory, memory, memory_mask))
            return self.normed("norm3", x + self.feed_forward(x))
        seen = self.normed("norm1", x)
        x = x + look(seen, seen, seen, mask)
        seen = self.normed("norm2", x)
        if self.wrong.get("cross") == "the target":
            x = x + across(seen, seen, seen, mask)
        elif self.wrong.get("cross") == "not normed":
            x = x + across(x, memory, memory, memory_mask)
        elif self.wrong.get("cross") != "left out":
            x = x + across(seen, memory, memory, memory_mask)
        return x + self.feed_forward(self.normed("norm3", x))

    def embedded(self, side, words):
        """Embeddings, scaled, with positions."""
        vectors = self.numbers[f"{side}_embedding.weight"][words]
        factor = self.wrong.get("embedding_scale", D**0.5)
        wrong = self.wrong.get("positions")
        if wrong == "none":
            return vectors * factor
        if wrong == "scaled too":
            return (vectors + table(words.shape[1], D)) * factor
        if wrong == "of sentences":
            return vectors * factor + table(len(words), D)[:, None]
        return vectors * factor + table(words.shape[1], D)

    def transformer(self, source, target, layers=2):
        """The scores (N, T, V)."""
        padding, norms = self.wrong.get("padding_seen", ()), self.wrong.get("no_norm", ())
        seen = (source != PAD)[:, None, None]
        memory = embedded = self.embedded("source", source)
        for i in range(layers):
            layer = self.below(f"encoder_layers.{i}")
            memory = layer.encoder_layer(memory, True if "encoder" in padding else seen)
        memory = memory if "encoder" in norms else self.normed("encoder_norm", memory)
        memory = embedded if self.wrong.get("no_encoder") else memory
        x = self.embedded("target", target)
        causal = np.tril(np.ones((target.shape[1],) * 2, dtype=bool), self.wrong.get("peeks", 0))
        for i in range(layers):
            layer = self.below(f"decoder_layers.{i}")
            x = layer.decoder_layer(x, memory, causal, True if "decoder" in padding else seen)
        x = x if "decoder" in norms else self.normed("decoder_norm", x)
        return self.apply("out", x)


def softmax(x):
    """Over the last axis."""
    x = np.exp(x - x.max(axis=-1, keepdims=True))
    return x / x.sum(axis=-1, keepdims=True)


def table(length, d_model):
    """Positions, number by number."""
    found = np.empty((length, d_model))
    for t in range(length):
        for i in range(0, d_model, 2):
            angle = t / 10_000 ** (i / d_model)
            found[t, i], found[t, i + 1] = np.sin(angle), np.cos(angle)
    return found


def filled(student, module, numbers):
    """A module of the student's with these numbers."""
    given(student, "transformer_runs.py").fill(module, numbers)
    return module


def run(student, module, *arguments, **options):
    """What a module returns."""
    found = given(student, "transformer_runs.py").run(module, *arguments, **options)
    assert_keys(found, FOUND, what="a run of your module")
    return found["result"]


@number("4.6")
@weight(1)
def test_positions_are_sines_and_cosines(student, rng):
    """Even numbers are sines, odd ones cosines, of angles that fall from number to number; float32."""
    for _ in range(2):
        length, d_model = 2 * int(rng.integers(1, 5)) + 1, 2 * int(rng.integers(2, 7))  # odd and even: differ
        right = table(length, d_model)
        even, odd = right[:, ::2], right[:, 1::2]
        places, own = np.arange(length)[:, None], np.arange(d_model)[None]
        found = student.transformer.positions(length, d_model)
        assert_close(
            found,
            right,
            what=f"positions({length}, {d_model})",
            rtol=1e-5,
            atol=1e-6,
            sizes={"length": length, "D": d_model},
            wrong={
                "first all sines, then all cosines": np.concatenate([even, odd], axis=1),
                "cosines first": np.stack([odd, even], axis=2).reshape(length, d_model),
                "positions counted from 1": table(length + 1, d_model)[1:],
                "an angle of its own for each number, not for each pair": np.where(
                    own % 2,
                    np.cos(places / 10_000 ** (own / d_model)),
                    np.sin(places / 10_000 ** (own / d_model)),
                ),
                "the exponent i / D instead of 2 i / D": np.where(
                    own % 2,
                    np.cos(places / 10_000 ** (own // 2 / d_model)),
                    np.sin(places / 10_000 ** (own // 2 / d_model)),
                ),
            },
        )
        assert_dtype(found, "float32", what="the positions")


@number("4.6")
@weight(0.5)
def test_causal_mask_shows_the_past(student, rng):
    """True where s <= t: a word sees itself and what comes before it."""
    length = int(rng.integers(4, 10))
    right, what = np.tril(np.ones((length, length), dtype=bool)), f"causal_mask({length})"
    found = student.transformer.causal_mask(length)
    assert_dtype(found, "bool", what=what)
    assert_close(
        found,
        right,
        what=what,
        wrong={
            "a word does not see itself": np.tril(right, -1),
            "a word sees the next word too": np.tril(np.ones((length, length), dtype=bool), 1),
            "the future instead of the past": right.T,
            "True and False exchanged": ~right,
            "everything is seen": np.ones((length, length), dtype=bool),
        },
    )


@number("4.6")
@weight(1.5)
def test_attention_with_several_heads(student, rng):
    """Each head has its own share of the vectors; scores are divided by the root of a head's size."""
    numbers = attention_numbers(rng)
    query, key, value = rng.normal(size=(2, 4, D)), rng.normal(size=(2, 5, D)), rng.normal(size=(2, 5, D))
    module = filled(student, student.transformer.MultiHeadAttention(D, HEADS), numbers)

    def by_hand(query=query, key=key, value=value, **wrong):
        return Numbers(numbers, **wrong).attend(query, key, value, True)

    size = D // HEADS
    assert_close(
        run(student, module, query, key, value, None),
        by_hand(),
        what=f"attention with {HEADS} heads",
        sizes={"N": 2, "T": 4, "D": D},
        wrong={
            "scores divided by the root of D, not of D / h": by_hand(scale=D**-0.5),
            "scores divided by D": by_hand(scale=1 / D),
            "scores divided by D / h, without the root": by_hand(scale=1 / size),
            "scores not divided": by_hand(scale=1.0),
            "heads cut in one view, which mixes words": by_hand(heads="cut in one view"),
            "heads cut and joined in one view each, which mixes words": by_hand(heads="one view"),
            f"heads that take every {HEADS}rd number": by_hand(heads="interleaved"),
            "the axes not exchanged back before the heads are joined": by_hand(heads="not exchanged back"),
            "without out_proj": by_hand(no_out_proj=True),
            "the keys used as values": by_hand(value=key),
            "the values used as keys": by_hand(key=value),
        },
        hint="(N, T, D), view (N, T, h, D / h), transpose (N, h, T, D / h); and back the same way.",
    )


@number("4.6")
@weight(1.5)
def test_attention_sees_what_the_mask_allows(student, rng):
    """True may be seen; masks of shapes (T, S), (N, 1, 1, S) and (N, h, T, S) all work."""
    numbers = attention_numbers(rng)
    query, memory = rng.normal(size=(2, 4, D)), rng.normal(size=(2, 5, D))
    module = filled(student, student.transformer.MultiHeadAttention(D, HEADS), numbers)
    whole = rng.uniform(size=(2, HEADS, 4, 5)) < 0.5
    whole[..., 2], whole[..., 4] = True, False
    columns = np.array([[1, 1, 1, 1, 0], [1, 1, 1, 0, 0]], dtype=bool)[:, None, None]
    for mask in (np.tril(np.ones((4, 5), dtype=bool)), columns, whole):

        def by_hand(mask=mask):
            return Numbers(numbers).attend(query, memory, memory, mask)

        assert_close(
            run(student, module, query, memory, memory, mask),
            by_hand(),
            what=f"attention with a mask of the shape {mask.shape}",
            wrong={
                "the mask ignored": by_hand(True),
                "the mask the other way round": by_hand(~mask),
                "the mask of the first sentence for all": by_hand(mask[:1] if mask.ndim == 4 else mask),
                "the mask of the first head for all": by_hand(mask[:, :1] if mask.ndim == 4 else mask),
            },
            hint="masked_fill(~mask, -inf) on the scores, before the softmax.",
        )


@number("4.6")
@weight(1.5)
def test_encoder_layer_is_pre_norm(student, rng):
    """Each half normalises what it reads and adds what it finds to what it was given."""
    numbers, x = layer_numbers(rng), rng.normal(size=(2, 5, D))
    mask = (SOURCE != PAD)[:, None, None]
    module = filled(student, student.transformer.EncoderLayer(D, HEADS, FF, 0.0), numbers)

    def by_hand(mask=mask, **wrong):
        return Numbers(numbers, **wrong).encoder_layer(x, mask)

    own = Numbers(numbers)
    seen = own.normed("norm1", x)
    found = own.below("self_attention").attend(seen, seen, seen, mask)
    assert_close(
        run(student, module, x, mask),
        by_hand(),
        what="an encoder layer",
        sizes={"N": 2, "S": 5, "D": D},
        wrong={
            "post-norm: the norms after the additions": by_hand(post_norm=True),
            "what was found is added to the normalised words": by_hand(normed_residual=True),
            "the queries normalised, keys and values not": by_hand(keys_not_normed=True),
            "without the ReLU": by_hand(no_relu=True),
            "the mask ignored": by_hand(True),
            "the attention's half alone": x + found,
            "nothing added to: the attention's result replaces the words": found
            + own.feed_forward(own.normed("norm2", found)),
            "the second half's result without the words": own.feed_forward(own.normed("norm2", x + found)),
            "norm1 used twice, norm2 never": x + found + own.feed_forward(own.normed("norm1", x + found)),
        },
    )


@number("4.6")
@weight(1.5)
def test_decoder_layer_looks_at_the_source(student, rng):
    """Self-attention under its mask, then attention to the memory under the other, then each word."""
    numbers = layer_numbers(rng, decoder=True)
    x, memory = rng.normal(size=(2, 4, D)), rng.normal(size=(2, 5, D))
    causal, seen = np.tril(np.ones((4, 4), dtype=bool)), (SOURCE != PAD)[:, None, None]
    module = filled(student, student.transformer.DecoderLayer(D, HEADS, FF, 0.0), numbers)

    def by_hand(memory=memory, mask=causal, memory_mask=seen, **wrong):
        return Numbers(numbers, **wrong).decoder_layer(x, memory, mask, memory_mask)

    assert_close(
        run(student, module, x, memory, causal, seen),
        by_hand(),
        what="a decoder layer",
        sizes={"N": 2, "T": 4, "D": D},
        wrong={
            "the self-attention's mask ignored": by_hand(mask=True),
            "the memory's mask ignored": by_hand(memory_mask=True),
            "both masks ignored": by_hand(mask=True, memory_mask=True),
            "cross-attention with keys and values from the target": by_hand(cross="the target"),
            "cross-attention left out": by_hand(cross="left out"),
            "the queries of the cross-attention not normalised": by_hand(cross="not normed"),
            "the memory normalised once more": by_hand(memory=Numbers(numbers).normed("norm2", memory)),
            "post-norm: the norms after the additions": by_hand(post_norm=True),
            "without the ReLU": by_hand(no_relu=True),
        },
        hint="Queries are the target's words; keys and values of cross-attention are the memory, as it came.",
    )


@number("4.6")
@weight(1.5)
def test_transformer_puts_it_together(student, rng):
    """Scores (N, T, V) of a whole Transformer of two layers, with padding in the source."""
    numbers = model_numbers(rng)
    model = student.transformer.Transformer(WORDS, V, D, HEADS, 2, FF, 0.0, PAD)
    filled(student, model, numbers)

    def by_hand(**wrong):
        return Numbers(numbers, **wrong).transformer(SOURCE, TARGET)

    assert_close(
        run(student, model, SOURCE, TARGET),
        by_hand(),
        what="the scores",
        sizes={"N": 2, "T": 4, "V": V},
        rtol=1e-5,
        atol=1e-6,
        wrong={
            "the embeddings not scaled": by_hand(embedding_scale=1.0),
            "the embeddings divided by the root of D": by_hand(embedding_scale=D**-0.5),
            "the embeddings times D": by_hand(embedding_scale=D),
            "no positions": by_hand(positions="none"),
            "positions scaled with the embeddings": by_hand(positions="scaled too"),
            "positions of the sentences in the batch, not of the words": by_hand(positions="of sentences"),
            "no norm after the encoder's last layer": by_hand(no_norm=["encoder"]),
            "no norm after the decoder's last layer": by_hand(no_norm=["decoder"]),
            "no norm after the last layers": by_hand(no_norm=["encoder", "decoder"]),
            "post-norm layers": by_hand(post_norm=True),
            "the source's padding seen in the encoder": by_hand(padding_seen=["encoder"]),
            "the source's padding seen by cross-attention": by_hand(padding_seen=["decoder"]),
            "the source's padding seen everywhere": by_hand(padding_seen=["encoder", "decoder"]),
            "the decoder reads the source's embeddings, not what the encoder made": by_hand(no_encoder=True),
            "cross-attention with keys and values from the target": by_hand(cross="the target"),
            "each word of the target sees the next one": by_hand(peeks=1),
            "each word of the target sees them all": by_hand(peeks=9),
            "log-probabilities instead of scores": np.log(softmax(by_hand())),
            "probabilities instead of scores": softmax(by_hand()),
        },
    )


@number("4.6")
@weight(1)
def test_transformer_places_see_what_they_may(student, rng):
    """A word moves its own place's scores and later ones only; padding and other sentences move none."""
    model = student.transformer.Transformer(WORDS, V, D, HEADS, 2, FF, 0.0, PAD)
    filled(student, model, model_numbers(rng))

    def scores(source, target):
        found = run(student, model, source, target)
        assert_shape(found, (len(source), target.shape[1], V), what="the scores")
        return np.asarray(found)

    before = scores(SOURCE, TARGET)
    hint = "Is there a place that sees nothing at all? A softmax over -inf alone is nan."
    assert_that(np.isfinite(before).all(), "Some scores are nan or infinite.", hint)
    for place in range(1, 4):
        other = TARGET.copy()
        other[:, place] = (other[:, place] + 2) % V
        moved = np.abs(scores(SOURCE, other) - before).max(axis=(0, 2))
        for t in range(place):
            hint = f"In your causal mask, may row {t} see column {place}?"
            assert_that(
                moved[t] < 1e-8,
                f"Place {t} of the target sees place {place}: with another word there, its scores move.",
                hint,
            )
        for t in range(place, 4):
            assert_that(
                moved[t] > 1e-8,
                f"Place {t} of the target does not see place {place}: with another word there, "
                "its scores stay as they were.",
            )
    hint = "Padding is masked in the encoder and in cross-attention: two masks of the same source."
    wider = np.pad(SOURCE, ((0, 0), (0, 3)), constant_values=PAD)
    moved = np.abs(scores(wider, TARGET) - before).max(axis=(1, 2))
    for n in range(2):
        assert_that(moved[n] < 1e-8, f"Sentence {n} sees the padding that was added behind its source.", hint)
    alone = scores(SOURCE[1:, :3], TARGET[1:])
    message = "Sentence 1 alone, without its padding, has other scores than in the batch."
    assert_that(np.abs(alone - before[1:]).max() < 1e-8, message)


@number("4.6")
@weight(0.5)
def test_transformer_drops_numbers_in_training_mode_only(student, rng):
    """Dropout 1: layers return x, and scores are out(decoder_norm(0)). In evaluation mode nothing drops."""
    numbers, part = model_numbers(rng, layers=1), student.transformer
    x, memory = rng.normal(size=(2, 4, D)), rng.normal(size=(2, 5, D))
    for name, kind, arguments in (
        ("EncoderLayer", part.EncoderLayer, (x, None)),
        ("DecoderLayer", part.DecoderLayer, (x, memory, None, None)),
    ):
        layer = layer_numbers(rng, decoder=kind is part.DecoderLayer)
        module = filled(student, kind(D, HEADS, FF, 1.0), layer)
        found = run(student, module, *arguments, training=True)
        hint = "Dropout acts on what each part of the layer finds, before it is added to x."
        assert_close(found, x, what=f"{name} with dropout 1 in training mode", hint=hint)
    sizes = WORDS, V, D, HEADS, 1, FF
    model = filled(student, part.Transformer(*sizes, 1.0, PAD), numbers)
    blank = Numbers(numbers).apply("out", numbers["decoder_norm.bias"])
    assert_close(
        run(student, model, SOURCE, TARGET, training=True),
        np.broadcast_to(blank, (2, 4, V)),
        what="the scores with dropout 1 in training mode",
        hint="After embedding and position are added, dropout acts on their sum.",
    )
    whole = run(student, filled(student, part.Transformer(*sizes, 0.0, PAD), numbers), SOURCE, TARGET)
    right = Numbers(numbers).transformer(SOURCE, TARGET, layers=1)
    assert_close(whole, right, what="the scores without dropout", rtol=1e-5, atol=1e-6)
    for call in ("first", "second"):
        found = run(student, model, SOURCE, TARGET)
        what = f"the scores with dropout 1 in evaluation mode, {call} call"
        assert_close(
            found, whole, what=what, hint="In evaluation mode, dropout does nothing: nn.Dropout knows."
        )


@number("4.6")
@weight(0.5)
def test_transformer_leaves_its_arguments_alone(student, rng):
    """Words, vectors and masks keep their numbers, and the results are right."""
    part = student.transformer
    x, memory, mask = rng.normal(size=(2, 4, D)), rng.normal(size=(2, 5, D)), (SOURCE != PAD)[:, None, None]
    runs = given(student, "transformer_runs.py")
    causal = np.tril(np.ones((4, 4), dtype=bool))
    whole, reader, writer = model_numbers(rng, layers=1), layer_numbers(rng), layer_numbers(rng, decoder=True)
    right = {
        "Transformer": Numbers(whole).transformer(SOURCE, TARGET, layers=1),
        "EncoderLayer": Numbers(reader).encoder_layer(memory, mask),
        "DecoderLayer": Numbers(writer).decoder_layer(x, memory, causal, mask),
    }
    for name, module, numbers, arguments in (
        ("Transformer", part.Transformer(WORDS, V, D, HEADS, 1, FF, 0.0, PAD), whole, (SOURCE, TARGET)),
        ("EncoderLayer", part.EncoderLayer(D, HEADS, FF, 0.0), reader, (memory, mask)),
        ("DecoderLayer", part.DecoderLayer(D, HEADS, FF, 0.0), writer, (x, memory, causal, mask)),
    ):
        found = runs.run(filled(student, module, numbers), *arguments)
        assert_keys(found, FOUND, what="a run of your module")
        assert_close(found["result"], right[name], what=f"what {name} returns", rtol=1e-5, atol=1e-6)
        assert_length(found["arguments"], len(arguments), what="the arguments after the call")
        for after, before in zip(found["arguments"], arguments, strict=True):
            assert_close(after, before, what=f"an argument of {name} after the call")
