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
)

# N = 3 sequences, IN = 4 numbers in an input, H = 5 in a state, K = 2 classes.
N, IN, H, K = 3, 4, 5, 2
LOOK = ["is a module", "values", "learns"]


def numbers_for(rng, inputs=IN, hidden=H, outputs=K):
    """A network's numbers, by name."""
    shapes = {
        "weight_ih": (hidden, inputs),
        "bias_ih": (hidden,),
        "weight_hh": (hidden, hidden),
        "bias_hh": (hidden,),
        "weight_ho": (outputs, hidden),
        "bias_ho": (outputs,),
    }
    return {name: rng.normal(size=shape) for name, shape in shapes.items()}


def step(numbers, x, h, leave_out=None):
    """The new state by the formula, without one term if wanted."""
    terms = {
        "weight_ih": x @ numbers["weight_ih"].T,
        "bias_ih": numbers["bias_ih"],
        "weight_hh": h @ numbers["weight_hh"].T,
        "bias_hh": numbers["bias_hh"],
    }
    return np.tanh(sum(term for name, term in terms.items() if name != leave_out))


def scores(numbers, h):
    """What the state says of each class."""
    return h @ numbers["weight_ho"].T + numbers["bias_ho"]


def log_softmax(x, axis=1):
    """Logarithms of probabilities."""
    x = x - x.max(axis=axis, keepdims=True)
    return x - np.log(np.exp(x).sum(axis=axis, keepdims=True))


def make(student, numbers):
    """The student's network with these numbers."""
    hidden, inputs = numbers["weight_ih"].shape
    module = student.rnn.VanillaRNN(inputs, hidden, len(numbers["bias_ho"]))
    given(student, "recurrent_runs.py").fill(module, numbers)
    return module


def run(student, module, x, h):
    """The log-probabilities and the new state of one step."""
    found = given(student, "recurrent_runs.py").run(module, x, h)
    assert_keys(found, ["result", "arguments"], what="one step")
    return pair(found["result"])


def pair(value):
    """Two things in a tuple."""
    assert_type(value, tuple, what="what VanillaRNN returns")
    assert_length(value, 2, what="what VanillaRNN returns: (log_probabilities, h_new)")
    return value


@number("4.2")
@weight(2)
def test_rnn_makes_one_step(student, rng):
    """The new state is tanh of two linear maps, the prediction log_softmax of a third."""
    numbers, x, h = numbers_for(rng), rng.normal(size=(N, IN)), rng.normal(size=(N, H))
    new = step(numbers, x, h)
    found = run(student, make(student, numbers), x, h)
    assert_close(
        found[1],
        new,
        what="the new state",
        sizes={"N": N, "H": H},
        wrong={
            "without the tanh": np.arctanh(new),
            "with a ReLU instead of the tanh": np.maximum(np.arctanh(new), 0),
            "with a sigmoid instead of the tanh": 1 / (1 + np.exp(-np.arctanh(new))),
            "the old state": h,
            **{f"without {name}": step(numbers, x, h, name) for name in ("weight_hh", "bias_ih", "bias_hh")},
        },
    )
    right = scores(numbers, new)
    assert_close(
        found[0],
        log_softmax(right),
        what="the log-probabilities",
        sizes={"N": N, "K": K},
        wrong={
            "scores, without log_softmax": right,
            "probabilities, without the logarithm": np.exp(log_softmax(right)),
            "log_softmax over the sequences instead of over the classes": log_softmax(right, axis=0),
            "from the old state": log_softmax(scores(numbers, h)),
            "without bias_ho": log_softmax(right - numbers["bias_ho"]),
        },
        hint="The prediction comes from the new state.",
    )


@number("4.2")
@weight(1)
def test_rnn_reads_a_sequence(student, rng):
    """Four steps, each with the state of the one before: nothing else is remembered."""
    numbers, xs, h = numbers_for(rng), rng.normal(size=(N, 4, IN)), rng.normal(size=(N, H))
    found = given(student, "recurrent_runs.py").unroll(make(student, numbers), xs, h)
    assert_type(found, tuple, what="four steps")
    assert_length(found, 2, what="four steps: predictions and the last state")
    assert_type(found[0], list, what="the predictions of four steps")
    assert_length(found[0], 4, what="the predictions of four steps")
    first = h
    for t in range(4):
        h = step(numbers, xs[:, t], h)
        alone = log_softmax(scores(numbers, step(numbers, xs[:, t], first)))
        wrong = {"from the first state": alone} if t else {}
        what = f"the log-probabilities of step {t}"
        assert_close(found[0][t], log_softmax(scores(numbers, h)), what=what, wrong=wrong)
    assert_close(found[1], h, what="the state after four steps")


@number("4.2")
@weight(0.5)
def test_rnn_has_the_named_parameters(student):
    """Six parameters with the docstring's names and shapes, finite, the weights not all equal."""
    found = given(student, "recurrent_runs.py").look(student.rnn.VanillaRNN(IN, H, K))
    assert_keys(found, LOOK, what="a look at VanillaRNN")
    assert_that(found["is a module"] is True, "VanillaRNN is no nn.Module.")
    expected = {name: value.shape for name, value in numbers_for(np.random.default_rng(0)).items()}
    assert_keys(found["values"], list(expected), what="the parameters")
    for name, shape in expected.items():
        value = found["values"][name]
        assert_type(value, torch.Tensor, what=name)
        assert_that(tuple(value.shape) == shape, f"{name} is {tuple(value.shape)} and should be {shape}.")
        assert_that(bool(torch.isfinite(value).all()), f"{name} is not finite.")
        assert_that(not name.startswith("weight") or bool(value.std() > 0), f"All of {name} is equal.")


@number("4.2")
@weight(0.5)
def test_rnn_survives_large_scores(student, rng):
    """Scores of +-10,000 give finite log-probabilities."""
    numbers = numbers_for(rng)
    numbers["bias_ho"] = np.array([10_000.0, -10_000.0])
    x, h = rng.normal(size=(N, IN)), rng.normal(size=(N, H))
    expected = log_softmax(scores(numbers, step(numbers, x, h)))
    found = run(student, make(student, numbers), x, h)
    assert_close(found[0], expected, what="the log-probabilities", hint="log_softmax, not log of softmax.")


@number("4.2")
@weight(0.5)
def test_rnn_gradients_reach_every_parameter(student, rng):
    """Over three steps, the right gradients arrive at all six parameters, the inputs and the first state."""
    numbers, xs, h = numbers_for(rng), rng.normal(size=(N, 3, IN)), rng.normal(size=(N, H))
    runs = given(student, "recurrent_runs.py")
    factors = np.zeros((N, 3, K))
    factors[:, 2] = rng.normal(size=(N, K))  # the last prediction alone
    cell, leaves = torch.nn.RNNCell(IN, H).double(), {"x": xs, "h": h, **numbers}
    leaves = {name: torch.from_numpy(array).requires_grad_() for name, array in leaves.items()}
    held, state = {name: leaves[name] for name, _ in cell.named_parameters()}, leaves["h"]
    for t in range(3):
        state = torch.func.functional_call(cell, held, (leaves["x"][:, t], state))
    last = torch.nn.functional.linear(state, leaves["weight_ho"], leaves["bias_ho"]).log_softmax(dim=1)
    total = (last * torch.from_numpy(factors[:, 2])).sum()
    expected = dict(zip(leaves, torch.autograd.grad(total, list(leaves.values())), strict=True))
    found = runs.unrolled_gradients(make(student, numbers), xs, h, factors)
    assert_keys(found, list(expected), what="the gradients")
    for name, gradient in expected.items():
        assert_close(
            found[name],
            gradient,
            what=f"the gradient of {name}",
            hint="detach cuts the graph.",
            rtol=1e-5,
            atol=1e-9,
        )


@number("4.2")
@weight(0.5)
def test_rnn_leaves_everything_else_alone(student, rng):
    """After a right step, input and state have their old numbers, and no random generator has moved."""
    numbers, x, h = numbers_for(rng), rng.normal(size=(N, IN)), rng.normal(size=(N, H))
    module, new = make(student, numbers), step(numbers, x, h)
    runs = given(student, "recurrent_runs.py")
    found = runs.run(module, x, h)
    assert_keys(found, ["result", "arguments"], what="one step")
    log_probabilities, state = pair(found["result"])
    assert_close(log_probabilities, log_softmax(scores(numbers, new)), what="the log-probabilities")
    assert_close(state, new, what="the new state")
    assert_length(found["arguments"], 2, what="the arguments after the step")
    for after, before in zip(found["arguments"], (x, h), strict=True):
        assert_close(after, before, what="an argument after the step")
    assert_that(runs.moves_randomness(module, x, h) is False, "A global random generator has moved.")
