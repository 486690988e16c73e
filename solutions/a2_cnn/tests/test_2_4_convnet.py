import numpy as np
import pytest
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import assert_close, assert_keys, given


@number("2.4")
@weight(1.5)
@pytest.mark.parametrize("count", [0, 1, 4])
def test_networks_of_any_depth(student, rng, count):
    """No layer, one, or several: values and gradients are right, for one example too."""
    steps = [
        (f"layer {k}", factor, shift)
        for k, (factor, shift) in enumerate(rng.normal(size=(count, 2)).tolist())
    ]
    x, y = rng.normal(size=(1, 2)), np.array([1])
    tools = given(student, "recorded.py")
    found = tools.forward_and_backward(student.convnet.ConvNet, steps, x, y)
    assert_keys(found, ["answer", "returned", "log", "labels"], what="the results of a pass")
    scores = x
    for _, factor, shift in steps:
        scores = scores * factor + shift
    product = np.prod([factor for _, factor, _ in steps])
    assert_close(tools.prediction(student.convnet.ConvNet, steps, x), scores / 2, what="the probabilities")
    assert_close(found["returned"], np.full((1, 2), product), what="the gradient")


@number("2.4")
@weight(1)
def test_network_uses_the_layers_that_it_has_now(student, rng):
    """Layers that are exchanged between two passes count, and backward can be called again."""
    steps = [("a", 2.0, 1.0), ("b", -3.0, 0.5), ("c", 0.5, 0.0)]
    first, second = rng.normal(size=(4, 2)), rng.normal(size=(3, 2))
    tools = given(student, "recorded.py")
    found = tools.twice(student.convnet.ConvNet, steps, first, second, np.array([0, 1, 1]))
    assert_keys(found, ["first", "second"], what="the gradients")
    for name in ("first", "second"):
        assert_close(found[name], np.full((3, 2), -3.0), what="the gradient")


@number("2.4")
@weight(2)
@pytest.mark.parametrize(("l2", "momentum"), [(0.0, 0.9), (0.2, 0.0), (0.1, 0.6)], ids=str)
def test_network_sgd_over_many_steps(student, rng, l2, momentum):
    """Several layers, of equal and other shapes, with L2 and momentum over five steps."""
    shapes = [((3, 4), (4,)), ((3, 4), (4,)), None, ((2, 3, 2, 2), (2,))]

    def draw():
        return [shape and tuple(rng.normal(size=size) for size in shape) for shape in shapes]

    parameters, gradients = draw(), [draw() for _ in range(5)]
    found = given(student, "recorded.py").descent(
        student.optimizers.SGD, parameters, gradients, learning_rate=0.05, l2=l2, momentum=momentum
    )
    now = [pair and list(pair) for pair in parameters]
    velocity = [pair and [0.0, 0.0] for pair in parameters]
    for step, after in zip(gradients, found, strict=True):
        for layer in (0, 1, 3):
            for place in (0, 1):
                gradient = step[layer][place] + (1 - place) * l2 * now[layer][place]
                velocity[layer][place] = momentum * velocity[layer][place] - 0.05 * gradient
                now[layer][place] = now[layer][place] + velocity[layer][place]
                assert_close(after[layer][place], now[layer][place], what="a parameter")


@number("2.4")
@weight(1)
def test_network_sgd_follows_a_schedule(student, rng):
    """The attribute learning_rate may change between steps; old velocity keeps the rate it was made with."""
    parameters = [(rng.normal(size=(2, 3)), rng.normal(size=3))]
    gradients = [[(rng.normal(size=(2, 3)), rng.normal(size=3))] for _ in range(3)]
    rates = [0.5, 0.1, 0.02]
    found = given(student, "recorded.py").descent(
        student.optimizers.SGD, parameters, gradients, rates, learning_rate=0.5, momentum=0.5
    )
    velocity, now = 0.0, parameters[0][0]
    for rate, step, after in zip(rates, gradients, found, strict=True):
        velocity = 0.5 * velocity - rate * step[0][0]
        now = now + velocity
        assert_close(after[0][0], now, what="a weight")
