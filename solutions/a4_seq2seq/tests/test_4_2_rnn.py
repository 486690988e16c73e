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


def twin(rng, inputs, hidden, outputs):
    """The grader's own network, of torch's cell and linear layer, and its numbers by name."""
    cell, out = torch.nn.RNNCell(inputs, hidden).double(), torch.nn.Linear(hidden, outputs).double()
    parameters = {
        "weight_ih": cell.weight_ih,
        "bias_ih": cell.bias_ih,
        "weight_hh": cell.weight_hh,
        "bias_hh": cell.bias_hh,
        "weight_ho": out.weight,
        "bias_ho": out.bias,
    }
    for parameter in parameters.values():
        parameter.data = torch.from_numpy(rng.normal(size=tuple(parameter.shape)))
    return cell, out, parameters


def make(student, parameters):
    """The student's network with these numbers."""
    hidden, inputs = parameters["weight_ih"].shape
    module = student.rnn.VanillaRNN(inputs, hidden, len(parameters["bias_ho"]))
    numbers = {name: parameter.detach().numpy() for name, parameter in parameters.items()}
    given(student, "recurrent_runs.py").fill(module, numbers)
    return module


def run(student, module, x, h):
    """The log-probabilities and the new state of one step."""
    found = given(student, "recurrent_runs.py").run(module, x, h)
    assert_keys(found, ["result", "arguments"], what="one step")
    assert_type(found["result"], tuple, what="what VanillaRNN returns")
    assert_length(found["result"], 2, what="what VanillaRNN returns: (log_probabilities, h_new)")
    return found["result"]


@number("4.2")
@weight(1)
def test_rnn_of_other_sizes(student, rng):
    """Other numbers of sequences, inputs, states and classes, one of each, and the same again."""
    for N, sizes in ((2, (3, 6, 5)), (1, (4, 2, 3)), (5, (1, 3, 2)), (3, (2, 1, 4))):
        cell, out, parameters = twin(rng, *sizes)
        module = make(student, parameters)
        x, h = rng.normal(size=(N, sizes[0])), rng.normal(size=(N, sizes[1]))
        new = cell(torch.from_numpy(x), torch.from_numpy(h))
        expected = out(new).log_softmax(dim=1)
        for _ in range(2):
            found = run(student, module, x, h)
            assert_close(found[0], expected.detach(), what=f"the log-probabilities of {N} sequences")
            assert_close(found[1], new.detach(), what=f"the new state of {N} sequences")
        alone = run(student, module, x[-1:], h[-1:])
        assert_close(alone[0], expected[-1:].detach(), what="the log-probabilities of the last one alone")


@number("4.2")
@weight(1.5)
def test_rnn_gradients_through_time(student, rng):
    """Gradients of all predictions of five steps, by inputs, first state and every parameter."""
    N, T, sizes = 2, 5, (3, 4, 6)
    cell, out, parameters = twin(rng, *sizes)
    xs, h = rng.normal(size=(N, T, sizes[0])), rng.normal(size=(N, sizes[1]))
    factors = rng.normal(size=(N, T, sizes[2]))
    leaves = {"x": torch.from_numpy(xs).requires_grad_(), "h": torch.from_numpy(h).requires_grad_()}
    state, total = leaves["h"], torch.zeros((), dtype=torch.float64)
    for t in range(T):
        state = cell(leaves["x"][:, t], state)
        total = total + (out(state).log_softmax(dim=1) * torch.from_numpy(factors[:, t])).sum()
    named = leaves | parameters
    expected = dict(zip(named, torch.autograd.grad(total, list(named.values())), strict=True))
    runs = given(student, "recurrent_runs.py")
    found = runs.unrolled_gradients(make(student, parameters), xs, h, factors)
    assert_keys(found, list(expected), what="the gradients")
    for name, gradient in expected.items():
        assert_close(found[name], gradient, what=f"the gradient of {name}", rtol=1e-5, atol=1e-9)


@number("4.2")
@weight(0.5)
def test_rnn_keeps_the_dtype(student, rng):
    """A network in single precision gives results in single precision."""
    cell, out, parameters = twin(rng, 3, 4, 2)
    module = student.rnn.VanillaRNN(3, 4, 2)
    numbers = {name: parameter.detach().numpy().astype(np.float32) for name, parameter in parameters.items()}
    given(student, "recurrent_runs.py").fill(module, numbers)
    x, h = rng.normal(size=(2, 3)).astype(np.float32), rng.normal(size=(2, 4)).astype(np.float32)
    new = cell(torch.from_numpy(x).double(), torch.from_numpy(h).double())
    found = run(student, module, x, h)
    expected = out(new).log_softmax(dim=1).detach()
    assert_close(found[0], expected, what="the log-probabilities", rtol=1e-4, atol=1e-5)
    assert_dtype(found[0], "float32", what="the log-probabilities")
    assert_dtype(found[1], "float32", what="the new state")
