import numpy as np
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import assert_close, given


@number("1.1")
@weight(1.5)
def test_softmax_shifts_each_row_by_its_own_maximum(student):
    """Rows that lie thousands apart do not spoil each other's probabilities."""
    p = student.activations.softmax(np.array([[0.0, np.log(3.0)], [2000.0, 2000.0], [-3000.0, -3000.0]]))

    assert_close(p, [[0.25, 0.75], [0.5, 0.5], [0.5, 0.5]], what="softmax of rows that lie far apart")


@number("1.1")
@weight(1)
def test_softmax_of_any_size(student):
    """Softmax is right for one example, one class, and any other number of either."""
    for N, C in ((1, 4), (5, 1), (1, 1), (7, 2)):
        powers = 1.0 + np.arange(N * C).reshape(N, C)

        p = student.activations.softmax(np.log(powers))

        assert_close(
            p, powers / powers.sum(axis=1, keepdims=True), what=f"softmax of {N} examples, {C} classes"
        )


@number("1.1")
@weight(1)
def test_softmax_of_integers_float32_and_views(student):
    """Softmax takes whole numbers, float32 and arrays that lie in memory in another order."""
    softmax = student.activations.softmax
    scores = np.array([[0, 0, 0], [5, -1, 2]])
    powers = np.exp(scores)
    expected = powers / powers.sum(axis=1, keepdims=True)

    assert_close(softmax(scores), expected, what="softmax of whole numbers")
    assert_close(
        softmax(scores.astype(np.float32)), expected, what="softmax of float32", rtol=1e-4, atol=1e-6
    )
    transposed = given(student, "views.py").on_a_transposed_view(softmax, scores * 1.0)
    assert_close(transposed, expected, what="softmax of a transposed view")


@number("1.1")
@weight(0.5)
def test_sigmoid_gradient_vanishes_far_from_zero(student):
    """The sigmoid's slope is 0 at -1000 and at 1000, and finite."""
    slope = student.activations.sigmoid_gradient(np.array([[-1000.0], [1000.0], [0.0]]))

    assert_close(slope, [[0.0], [0.0], [0.25]], what="sigmoid_gradient of (-1000, 1000, 0)")


def assert_elementwise_functions(student, x, what):
    """Sigmoid, rectifier and their gradients at x."""
    s = 1 / (1 + np.exp(-x))
    activations = student.activations
    assert_close(activations.sigmoid(x), s, what=f"sigmoid of {what}")
    assert_close(activations.sigmoid_gradient(x), s * (1 - s), what=f"sigmoid_gradient of {what}")
    assert_close(activations.relu(x), np.maximum(x, 0), what=f"relu of {what}")
    assert_close(activations.relu_gradient(x), np.where(x > 0, 1, 0), what=f"relu_gradient of {what}")


@number("1.1")
@weight(0.5)
def test_activations_take_any_shape(student):
    """Sigmoid, rectifier and their gradients work on arrays with any number of axes."""
    for shape in ((5,), (2, 3, 4), (1, 1)):
        x = np.linspace(-2.0, 3.0, int(np.prod(shape))).reshape(shape)
        assert_elementwise_functions(student, x, f"an array of shape {shape}")


@number("1.1")
@weight(0.5)
def test_activations_of_whole_numbers(student):
    """Whole numbers are numbers too: the sigmoid of an integer array is not rounded."""
    assert_elementwise_functions(student, np.array([-3, 0, 2, 40]), "whole numbers")
