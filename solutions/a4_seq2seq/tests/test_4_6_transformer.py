import numpy as np
import torch
from gradescope_utils.autograder_utils.decorators import number, weight
from torch import nn

from autograder.grading import (
    assert_close,
    assert_keys,
    assert_raises,
    assert_shape,
    assert_that,
    assert_type,
    given,
    limits,
)

FOUND = ["result", "arguments"]
ATTENTION = {"self_attention": "self_attn", "cross_attention": "multihead_attn"}


def random_numbers(rng, module):
    """Fills one of torch's own modules, in double precision."""
    module.double().eval()
    for parameter in module.parameters():
        parameter.data = torch.from_numpy(rng.normal(size=tuple(parameter.shape)) * 0.5)
    return module


def names_of(layer, prefix="", *, gradients=False):
    """The numbers of one of torch's layers, or their gradients, by the names of this assignment."""
    numbers = {}
    for name, parameter in layer.named_parameters():
        value = parameter.grad if gradients else parameter.detach()
        for ours, theirs in ATTENTION.items():
            name = name.replace(theirs, ours)  # noqa: PLW2901 - step by step
        array = value.numpy().copy()
        if "in_proj_" in name:
            kind = name.rpartition("_")[2]
            for letter, share in zip("qkv", np.split(array, 3), strict=True):
                numbers[prefix + name.replace(f"in_proj_{kind}", f"{letter}_proj.{kind}")] = share
        else:
            numbers[prefix + name] = array
    return numbers


def filled(student, module, numbers):
    """A module of the student's with these numbers."""
    given(student, "transformer_runs.py").fill(module, numbers)
    return module


def run(student, module, *arguments):
    """What a module returns."""
    found = given(student, "transformer_runs.py").run(module, *arguments)
    assert_keys(found, FOUND, what="a run of your module")
    return found["result"]


class Twin:
    """A Transformer of torch's own layers."""

    def __init__(self, rng, sizes, layers, pad):
        """Random numbers for (source words, V, D, h, d_ff)."""
        words, V, D, heads, ff = sizes
        make = {"d_model": D, "nhead": heads, "dim_feedforward": ff, "dropout": 0.0}
        make |= {"norm_first": True, "batch_first": True}
        self.encoder = [random_numbers(rng, nn.TransformerEncoderLayer(**make)) for _ in range(layers)]
        self.decoder = [random_numbers(rng, nn.TransformerDecoderLayer(**make)) for _ in range(layers)]
        self.norms = [random_numbers(rng, nn.LayerNorm(D)) for _ in range(2)]
        self.out = random_numbers(rng, nn.Linear(D, V))
        self.tables = [random_numbers(rng, nn.Embedding(count, D)) for count in (words, V)]
        self.sizes, self.layers, self.pad = sizes, layers, pad

    def numbers(self, *, gradients=False):
        """By the names of this assignment."""
        parts = {"source_embedding": self.tables[0], "target_embedding": self.tables[1], "out": self.out}
        parts |= {"encoder_norm": self.norms[0], "decoder_norm": self.norms[1]}
        parts |= {f"encoder_layers.{i}": layer for i, layer in enumerate(self.encoder)}
        parts |= {f"decoder_layers.{i}": layer for i, layer in enumerate(self.decoder)}
        numbers = {}
        for name, part in parts.items():
            numbers |= names_of(part, f"{name}.", gradients=gradients)
        return numbers

    def scores(self, source, target):
        """(N, T, V)."""
        source, target = torch.from_numpy(source), torch.from_numpy(target)
        padding = source == self.pad
        memory = self.embed(0, source)
        for layer in self.encoder:
            memory = layer(memory, src_key_padding_mask=padding)
        memory = self.norms[0](memory)
        x = self.embed(1, target)
        future = torch.ones(target.shape[1], target.shape[1], dtype=torch.bool).triu(1)
        for layer in self.decoder:
            x = layer(x, memory, tgt_mask=future, memory_key_padding_mask=padding)
        return self.out(self.norms[1](x))

    def embed(self, side, words):
        """Embeddings times sqrt(D), and positions."""
        D = self.sizes[2]
        place = np.arange(words.shape[1])[:, None] / 10_000 ** (np.arange(0, D, 2) / D)
        table = np.stack([np.sin(place), np.cos(place)], axis=2).reshape(words.shape[1], D)
        return self.tables[side](words) * D**0.5 + torch.from_numpy(table)

    def model(self, student):
        """The student's Transformer with these numbers."""
        words, V, D, heads, ff = self.sizes
        model = student.transformer.Transformer(words, V, D, heads, self.layers, ff, 0.0, self.pad)
        return filled(student, model, self.numbers())


SOURCE = np.array([[3, 5, 2, 4, 7, 6], [6, 2, 3, 1, 1, 1], [2, 1, 1, 1, 1, 1]])
TARGET = np.array([[2, 4, 2, 7, 5], [2, 7, 6, 3, 3], [2, 8, 2, 4, 8]])
SIZES = (8, 9, 8, 2, 5)  # source words, target words, D, h, d_ff
PAD = 1


def assert_scores(found, expected, what):
    """Equal, up to the float32 of positions."""
    assert_close(found, expected, what=what, rtol=1e-5, atol=1e-5)


def checked(found, shape):
    """Scores that are of the right shape."""
    assert_type(found, torch.Tensor, what="the scores")
    assert_shape(found, shape, what="the scores")
    return found


@number("4.6")
@weight(0.5)
def test_attention_agrees_with_torch(student, rng):
    """Other sizes, one head, as many heads as numbers: equal to torch's own, with and without a mask."""
    for N, S, T, D, heads in ((3, 4, 2, 8, 4), (1, 2, 5, 6, 1), (2, 6, 3, 5, 5)):
        layer = random_numbers(rng, nn.MultiheadAttention(D, heads, batch_first=True))
        module = filled(student, student.transformer.MultiHeadAttention(D, heads), names_of(layer))
        arrays = [rng.normal(size=(N, length, D)) for length in (T, S, S)]
        mask = rng.uniform(size=(T, S)) < 0.5
        mask[:, 1] = True
        for allowed in (None, mask):
            blocked = None if allowed is None else torch.from_numpy(~allowed)
            expected, _ = layer(*map(torch.from_numpy, arrays), attn_mask=blocked)
            found = run(student, module, *arrays, allowed)
            assert_close(
                found, expected.detach(), what=f"attention with {heads} heads of {D // heads} numbers"
            )


@number("4.6")
@weight(1.5)
def test_transformer_layers_agree_with_torch(student, rng):
    """Encoder and decoder layers of other sizes equal torch's own, with and without masks."""
    for N, S, T, D, heads, ff in ((3, 4, 2, 8, 4, 5), (1, 2, 6, 4, 1, 7), (2, 3, 5, 10, 5, 4)):
        make = {"dim_feedforward": ff, "dropout": 0.0, "norm_first": True, "batch_first": True}
        x, y = rng.normal(size=(N, S, D)), rng.normal(size=(N, T, D))
        own, past = (np.tril(np.ones((size, size), dtype=bool)) for size in (S, T))
        seen = np.arange(S) < S - np.arange(N)[:, None]  # (N, S), from row to row one place less
        layer = random_numbers(rng, nn.TransformerEncoderLayer(D, heads, **make))
        module = filled(student, student.transformer.EncoderLayer(D, heads, ff, 0.0), names_of(layer))
        for allowed in (None, own):
            blocked = None if allowed is None else torch.from_numpy(~allowed)
            expected = layer(torch.from_numpy(x), blocked).detach()
            what = f"an encoder layer with {heads} heads"
            assert_close(run(student, module, x, allowed), expected, what=what)
        layer = random_numbers(rng, nn.TransformerDecoderLayer(D, heads, **make))
        module = filled(student, student.transformer.DecoderLayer(D, heads, ff, 0.0), names_of(layer))
        both = torch.from_numpy(y), torch.from_numpy(x)
        blocked = {"tgt_mask": torch.from_numpy(~past), "memory_key_padding_mask": torch.from_numpy(~seen)}
        what = f"a decoder layer with {heads} heads"
        assert_close(run(student, module, y, x, None, None), layer(*both).detach(), what=what)
        found = run(student, module, y, x, past, seen[:, None, None])
        assert_close(found, layer(*both, **blocked).detach(), what=what)


@number("4.6")
@weight(1.5)
def test_transformer_of_other_sizes(student, rng):
    """Other vocabularies, widths, heads, layers and lengths equal a model of torch's own layers."""
    for sizes, layers, pad in ((SIZES, 1, PAD), ((8, 9, 6, 3, 4), 3, PAD), ((8, 10, 4, 4, 9), 2, 0)):
        twin = Twin(rng, sizes, layers, pad)
        model = twin.model(student)
        what = f"the scores with num_layers = {layers} and num_heads = {sizes[3]}"
        padded = np.where(SOURCE == PAD, pad, SOURCE)
        for source, target in ((padded, TARGET), (padded[:1], TARGET[:1, :2])):
            expected = twin.scores(source, target).detach()
            assert_scores(run(student, model, source, target), expected, what)


@number("4.6")
@weight(1)
def test_transformer_does_not_see_padding(student, rng):
    """More padding behind source or target changes nothing; a sentence alone is as in its batch."""
    twin = Twin(rng, SIZES, 2, PAD)
    model, first = twin.model(student), twin.scores(SOURCE, TARGET).detach()
    assert_scores(run(student, model, SOURCE, TARGET), first, "the scores")
    wider = np.pad(SOURCE, ((0, 0), (0, 4)), constant_values=PAD)
    assert_scores(run(student, model, wider, TARGET), first, "the scores with more padding behind the source")
    longer = np.pad(TARGET, ((0, 0), (0, 2)), constant_values=PAD)
    found = checked(run(student, model, SOURCE, longer), (3, 7, SIZES[1]))
    assert_scores(found[:, :5], first, "the scores before the target's padding")
    for n, length in ((1, 3), (2, 1)):
        found = run(student, model, SOURCE[n : n + 1, :length], TARGET[n : n + 1])
        assert_scores(found, first[n : n + 1], f"the scores of sentence {n} alone, without padding")
    assert_scores(run(student, model, SOURCE, TARGET), first, "the scores of a second call")


@number("4.6")
@weight(0.5)
def test_transformer_reads_sentences_of_any_length(student, rng):
    """A target or a source of 1,100 words, longer than any before: the first words score as alone."""
    twin = Twin(rng, (8, 9, 4, 2, 3), 1, PAD)
    model = twin.model(student)
    source, target = rng.integers(2, 8, size=(1, 1100)), rng.integers(2, 9, size=(1, 1100))
    beginning = twin.scores(source[:, :3], target[:, :5]).detach()
    assert_scores(run(student, model, source[:, :3], target[:, :5]), beginning, "the scores of 5 words")
    found = checked(run(student, model, source[:, :3], target), (1, 1100, 9))
    assert_scores(found[:, :5], beginning, "the scores of the first 5 of 1,100 words")
    found = checked(run(student, model, source, target[:, :2]), (1, 2, 9))
    assert_that(bool(torch.isfinite(found).all()), "Scores for a source of 1,100 words are nan or infinite.")


@number("4.6")
@weight(0.5)
def test_transformer_learns_in_all_its_parts(student, rng):
    """The right gradients reach every parameter, all but the keys' biases, which cancel in the softmax."""
    twin = Twin(rng, SIZES, 2, PAD)
    for layer in twin.encoder + twin.decoder:
        layer.linear1.bias.data.abs_().add_(2)  # else all five ReLUs of a layer may be off for every word
    factors = rng.normal(size=(3, 5, 9))
    found = given(student, "transformer_runs.py").gradients(twin.model(student), SOURCE, TARGET, factors)
    (twin.scores(SOURCE, TARGET) * torch.from_numpy(factors)).sum().backward()
    expected = twin.numbers(gradients=True)
    assert_keys(found, list(expected), what="the gradients by parameter")
    for name, gradient in expected.items():
        assert_scores(found[name], gradient, f"the gradient of {name}")


@number("4.6")
@weight(0.5)
def test_attention_refuses_heads_that_do_not_divide(student):
    """Four heads cannot share six numbers: a ValueError, when the layer is made."""
    attention = student.transformer.MultiHeadAttention
    attention(6, 2)
    assert_raises("ValueError", lambda: attention(6, 4), what="MultiHeadAttention(6, 4)")


@number("4.6")
@weight(1)
@limits(seconds=60)
def test_transformer_learns_to_reverse(student, rng):
    """Within 150 updates a tiny Transformer learns to tell four words backwards, renamed."""
    names = np.concatenate([[0, 1], 2 + rng.permutation(8)])
    right = given(student, "transformer_runs.py").learn(student.transformer.Transformer, names, 4, 150)
    assert_type(right, float, what="the share of right words")
    assert_that(0.9 <= right <= 1, f"After 150 updates {100 * right:.0f} % of the words are right.")
