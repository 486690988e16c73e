import numpy as np
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import assert_close, assert_shape, fetch, given, send

SHIFT = "softmax(z) equals softmax(z - m) for every number m. Which m keeps exp small?"


@number("1.1")
@weight(1)
def test_softmax_by_hand(student):
    """Scores of log 1, log 2 and log 3 give the probabilities 1/6, 2/6 and 3/6, row by row."""
    scores = np.log([[1.0, 2.0, 3.0], [6.0, 3.0, 1.0]])

    p = student.activations.softmax(scores)

    powers = np.exp(scores)
    assert_close(
        p,
        [[1 / 6, 2 / 6, 3 / 6], [0.6, 0.3, 0.1]],
        what="softmax of 2 examples, 3 classes",
        sizes={"N": 2, "C": 3},
        wrong={
            "softmax over the columns instead of the rows": powers / powers.sum(axis=0),
            "softmax over the whole array instead of each row": powers / powers.sum(),
            "exp of the scores, not yet divided by its sum": powers,
        },
    )


@number("1.1")
@weight(1)
def test_softmax_survives_large_scores(student):
    """A confident score of 1000 gives a probability of 1, not nan; so does -1000 beside -2000."""
    p = student.activations.softmax(np.array([[1000.0, 0.0, 0.0], [-2000.0, -1000.0, -2000.0]]))

    assert_close(p, [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], what="softmax of scores near 1000", hint=SHIFT)


@number("1.1")
@weight(1)
def test_sigmoid_by_hand(student):
    """The sigmoid of 0 is 1/2, of log 3 it is 3/4, of -log 3 it is 1/4."""
    x = np.log([[1.0, 3.0, 1 / 3], [9.0, 1 / 9, 4.0]])

    assert_close(
        student.activations.sigmoid(x),
        [[0.5, 0.75, 0.25], [0.9, 0.1, 0.8]],
        what="sigmoid of an array of shape (2, 3)",
        wrong={"the sigmoid of -x": [[0.5, 0.25, 0.75], [0.1, 0.9, 0.2]], "tanh": np.tanh(x)},
    )


@number("1.1")
@weight(0.5)
def test_sigmoid_is_right_at_both_ends(student):
    """The sigmoid is 0 at -1000 and 1 at 1000; neither end is nan."""
    s = student.activations.sigmoid(np.array([-1000.0, -700.0, 700.0, 1000.0]))

    assert_close(
        s,
        [0.0, 0.0, 1.0, 1.0],
        what="sigmoid of (-1000, -700, 700, 1000)",
        hint="exp(x) / (1 + exp(x)) is the same function, and good where 1 / (1 + exp(-x)) is not.",
    )


@number("1.1")
@weight(1)
def test_sigmoid_gradient_by_hand(student):
    """The sigmoid's slope is 1/4 at 0 and 3/16 at log 3: it takes the pre-activation, not the sigmoid."""
    x = np.log([1.0, 3.0, 1 / 3])
    s = np.array([0.5, 0.75, 0.25])
    fed_twice = 1 / (1 + np.exp(-s))

    assert_close(
        student.activations.sigmoid_gradient(x),
        [1 / 4, 3 / 16, 3 / 16],
        what="sigmoid_gradient of (0, log 3, -log 3)",
        wrong={
            "x * (1 - x), as if x were already the sigmoid's output": x * (1 - x),
            "the slope at sigmoid(x) instead of at x": fed_twice * (1 - fed_twice),
            "sigmoid(x) itself": s,
        },
    )


@number("1.1")
@weight(0.5)
def test_relu_by_hand(student):
    """The rectifier keeps 2.5, and turns -1 and 0 into 0."""
    x = np.array([[2.5, -1.0, 0.0], [-3.0, 0.5, 4.0]])

    assert_close(
        student.activations.relu(x),
        [[2.5, 0.0, 0.0], [0.0, 0.5, 4.0]],
        what="relu of an array of shape (2, 3)",
        wrong={"|x|": abs(x), "the slope instead of the value": [[1, 0, 0], [0, 1, 1]]},
    )


@number("1.1")
@weight(0.5)
def test_relu_gradient_on_both_sides_of_zero(student):
    """The rectifier's slope is 1 where x is positive and 0 where x is negative."""
    slope = student.activations.relu_gradient(np.array([[2.5, -1.0, 1e-3], [-3.0, 0.5, -1e-3]]))

    assert_close(slope, [[1, 0, 1], [0, 1, 0]], what="relu_gradient of an array of shape (2, 3)")


@number("1.1")
@weight(0.5)
def test_relu_gradient_at_zero_is_zero(student):
    """At x = 0, where the rectifier has a corner, its gradient counts as 0."""
    slope = student.activations.relu_gradient(np.array([0.0, -0.0, 2.0]))

    assert_close(
        slope, [0.0, 0.0, 1.0], what="relu_gradient of (0, -0, 2)", hint="x > 0 and x >= 0 differ at 0."
    )


@number("1.1")
@weight(0.5)
def test_activations_give_no_numpy_warning(student):
    """No NumPy warning, such as 'overflow encountered in exp', for values between -1000 and 1000."""
    x = np.array([[-1000.0, 0.0], [1000.0, -20.0], [30.0, 999.0]])
    for name in ("softmax", "sigmoid", "sigmoid_gradient"):
        result = given(student, "strict.py").call(getattr(student.activations, name), x)
        assert_shape(result, (3, 2), what=f"{name} of an array of shape (3, 2)")


@number("1.1")
@weight(0.5)
def test_activations_leave_their_input_alone(student):
    """The functions return new arrays: the argument is the same after the call as before."""
    x = np.array([[-1.5, 0.0, 2.0], [3.0, -4.0, 0.5]])
    for name in ("softmax", "sigmoid", "sigmoid_gradient", "relu", "relu_gradient"):
        argument = send(student, x)

        result = getattr(student.activations, name)(argument)

        assert_shape(result, (2, 3), what=f"the result of {name}")
        what = f"the argument of {name}, after the call"
        assert_close(fetch(argument), x, what=what, hint="Is there a -= or an x[...] = ... on the argument?")
