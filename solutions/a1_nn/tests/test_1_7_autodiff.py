from itertools import product

import numpy as np
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import assert_close, assert_keys, given, limits


def evaluate(student, expression, variables, constants=None, output_gradient=None):
    """Value and gradients of an expression whose variables are the student's tensors."""
    helpers = given(student, "expressions.py")
    tensor = student.autodiff.Tensor
    answer = helpers.evaluate(tensor, expression, variables, constants or {}, output_gradient)
    assert_keys(answer, ["value", "gradients"], what=expression)
    assert_keys(answer["gradients"], list(variables), what=f"the gradients of {expression}")
    return answer["value"], answer["gradients"]


def total(gradient, shape):
    """The gradient summed, entry by entry, into the place of `shape` that each entry was copied from."""
    result = np.zeros(shape)
    origin = np.broadcast_to(np.arange(result.size).reshape(shape), gradient.shape)
    np.add.at(result.reshape(-1), origin.ravel(), gradient.ravel())
    return result


@number("1.7")
@weight(1)
def test_tensors_take_arrays_on_either_side(student, rng):
    """An array on the left or on the right of an operator is a constant, and the result a Tensor."""
    a, c = rng.uniform(1.0, 2.0, (2, 3)), rng.uniform(1.0, 2.0, (2, 3))
    g = rng.normal(size=(2, 3))
    cases = {
        "a + c": (a + c, g),
        "c + a": (c + a, g),
        "a - c": (a - c, g),
        "c - a": (c - a, -g),
        "a * c": (a * c, g * c),
        "c * a": (c * a, g * c),
        "a / c": (a / c, g / c),
        "c / a": (c / a, -g * c / a**2),
        "np.float64(3) * a": (3 * a, 3 * g),
    }
    for expression, (value, gradient) in cases.items():
        actual, gradients = evaluate(student, expression, {"a": a}, {"c": c}, g)
        assert_close(actual, value, what=expression)
        assert_close(gradients["a"], gradient, what=f"the gradient of {expression}", rtol=1e-5)


@number("1.7")
@weight(1)
def test_matrix_products_with_arrays(student, rng):
    """Array @ tensor and tensor @ array are right in value and gradient, for sizes from 1 on."""
    for N, K, M in ((2, 3, 4), (1, 3, 1), (4, 1, 2)):
        a, left, right = rng.normal(size=(N, K)), rng.normal(size=(M, N)), rng.normal(size=(K, M))
        value, gradients = evaluate(student, "(c @ a).sum()", {"a": a}, {"c": left})
        assert_close(value, (left @ a).sum(), what="array @ tensor")
        assert_close(
            gradients["a"], left.T @ np.ones((M, K)), what="the gradient of array @ tensor", rtol=1e-5
        )
        value, gradients = evaluate(student, "(a @ c).sum()", {"a": a}, {"c": right})
        assert_close(value, (a @ right).sum(), what="tensor @ array")
        assert_close(
            gradients["a"], np.ones((N, M)) @ right.T, what="the gradient of tensor @ array", rtol=1e-5
        )


@number("1.7")
@weight(1)
def test_tensors_broadcast_both_ways(student, rng):
    """Broadcasting is undone for both operands, for new axes in front, axes of size 1, and both at once."""
    pairs = [
        ((4, 1, 3), (2, 1)),
        ((3,), (2, 3)),
        ((2, 1), (1, 3)),
        ((), (2, 2)),
        ((1, 1), (3, 2)),
        ((1,), ()),
    ]
    for left, right in pairs:
        a, b = rng.uniform(1.0, 2.0, left), rng.uniform(1.0, 2.0, right)
        g = rng.normal(size=np.broadcast_shapes(left, right))
        cases = {
            "a + b": (g, g),
            "a - b": (g, -g),
            "a * b": (g * b, g * a),
            "a / b": (g / b, -g * a / b**2),
        }
        for expression, full in cases.items():
            _, gradients = evaluate(student, expression, {"a": a, "b": b}, output_gradient=g)
            what = f"the gradient of {expression}, of the shapes {left} and {right}, by"
            assert_close(gradients["a"], total(full[0], left), what=f"{what} a", rtol=1e-5)
            assert_close(gradients["b"], total(full[1], right), what=f"{what} b", rtol=1e-5)


@number("1.7")
@weight(1)
def test_sums_and_means_along_any_axis(student, rng):
    """Sums and means are right along each of 3 axes, counted from either end, with or without keepdims."""
    a = rng.normal(size=(2, 3, 4))
    for axis, keepdims in product((None, 0, 1, 2, -1, -2), (False, True)):
        g = rng.normal(size=np.shape(a.sum(axis=axis, keepdims=keepdims)))
        spread = np.broadcast_to(g if axis is None or keepdims else np.expand_dims(g, axis), a.shape)
        for name, scale in (("sum", 1), ("mean", a.size if axis is None else a.shape[axis])):
            expression = f"a.{name}(axis={axis}, keepdims={keepdims})"
            value, gradients = evaluate(student, expression, {"a": a}, output_gradient=g)
            assert_close(value, a.sum(axis=axis, keepdims=keepdims) / scale, what=expression)
            assert_close(gradients["a"], spread / scale, what=f"the gradient of {expression}", rtol=1e-5)


@number("1.7")
@weight(0.5)
def test_shapes_of_other_arrays(student, rng):
    """Reshape takes -1 and any number of axes, and T reverses the axes of any array."""
    a, g = rng.normal(size=(2, 3, 4)), rng.normal(size=24)
    shapes = {"a.reshape(6, -1)": (6, 4), "a.reshape(24)": (24,), "a.reshape(4, 1, 6)": (4, 1, 6)}
    for expression, shape in shapes.items():
        value, gradients = evaluate(student, expression, {"a": a}, output_gradient=g.reshape(shape))
        assert_close(value, a.reshape(shape), what=expression)
        assert_close(gradients["a"], g.reshape(2, 3, 4), what=f"the gradient of {expression}")
    value, gradients = evaluate(student, "a.T", {"a": a}, output_gradient=g.reshape(4, 3, 2))
    assert_close(value, a.T, what="a.T of three axes")
    assert_close(gradients["a"], g.reshape(4, 3, 2).T, what="the gradient of a.T of three axes")


@number("1.7")
@weight(0.5)
def test_sigmoid_of_a_tensor_survives_large_entries(student):
    """The sigmoid of -1000 and 1000 is finite, and so is its gradient."""
    x = np.array([-1000.0, 0.0, 1000.0])

    value, gradients = evaluate(student, "a.sigmoid().sum()", {"a": x})

    assert_close(value, 1.5, what="the sum of sigmoids")
    assert_close(gradients["a"], [0.0, 0.25, 0.0], what="the gradient of the sum of sigmoids")


@number("1.7")
@weight(1.5)
def test_backward_waits_whatever_the_order_of_operands(student, rng):
    """Gradients are complete before they are passed on, whichever operand of a sum or product comes first."""
    a = rng.normal(size=(3, 2))
    b, c = a * a, 2 * a * a + a
    slope = 2 * a * (c * c + c) + (2 * b * c + b) * (4 * a + 1)  # of b c^2 + b c
    for formula in ("(b * c + b) * c", "c * (b + c * b)", "(b + (c * b)) * c", "c * (c * b + b)"):
        expression = f"(lambda b: (lambda c: {formula})(b * 2.0 + a))(a * a)"
        _, gradients = evaluate(student, f"{expression}.sum()", {"a": a})
        assert_close(gradients["a"], slope, what=f"the gradient of {formula}", rtol=1e-5)


@number("1.7")
@weight(1)
@limits(seconds=5)
def test_backward_visits_each_tensor_once(student):
    """Doubling a tensor 50 times takes 50 steps back, and not 2^50."""
    grad = given(student, "expressions.py").doubled(student.autodiff.Tensor, 1.0, 50)

    assert_close(grad, 2.0**50, what="the gradient of 2^50 * x")


@number("1.7")
@weight(0.5)
@limits(seconds=20)
def test_backward_goes_through_long_chains(student):
    """A chain of 5,000 additions does not end in a RecursionError."""
    answer = given(student, "expressions.py").chain(student.autodiff.Tensor, 1.0, 5000)

    assert_keys(answer, ["value", "gradient"], what="x + 1 + ... + 1")
    assert_close(answer["value"], 5001.0, what="x + 1 + ... + 1")
    assert_close(answer["gradient"], 1.0, what="the gradient of x + 1 + ... + 1")


@number("1.7")
@weight(0.5)
def test_gradients_of_two_results_add_up(student):
    """A tensor that two results were computed from gets the gradients of both."""
    grad = given(student, "expressions.py").two_graphs(student.autodiff.Tensor, np.ones((2, 3)))

    assert_close(grad, np.full((2, 3), 5.0), what="grad after backward of 2 x and of 3 x")


@number("1.7")
@weight(0.5)
def test_backward_of_one_number_needs_no_gradient(student):
    """A tensor that holds exactly one number counts as a scalar, whatever its number of axes."""
    for shape in ((), (1,), (1, 1)):
        _, gradients = evaluate(student, "a * a", {"a": np.full(shape, 3.0)})
        assert_close(gradients["a"], np.full(shape, 6.0), what=f"the gradient of a * a, a of shape {shape}")
