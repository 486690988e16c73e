import numpy as np
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import assert_close, assert_keys, assert_length, assert_that, given

# Layers of the grader's own: x -> 2 x + 1, then x -> 3 x - 2; the scores are 6 x + 1.
STEPS = [("first", 2.0, 1.0), ("second", 3.0, -2.0)]
X = np.array([[1.0, -1.0], [0.5, 2.0], [0.0, 4.0]])
Y = np.array([1, 0, 1])


def passed(student, steps=STEPS, x=X, y=Y):
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
def test_network_runs_its_layers_then_the_criterion(student):
    """The first layer gets x, each other one what came before it, the criterion the scores and the labels."""
    found = passed(student)
    order = [call for call in calls(found) if call.endswith("forward")]
    assert_that(
        order[:3] == ["first.forward", "second.forward", "criterion.forward"],
        f"Called were {', '.join(order) or 'no layers'}; expected first, second, criterion.",
        hint="Layers run in their order; none of them sees the labels.",
    )
    for (name, _, value), expected in zip(found["log"], (X, 2 * X + 1, 6 * X + 1), strict=False):
        assert_close(value, expected, what=f"what {name} was given")
    assert_close(found["labels"], Y, what="the labels that the criterion was given")
    assert_close(found["answer"][0], 3 * X + 0.5, what="the probabilities: those of the criterion")
    assert_close(found["answer"][1], Y.sum() + (6 * X + 1).sum(), what="the loss: the criterion's")


@number("2.4")
@weight(1.5)
def test_network_runs_backwards_from_the_criterion(student):
    """The criterion first, then the layers from last to first, each once; no forward is called."""
    found = passed(student)
    way_back = calls(found)[3:]
    assert_that(
        way_back == ["criterion.backward", "second.backward", "first.backward"],
        f"On the way back, called were {', '.join(way_back) or 'no layers'}; "
        "expected criterion.backward, second.backward, first.backward.",
        hint="Each layer's backward takes what the one after it has returned. forward is over by then.",
    )
    for (name, _, value), expected in zip(found["log"][4:], (1.0, 3.0), strict=True):
        assert_close(value, np.full((3, 2), expected), what=f"the gradient that {name} was given")
    assert_close(
        found["returned"], np.full((3, 2), 6.0), what="what backward returns: the gradient of the input"
    )


@number("2.4")
@weight(1)
def test_network_predicts_without_labels(student):
    """The method predict gives the criterion's probabilities for scores of x."""
    assert_close(
        given(student, "recorded.py").prediction(student.convnet.ConvNet, STEPS, X),
        3 * X + 0.5,
        what="what predict returns",
        hint="All layers, then the probabilities of the criterion; its labels do not matter.",
        wrong={"the scores instead of the probabilities": 6 * X + 1},
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


def expected(rates, l2=0.0, momentum=0.0, *, l2_places=(0,), shared=False):
    """Parameters after each step, by the formulas of the docstring; the rest makes known mistakes."""
    now = [None if pair is None else list(pair) for pair in PARAMETERS]
    one = [0.0, 0.0]
    velocity = [one if shared else [0.0, 0.0] for _ in PARAMETERS]
    after = []
    for rate, step in zip(rates, GRADIENTS, strict=False):
        for layer, pair in enumerate(step):
            for place in (0, 1) if pair is not None else ():
                gradient = pair[place] + (l2 * now[layer][place] if place in l2_places else 0.0)
                velocity[layer][place] = momentum * velocity[layer][place] - rate * gradient
                now[layer][place] = now[layer][place] + velocity[layer][place]
        after.append([None if pair is None else list(pair) for pair in now])
    return after


def check(student, rates, hint, wrong=None, **settings):
    """The student's parameters after each step, layer by layer."""
    found = given(student, "recorded.py").descent(
        student.optimizers.SGD, PARAMETERS, GRADIENTS[: len(rates)], rates, learning_rate=rates[0], **settings
    )
    wrong = wrong or {}
    for number_, (step, right) in enumerate(zip(found, expected(rates, **settings), strict=True)):
        for layer in (0, 2):
            for place, name in enumerate(("weight", "bias")):
                assert_close(
                    step[layer][place],
                    right[layer][place],
                    what=f"the {name} of layer {layer} after step {number_ + 1}",
                    hint=hint,
                    wrong={text: value[number_][layer][place] for text, value in wrong.items()},
                )


@number("2.4")
@weight(1.5)
def test_network_sgd_takes_a_plain_step(student):
    """Without momentum and L2: parameter - learning_rate * gradient, for weight and bias of each layer."""
    check(
        student,
        [0.1],
        "Each layer with a weight has dw and db: weight - learning_rate * dw, bias - learning_rate * db.",
        {"a step uphill": expected([-0.1])},
    )


@number("2.4")
@weight(1.5)
def test_network_sgd_with_momentum(student):
    """The velocity v = momentum * v - learning_rate * g lasts from step to step."""
    check(
        student,
        [0.1, 0.1],
        "v starts at 0, is kept between steps, and is added to the parameter.",
        {
            "the velocity started anew at each step": expected([0.1, 0.1]),
            "the velocity with the wrong sign": expected([0.1, 0.1], momentum=-0.5),
            "one velocity shared by all layers": expected([0.1, 0.1], momentum=0.5, shared=True),
        },
        momentum=0.5,
    )


@number("2.4")
@weight(1)
def test_network_sgd_regularises_weights_alone(student):
    """L2 adds l2 * weight to the gradient of a weight, and nothing to that of a bias."""
    check(
        student,
        [0.1],
        "The loss has l2 / 2 * sum(weight ** 2), whose gradient is l2 * weight. A bias has none.",
        {
            "2 * l2 * weight": expected([0.1], l2=0.6),
            "l2 / 2 * weight": expected([0.1], l2=0.15),
            "L2 on the biases too": expected([0.1], l2=0.3, l2_places=(0, 1)),
        },
        l2=0.3,
    )


@number("2.4")
@weight(0.5)
def test_network_leaves_its_arguments_alone(student):
    """Neither forward nor predict changes x or y."""
    x, y = X.copy(), Y.copy()
    tools = given(student, "recorded.py")
    after = tools.arguments_after(student.convnet.ConvNet, STEPS, x, y)
    assert_keys(after, ["x", "y"], what="the arguments")
    assert_close(after["x"], X, what="x after forward and predict")
    assert_close(after["y"], Y, what="y after forward and predict")
