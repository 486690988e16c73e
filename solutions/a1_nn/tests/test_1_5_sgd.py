import numpy as np
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import assert_close, assert_keys, assert_that, fetch, send


def optimiser(student, *arguments, **options):
    """The student's SGD, once it is known to be an object."""
    sgd = student.optimizers.SGD(*arguments, **options)
    assert_that(hasattr(sgd, "step"), "SGD(...) is no object with a method 'step'.")
    return sgd


def step(student, sgd, weights, gradients):
    """The weights after a step, as a new dict."""
    held = send(student, weights)
    sgd.step(held, gradients)
    result = fetch(held)
    assert_keys(result, list(weights), what="the weights after a step")
    return result


@number("1.5")
@weight(1)
def test_sgd_keeps_a_velocity_for_each_name(student):
    """Arrays of equal shape have velocities of their own."""
    sgd = optimiser(student, 1.0, momentum=0.5)
    w = step(student, sgd, {"W1": np.zeros(3), "W2": np.zeros(3)}, {"W1": np.ones(3), "W2": -10 * np.ones(3)})
    w = step(student, sgd, w, {"W1": np.zeros(3), "W2": np.zeros(3)})

    assert_close(w["W1"], np.full(3, -1.5), what="W1 after 2 steps with momentum")
    assert_close(w["W2"], np.full(3, 15.0), what="W2 after 2 steps with momentum")


@number("1.5")
@weight(1)
def test_sgd_takes_any_names_and_shapes(student):
    """Names are free, shapes too: only names that start with a capital W are penalised."""
    names = ["W", "W12", "b", "gain", "w1", "newW"]
    shapes = [(2, 3, 4), (5,), (), (1, 2), (3,), (2, 2)]
    weights = {name: np.full(shape, 2.0) for name, shape in zip(names, shapes, strict=True)}
    gradients = {name: np.ones_like(value) for name, value in weights.items()}

    result = step(student, optimiser(student, 0.5, l2=0.25), weights, gradients)

    for name, value in weights.items():
        penalty = 0.25 * value if name in ("W", "W12") else 0.0
        assert_close(result[name], value - 0.5 * (1.0 + penalty), what=f"{name} after a step")


@number("1.5")
@weight(1)
def test_sgd_pairs_by_name(student):
    """Each array moves by the gradient and the velocity of its own name, in whatever order the names come."""
    sgd = optimiser(student, 1.0, momentum=0.5)
    w = {"b1": np.zeros(2), "W1": np.zeros(2)}

    w = step(student, sgd, w, {"W1": np.full(2, -1.0), "b1": np.full(2, 4.0)})
    w = step(student, sgd, {"W1": w["W1"], "b1": w["b1"]}, {"b1": np.zeros(2), "W1": np.zeros(2)})

    assert_close(w["W1"], np.full(2, 1.5), what="W1 after 2 steps")
    assert_close(w["b1"], np.full(2, -6.0), what="b1 after 2 steps")


@number("1.5")
@weight(1)
def test_sgd_shares_nothing_between_optimisers(student):
    """A second optimiser starts from rest, and with its own settings."""
    first = optimiser(student, 1.0, momentum=0.9)
    second = optimiser(student, 0.5)

    step(student, first, {"W1": np.zeros(2)}, {"W1": np.ones(2)})
    w = step(student, optimiser(student, 1.0, momentum=0.9), {"W1": np.zeros(2)}, {"W1": np.ones(2)})
    v = step(student, second, {"W1": np.zeros(2)}, {"W1": np.ones(2)})

    assert_close(w["W1"], -np.ones(2), what="W1 after the first step of a second optimiser")
    assert_close(v["W1"], np.full(2, -0.5), what="W1 after a step of an optimiser without momentum")


@number("1.5")
@weight(0.5)
def test_sgd_follows_a_schedule(student):
    """A learning rate that is changed between two steps counts from the next step on."""
    sgd = optimiser(student, 1.0)
    w = step(student, sgd, {"b1": np.zeros(3)}, {"b1": np.ones(3)})

    sgd.learning_rate = 0.25
    w = step(student, sgd, w, {"b1": np.ones(3)})

    assert_close(w["b1"], np.full(3, -1.25), what="b1 after steps with learning rates of 1 and 0.25")
