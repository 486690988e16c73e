import numpy as np
import torch
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import (
    assert_close,
    assert_keys,
    assert_length,
    assert_that,
    assert_type,
    given,
    replace,
)

PAD = 0
FOUND = ["result", "arguments"]


class Twin:
    """The grader's own encoder and decoder, of torch's cells, which are stepped by hand."""

    def __init__(self, rng, cell, sizes):
        """Random numbers for (source words, V, E, He, Hd)."""
        words, V, E, He, Hd = sizes
        self.cell, self.sizes = cell, sizes
        make = {"rnn": torch.nn.RNNCell, "lstm": torch.nn.LSTMCell}[cell]
        self.reader, self.writer = make(E, He).double(), make(E, Hd).double()
        self.encoder = {"embedding.weight": rng.normal(size=(words, E)), **self._fill(rng, self.reader)}
        self.encoder |= self._linear(rng, "to_hidden", He, Hd)
        self.encoder |= self._linear(rng, "to_cell", He, Hd) if cell == "lstm" else {}
        self.decoder = {"embedding.weight": rng.normal(size=(V, E)), **self._fill(rng, self.writer)}
        self.decoder |= self._linear(rng, "out", Hd, V)

    def _fill(self, rng, module):
        numbers = {name: rng.normal(size=tuple(value.shape)) for name, value in module.named_parameters()}
        module.load_state_dict({name: torch.from_numpy(value) for name, value in numbers.items()})
        return {f"rnn.{name}_l0": value for name, value in numbers.items()}

    def _linear(self, rng, name, size_in, size_out):
        return {
            f"{name}.weight": rng.normal(size=(size_out, size_in)),
            f"{name}.bias": rng.normal(size=size_out),
        }

    def apply(self, numbers, name, x):
        """A linear layer."""
        return x @ torch.from_numpy(numbers[f"{name}.weight"]).T + torch.from_numpy(numbers[f"{name}.bias"])

    def encode(self, row):
        """The decoder's first state for one sentence, (1, Hd) or a pair of these, and the outputs."""
        state, outputs = None, []
        for word in row[row != PAD]:
            state = self.reader(torch.from_numpy(self.encoder["embedding.weight"][[word]]), state)
            outputs.append(state[0] if self.cell == "lstm" else state)
        if self.cell == "rnn":
            return self.apply(self.encoder, "to_hidden", state).tanh(), outputs
        h, c = state
        first = self.apply(self.encoder, "to_hidden", h).tanh(), self.apply(self.encoder, "to_cell", c)
        return first, outputs

    def translate(self, source, target, forced):
        """Log-probabilities (N, T - 1, V), each row by itself; forced: whether step t sees the target."""
        rows = []
        for n in range(len(source)):
            state, steps = self.encode(source[n])[0], []
            token = int(target[n, 0])
            for t in range(1, target.shape[1]):
                state = self.writer(torch.from_numpy(self.decoder["embedding.weight"][[token]]), state)
                h = state[0] if self.cell == "lstm" else state
                steps.append(self.apply(self.decoder, "out", h).log_softmax(dim=1)[0])
                token = int(target[n, t]) if forced[t - 1] else int(steps[-1].argmax())
            rows.append(torch.stack(steps))
        return torch.stack(rows).detach().numpy()

    def model(self, student):
        """The student's encoder and Seq2Seq with these numbers."""
        words, V, E, He, Hd = self.sizes
        replace(student, "attention", attention_weights=lambda *arguments: None)
        encoder = student.seq2seq.Encoder(words, E, He, Hd, 0.0, self.cell, PAD)
        decoder = student.seq2seq.Decoder(V, E, He, Hd, 0.0, self.cell)
        runs = given(student, "seq2seq_runs.py")
        runs.fill(encoder, self.encoder)
        runs.fill(decoder, self.decoder)
        return encoder, student.seq2seq.Seq2Seq(encoder, decoder, PAD)


def run(student, module, *arguments, **options):
    """What a module returns."""
    found = given(student, "seq2seq_runs.py").run(module, *arguments, **options)
    assert_keys(found, FOUND, what="a run of your module")
    return found["result"]


SOURCE = np.array([[3, 5, 2, 4], [6, 1, 0, 0], [2, 0, 0, 0]])
TARGET = np.array([[1, 4, 2, 7, 5, 3], [1, 7, 6, 3, 0, 0], [1, 2, 2, 4, 8, 3]])
FORCED, FREE = [True] * 5, [False] * 5


@number("4.4")
@weight(1.5)
def test_encoder_ignores_more_padding(student, rng):
    """More columns of padding add columns of zeros and change nothing else; also for one sentence alone."""
    for cell in ("rnn", "lstm"):
        twin = Twin(rng, cell, (7, 9, 3, 4, 6))
        encoder, model = twin.model(student)
        expected = twin.translate(SOURCE, TARGET, FORCED)
        wider = np.pad(SOURCE, ((0, 0), (0, 3)))
        assert_close(run(student, model, wider, TARGET), expected, what=f"after more padding, {cell}")
        for n in (1, 2):
            first, outputs = twin.encode(SOURCE[n])
            found = run(student, encoder, wider[n : n + 1])
            assert_type(found, tuple, what="what Encoder returns")
            assert_length(found, 2, what="what Encoder returns")
            padded = torch.zeros(1, wider.shape[1], 4, dtype=torch.float64)
            padded[0, : len(outputs)] = torch.cat(outputs)
            assert_close(found[0], padded.detach(), what="the outputs for one sentence")
            state = found[1]
            if cell == "lstm":
                assert_type(state, tuple, what="the first state of an LSTM")
                assert_length(state, 2, what="the first state of an LSTM")
                assert_close(state[1], first[1].detach(), what="c for one sentence")
            h = (state[0], first[0]) if cell == "lstm" else (state, first)
            assert_close(h[0], h[1].detach(), what="h for one sentence")


@number("4.4")
@weight(1.5)
def test_seq2seq_of_other_sizes(student, rng):
    """Other vocabularies, hidden sizes and lengths, both cells, one sentence, a target of two words."""
    for cell, sizes in (("rnn", (8, 10, 2, 6, 3)), ("lstm", (7, 9, 5, 2, 4))):
        twin = Twin(rng, cell, sizes)
        _, model = twin.model(student)
        for source, target in ((SOURCE, TARGET), (SOURCE[1:2, :3], TARGET[:1, :2]), (SOURCE[:2], TARGET[:2])):
            expected = twin.translate(source, target, FORCED)
            what = f"the log-probabilities of {len(source)} sentences, {cell}"
            assert_close(run(student, model, source, target), expected, what=what)


@number("4.4")
@weight(1.5)
def test_seq2seq_feeds_its_own_words_back(student, rng):
    """With teacher_forcing 0 the argmax of each step is the next input; the target gives only <sos>."""
    for cell in ("rnn", "lstm"):
        twin = Twin(rng, cell, (7, 9, 3, 4, 5))
        _, model = twin.model(student)
        expected = twin.translate(SOURCE, TARGET, FREE)
        found = run(student, model, SOURCE, TARGET, 0.0)
        assert_close(found, expected, what=f"the log-probabilities with teacher_forcing 0, {cell}")
        other = TARGET.copy()
        other[:, 1:] = 8
        found = run(student, model, SOURCE, other, 0.0)
        assert_close(found, expected, what="the log-probabilities with another target")


@number("4.4")
@weight(0.5)
def test_seq2seq_draws_teacher_forcing_for_each_step(student, rng):
    """One draw a step for the whole batch, from the given generator, and the global one stays."""
    twin = Twin(rng, "rnn", (7, 9, 3, 4, 5))
    _, model = twin.model(student)
    runs = given(student, "seq2seq_runs.py")
    for seed in (1, 2, 3):
        generator = torch.Generator().manual_seed(seed)
        forced = [float(torch.rand(1, generator=generator)) < 0.5 for _ in range(5)]
        found = runs.sample(model, SOURCE, TARGET, 0.5, seed)
        assert_keys(found, ["result", "global generator moved"], what="a run with a generator")
        expected = twin.translate(SOURCE, TARGET, forced)
        assert_close(found["result"], expected, what="the log-probabilities with teacher_forcing 0.5")
        assert_that(found["global generator moved"] is False, "torch's global generator has moved.")


@number("4.4")
@weight(0.5)
def test_seq2seq_rows_do_not_influence_each_other(student, rng):
    """A sentence alone gives what it gives in its batch, and a second call gives the same."""
    twin = Twin(rng, "lstm", (7, 9, 3, 4, 5))
    _, model = twin.model(student)
    expected = twin.translate(SOURCE, TARGET, FORCED)
    for n in (2, 0, 2):
        found = run(student, model, SOURCE[n : n + 1], TARGET[n : n + 1])
        assert_close(found, expected[n : n + 1], what=f"sentence {n} alone")


@number("4.4")
@weight(1)
def test_seq2seq_learns_in_all_its_parts(student, rng):
    """Gradients reach every parameter, the encoder's through the state alone; no step sees a later word."""
    for cell in ("rnn", "lstm"):
        twin = Twin(rng, cell, (7, 9, 3, 4, 5))
        _, model = twin.model(student)
        factors = np.zeros((3, 5, 9))
        factors[:, 2] = rng.normal(size=(3, 9))  # the third step alone
        found = given(student, "seq2seq_runs.py").gradients(model, SOURCE, TARGET, factors)
        names = [f"encoder.{name}" for name in twin.encoder] + [f"decoder.{name}" for name in twin.decoder]
        assert_keys(found, names, what="the gradients by parameter")
        for name in names:
            assert_type(found[name], torch.Tensor, what=f"the gradient of {name}")
            assert_that(bool(found[name].abs().max() > 0), f"The gradient of {name} is 0.")
        later = TARGET.copy()
        later[:, 3:] = 6
        first = twin.translate(SOURCE, TARGET, FORCED)[:, :3]
        result = run(student, model, SOURCE, later)
        assert_type(result, torch.Tensor, what="the log-probabilities")
        assert_close(result[:, :3], first, what="the steps before a word that has changed")
