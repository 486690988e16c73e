import numpy as np
import pytest
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import assert_close, assert_keys, assert_that, fetch, send, vary

WEIGHTS = {"W1": np.array([[1.0, -2.0, 0.5], [4.0, 0.0, -1.0]]), "b1": np.array([3.0, -1.0, 2.0])}
GRADIENTS = {"W1": np.array([[0.5, 1.0, -1.0], [2.0, -0.5, 0.25]]), "b1": np.array([-1.0, 0.5, 2.0])}


@pytest.fixture
def case(rng):
    """Weights and gradients: the numbers above, each a little different in every run."""
    return vary(rng, WEIGHTS), vary(rng, GRADIENTS)


def optimiser(student, *arguments, **options):
    """The student's SGD, once it is known to be an object."""
    sgd = student.optimizers.SGD(*arguments, **options)
    assert_that(hasattr(sgd, "step"), "SGD(...) is no object with a method 'step'.")
    return sgd


def after_steps(student, sgd, weights, *all_gradients):
    """The weights after one step for each dict of gradients."""
    held = send(student, weights)
    for gradients in all_gradients:
        sgd.step(held, gradients)
    result = fetch(held)
    assert_keys(result, list(weights), what="the weights after the steps")
    return result


@number("1.5")
@weight(1.5)
def test_sgd_steps_against_the_gradient(student, case):
    """Without L2 and momentum a step is w - learning_rate * gradient, for weights and biases."""
    weights, gradients = case
    W, B, DW, DB = weights["W1"], weights["b1"], gradients["W1"], gradients["b1"]

    result = after_steps(student, optimiser(student, 0.1), weights, gradients)

    hint = "Put the new value into weights[name]: the caller looks there."
    assert_close(
        result["W1"],
        W - 0.1 * DW,
        what="W1 after a step with the learning rate 0.1",
        hint=hint,
        inputs={"W1": W},
        wrong={"a step up the gradient": W + 0.1 * DW, "the step itself": -0.1 * DW, "w - gradient": W - DW},
    )
    assert_close(result["b1"], B - 0.1 * DB, what="b1 after a step", hint=hint, inputs={"b1": B})


@number("1.5")
@weight(1.5)
def test_sgd_adds_the_penalty_to_weights(student, case):
    """With L2 the gradient of W1 is gradient + l2 * W1: the half in l2 / 2 * sum w^2 takes care of the 2."""
    W, DW = case[0]["W1"], case[1]["W1"]

    result = after_steps(student, optimiser(student, 0.1, l2=0.5), {"W1": W}, {"W1": DW})

    assert_close(
        result["W1"],
        W - 0.1 * (DW + 0.5 * W),
        what="W1 after a step with the learning rate 0.1 and l2 = 0.5",
        wrong={
            "the step without the L2 term": W - 0.1 * DW,
            "the step with 2 * l2 * W1": W - 0.1 * (DW + W),
            "the step with l2 / 2 * W1": W - 0.1 * (DW + 0.25 * W),
            "the step with l2 * W1 without the learning rate": W - 0.1 * DW - 0.5 * W,
            "the step with the L2 term of the wrong sign": W - 0.1 * (DW - 0.5 * W),
        },
    )


@number("1.5")
@weight(1)
def test_sgd_does_not_penalise_biases(student, case):
    """With L2 a bias moves by its own gradient alone."""
    weights, gradients = case
    B, DB = weights["b1"], gradients["b1"]

    result = after_steps(student, optimiser(student, 0.1, l2=0.5), weights, gradients)

    assert_close(
        result["b1"],
        B - 0.1 * DB,
        what="b1 after a step with the learning rate 0.1 and l2 = 0.5",
        hint="Only names that start with W are penalised.",
        wrong={"the step with an L2 term": B - 0.1 * (DB + 0.5 * B)},
    )


@number("1.5")
@weight(2)
def test_sgd_gathers_momentum(student, case):
    """With momentum the velocity of a step is carried over to the next: three steps by hand."""
    B, DB = case[0]["b1"], case[1]["b1"]

    result = after_steps(
        student, optimiser(student, 0.1, momentum=0.5), {"b1": B}, {"b1": DB}, {"b1": 2 * DB}, {"b1": -DB}
    )

    # v1 = -0.1 g, v2 = 0.5 v1 - 0.2 g = -0.25 g, v3 = 0.5 v2 + 0.1 g = -0.025 g: together -0.375 g.
    assert_close(
        result["b1"],
        B - 0.375 * DB,
        what="b1 after 3 steps with the learning rate 0.1 and momentum 0.5",
        hint="v = momentum * v - learning_rate * g, then w = w + v.",
        wrong={
            "3 steps without momentum": B - 0.2 * DB,
            "3 steps that add momentum times the last gradient only": B - 0.35 * DB,
            "3 steps with the gradient damped by 1 - momentum": B - 0.1875 * DB,
            "3 steps with a velocity of the wrong sign": B + 0.375 * DB,
            "3 steps whose velocity brakes: v = -momentum * v - learning_rate * g": B - 0.125 * DB,
        },
    )


@number("1.5")
@weight(1)
def test_sgd_puts_the_penalty_into_the_velocity(student, case):
    """The L2 term is part of the gradient, so momentum carries it over too."""
    W, DW = case[0]["W1"], case[1]["W1"]

    result = after_steps(
        student, optimiser(student, 0.1, l2=0.5, momentum=0.5), {"W1": W}, {"W1": DW}, {"W1": DW}
    )

    v1 = -0.1 * (DW + 0.5 * W)
    v2 = 0.5 * v1 - 0.1 * (DW + 0.5 * (W + v1))
    outside = W - 0.1 * DW - 0.05 * W
    assert_close(
        result["W1"],
        W + v1 + v2,
        what="W1 after 2 steps with l2 = 0.5 and momentum 0.5",
        wrong={"the L2 term added after the velocity": outside - 0.15 * DW - 0.05 * outside},
    )


@number("1.5")
@weight(0.5)
def test_sgd_leaves_the_gradients_alone(student, case):
    """The dict of gradients and its arrays are the same after two right steps as before."""
    weights, gradients = case
    weights_sent, gradients_sent = send(student, weights), send(student, gradients)
    sgd = optimiser(student, 0.1, l2=0.5, momentum=0.5)

    sgd.step(weights_sent, gradients_sent)
    sgd.step(weights_sent, gradients_sent)

    moved, after = fetch(weights_sent), fetch(gradients_sent)
    assert_keys(moved, ["W1", "b1"], what="the weights, after the steps")
    # v1 = -0.1 g, v2 = 0.5 v1 - 0.1 g = -0.15 g: together -0.25 g.
    expected = weights["b1"] - 0.25 * gradients["b1"]
    assert_close(moved["b1"], expected, what="b1 after 2 steps with the learning rate 0.1 and momentum 0.5")
    assert_keys(after, ["W1", "b1"], what="the gradients, after the steps")
    hint = "`g += ...` changes the caller's array."
    for name, gradient in gradients.items():
        assert_close(after[name], gradient, what=f"the gradient of {name}, after the steps", hint=hint)
