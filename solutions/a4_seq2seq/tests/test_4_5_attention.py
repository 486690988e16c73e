import numpy as np
import torch
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import assert_close, assert_dtype, assert_keys, assert_length, given

FOUND = ["result", "arguments"]
SCORES = ("dot", "scaled_dot", "cosine")


def by_formula(query, keys, mask, score):
    """The weights in torch, differentiable; no row is all masked."""
    scores = torch.einsum("nh,nsh->ns", query, keys)
    if score == "scaled_dot":
        scores = scores / query.shape[1] ** 0.5
    elif score == "cosine":
        scores = torch.nn.functional.cosine_similarity(query[:, None], keys, dim=2)
    if mask is not None:
        scores = scores.masked_fill(~mask, -torch.inf)
    return scores.softmax(dim=1)


def weights(student, query, keys, mask, score):
    """The student's weights."""
    runs = given(student, "attention_runs.py")
    found = runs.run(student.attention.attention_weights, query, keys, mask, score)
    assert_keys(found, FOUND, what="a call of attention_weights")
    return found["result"]


def some(rng, N, S, H):
    """A query, keys, and a mask that leaves each row its first word."""
    mask = rng.uniform(size=(N, S)) < 0.6
    mask[:, 0] = True
    return rng.normal(size=(N, H)), rng.normal(size=(N, S, H)), mask


@number("4.5")
@weight(1)
def test_attention_weights_of_other_sizes(student, rng):
    """Other numbers of sentences, words and entries, one of each, and float32."""
    for N, S, H in ((4, 2, 3), (1, 6, 5), (2, 1, 7), (3, 5, 1)):
        query, keys, mask = some(rng, N, S, H)
        for score in SCORES:
            for rows in (mask, None):
                tensors = torch.from_numpy(query), torch.from_numpy(keys)
                expected = by_formula(*tensors, None if rows is None else torch.from_numpy(rows), score)
                found = weights(student, query, keys, rows, score)
                assert_close(found, expected, what=f"the weights of {N} sentences of {S} words")
    query, keys, mask = (array.astype(np.float32) for array in some(rng, 2, 3, 4))
    for score in SCORES:
        found = weights(student, query, keys, mask.astype(bool), score)
        assert_dtype(found, "float32", what="the weights of float32 vectors")


@number("4.5")
@weight(1.5)
def test_attention_weights_survive_large_scores(student):
    """Scores of +-10,000, masked ones too, give weights that are finite and right."""
    query = np.array([[100.0, 0], [0, 100]])
    keys = np.array([[[100.0, 1], [-100, 5], [100, 7]], [[3, -100.0], [4, -100], [9, 100]]])
    mask = np.array([[True, True, False], [True, True, False]])
    for rows, expected in (
        (None, [[0.5, 0, 0.5], [0, 0, 1]]),
        (mask, [[1, 0, 0], [0.5, 0.5, 0]]),
    ):
        assert_close(weights(student, query, keys, rows, "dot"), expected, what="the weights", atol=1e-12)


@number("4.5")
@weight(1)
def test_attention_gradients_are_right_and_finite(student, rng):
    """The gradients by query and keys, with masked rows and vectors of zeros among them."""
    runs = given(student, "attention_runs.py")
    query, keys, mask = some(rng, 3, 4, 5)
    factors = rng.normal(size=(3, 4))
    for score in SCORES:
        leaves = torch.from_numpy(query).requires_grad_(), torch.from_numpy(keys).requires_grad_()
        total = (by_formula(*leaves, torch.from_numpy(mask), score) * torch.from_numpy(factors)).sum()
        expected = torch.autograd.grad(total, leaves)
        found = runs.gradients(student.attention.attention_weights, [query, keys, mask], score, factors)
        assert_length(found, 2, what="the gradients by query and keys")
        for name, gradient, right in zip(("query", "keys"), found, expected, strict=True):
            assert_close(gradient, right, what=f'the gradient by {name}, "{score}"', rtol=1e-5, atol=1e-9)
    query[1], keys[0, 1], mask[2] = 0, 0, False
    for score in SCORES:
        found = runs.gradients(student.attention.attention_weights, [query, keys, mask], score, factors)
        assert_length(found, 2, what="the gradients by query and keys")
        for name, gradient, shape in zip(("query", "keys"), found, ((3, 5), (3, 4, 5)), strict=True):
            finite = np.isfinite(np.asarray(gradient, dtype=np.float64))
            assert_close(finite, np.ones(shape, dtype=bool), what=f"whether the gradient by {name} is finite")


@number("4.5")
@weight(1.5)
def test_seq2seq_with_attention(student, rng):
    """Encoder, attention and decoder together, both cells, with padding; more padding changes nothing."""
    V, E, H = 6, 2, 3
    source, target = np.array([[2, 4, 3, 1], [5, 1, 0, 0]]), np.array([[1, 4, 2, 5, 3], [1, 2, 3, 0, 0]])
    for cell, score in (("rnn", "dot"), ("lstm", "scaled_dot"), ("rnn", "cosine")):
        encoder = student.seq2seq.Encoder(6, E, H, H, 0.0, cell, 0)
        decoder = student.seq2seq.Decoder(V, E, H, H, 0.0, cell, score)
        twin, numbers = attending(rng, cell, V, E, H)
        runs = given(student, "seq2seq_runs.py")
        runs.fill(encoder, numbers["encoder"])
        runs.fill(decoder, numbers["decoder"])
        model = student.seq2seq.Seq2Seq(encoder, decoder, 0)
        expected = twin(source, target, score)
        for width in (0, 2):
            found = runs.run(model, np.pad(source, ((0, 0), (0, width))), target)
            assert_keys(found, FOUND, what="a run of Seq2Seq")
            what = f'the log-probabilities, {cell} with "{score}"'
            assert_close(found["result"], expected, what=what, rtol=1e-6, atol=1e-9)


def attending(rng, cell, V, E, H):
    """The grader's own model, a row at a time, and its numbers by part."""
    make = {"rnn": torch.nn.RNNCell, "lstm": torch.nn.LSTMCell}[cell]
    cells = {"encoder": make(E, H).double(), "decoder": make(E + H, H).double()}
    numbers = {}
    for part, module in cells.items():
        values = {name: rng.normal(size=tuple(value.shape)) for name, value in module.named_parameters()}
        module.load_state_dict({name: torch.from_numpy(value) for name, value in values.items()})
        numbers[part] = {f"rnn.{name}_l0": value for name, value in values.items()}
        numbers[part]["embedding.weight"] = rng.normal(size=(V, E))
    for part, name, size in (("encoder", "to_hidden", H), ("encoder", "to_cell", H), ("decoder", "out", V)):
        if name != "to_cell" or cell == "lstm":
            numbers[part][f"{name}.weight"] = rng.normal(size=(size, H))
            numbers[part][f"{name}.bias"] = rng.normal(size=size)

    def linear(part, name, x):
        weight, bias = (torch.from_numpy(numbers[part][f"{name}.{kind}"]) for kind in ("weight", "bias"))
        return x @ weight.T + bias

    def embedded(part, word):
        return torch.from_numpy(numbers[part]["embedding.weight"][[word]])

    def hidden(state):
        return state[0] if cell == "lstm" else state

    def twin(source, target, score):
        rows = []
        for n in range(len(source)):
            state, keys, steps = None, [], []
            for word in source[n][source[n] != 0]:
                state = cells["encoder"](embedded("encoder", word), state)
                keys.append(hidden(state))
            h = linear("encoder", "to_hidden", hidden(state)).tanh()
            state = (h, linear("encoder", "to_cell", state[1])) if cell == "lstm" else h
            keys = torch.stack(keys, dim=1)  # (1, words, H)
            for word in target[n, :-1]:
                looks = by_formula(hidden(state), keys, None, score)
                cell_input = torch.cat([embedded("decoder", word), (looks[:, None] @ keys)[:, 0]], dim=1)
                state = cells["decoder"](cell_input, state)
                steps.append(linear("decoder", "out", hidden(state)).log_softmax(dim=1)[0])
            rows.append(torch.stack(steps))
        return torch.stack(rows).detach()

    return twin, numbers
