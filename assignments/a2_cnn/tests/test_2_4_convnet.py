import numpy as np
import pytest
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import assert_close, assert_keys, assert_length, assert_that, given, vary


@pytest.fixture
def steps(rng):
    """Two layers of the grader's own: close to x -> 2 x + 1, then x -> 3 x - 2."""
    factors, shifts = vary(rng, np.array([2.0, 3.0])), vary(rng, np.array([1.0, -2.0]))
    return [("first", float(factors[0]), float(shifts[0])), ("second", float(factors[1]), float(shifts[1]))]


@pytest.fixture
def x(rng):
    """Three examples of two numbers."""
    return vary(rng, np.array([[1.0, -1.0], [0.5, 2.0], [0.0, 4.0]]))


@pytest.fixture
def y(rng):
    """A label for each example."""
    return rng.permutation(3)


def values(steps, x):
    """What each layer and the criterion are given."""
    given_ = [x]
    for _, factor, shift in steps:
        given_.append(given_[-1] * factor + shift)
    return given_


def passed(student, steps, x, y):
    """A pass forwards and backwards through layers that write down how they are called."""
    tools = given(student, "recorded.py")
    found = tools.forward_and_backward(student.convnet.ConvNet, steps, x, y)
    assert_keys(found, ["answer", "returned", "log", "labels"], what="what a pass leaves behind")
    assert_length(
        found["answer"], 2, what="what forward returns", hint="Return what the criterion gives: a pair."
    )
    return found


def calls(found):
    """Who was called, in order."""
    return [f"{name}.{call}" for name, call, _ in found["log"]]


@number("2.4")
@weight(1.5)
def test_network_runs_its_layers_then_the_criterion(student, steps, x, y):
    """The first layer gets x, each other one what came before it, the criterion the scores and the labels."""
    found = passed(student, steps, x, y)
    order = [call for call in calls(found) if call.endswith("forward")]
    assert_that(
        order[:3] == ["first.forward", "second.forward", "criterion.forward"],
        f"Called were {', '.join(order) or 'no layers'}; expected first, second, criterion.",
        hint="Layers run in their order; none of them sees the labels.",
    )
    for (name, _, value), expected in zip(found["log"], values(steps, x), strict=False):
        assert_close(value, expected, what=f"what {name} was given")
    scores = values(steps, x)[-1]
    assert_close(found["labels"], y, what="the labels that the criterion was given")
    assert_close(found["answer"][0], scores / 2, what="the probabilities: those of the criterion")
    assert_close(found["answer"][1], y.sum() + scores.sum(), what="the loss: the criterion's")


@number("2.4")
@weight(1.5)
def test_network_runs_backwards_from_the_criterion(student, steps, x, y):
    """The criterion first, then the layers from last to first, each once; no forward is called."""
    found = passed(student, steps, x, y)
    way_back = calls(found)[3:]
    assert_that(
        way_back == ["criterion.backward", "second.backward", "first.backward"],
        f"On the way back, called were {', '.join(way_back) or 'no layers'}; "
        "expected criterion.backward, second.backward, first.backward.",
        hint="Each layer's backward takes what the one after it has returned. forward is over by then.",
    )
    (_, first, _), (_, second, _) = steps
    for (name, _, value), expected in zip(found["log"][4:], (1.0, second), strict=True):
        assert_close(value, np.full((3, 2), expected), what=f"the gradient that {name} was given")
    assert_close(
        found["returned"],
        np.full((3, 2), first * second),
        what="what backward returns: the gradient of the input",
    )


@number("2.4")
@weight(1)
def test_network_predicts_without_labels(student, steps, x):
    """The method predict gives the criterion's probabilities for scores of x."""
    scores = values(steps, x)[-1]
    assert_close(
        given(student, "recorded.py").prediction(student.convnet.ConvNet, steps, x),
        scores / 2,
        what="what predict returns",
        hint="All layers, then the probabilities of the criterion; its labels do not matter.",
        wrong={"the scores instead of the probabilities": scores},
    )


# Two layers with parameters of equal shapes, and one without between them.
PARAMETERS = [
    (np.array([[1.0, -2.0], [0.5, 4.0]]), np.array([1.0, 2.0])),
    None,
    (np.array([[3.0, 0.0], [-1.0, 2.0]]), np.array([-1.0, 0.5])),
]
GRADIENTS = [
    [(np.array([[1.0, 2.0], [-1.0, 0.0]]), np.array([2.0, -4.0])), None,
     (np.array([[0.0, 1.0], [2.0, -3.0]]), np.array([1.0, 1.0]))],
    [(np.array([[-2.0, 1.0], [0.0, 4.0]]), np.array([1.0, 0.0])), None,
     (np.array([[5.0, -1.0], [1.0, 0.0]]), np.array([0.0, -2.0]))],
]  # fmt: skip


def varied(rng, pairs):
    """Numbers for each layer, drawn close to these."""
    return [None if pair is None else tuple(vary(rng, array) for array in pair) for pair in pairs]


def descended(parameters, gradients, rate, l2=0.0, momentum=0.0, *, l2_places=(0,), shared=False):
    """Parameters after each step, by the formulas of the docstring; the rest makes known mistakes."""
    now = [None if pair is None else list(pair) for pair in parameters]
    one = [0.0, 0.0]
    velocity = [one if shared else [0.0, 0.0] for _ in parameters]
    after = []
    for step in gradients:
        for layer, pair in enumerate(step):
            for place in (0, 1) if pair is not None else ():
                gradient = pair[place] + (l2 * now[layer][place] if place in l2_places else 0.0)
                velocity[layer][place] = momentum * velocity[layer][place] - rate * gradient
                now[layer][place] = now[layer][place] + velocity[layer][place]
        after.append([None if pair is None else list(pair) for pair in now])
    return after


@pytest.fixture
def rate(rng):
    """A learning rate."""
    return rng.uniform(0.08, 0.12)


def check(student, rng, rate, steps, *, hint, wrong, **settings):
    """The student's parameters after each step, layer by layer.

    wrong: by its name, the settings of `descended` that make a known mistake.
    """
    parameters = varied(rng, PARAMETERS)
    gradients = [varied(rng, step) for step in GRADIENTS[:steps]]
    found = given(student, "recorded.py").descent(
        student.optimizers.SGD, parameters, gradients, learning_rate=rate, **settings
    )
    expected = descended(parameters, gradients, rate, **settings)
    mistaken = {
        text: descended(parameters, gradients, **{"rate": rate, **changed}) for text, changed in wrong.items()
    }
    for number_, (step, right) in enumerate(zip(found, expected, strict=True)):
        for layer in (0, 2):
            for place, name in enumerate(("weight", "bias")):
                assert_close(
                    step[layer][place],
                    right[layer][place],
                    what=f"the {name} of layer {layer} after step {number_ + 1}",
                    hint=hint,
                    wrong={text: value[number_][layer][place] for text, value in mistaken.items()},
                )


@number("2.4")
@weight(1.5)
def test_network_sgd_takes_a_plain_step(student, rng, rate):
    """Without momentum and L2: parameter - learning_rate * gradient, for weight and bias of each layer."""
    check(
        student,
        rng,
        rate,
        1,
        hint="Each layer with a weight has dw and db: weight - learning_rate * dw, the bias likewise.",
        wrong={"a step uphill": {"rate": -rate}},
    )


@number("2.4")
@weight(1.5)
def test_network_sgd_with_momentum(student, rng, rate):
    """The velocity v = momentum * v - learning_rate * g lasts from step to step."""
    check(
        student,
        rng,
        rate,
        2,
        hint="v starts at 0, is kept between steps, and is added to the parameter.",
        wrong={
            "the velocity started anew at each step": {},
            "the velocity with the wrong sign": {"momentum": -0.5},
            "one velocity shared by all layers": {"momentum": 0.5, "shared": True},
        },
        momentum=0.5,
    )


@number("2.4")
@weight(1)
def test_network_sgd_regularises_weights_alone(student, rng, rate):
    """L2 adds l2 * weight to the gradient of a weight, and nothing to that of a bias."""
    check(
        student,
        rng,
        rate,
        1,
        hint="The loss has l2 / 2 * sum(weight ** 2), whose gradient is l2 * weight. A bias has none.",
        wrong={
            "2 * l2 * weight": {"l2": 0.6},
            "l2 / 2 * weight": {"l2": 0.15},
            "L2 on the biases too": {"l2": 0.3, "l2_places": (0, 1)},
        },
        l2=0.3,
    )


@number("2.4")
@weight(0.5)
def test_network_leaves_its_arguments_alone(student, steps, x, y):
    """Neither forward, which gives the right probabilities, nor predict changes x or y."""
    after = given(student, "recorded.py").arguments_after(student.convnet.ConvNet, steps, x, y)
    assert_keys(after, ["x", "y", "answer"], what="the arguments and the answer of forward")
    assert_length(after["answer"], 2, what="what forward returns")
    assert_close(after["answer"][0], values(steps, x)[-1] / 2, what="the probabilities")
    assert_close(after["x"], x, what="x after forward and predict")
    assert_close(after["y"], y, what="y after forward and predict")
