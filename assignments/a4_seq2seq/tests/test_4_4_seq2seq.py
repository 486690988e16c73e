import numpy as np
import pytest
import torch
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import (
    assert_close,
    assert_keys,
    assert_length,
    assert_shape,
    assert_that,
    assert_type,
    given,
    replace,
)

# Of the source 9 words, of the target 7; E = 3, He = 5, Hd = 4; padding is word 1.
SOURCE_WORDS, V, E, HE, HD, PAD = 9, 7, 3, 5, 4, 1
SOURCE = np.array([[4, 2, 8, 5, 3, 7], [6, 3, 1, 1, 1, 1], [2, 2, 5, 7, 1, 1]])
TARGET = np.array([[2, 5, 6, 3, 1], [2, 4, 3, 1, 1], [2, 6, 6, 5, 3]])
MASK = SOURCE != PAD
GATES = {"rnn": 1, "lstm": 4}


def parameters(rng, layer_in, hidden, cell, prefix="rnn."):
    """A recurrent layer's numbers, by torch's names."""
    rows = GATES[cell] * hidden
    sizes = {"weight_ih_l0": (rows, layer_in), "weight_hh_l0": (rows, hidden), "bias_ih_l0": rows}
    return {prefix + name: rng.normal(size=size) for name, size in (sizes | {"bias_hh_l0": rows}).items()}


def linear(rng, name, size_in, size_out):
    """A linear layer's numbers."""
    return {f"{name}.weight": rng.normal(size=(size_out, size_in)), f"{name}.bias": rng.normal(size=size_out)}


def encoder_numbers(rng, cell):
    """Of an encoder."""
    numbers = {"embedding.weight": rng.normal(size=(SOURCE_WORDS, E)), **parameters(rng, E, HE, cell)}
    numbers |= linear(rng, "to_hidden", HE, HD)
    return numbers | linear(rng, "to_cell", HE, HD) if cell == "lstm" else numbers


def decoder_numbers(rng, cell):
    """Of a decoder without attention."""
    numbers = {"embedding.weight": rng.normal(size=(V, E)), **parameters(rng, E, HD, cell)}
    return numbers | linear(rng, "out", HD, V)


def step(numbers, cell, x, state):
    """One step of a recurrent layer by its formula; state (h, c), c None for "rnn"."""
    h, c = state
    z = x @ numbers["rnn.weight_ih_l0"].T + numbers["rnn.bias_ih_l0"]
    z = z + h @ numbers["rnn.weight_hh_l0"].T + numbers["rnn.bias_hh_l0"]
    if cell == "rnn":
        return np.tanh(z), None
    i, f, g, o = np.split(z, 4, axis=-1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def sigmoid(x):
    """1 / (1 + exp(-x))."""
    return 1 / (1 + np.exp(-x))


def log_softmax(x, axis=-1):
    """Logarithms of probabilities."""
    x = x - x.max(axis=axis, keepdims=True)
    return x - np.log(np.exp(x).sum(axis=axis, keepdims=True))


def encode(numbers, cell, source, lengths):
    """Row by row by hand: outputs (N, S, He), and the last h and c of each row."""
    outputs, last = np.zeros((*source.shape, HE)), []
    for n, length in enumerate(lengths):
        state = (np.zeros(HE), np.zeros(HE))
        for s in range(length):
            state = step(numbers, cell, numbers["embedding.weight"][source[n, s]], state)
            outputs[n, s] = state[0]
        last.append(state)
    h = np.stack([h for h, _ in last])
    return outputs, h, None if cell == "rnn" else np.stack([c for _, c in last])


def first_state(numbers, cell, h, c):
    """What the decoder starts with."""
    h = np.tanh(h @ numbers["to_hidden.weight"].T + numbers["to_hidden.bias"])
    return h, None if cell == "rnn" else c @ numbers["to_cell.weight"].T + numbers["to_cell.bias"]


def decode(numbers, cell, token, state):
    """One step: the scores (N, V) before the log-softmax, and the new state."""
    h, c = step(numbers, cell, numbers["embedding.weight"][token], state)
    return h @ numbers["out.weight"].T + numbers["out.bias"], (h, c)


def translate(numbers, cell, words, state):
    """The log-probabilities after each of these words, (N, T, V)."""
    steps = []
    for token in words.T:
        scores, state = decode(numbers, cell, token, state)
        steps.append(log_softmax(scores))
    return np.stack(steps, axis=1)


def make_encoder(student, numbers, cell, dropout=0.0):
    """The student's encoder with these numbers."""
    without_attention(student)
    encoder = student.seq2seq.Encoder(SOURCE_WORDS, E, HE, HD, dropout, cell, PAD)
    given(student, "seq2seq_runs.py").fill(encoder, numbers)
    return encoder


def make_decoder(student, numbers, cell, dropout=0.0):
    """The student's decoder with these numbers."""
    without_attention(student)
    decoder = student.seq2seq.Decoder(V, E, HE, HD, dropout, cell)
    given(student, "seq2seq_runs.py").fill(decoder, numbers)
    return decoder


def without_attention(student):
    """Part 4.5 does not count here: whether it is written makes no difference."""
    replace(student, "attention", attention_weights=lambda *arguments: None)


def run(student, module, *arguments, **options):
    """What a module returns."""
    found = given(student, "seq2seq_runs.py").run(module, *arguments, **options)
    assert_keys(found, ["result", "arguments"], what="a run of your module")
    return found["result"]


def parts(value, count, what):
    """A tuple of so many parts."""
    assert_type(value, tuple, what=what)
    assert_length(value, count, what=what)
    return value


@number("4.4")
@weight(2.5)
def test_encoder_reads_each_row_to_its_last_word(student, rng):
    """Outputs for each word, zeros for padding; the state is tanh(to_hidden(h)) after the last real word."""
    numbers = encoder_numbers(rng, "rnn")
    outputs, h, _ = encode(numbers, "rnn", SOURCE, [6, 2, 4])
    through, h_through, _ = encode(numbers, "rnn", SOURCE, [6, 6, 6])
    found = parts(run(student, make_encoder(student, numbers, "rnn"), SOURCE), 2, "what Encoder returns")
    assert_close(
        found[0],
        outputs,
        what="the encoder's outputs",
        sizes={"N": 3, "S": 6},
        inputs={"source": SOURCE},
        wrong={"with padding read as if it were words": through},
        hint="Padding is at the end of a row: pack_padded_sequence, or zero it with the mask.",
    )
    state = first_state(numbers, "rnn", h, None)[0]
    assert_close(
        found[1],
        state,
        what="the decoder's first state",
        sizes={"N": 3},
        wrong={
            "the state after the padding": first_state(numbers, "rnn", h_through, None)[0],
            "the output in the last column, which padding has made 0": first_state(
                numbers, "rnn", outputs[:, -1], None
            )[0],
            "the state after the first word": first_state(numbers, "rnn", outputs[:, 0], None)[0],
            "the mean over all words": first_state(
                numbers, "rnn", outputs.sum(1) / MASK.sum(1, keepdims=True), None
            )[0],
            "to_hidden without its tanh": np.arctanh(state),
            "tanh before to_hidden instead of after it": np.tanh(h) @ numbers["to_hidden.weight"].T
            + numbers["to_hidden.bias"],
        },
        hint="Each row has its own last word: its number is the count of what is not padding.",
    )


@number("4.4")
@weight(1.5)
def test_encoder_with_an_lstm(student, rng):
    """The pair (tanh(to_hidden(h)), to_cell(c)), each by a layer of its own."""
    numbers = encoder_numbers(rng, "lstm")
    outputs, h, c = encode(numbers, "lstm", SOURCE, [6, 2, 4])
    expected = first_state(numbers, "lstm", h, c)
    found = parts(run(student, make_encoder(student, numbers, "lstm"), SOURCE), 2, "what Encoder returns")
    assert_close(found[0], outputs, what="the encoder's outputs", sizes={"N": 3, "S": 6})
    state = parts(found[1], 2, "the first state of an LSTM, (h, c)")
    assert_close(state[0], expected[0], what="h", wrong={"without its tanh": np.arctanh(expected[0])})
    assert_close(
        state[1],
        expected[1],
        what="c",
        wrong={
            "with a tanh": np.tanh(expected[1]),
            "through to_hidden instead of to_cell": c @ numbers["to_hidden.weight"].T
            + numbers["to_hidden.bias"],
            "made from h instead of c": h @ numbers["to_cell.weight"].T + numbers["to_cell.bias"],
        },
    )


@number("4.4")
@weight(1.5)
def test_decoder_makes_one_step(student, rng):
    """log_softmax(out(h')) with the cell's new h', and the new state; no attention, so no weights."""
    numbers = decoder_numbers(rng, "rnn")
    token, h = np.array([3, 0, 6]), rng.normal(size=(3, HD))
    scores, (new, _) = decode(numbers, "rnn", token, (h, None))
    decoder, outputs = make_decoder(student, numbers, "rnn"), rng.normal(size=(3, 6, HE))
    found = parts(run(student, decoder, token, h, outputs, MASK), 3, "what Decoder returns")
    old = h @ numbers["out.weight"].T + numbers["out.bias"]
    assert_close(
        found[0],
        log_softmax(scores),
        what="the log-probabilities",
        sizes={"N": 3, "V": V},
        wrong={
            "scores without log_softmax": scores,
            "probabilities without the logarithm": np.exp(log_softmax(scores)),
            "log_softmax over the sentences instead of over the words": log_softmax(scores, axis=0),
            "out of the old state": log_softmax(old),
        },
        hint="log_softmax over axis 1, the words.",
    )
    assert_close(found[1], new, what="the new state", wrong={"the old state": h}, sizes={"N": 3, "Hd": HD})
    assert_that(found[2] is None, "A decoder without attention returns weights.", "Return None for them.")


@number("4.4")
@weight(1)
def test_decoder_with_an_lstm(student, rng):
    """With cell "lstm" the state is the pair (h, c), before and after the step."""
    numbers = decoder_numbers(rng, "lstm")
    token, state = np.array([5, 1, 2]), (rng.normal(size=(3, HD)), rng.normal(size=(3, HD)))
    scores, (h, c) = decode(numbers, "lstm", token, state)
    decoder = make_decoder(student, numbers, "lstm")
    found = run(student, decoder, token, state, rng.normal(size=(3, 6, HE)), MASK)
    found = parts(found, 3, "what Decoder returns")
    assert_close(found[0], log_softmax(scores), what="the log-probabilities", wrong={"scores": scores})
    after = parts(found[1], 2, "the new state of an LSTM, (h, c)")
    assert_close(after[0], h, what="h", wrong={"c": c, "h before the step": state[0]})
    assert_close(after[1], c, what="c", wrong={"h": h, "c before the step": state[1]})


@pytest.mark.parametrize("cell", ["rnn", "lstm"])
@number("4.4")
@weight(1.5)
def test_seq2seq_with_teacher_forcing(student, rng, cell):
    """Result[:, t] are the log-probabilities of target[:, t + 1], from the true words before it."""
    encoder, decoder = encoder_numbers(rng, cell), decoder_numbers(rng, cell)
    _, h, c = encode(encoder, cell, SOURCE, [6, 2, 4])

    def by_hand(words, state):
        return translate(decoder, cell, words, state)

    start = first_state(encoder, cell, h, c)
    parts_of_it = make_encoder(student, encoder, cell), make_decoder(student, decoder, cell)
    model = student.seq2seq.Seq2Seq(*parts_of_it, PAD)
    right = by_hand(TARGET[:, :-1], start)
    assert_close(
        run(student, model, SOURCE, TARGET),
        right,
        what="the log-probabilities",
        sizes={"N": 3, "T - 1": 4, "V": V},
        wrong={
            "with target[:, t + 1] as input, the very word to predict": by_hand(TARGET[:, 1:], start),
            "with <sos> as every input": by_hand(np.repeat(TARGET[:, :1], 4, axis=1), start),
            "with the same state in every step": np.stack(
                [log_softmax(decode(decoder, cell, TARGET[:, t], start)[0]) for t in range(4)], axis=1
            ),
            "started from a state of zeros": by_hand(
                TARGET[:, :-1], (np.zeros_like(start[0]), np.zeros_like(start[0]))
            ),
        },
        hint="Inputs are target[:, 0], ..., target[:, T - 2]: T - 1 steps.",
    )


@number("4.4")
@weight(0.5)
def test_seq2seq_has_the_named_parameters(student):
    """Names and shapes of all parameters are those of the docstrings."""
    without_attention(student)
    runs = given(student, "seq2seq_runs.py")
    for cell, gates in GATES.items():
        found = runs.shapes(student.seq2seq.Encoder(SOURCE_WORDS, E, HE, HD, 0.5, cell, PAD))
        expected = shapes_of(encoder_numbers(np.random.default_rng(0), cell))
        assert_keys(found, list(expected), what=f"the encoder's parameters, cell {cell}")
        assert_that(found == expected, f"The encoder's parameters are {found} and should be {expected}.")
        found = runs.shapes(student.seq2seq.Decoder(V, E, HE, HD, 0.5, cell))
        expected = shapes_of(decoder_numbers(np.random.default_rng(0), cell))
        assert_keys(found, list(expected), what=f"the decoder's parameters, {gates} gates")
        assert_that(found == expected, f"The decoder's parameters are {found} and should be {expected}.")


def shapes_of(numbers):
    """The shape of each array, by name."""
    return {name: list(value.shape) for name, value in numbers.items()}


@number("4.4")
@weight(0.5)
def test_seq2seq_drops_numbers_in_training_mode_only(student, rng):
    """Dropout works on both embeddings in training mode; in evaluation mode it does nothing."""
    encoder, decoder = encoder_numbers(rng, "rnn"), decoder_numbers(rng, "rnn")
    token, h = np.array([3, 0, 6]), rng.normal(size=(3, HD))
    outputs, _, _ = encode(encoder, "rnn", SOURCE, [6, 2, 4])
    scores, _ = decode(decoder, "rnn", token, (h, None))
    for make, numbers, arguments, right in (
        (make_encoder, encoder, (SOURCE,), outputs),
        (make_decoder, decoder, (token, h, rng.normal(size=(3, 6, HE)), MASK), log_softmax(scores)),
    ):
        module = make(student, numbers, "rnn", dropout=0.5)
        for call in ("first", "second"):
            first = first_part(run(student, module, *arguments))
            assert_close(first, right, what=f"the result of the {call} call in evaluation mode")
        trained = first_part(run(student, module, *arguments, training=True, seed=3))
        assert_shape(trained, np.shape(first), what="the result in training mode")
        assert_that(
            bool((torch.as_tensor(trained) - torch.as_tensor(first)).abs().max() > 1e-3),
            "In training mode nothing is dropped.",
            "self.dropout(self.embedding(words))",
        )


def first_part(value):
    """The first of the parts that a module returns, a tensor of numbers."""
    assert_type(value, tuple, what="what your module returns")
    assert_that(len(value) > 0, "Your module returns an empty tuple.")
    assert_type(value[0], torch.Tensor, what="the first part of what your module returns")
    return value[0]


@number("4.4")
@weight(0.5)
def test_seq2seq_leaves_its_arguments_alone(student, rng):
    """Source, target and the decoder's state keep their numbers, and the results are right."""
    reads, writes = encoder_numbers(rng, "rnn"), decoder_numbers(rng, "rnn")
    encoder, decoder = make_encoder(student, reads, "rnn"), make_decoder(student, writes, "rnn")
    model = student.seq2seq.Seq2Seq(encoder, decoder, PAD)
    h = rng.normal(size=(3, HD))
    _, last, _ = encode(reads, "rnn", SOURCE, [6, 2, 4])
    whole = translate(writes, "rnn", TARGET[:, :-1], first_state(reads, "rnn", last, None))
    one = log_softmax(decode(writes, "rnn", TARGET[:, 0], (h, None))[0])
    runs = given(student, "seq2seq_runs.py")
    for module, arguments, right in (
        (model, (SOURCE, TARGET), whole),
        (decoder, (TARGET[:, 0], h, rng.normal(size=(3, 6, HE)), MASK), one),
    ):
        found = runs.run(module, *arguments)
        assert_keys(found, ["result", "arguments"], what="a run of your module")
        result = first_part(found["result"]) if module is decoder else found["result"]
        assert_close(result, right, what="the log-probabilities")
        assert_length(found["arguments"], len(arguments), what="the arguments after the call")
        for after, before in zip(found["arguments"], arguments, strict=True):
            assert_close(after, before, what="an argument after the call")
