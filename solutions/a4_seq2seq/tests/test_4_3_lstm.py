import numpy as np
import torch
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import (
    assert_close,
    assert_dtype,
    assert_keys,
    assert_length,
    assert_type,
    given,
)


def twin(rng, inputs, hidden):
    """The LSTM of torch in double precision, with random numbers."""
    oracle = torch.nn.LSTM(inputs, hidden, batch_first=True).double()
    for parameter in oracle.parameters():
        parameter.data = torch.from_numpy(rng.normal(size=tuple(parameter.shape)))
    return oracle


def make(student, oracle, dtype=np.float64):
    """The student's LSTM with its numbers."""
    module = student.lstm.LSTM(oracle.input_size, oracle.hidden_size)
    numbers = {name: value.detach().numpy().astype(dtype) for name, value in oracle.named_parameters()}
    given(student, "recurrent_runs.py").fill(module, numbers)
    return module


def expected_of(oracle, x, state=None):
    """Outputs, h and c, without axes for layers."""
    held = None if state is None else tuple(torch.from_numpy(part)[None] for part in state)
    outputs, (h, c) = oracle(torch.from_numpy(x), held)
    return outputs.detach(), h[0].detach(), c[0].detach()


def run(student, module, *arguments):
    """The outputs, h and c."""
    found = given(student, "recurrent_runs.py").run(module, *arguments)
    assert_keys(found, ["result", "arguments"], what="a call of your LSTM")
    assert_type(found["result"], tuple, what="what LSTM returns")
    assert_length(found["result"], 2, what="what LSTM returns: (outputs, (h, c))")
    outputs, state = found["result"]
    assert_type(state, tuple, what="the state that LSTM returns")
    assert_length(state, 2, what="the state that LSTM returns: (h, c)")
    return outputs, *state


def compare(found, expected, what):
    """Fail unless outputs, h and c are these."""
    for name, one, other in zip(("outputs", "h", "c"), found, expected, strict=True):
        assert_close(one, other, what=f"{name} {what}")


@number("4.3")
@weight(2)
def test_lstm_of_other_sizes(student, rng):
    """Other sizes equal torch's own LSTM, with and without a given state."""
    for N, T, inputs, hidden in ((3, 5, 2, 4), (4, 2, 6, 3), (2, 3, 1, 5)):
        oracle = twin(rng, inputs, hidden)
        module, x = make(student, oracle), rng.normal(size=(N, T, inputs))
        state = rng.normal(size=(N, hidden)), rng.normal(size=(N, hidden))
        compare(run(student, module, x), expected_of(oracle, x), f"of {N} sequences of {T} steps")
        compare(run(student, module, x, state), expected_of(oracle, x, state), "from a given state")


@number("4.3")
@weight(0.5)
def test_lstm_of_one(student, rng):
    """One sequence, one step, one number in a state: every axis stays."""
    for N, T, inputs, hidden in ((1, 4, 3, 2), (3, 1, 2, 4), (2, 3, 4, 1), (1, 1, 1, 1)):
        oracle = twin(rng, inputs, hidden)
        x = rng.normal(size=(N, T, inputs))
        what = f"of {N} sequences of {T} steps, H = {hidden}"
        compare(run(student, make(student, oracle), x), expected_of(oracle, x), what)


@number("4.3")
@weight(1.5)
def test_lstm_gradients_through_time(student, rng):
    """Gradients of outputs and both states, by inputs, both first states and every parameter."""
    N, T, inputs, hidden = 2, 6, 3, 4
    oracle = twin(rng, inputs, hidden)
    x, state = rng.normal(size=(N, T, inputs)), [rng.normal(size=(N, hidden)) for _ in range(2)]
    factors = [rng.normal(size=shape) for shape in ((N, T, hidden), (N, hidden), (N, hidden))]
    leaves = {
        name: torch.from_numpy(array).requires_grad_() for name, array in zip("xhc", (x, *state), strict=True)
    }
    outputs, (h, c) = oracle(leaves["x"], (leaves["h"][None], leaves["c"][None]))
    results = zip((outputs, h[0], c[0]), factors, strict=True)
    total = sum((result * torch.from_numpy(factor)).sum() for result, factor in results)
    named = leaves | dict(oracle.named_parameters())
    expected = dict(zip(named, torch.autograd.grad(total, list(named.values())), strict=True))
    runs = given(student, "recurrent_runs.py")
    found = runs.sequence_gradients(make(student, oracle), x, state, factors)
    assert_keys(found, list(expected), what="the gradients")
    for name, gradient in expected.items():
        assert_close(found[name], gradient, what=f"the gradient of {name}", rtol=1e-5, atol=1e-9)


@number("4.3")
@weight(0.5)
def test_lstm_of_a_long_sequence(student, rng):
    """Eighty steps, with a state at the end as at torch's own LSTM."""
    oracle = twin(rng, 2, 3)
    x = rng.normal(size=(2, 80, 2))
    compare(run(student, make(student, oracle), x), expected_of(oracle, x), "after 80 steps")


@number("4.3")
@weight(0.5)
def test_lstm_rows_do_not_influence_each_other(student, rng):
    """A sequence alone gives what it gives in its batch."""
    oracle = twin(rng, 3, 5)
    module, x = make(student, oracle), rng.normal(size=(4, 3, 3))
    expected = expected_of(oracle, x)
    for n in (2, 0):
        alone = [part[n : n + 1] for part in expected]
        compare(run(student, module, x[n : n + 1]), alone, f"of sequence {n} alone")


@number("4.3")
@weight(0.5)
def test_lstm_keeps_the_dtype(student, rng):
    """An LSTM in single precision gives results in single precision, also without a state."""
    oracle = twin(rng, 3, 4)
    x = rng.normal(size=(2, 3, 3)).astype(np.float32)
    expected = expected_of(oracle, x.astype(np.float64))
    found = run(student, make(student, oracle, np.float32), x)
    for name, one, other in zip(("outputs", "h", "c"), found, expected, strict=True):
        assert_close(one, other, what=name, rtol=1e-4, atol=1e-5)
        assert_dtype(one, "float32", what=name)
