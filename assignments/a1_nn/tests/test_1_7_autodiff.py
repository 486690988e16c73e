from functools import partial

import numpy as np
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import (
    assert_close,
    assert_keys,
    assert_length,
    assert_raises,
    check_gradient,
    given,
)

A = np.array([[1.0, -2.0, 0.5], [4.0, 0.25, -1.0]])
B = np.array([[2.0, 0.5, -1.0], [-0.5, 3.0, 1.5]])
POSITIVE = np.array([[1.0, 2.0, 0.5], [4.0, 0.25, 3.0]])
G = np.array([[1.0, 2.0, -1.0], [0.5, -3.0, 4.0]])  # a gradient that arrives from outside


def evaluate(student, expression, variables, constants=None, output_gradient=None):
    """Value and gradients of an expression whose variables are the student's tensors."""
    helpers = given(student, "expressions.py")
    tensor = student.autodiff.Tensor
    answer = helpers.evaluate(tensor, expression, variables, constants or {}, output_gradient)
    assert_keys(answer, ["value", "gradients"], what=expression)
    assert_keys(answer["gradients"], list(variables), what=f"the gradients of {expression}")
    return answer["value"], answer["gradients"]


def assert_derivatives(student, expression, variables, value, derivatives):
    """An expression of arrays of one shape: its value, and its gradients when G arrives from outside."""
    actual, gradients = evaluate(student, expression, variables, output_gradient=G)
    assert_close(actual, value, what=f"the value of {expression}")
    for name, derivative in derivatives.items():
        assert_close(
            gradients[name],
            G * derivative,
            what=f"the gradient of {expression} by {name}",
            rtol=1e-5,
            inputs={"the gradient that arrives": G},
            wrong={"the derivative alone, without the gradient that arrives": derivative * np.ones_like(G)},
        )


@number("1.7")
@weight(0.5)
def test_tensors_add_and_subtract(student):
    """A + b passes its gradient to both; a - b and -a change the sign."""
    assert_derivatives(student, "a + b", {"a": A, "b": B}, A + B, {"a": 1.0, "b": 1.0})
    assert_derivatives(student, "a - b", {"a": A, "b": B}, A - B, {"a": 1.0, "b": -1.0})
    assert_derivatives(student, "-a", {"a": A}, -A, {"a": -1.0})


@number("1.7")
@weight(0.5)
def test_tensors_multiply(student):
    """The gradient of a * b by a is b times the gradient that arrives, and the other way round."""
    assert_derivatives(student, "a * b", {"a": A, "b": B}, A * B, {"a": B, "b": A})


@number("1.7")
@weight(0.5)
def test_tensors_divide(student):
    """The gradients of a / b are 1 / b and -a / b^2."""
    assert_derivatives(student, "a / b", {"a": A, "b": B}, A / B, {"a": 1 / B, "b": -A / B**2})


@number("1.7")
@weight(0.5)
def test_tensors_have_powers(student):
    """The gradient of a ** k is k * a ** (k - 1), for whole, negative and broken k."""
    for k in (2, 3, -2, 0.5, 1):
        slope = k * POSITIVE ** (k - 1.0)
        assert_derivatives(student, f"a ** {k}", {"a": POSITIVE}, POSITIVE**k, {"a": slope})


@number("1.7")
@weight(1)
def test_tensors_multiply_as_matrices(student):
    """The gradients of a @ b are g @ b^T and a^T @ g: a (2, 3), b (3, 4), g (2, 4)."""
    M, g = np.arange(12.0).reshape(3, 4) - 5.0, np.array([[1.0, 0.0, 2.0, -1.0], [0.5, 3.0, -2.0, 1.0]])

    value, gradients = evaluate(student, "a @ b", {"a": A, "b": M}, output_gradient=g)

    assert_close(value, A @ M, what="a @ b")
    assert_close(gradients["a"], g @ M.T, what="the gradient of a @ b by a", rtol=1e-5)
    assert_close(gradients["b"], A.T @ g, what="the gradient of a @ b by b", rtol=1e-5)


@number("1.7")
@weight(0.5)
def test_tensors_have_exp_and_log(student):
    """Exp is its own derivative; the derivative of log is 1 / a."""
    assert_derivatives(student, "a.exp()", {"a": A}, np.exp(A), {"a": np.exp(A)})
    assert_derivatives(student, "a.log()", {"a": POSITIVE}, np.log(POSITIVE), {"a": 1 / POSITIVE})


@number("1.7")
@weight(0.5)
def test_tensors_have_relu_and_sigmoid(student):
    """Relu passes the gradient where a > 0, and not at a = 0; sigmoid's slope is s (1 - s)."""
    x = np.array([[1.0, -2.0, 0.0], [4.0, 0.0, -1.0]])
    s = 1 / (1 + np.exp(-x))
    assert_derivatives(student, "a.relu()", {"a": x}, np.maximum(x, 0), {"a": np.where(x > 0, 1.0, 0.0)})
    assert_derivatives(student, "a.sigmoid()", {"a": x}, s, {"a": s * (1 - s)})


@number("1.7")
@weight(0.5)
def test_tensors_have_sum_and_mean(student):
    """Every entry of a sum over 6 gets the gradient 1, every entry of a mean 1/6; both have the shape ()."""
    for expression, value, slope in (("a.sum()", A.sum(), 1.0), ("a.mean()", A.mean(), 1 / 6)):
        actual, gradients = evaluate(student, expression, {"a": A})
        assert_close(actual, value, what=expression)
        assert_close(
            gradients["a"], np.full((2, 3), slope), what=f"the gradient of {expression}", sizes={"entries": 6}
        )


@number("1.7")
@weight(0.5)
def test_tensors_sum_along_an_axis(student):
    """sum(axis=...) spreads each gradient over the entries that it summed, with and without keepdims."""
    column, row = np.array([[2.0], [-1.0]]), np.array([1.0, 2.0, 3.0])

    value, gradients = evaluate(student, "a.sum(axis=1, keepdims=True)", {"a": A}, output_gradient=column)
    assert_close(value, A.sum(axis=1, keepdims=True), what="a.sum(axis=1, keepdims=True)")
    assert_close(
        gradients["a"], np.repeat(column, 3, axis=1), what="the gradient of a.sum(axis=1, keepdims=True)"
    )

    value, gradients = evaluate(student, "a.sum(axis=0)", {"a": A}, output_gradient=row)
    assert_close(value, A.sum(axis=0), what="a.sum(axis=0)")
    assert_close(gradients["a"], np.tile(row, (2, 1)), what="the gradient of a.sum(axis=0)")


@number("1.7")
@weight(0.5)
def test_tensors_change_their_shape(student):
    """Reshape and T carry each gradient back to the entry that it belongs to."""
    g = np.arange(6.0)

    value, gradients = evaluate(student, "a.reshape(3, 2)", {"a": A}, output_gradient=g.reshape(3, 2))
    assert_close(value, A.reshape(3, 2), what="a.reshape(3, 2)")
    assert_close(gradients["a"], g.reshape(2, 3), what="the gradient of a.reshape(3, 2)")

    value, gradients = evaluate(student, "a.T", {"a": A}, output_gradient=g.reshape(3, 2))
    assert_close(value, A.T, what="a.T")
    assert_close(gradients["a"], g.reshape(3, 2).T, what="the gradient of a.T")


@number("1.7")
@weight(0.5)
def test_tensors_take_numbers_on_either_side(student):
    """A number on the left or on the right of + - * / is a constant."""
    cases = [
        ("a + 2", A + 2, 1.0),
        ("2 + a", A + 2, 1.0),
        ("a - 2", A - 2, 1.0),
        ("2 - a", 2 - A, -1.0),
        ("a * 3.0", 3 * A, 3.0),
        ("3.0 * a", 3 * A, 3.0),
        ("a / 4", A / 4, 0.25),
        ("2 / a", 2 / A, -2 / A**2),
    ]
    for expression, value, derivative in cases:
        assert_derivatives(student, expression, {"a": A}, value, {"a": derivative})


@number("1.7")
@weight(1)
def test_sum_to_shape_sums_what_was_repeated(student):
    """sum_to_shape sums a gradient over the axes along which an array of `shape` was repeated."""
    g = np.array([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]])
    cases = {
        (3,): [11.0, 22.0, 33.0],
        (2, 1): [[6.0], [60.0]],
        (1, 3): [[11.0, 22.0, 33.0]],
        (): 66.0,
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
def test_tensors_broadcast(student):
    """An operand that is repeated by broadcasting gets the sum of the gradients of its copies."""
    row, column, one = np.array([1.0, 2.0, 3.0]), np.array([[2.0], [-1.0]]), np.array(3.0)

    for name, b, total in (
        ("row", row, lambda g: g.sum(axis=0)),
        ("column", column, lambda g: g.sum(axis=1, keepdims=True)),
        ("number", one, lambda g: g.sum()),
    ):
        _, added = evaluate(student, "a + b", {"a": A, "b": b}, output_gradient=G)
        _, multiplied = evaluate(student, "b * a", {"a": A, "b": b}, output_gradient=G)
        assert_close(added["b"], total(G), what=f"the gradient of a + b by a {name} b")
        assert_close(multiplied["b"], total(G * A), what=f"the gradient of b * a by a {name} b")
        assert_close(multiplied["a"], G * b, what=f"the gradient of b * a by a, with a {name} b")


@number("1.7")
@weight(1)
def test_a_tensor_used_twice_gets_both_gradients(student):
    """In a * a and in a + a both uses of a send their gradient back, and the two add up."""
    for expression, derivative in (("a * a", 2 * A), ("a + a", np.full((2, 3), 2.0))):
        _, gradients = evaluate(student, expression, {"a": A}, output_gradient=G)
        assert_close(
            gradients["a"],
            G * derivative,
            what=f"the gradient of {expression}",
            hint="Add to what has already arrived.",
            wrong={"the gradient of one of the two uses": G * derivative / 2},
        )


@number("1.7")
@weight(1)
def test_backward_waits_for_all_uses(student):
    """A tensor passes its gradient on once all of its uses have sent theirs: topological order."""
    # The uses of y stand at three different distances from the result, which is 8 a^3 + 2 a.
    _, gradients = evaluate(student, "(lambda y: y * y * y + y)(a * 2.0)", {"a": A}, output_gradient=G)

    assert_close(
        gradients["a"], G * (24 * A**2 + 2), what="the gradient of y^3 + y with y = 2 a, by a", rtol=1e-5
    )


@number("1.7")
@weight(0.5)
def test_gradients_are_zero_before_backward(student):
    """`grad` is an array of zeros of data's shape until `backward` is called, and the gradient after."""
    answer = given(student, "expressions.py").before_and_after(student.autodiff.Tensor, A)

    assert_keys(answer, ["before", "after"], what="the gradients of a leaf and a result")
    for when in ("before", "after"):
        assert_length(answer[when], 2, what=f"the gradients {when} backward")
    assert_close(answer["before"][0], np.zeros((2, 3)), what="grad of a leaf before backward")
    assert_close(answer["before"][1], 0.0, what="grad of a result before backward")
    assert_close(answer["after"][0], np.full((2, 3), 3.0), what="grad of a leaf after backward")
    assert_close(answer["after"][1], 1.0, what="grad of the result itself after backward")


@number("1.7")
@weight(0.5)
def test_backward_twice_gives_twice_the_gradient(student):
    """A second `backward` adds the same gradients again, to the tensors in between too."""
    helpers, tensor = given(student, "expressions.py"), student.autodiff.Tensor

    for calls in (1, 2, 3):
        grads = helpers.inner_gradients(tensor, A, calls)
        assert_keys(grads, ["x", "y", "z"], what="the gradients")
        for name, gradient in (("x", 8 * A), ("y", 4 * A), ("z", 1.0)):
            assert_close(
                grads[name],
                calls * gradient,
                what=f"grad of {name} after {calls} calls of backward, for z = sum(y * y), y = 2 x",
                hint="What an earlier call left in grad must not flow back again.",
            )


@number("1.7")
@weight(0.5)
def test_backward_refuses_a_gradient_that_does_not_fit(student):
    """`backward` of an array without a gradient, or with one of another shape, is a ValueError."""
    tensor = student.autodiff.Tensor
    helpers = given(student, "expressions.py")
    cases = {"no gradient": None, "a gradient of shape (3,)": np.ones(3), "a number": np.array(1.0)}
    for what, gradient in cases.items():
        call = partial(helpers.evaluate, tensor, "a * 2.0", {"a": A}, {}, gradient)
        assert_raises("ValueError", call, what=f"backward of a tensor of shape (2, 3) with {what}")


@number("1.7")
@weight(0.5)
def test_backward_changes_nothing_but_grad(student):
    """`data` of every tensor, the arrays they came from and the argument of `backward` stay as they are."""
    answer = given(student, "expressions.py").untouched(student.autodiff.Tensor, A, B, G)

    assert_keys(answer, ["data", "arrays"], what="the arrays of a graph")
    assert_length(answer["data"], 4, what="the data of a graph")
    assert_length(answer["arrays"], 3, what="the arrays of a graph")
    names = ("a", "b", "a * b", "relu(a * b) + a")
    values = (A, B, A * B, np.maximum(A * B, 0) + A)
    for name, value, expected in zip(names, answer["data"], values, strict=True):
        assert_close(value, expected, what=f"data of {name}, after backward")
    for value, expected in zip(answer["arrays"], (A, B, G), strict=True):
        assert_close(value, expected, what="an array that was handed in, after backward")


@number("1.7")
@weight(1)
def test_two_layer_loss_in_tensors_agrees_with_finite_differences(student):
    """The loss of part 1.4, written with tensors, has the right value and all four right gradients."""
    X = np.array([[1.0, 2.0], [-1.0, 0.5], [0.0, -2.0], [3.0, 1.0], [-0.5, -0.25]])
    targets = np.eye(3)[[2, 0, 2, 0, 0]]
    weights = {
        "W1": np.array([[0.5, -1.0, 2.0, 0.25], [1.5, 0.75, -0.5, -2.0]]),
        "b1": np.array([0.3, -0.2, 0.1, 0.6]),
        "W2": np.array([[1.0, -0.5, 0.2], [0.4, 2.0, -1.0], [-1.5, 0.3, 0.7], [0.1, -0.8, 1.2]]),
        "b2": np.array([-0.4, 0.2, 0.1]),
    }

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
