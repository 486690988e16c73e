from itertools import permutations

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

# N = 2 sequences of T = 4 steps, IN = 3 numbers in an input, H = 5 in a state.
N, T, IN, H = 2, 4, 3, 5
GATES = "ifgo"


def numbers_for(rng, inputs=IN, hidden=H):
    """A network's numbers, by name."""
    rows = 4 * hidden
    shapes = {"weight_ih_l0": (rows, inputs), "weight_hh_l0": (rows, hidden)}
    shapes |= {"bias_ih_l0": (rows,), "bias_hh_l0": (rows,)}
    return {name: rng.normal(size=shape) for name, shape in shapes.items()}


def sigmoid(x):
    """1 / (1 + exp(-x)), without overflow."""
    return np.exp(-np.logaddexp(0, -x))


def step(numbers, x, h, c, *, order=GATES, mistake=""):
    """One step by the formulas; the blocks of rows are taken for the gates in this order."""
    z = x @ numbers["weight_ih_l0"].T + h @ numbers["weight_hh_l0"].T
    z = z + (mistake != "no bias_ih_l0") * numbers["bias_ih_l0"]
    z = z + (mistake != "no bias_hh_l0") * numbers["bias_hh_l0"]
    blocks = dict(zip(order, np.split(z, 4, axis=1), strict=True))
    i, f, o = (sigmoid(blocks[gate]) for gate in "ifo")
    g = sigmoid(blocks["g"]) if mistake == "sigmoid for g" else np.tanh(blocks["g"])
    new = f * c + i * g
    inside = c if mistake == "old c" else new
    return (o * inside if mistake == "no tanh of c" else o * np.tanh(inside)), new


def read(numbers, x, h, c, **wrong):
    """All steps: the outputs (N, T, H), and the last h and c."""
    outputs = []
    for t in range(x.shape[1]):
        h, c = step(numbers, x[:, t], h, c, **wrong)
        outputs.append(h)
    return np.stack(outputs, axis=1), h, c


def zeros(count=N, hidden=H):
    """A state of zeros."""
    return np.zeros((count, hidden)), np.zeros((count, hidden))


def make(student, numbers):
    """The student's network with these numbers."""
    rows, inputs = numbers["weight_ih_l0"].shape
    module = student.lstm.LSTM(inputs, rows // 4)
    given(student, "recurrent_runs.py").fill(module, numbers)
    return module


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


def other_orders(compute, right):
    """What the blocks of rows give when they are taken for the gates in another order, by what is swapped."""
    found = {}
    for order in permutations(GATES):
        if order != tuple(GATES):
            value = compute(order)
            if not np.allclose(value, right):
                found[f"gates in the order {', '.join(order)} instead of i, f, g, o"] = value
    return found


@number("4.3")
@weight(3)
def test_lstm_makes_one_step(student, rng):
    """One step from given states: four gates, the new cell state, and its tanh through the output gate."""
    numbers, x = numbers_for(rng), rng.normal(size=(N, 1, IN))
    h, c = rng.normal(size=(N, H)), rng.normal(size=(N, H))
    new_h, new_c = step(numbers, x[:, 0], h, c)
    _, found_h, found_c = run(student, make(student, numbers), x, (h, c))

    def wrong(part):
        def of(**options):
            return step(numbers, x[:, 0], h, c, **options)[part]

        return {
            "a sigmoid instead of tanh for g": of(mistake="sigmoid for g"),
            "bias_ih_l0 left out": of(mistake="no bias_ih_l0"),
            "bias_hh_l0 left out": of(mistake="no bias_hh_l0"),
            "started from zeros, the given state ignored": step(numbers, x[:, 0], *zeros())[part],
            "h and c of the given state exchanged": step(numbers, x[:, 0], c, h)[part],
            **other_orders(lambda order: of(order=order), (new_h, new_c)[part]),
        }

    assert_close(
        found_c,
        new_c,
        what="c after one step",
        sizes={"N": N, "H": H},
        wrong={**wrong(1), "h instead of c": new_h},
        hint="z.chunk(4, dim=1) gives the blocks of i, f, g and o.",
    )
    assert_close(
        found_h,
        new_h,
        what="h after one step",
        sizes={"N": N, "H": H},
        wrong={
            **wrong(0),
            "h made from c before its update": step(numbers, x[:, 0], h, c, mistake="old c")[0],
            "the tanh of c forgotten": step(numbers, x[:, 0], h, c, mistake="no tanh of c")[0],
            "c instead of h": new_c,
        },
        hint="First c, then h from the new c.",
    )


@number("4.3")
@weight(1.5)
def test_lstm_reads_a_sequence(student, rng):
    """The outputs are h after each step, (N, T, H), and the state is that after the last one."""
    numbers, x = numbers_for(rng), rng.normal(size=(N, T, IN))
    outputs, h, c = read(numbers, x, *zeros())
    found = run(student, make(student, numbers), x)
    cells, state = [], zeros()
    for t in range(T):
        state = step(numbers, x[:, t], *state)
        cells.append(state[1])
    backwards, _, _ = read(numbers, x[:, ::-1], *zeros())
    fresh = np.stack([step(numbers, x[:, t], *zeros())[0] for t in range(T)], axis=1)
    assert_close(
        found[0],
        outputs,
        what="the outputs",
        sizes={"N": N, "T": T, "H": H},
        wrong={
            "c of each step instead of h": np.stack(cells, axis=1),
            "every step started from zeros": fresh,
            "read from the last step to the first": backwards[:, ::-1],
            "the last output in every place": np.repeat(outputs[:, -1:], T, axis=1),
        },
        hint="torch.stack(outputs, dim=1) puts the steps on axis 1.",
    )
    assert_close(found[1], h, what="h after the last step", wrong={"after the first step": outputs[:, 0]})
    assert_close(found[2], c, what="c after the last step", wrong={"h": h, "after the first step": cells[0]})


@number("4.3")
@weight(1)
def test_lstm_starts_from_the_given_state(student, rng):
    """A sequence in two halves, the second from the state after the first, is the sequence as a whole."""
    numbers, x = numbers_for(rng), rng.normal(size=(N, T, IN))
    outputs, h, c = read(numbers, x, *zeros())
    module = make(student, numbers)
    _, first_h, first_c = read(numbers, x[:, :1], *zeros())
    found = run(student, module, x[:, 1:], (first_h, first_c))
    ignored, _, _ = read(numbers, x[:, 1:], *zeros())
    assert_close(
        found[0], outputs[:, 1:], what="the outputs of the second half", wrong={"from zeros": ignored}
    )
    assert_close(found[1], h, what="h after the second half")
    assert_close(found[2], c, what="c after the second half")


@number("4.3")
@weight(0.5)
def test_lstm_remembers_nothing_between_calls(student, rng):
    """Without a state every call starts from zeros, whatever came before it."""
    numbers, x = numbers_for(rng), rng.normal(size=(N, T, IN))
    outputs, h, c = read(numbers, x, *zeros())
    kept, _, _ = read(numbers, x, h, c)
    module = make(student, numbers)
    run(student, module, rng.normal(size=(N, 2, IN)))
    run(student, module, x)
    assert_close(
        run(student, module, x)[0],
        outputs,
        what="the outputs of another call",
        wrong={"started from the state of the call before": kept},
    )


@number("4.3")
@weight(0.5)
def test_lstm_has_the_named_parameters(student):
    """Four parameters with the names and shapes of nn.LSTM's, finite, the weights not all equal."""
    found = given(student, "recurrent_runs.py").look(student.lstm.LSTM(IN, H))
    assert_keys(found, ["is a module", "values", "learns"], what="a look at LSTM")
    assert_that(found["is a module"] is True, "LSTM is no nn.Module.")
    expected = {name: value.shape for name, value in numbers_for(np.random.default_rng(0)).items()}
    assert_keys(found["values"], list(expected), what="the parameters")
    for name, shape in expected.items():
        value = found["values"][name]
        assert_type(value, torch.Tensor, what=name)
        assert_that(tuple(value.shape) == shape, f"{name} is {tuple(value.shape)} and should be {shape}.")
        assert_that(bool(torch.isfinite(value).all()), f"{name} is not finite.")
        assert_that(not name.startswith("weight") or bool(value.std() > 0), f"All of {name} is equal.")


@number("4.3")
@weight(1)
def test_lstm_gradients_reach_every_parameter(student, rng):
    """The gradients of the last output, through all steps, by inputs and every parameter."""
    numbers, x = numbers_for(rng), rng.normal(size=(N, T, IN))
    factors = np.zeros((N, T, H))
    factors[:, -1] = rng.normal(size=(N, H))
    oracle = torch.nn.LSTM(IN, H, batch_first=True).double()
    oracle.load_state_dict({name: torch.from_numpy(value) for name, value in numbers.items()})
    leaf = torch.from_numpy(x).requires_grad_()
    named = {"x": leaf, **dict(oracle.named_parameters())}
    total = (oracle(leaf)[0] * torch.from_numpy(factors)).sum()
    expected = dict(zip(named, torch.autograd.grad(total, list(named.values())), strict=True))
    found = given(student, "recurrent_runs.py").sequence_gradients(
        make(student, numbers), x, None, (factors, None, None)
    )
    assert_keys(found, list(expected), what="the gradients")
    for name, gradient in expected.items():
        assert_close(
            found[name],
            gradient,
            what=f"the gradient of {name}",
            hint="Nothing on the way may be detached or made anew from numbers.",
            rtol=1e-5,
            atol=1e-9,
        )


@number("4.3")
@weight(0.5)
def test_lstm_survives_saturated_gates(student, rng):
    """Gates at +-10,000 are 0 or 1: outputs, states and gradients stay finite."""
    numbers = {name: value * 1e4 for name, value in numbers_for(rng).items()}
    x = rng.normal(size=(N, T, IN))
    outputs, _, c = read(numbers, x, *zeros())
    module = make(student, numbers)
    found = run(student, module, x)
    assert_close(found[0], outputs, what="the outputs")
    assert_close(found[2], c, what="c after the last step")
    gradients = given(student, "recurrent_runs.py").sequence_gradients(
        module, x, None, (np.ones((N, T, H)), None, None)
    )
    assert_keys(gradients, ["x", *numbers], what="the gradients")
    for name, gradient in gradients.items():
        assert_type(gradient, torch.Tensor, what=f"the gradient of {name}")
        assert_that(bool(torch.isfinite(gradient).all()), f"The gradient of {name} is not finite.")


@number("4.3")
@weight(0.5)
def test_lstm_leaves_everything_else_alone(student, rng):
    """After right outputs, inputs and states have their old numbers, and no random generator has moved."""
    numbers = numbers_for(rng)
    module = make(student, numbers)
    x, state = rng.normal(size=(N, T, IN)), (rng.normal(size=(N, H)), rng.normal(size=(N, H)))
    runs = given(student, "recurrent_runs.py")
    outputs, _, _ = read(numbers, x, *state)
    assert_close(run(student, module, x, state)[0], outputs, what="the outputs")
    found = runs.run(module, x, state)
    assert_length(found["arguments"], 2, what="the arguments after the call")
    after, states = found["arguments"]
    assert_close(after, x, what="the inputs after the call")
    assert_type(states, tuple, what="the state after the call")
    assert_length(states, 2, what="the state after the call")
    for part, before in zip(states, state, strict=True):
        assert_close(part, before, what="a part of the state after the call")
    assert_that(runs.moves_randomness(module, x, state) is False, "A global random generator has moved.")
