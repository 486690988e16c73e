import numpy as np
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import assert_close, fetch, given, send, vary

SHIFT = "softmax(z) equals softmax(z - m) for every number m. Which m keeps exp small?"


def softmax(scores):
    """The formula, shifted by each row's maximum."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def sigmoid(x):
    """The logistic function, by way of tanh, so that it does not overflow."""
    return 0.5 + 0.5 * np.tanh(0.5 * x)


def sigmoid_gradient(x):
    """The sigmoid's slope at x."""
    return sigmoid(x) * (1 - sigmoid(x))


@number("1.1")
@weight(1)
def test_softmax_by_hand(student, rng):
    """Scores near log 1, log 2 and log 3 give probabilities near 1/6, 2/6 and 3/6, row by row."""
    powers = vary(rng, np.array([[1.0, 2.0, 3.0], [6.0, 3.0, 1.0]]))

    p = student.activations.softmax(np.log(powers))

    assert_close(
        p,
        powers / powers.sum(axis=1, keepdims=True),
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
def test_softmax_survives_large_scores(student, rng):
    """A score of 1000 beside 0 gives a probability of 1, not nan; scores near 1000 differ as near 0."""
    near = vary(rng, np.array([1.0, 3.0, 2.0]))
    scores = np.array([[1000.0, 0.0, 0.0], [-2000.0, -1000.0, -2000.0], 1000.0 + near, near - 2000.0])

    p = student.activations.softmax(scores)

    assert_close(p, softmax(scores), what="softmax of scores near 1000", hint=SHIFT)


@number("1.1")
@weight(1)
def test_sigmoid_by_hand(student, rng):
    """The sigmoid of 0 is 1/2, near log 3 it is about 3/4, near -log 3 about 1/4."""
    x = vary(rng, np.log([[1.0, 3.0, 1 / 3], [9.0, 1 / 9, 4.0]]))

    assert_close(
        student.activations.sigmoid(x),
        sigmoid(x),
        what="sigmoid of an array of shape (2, 3)",
        wrong={"the sigmoid of -x": sigmoid(-x), "tanh": np.tanh(x)},
    )


@number("1.1")
@weight(0.5)
def test_sigmoid_is_right_at_both_ends(student, rng):
    """The sigmoid is 0 at -1000 and 1 at 1000, and neither end is nan; in between it rises."""
    x = vary(rng, np.array([-1000.0, -700.0, -1.0, 2.0, 700.0, 1000.0]))

    assert_close(
        student.activations.sigmoid(x),
        sigmoid(x),
        what="sigmoid of numbers between -1100 and 1100",
        hint="exp(x) / (1 + exp(x)) is the same function, and good where 1 / (1 + exp(-x)) is not.",
    )


@number("1.1")
@weight(1)
def test_sigmoid_gradient_by_hand(student, rng):
    """The sigmoid's slope is 1/4 at 0 and 3/16 at log 3: it takes the pre-activation, not the sigmoid."""
    x = vary(rng, np.log([1.0, 3.0, 1 / 3]))

    assert_close(
        student.activations.sigmoid_gradient(x),
        sigmoid_gradient(x),
        what="sigmoid_gradient of 0 and of numbers near log 3 and -log 3",
        wrong={
            "x * (1 - x), as if x were already the sigmoid's output": x * (1 - x),
            "the slope at sigmoid(x) instead of at x": sigmoid_gradient(sigmoid(x)),
            "sigmoid(x) itself": sigmoid(x),
        },
    )


@number("1.1")
@weight(0.5)
def test_relu_by_hand(student, rng):
    """The rectifier keeps what is positive, such as 2.5, and turns the rest, such as -1 and 0, into 0."""
    x = vary(rng, np.array([[2.5, -1.0, 0.0], [-3.0, 0.5, 4.0]]))

    assert_close(
        student.activations.relu(x),
        np.where(x > 0, x, 0.0),
        what="relu of an array of shape (2, 3)",
        wrong={"|x|": abs(x), "the slope instead of the value": np.where(x > 0, 1.0, 0.0)},
    )


@number("1.1")
@weight(0.5)
def test_relu_gradient_on_both_sides_of_zero(student, rng):
    """The rectifier's slope is 1 where x is positive and 0 where x is negative."""
    x = rng.permutation([2.5, -1.0, 1e-3, -3.0, 0.5, -1e-3, 4.0, -0.25]).reshape(2, 4)

    slope = student.activations.relu_gradient(x)

    assert_close(slope, np.where(x > 0, 1.0, 0.0), what="relu_gradient of an array of shape (2, 4)")


@number("1.1")
@weight(0.5)
def test_relu_gradient_at_zero_is_zero(student, rng):
    """At x = 0, where the rectifier has a corner, its gradient counts as 0."""
    x = rng.permutation([0.0, -0.0, 2.0, -0.5, 0.25, 3.0])

    assert_close(
        student.activations.relu_gradient(x),
        np.where(x > 0, 1.0, 0.0),
        what="relu_gradient of six numbers, of which two are 0",
        hint="x > 0 and x >= 0 differ at 0.",
    )


@number("1.1")
@weight(0.5)
def test_activations_give_no_numpy_warning(student, rng):
    """Right without a NumPy warning, such as 'overflow encountered in exp', near -1000 and near 1000."""
    x = vary(rng, np.array([[-1000.0, 0.0], [1000.0, -20.0], [30.0, 999.0]]))
    for formula in (softmax, sigmoid, sigmoid_gradient):
        name = formula.__name__
        result = given(student, "strict.py").call(getattr(student.activations, name), x)
        assert_close(result, formula(x), what=f"{name} of an array of shape (3, 2)")


@number("1.1")
@weight(0.5)
def test_activations_leave_their_input_alone(student, rng):
    """The functions return new arrays with the right numbers: the argument is the same after as before."""
    x = vary(rng, np.array([[-1.5, 0.0, 2.0], [3.0, -4.0, 0.5]]))
    positive = np.where(x > 0, 1.0, 0.0)
    expected = {
        "softmax": softmax(x),
        "sigmoid": sigmoid(x),
        "sigmoid_gradient": sigmoid_gradient(x),
        "relu": x * positive,
        "relu_gradient": positive,
    }
    for name, right in expected.items():
        argument = send(student, x)

        result = getattr(student.activations, name)(argument)

        assert_close(result, right, what=f"the result of {name}")
        what = f"the argument of {name}, after the call"
        assert_close(fetch(argument), x, what=what, hint="Is there a -= or an x[...] = ... on the argument?")
