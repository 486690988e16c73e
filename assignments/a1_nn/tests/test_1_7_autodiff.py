from functools import partial

import numpy as np
import pytest
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import (
    assert_close,
    assert_keys,
    assert_length,
    assert_raises,
    check_gradient,
    given,
    vary,
)

A = np.array([[1.0, -2.0, 0.5], [4.0, 0.25, -1.0]])
B = np.array([[2.0, 0.5, -1.0], [-0.5, 3.0, 1.5]])
POSITIVE = np.array([[1.0, 2.0, 0.5], [4.0, 0.25, 3.0]])
G = np.array([[1.0, 2.0, -1.0], [0.5, -3.0, 4.0]])  # a gradient that arrives from outside


@pytest.fixture
def a(rng):
    """A: each number a little different in every run."""
    return vary(rng, A)


@pytest.fixture
def b(rng):
    """B: each number a little different in every run."""
    return vary(rng, B)


@pytest.fixture
def positive(rng):
    """POSITIVE: each number a little different in every run."""
    return vary(rng, POSITIVE)


@pytest.fixture
def g(rng):
    """G: each number a little different in every run."""
    return vary(rng, G)


def evaluate(student, expression, variables, constants=None, output_gradient=None):
    """Value and gradients of an expression whose variables are the student's tensors."""
    helpers = given(student, "expressions.py")
    tensor = student.autodiff.Tensor
    answer = helpers.evaluate(tensor, expression, variables, constants or {}, output_gradient)
    assert_keys(answer, ["value", "gradients"], what=expression)
    assert_keys(answer["gradients"], list(variables), what=f"the gradients of {expression}")
    return answer["value"], answer["gradients"]


def assert_derivatives(student, expression, variables, value, derivatives, *, g):
    """An expression of arrays of one shape: its value, and its gradients when g arrives from outside."""
    actual, gradients = evaluate(student, expression, variables, output_gradient=g)
    assert_close(actual, value, what=f"the value of {expression}")
    for name, derivative in derivatives.items():
        assert_close(
            gradients[name],
            g * derivative,
            what=f"the gradient of {expression} by {name}",
            rtol=1e-5,
            inputs={"the gradient that arrives": g},
            wrong={"the derivative alone, without the gradient that arrives": derivative * np.ones_like(g)},
        )


@number("1.7")
@weight(0.5)
def test_tensors_add_and_subtract(student, a, b, g):
    """A + b passes its gradient to both; a - b and -a change the sign."""
    assert_derivatives(student, "a + b", {"a": a, "b": b}, a + b, {"a": 1.0, "b": 1.0}, g=g)
    assert_derivatives(student, "a - b", {"a": a, "b": b}, a - b, {"a": 1.0, "b": -1.0}, g=g)
    assert_derivatives(student, "-a", {"a": a}, -a, {"a": -1.0}, g=g)


@number("1.7")
@weight(0.5)
def test_tensors_multiply(student, a, b, g):
    """The gradient of a * b by a is b times the gradient that arrives, and the other way round."""
    assert_derivatives(student, "a * b", {"a": a, "b": b}, a * b, {"a": b, "b": a}, g=g)


@number("1.7")
@weight(0.5)
def test_tensors_divide(student, a, b, g):
    """The gradients of a / b are 1 / b and -a / b^2."""
    assert_derivatives(student, "a / b", {"a": a, "b": b}, a / b, {"a": 1 / b, "b": -a / b**2}, g=g)


@number("1.7")
@weight(0.5)
def test_tensors_have_powers(student, positive, g):
    """The gradient of a ** k is k * a ** (k - 1), for whole, negative and broken k."""
    for k in (2, 3, -2, 0.5, 1):
        slope = k * positive ** (k - 1.0)
        assert_derivatives(student, f"a ** {k}", {"a": positive}, positive**k, {"a": slope}, g=g)


@number("1.7")
@weight(1)
def test_tensors_multiply_as_matrices(student, a, rng):
    """The gradients of a @ b are g @ b^T and a^T @ g: a (2, 3), b (3, 4), g (2, 4)."""
    b, g = rng.standard_normal((3, 4)), rng.standard_normal((2, 4))

    value, gradients = evaluate(student, "a @ b", {"a": a, "b": b}, output_gradient=g)

    assert_close(value, a @ b, what="a @ b")
    assert_close(gradients["a"], g @ b.T, what="the gradient of a @ b by a", rtol=1e-5)
    assert_close(gradients["b"], a.T @ g, what="the gradient of a @ b by b", rtol=1e-5)


@number("1.7")
@weight(0.5)
def test_tensors_have_exp_and_log(student, a, positive, g):
    """Exp is its own derivative; the derivative of log is 1 / a."""
    assert_derivatives(student, "a.exp()", {"a": a}, np.exp(a), {"a": np.exp(a)}, g=g)
    assert_derivatives(student, "a.log()", {"a": positive}, np.log(positive), {"a": 1 / positive}, g=g)


@number("1.7")
@weight(0.5)
def test_tensors_have_relu_and_sigmoid(student, g, rng):
    """Relu passes the gradient where a > 0, and not at a = 0; sigmoid's slope is s (1 - s)."""
    x = vary(rng, np.array([[1.0, -2.0, 0.0], [4.0, 0.0, -1.0]]))
    slope, s = np.where(x > 0, 1.0, 0.0), 1 / (1 + np.exp(-x))
    assert_derivatives(student, "a.relu()", {"a": x}, x * slope, {"a": slope}, g=g)
    assert_derivatives(student, "a.sigmoid()", {"a": x}, s, {"a": s * (1 - s)}, g=g)


@number("1.7")
@weight(0.5)
def test_tensors_have_sum_and_mean(student, a):
    """Every entry of a sum over 6 gets the gradient 1, every entry of a mean 1/6; both have the shape ()."""
    for expression, value, slope in (("a.sum()", a.sum(), 1.0), ("a.mean()", a.mean(), 1 / 6)):
        actual, gradients = evaluate(student, expression, {"a": a})
        assert_close(actual, value, what=expression)
        assert_close(
            gradients["a"], np.full((2, 3), slope), what=f"the gradient of {expression}", sizes={"entries": 6}
        )


@number("1.7")
@weight(0.5)
def test_tensors_sum_along_an_axis(student, a, rng):
    """sum(axis=...) spreads each gradient over the entries that it summed, with and without keepdims."""
    column, row = vary(rng, np.array([[2.0], [-1.0]])), vary(rng, np.array([1.0, 2.0, 3.0]))

    value, gradients = evaluate(student, "a.sum(axis=1, keepdims=True)", {"a": a}, output_gradient=column)
    assert_close(value, a.sum(axis=1, keepdims=True), what="a.sum(axis=1, keepdims=True)")
    assert_close(
        gradients["a"], np.repeat(column, 3, axis=1), what="the gradient of a.sum(axis=1, keepdims=True)"
    )

    value, gradients = evaluate(student, "a.sum(axis=0)", {"a": a}, output_gradient=row)
    assert_close(value, a.sum(axis=0), what="a.sum(axis=0)")
    assert_close(gradients["a"], np.tile(row, (2, 1)), what="the gradient of a.sum(axis=0)")


@number("1.7")
@weight(0.5)
def test_tensors_change_their_shape(student, a, g):
    """Reshape and T carry each gradient back to the entry that it belongs to."""
    value, gradients = evaluate(student, "a.reshape(3, 2)", {"a": a}, output_gradient=g.reshape(3, 2))
    assert_close(value, a.reshape(3, 2), what="a.reshape(3, 2)")
    assert_close(gradients["a"], g, what="the gradient of a.reshape(3, 2)")

    value, gradients = evaluate(student, "a.T", {"a": a}, output_gradient=g.reshape(3, 2))
    assert_close(value, a.T, what="a.T")
    assert_close(gradients["a"], g.reshape(3, 2).T, what="the gradient of a.T")


@number("1.7")
@weight(0.5)
def test_tensors_take_numbers_on_either_side(student, a, g):
    """A number on the left or on the right of + - * / is a constant."""
    cases = [
        ("a + 2", a + 2, 1.0),
        ("2 + a", a + 2, 1.0),
        ("a - 2", a - 2, 1.0),
        ("2 - a", 2 - a, -1.0),
        ("a * 3.0", 3 * a, 3.0),
        ("3.0 * a", 3 * a, 3.0),
        ("a / 4", a / 4, 0.25),
        ("2 / a", 2 / a, -2 / a**2),
    ]
    for expression, value, derivative in cases:
        assert_derivatives(student, expression, {"a": a}, value, {"a": derivative}, g=g)


@number("1.7")
@weight(1)
def test_sum_to_shape_sums_what_was_repeated(student, rng):
    """sum_to_shape sums a gradient over the axes along which an array of `shape` was repeated."""
    g = vary(rng, np.array([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]]))
    cases = {
        (3,): g.sum(axis=0),
        (2, 1): g.sum(axis=1, keepdims=True),
        (1, 3): g.sum(axis=0, keepdims=True),
        (): g.sum(),
        (2, 3): g,
    }
    for shape, expected in cases.items():
        assert_close(
            student.autodiff.sum_to_shape(g, shape),
            expected,
            what=f"sum_to_shape of a gradient of shape (2, 3) to {shape}",
        )


@number("1.7")
@weight(1)
def test_tensors_broadcast(student, a, g, rng):
    """An operand that is repeated by broadcasting gets the sum of the gradients of its copies."""
    for name, operand, total in (
        ("row", np.array([1.0, 2.0, 3.0]), lambda g: g.sum(axis=0)),
        ("column", np.array([[2.0], [-1.0]]), lambda g: g.sum(axis=1, keepdims=True)),
        ("number", np.array(3.0), lambda g: g.sum()),
    ):
        b = vary(rng, operand)
        _, added = evaluate(student, "a + b", {"a": a, "b": b}, output_gradient=g)
        _, multiplied = evaluate(student, "b * a", {"a": a, "b": b}, output_gradient=g)
        assert_close(added["b"], total(g), what=f"the gradient of a + b by a {name} b")
        assert_close(multiplied["b"], total(g * a), what=f"the gradient of b * a by a {name} b")
        assert_close(multiplied["a"], g * b, what=f"the gradient of b * a by a, with a {name} b")


@number("1.7")
@weight(1)
def test_a_tensor_used_twice_gets_both_gradients(student, a, g):
    """In a * a and in a + a both uses of a send their gradient back, and the two add up."""
    for expression, derivative in (("a * a", 2 * a), ("a + a", np.full((2, 3), 2.0))):
        _, gradients = evaluate(student, expression, {"a": a}, output_gradient=g)
        assert_close(
            gradients["a"],
            g * derivative,
            what=f"the gradient of {expression}",
            hint="Add to what has already arrived.",
            wrong={"the gradient of one of the two uses": g * derivative / 2},
        )


@number("1.7")
@weight(1)
def test_backward_waits_for_all_uses(student, a, g):
    """A tensor passes its gradient on once all of its uses have sent theirs: topological order."""
    # The uses of y stand at three different distances from the result, which is 8 a^3 + 2 a.
    _, gradients = evaluate(student, "(lambda y: y * y * y + y)(a * 2.0)", {"a": a}, output_gradient=g)

    assert_close(
        gradients["a"], g * (24 * a**2 + 2), what="the gradient of y^3 + y with y = 2 a, by a", rtol=1e-5
    )


@number("1.7")
@weight(0.5)
def test_gradients_are_zero_before_backward(student, a, rng):
    """`grad` is an array of zeros of data's shape until `backward` is called, and the gradient after."""
    factor = float(rng.uniform(2.0, 4.0))

    answer = given(student, "expressions.py").before_and_after(student.autodiff.Tensor, a, factor)

    assert_keys(answer, ["before", "after"], what="the gradients of a leaf and a result")
    for when in ("before", "after"):
        assert_length(answer[when], 2, what=f"the gradients {when} backward")
    assert_close(answer["before"][0], np.zeros((2, 3)), what="grad of a leaf before backward")
    assert_close(answer["before"][1], 0.0, what="grad of a result before backward")
    assert_close(answer["after"][0], np.full((2, 3), factor), what="grad of a leaf after backward")
    assert_close(answer["after"][1], 1.0, what="grad of the result itself after backward")


@number("1.7")
@weight(0.5)
def test_backward_twice_gives_twice_the_gradient(student, a):
    """A second `backward` adds the same gradients again, to the tensors in between too."""
    helpers, tensor = given(student, "expressions.py"), student.autodiff.Tensor

    for calls in (1, 2, 3):
        grads = helpers.inner_gradients(tensor, a, calls)
        assert_keys(grads, ["x", "y", "z"], what="the gradients")
        for name, gradient in (("x", 8 * a), ("y", 4 * a), ("z", 1.0)):
            assert_close(
                grads[name],
                calls * gradient,
                what=f"grad of {name} after {calls} calls of backward, for z = sum(y * y), y = 2 x",
                hint="What an earlier call left in grad must not flow back again.",
            )


@number("1.7")
@weight(0.5)
def test_backward_refuses_a_gradient_that_does_not_fit(student, a, g):
    """`backward` takes a gradient of the array's shape; with none, or another shape, it is a ValueError."""
    tensor = student.autodiff.Tensor
    helpers = given(student, "expressions.py")
    _, gradients = evaluate(student, "a * 2.0", {"a": a}, output_gradient=g)
    assert_close(gradients["a"], 2 * g, what="the gradient of a * 2.0 by a")

    cases = {"no gradient": None, "a gradient of shape (3,)": np.ones(3), "a number": np.array(1.0)}
    for what, gradient in cases.items():
        call = partial(helpers.evaluate, tensor, "a * 2.0", {"a": a}, {}, gradient)
        assert_raises("ValueError", call, what=f"backward of a tensor of shape (2, 3) with {what}")


@number("1.7")
@weight(0.5)
def test_backward_changes_nothing_but_grad(student, a, b, g):
    """`data` of every tensor, the arrays they came from and the argument of `backward` stay as they are."""
    _, gradients = evaluate(student, "(a * b).relu() + a", {"a": a, "b": b}, output_gradient=g)
    assert_close(gradients["b"], g * np.where(a * b > 0, a, 0.0), what="the gradient of relu(a * b) + a by b")

    answer = given(student, "expressions.py").untouched(student.autodiff.Tensor, a, b, g)

    assert_keys(answer, ["data", "arrays"], what="the arrays of a graph")
    assert_length(answer["data"], 4, what="the data of a graph")
    assert_length(answer["arrays"], 3, what="the arrays of a graph")
    names = ("a", "b", "a * b", "relu(a * b) + a")
    values = (a, b, a * b, np.maximum(a * b, 0) + a)
    for name, value, expected in zip(names, answer["data"], values, strict=True):
        assert_close(value, expected, what=f"data of {name}, after backward")
    for value, expected in zip(answer["arrays"], (a, b, g), strict=True):
        assert_close(value, expected, what="an array that was handed in, after backward")


@number("1.7")
@weight(1)
def test_two_layer_loss_in_tensors_agrees_with_finite_differences(student, rng):
    """The loss of part 1.4, written with tensors, has the right value and all four right gradients."""
    X = vary(rng, np.array([[1.0, 2.0], [-1.0, 0.5], [0.0, -2.0], [3.0, 1.0], [-0.5, -0.25]]))
    targets = np.eye(3)[[2, 0, 2, 0, 0]]
    weights = {
        "W1": np.array([[0.5, -1.0, 2.0, 0.25], [1.5, 0.75, -0.5, -2.0]]),
        "b1": np.array([0.3, -0.2, 0.1, 0.6]),
        "W2": np.array([[1.0, -0.5, 0.2], [0.4, 2.0, -1.0], [-1.5, 0.3, 0.7], [0.1, -0.8, 1.2]]),
        "b2": np.array([-0.4, 0.2, 0.1]),
    }
    weights = vary(rng, weights)

    def loss(w):
        scores = 1 / (1 + np.exp(-X @ w["W1"] - w["b1"])) @ w["W2"] + w["b2"]
        return (np.log(np.exp(scores).sum(axis=1)) - (scores * targets).sum(axis=1)).mean()

    answer = given(student, "expressions.py").two_layer_loss(student.autodiff.Tensor, weights, X, targets)

    assert_keys(answer, ["loss", "gradients"], what="the two-layer loss")
    assert_keys(answer["gradients"], list(weights), what="the gradients of the two-layer loss")
    assert_close(answer["loss"], loss(weights), what="the two-layer loss")
    for name, value in weights.items():
        check_gradient(
            lambda array, name=name: loss({**weights, name: array}),
            value,
            answer["gradients"][name],
            what=f"the gradient of {name}",
            sizes={"N": 5, "D": 2, "H": 4, "C": 3},
        )
