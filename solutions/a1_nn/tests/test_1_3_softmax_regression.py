import numpy as np
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import (
    assert_close,
    assert_dtype,
    assert_keys,
    assert_length,
    assert_shape,
    assert_that,
    assert_type,
    given,
    reference,
    replace,
)


def assert_rows(array, what):
    """Fail unless it is (N, C): the student's code may call the functions below with anything."""
    assert_dtype(array, "number", what=what)
    assert_that(np.ndim(array) == 2 and np.size(array) > 0, f"{what}: expected the shape (N, C).")


def assert_labels(labels, N, C):
    """Fail unless there is a class for each of the N examples."""
    assert_dtype(labels, "int", what="the labels in a call of cross_entropy")
    assert_shape(labels, (N,), what="the labels in a call of cross_entropy")
    assert_that(((labels >= 0) & (labels < C)).all(), "A label in a call of cross_entropy is no class.")


def softmax(scores):
    """Probabilities of each row, shifted by its maximum."""
    assert_rows(scores, "the scores in a call of softmax")
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def cross_entropy(probabilities, labels):
    """Mean negative log-likelihood in nats, clipped at 1e-12."""
    assert_rows(probabilities, "the probabilities in a call of cross_entropy")
    assert_labels(labels, *probabilities.shape)
    return -np.log(np.clip(probabilities[np.arange(len(labels)), labels], 1e-12, 1.0)).mean()


def sigmoid(x):
    """The logistic function, by way of tanh, so that it does not overflow."""
    assert_dtype(x, "number", what="the argument in a call of sigmoid or sigmoid_gradient")
    return 0.5 + 0.5 * np.tanh(0.5 * x)


def sigmoid_gradient(x):
    """The sigmoid's slope at x."""
    return sigmoid(x) * (1 - sigmoid(x))


def replace_earlier_parts(student):
    """The student's networks compute with the grader's own functions, whatever their parts 1.1 and 1.2 do."""
    replace(student, "activations", softmax=softmax, sigmoid=sigmoid, sigmoid_gradient=sigmoid_gradient)
    replace(student, "losses", cross_entropy=cross_entropy)


def probabilities(X, W1, b1):
    """What the docstring promises, in the grader's own words."""
    return softmax(X @ W1 + b1)


def regression(student, W1, b1):
    """The student's network with these weights; parts 1.1 and 1.2 are the grader's."""
    replace_earlier_parts(student)
    network = student.networks.SoftmaxRegression(*W1.shape)
    assert_that(
        hasattr(network, "weights"), "SoftmaxRegression(...) is no object with an attribute 'weights'."
    )
    network.weights = {"W1": W1, "b1": b1}
    return network


def loss_and_gradients(network, X, y):
    """The student's answer, once it is known to be a pair of a loss and a dict."""
    answer = network.loss_and_gradients(X, y)
    assert_length(answer, 2, what="what loss_and_gradients returns")
    assert_keys(answer[1], ["W1", "b1"], what="the gradients")
    return answer


@number("1.3")
@weight(0.5)
def test_softmax_regression_draws_from_a_normal_distribution(student):
    """The first weights are normal, and not uniform or all equal."""
    replace_earlier_parts(student)
    network = student.networks.SoftmaxRegression(100, 90, seed=3)
    assert_that(
        hasattr(network, "weights"), "SoftmaxRegression(...) is no object with an attribute 'weights'."
    )
    weights = network.weights
    assert_keys(weights, ["W1", "b1"], what="SoftmaxRegression's weights")
    assert_shape(weights["W1"], (100, 90), what="W1")

    # Of 9,000 normal draws about 410 lie beyond two standard deviations; the count's own deviation is 20.
    beyond = int(np.sum(np.abs(weights["W1"]) > 2 / np.sqrt(100)))
    assert_that(250 < beyond < 600, "Too few or too many of W1's entries are beyond two standard deviations.")


@number("1.3")
@weight(2.5)
def test_softmax_regression_of_any_size(student, rng):
    """Loss and gradients are right for one example, one input, one class, or any number up to hundreds."""
    # The last is quick for any formula, loops included, and not for differences of the loss by each weight.
    for N, D, C in ((1, 3, 4), (6, 2, 1), (5, 1, 3), (2, 7, 12), (1, 1, 1), (60, 300, 70)):
        W1, b1 = rng.normal(size=(D, C)) / np.sqrt(D), rng.normal(size=C)
        X, y = rng.normal(size=(N, D)), rng.integers(C, size=N)
        network = regression(student, W1, b1)

        predictions = network.predict(X)
        loss, gradients = loss_and_gradients(network, X, y)

        p = probabilities(X, W1, b1)
        dscores = (p - np.eye(C)[y]) / N
        case = f"for N = {N}, D = {D}, C = {C}"
        assert_close(predictions, p, what=f"the predictions {case}")
        assert_close(loss, -np.log(p[np.arange(N), y]).mean(), what=f"the loss {case}")
        assert_close(gradients["W1"], X.T @ dscores, what=f"the gradient of W1 {case}", rtol=1e-5)
        assert_close(gradients["b1"], dscores.sum(axis=0), what=f"the gradient of b1 {case}", rtol=1e-5)


@number("1.3")
@weight(1)
def test_softmax_regression_reads_its_weights_at_every_call(student):
    """A new array under one key, or a new dict, is used by the next call."""
    X, y = np.array([[1.0, -2.0], [0.5, 3.0], [2.0, 2.0]]), np.array([0, 0, 1])
    network = regression(student, np.zeros((2, 4)), np.zeros(4))
    network.predict(X)
    new_W1, new_b1 = np.array([[1.0, 0.0, -1.0, 2.0], [0.5, 1.0, 0.0, -0.5]]), np.array([0.1, 0.2, 0.3, -0.4])

    reference(network, "weights")["W1"] = new_W1
    by_key = network.predict(X)
    network.weights = {"W1": np.zeros((2, 4)), "b1": new_b1}
    as_a_whole, gradients = loss_and_gradients(network, X, y)

    p = probabilities(X, np.zeros((2, 4)), new_b1)
    db1 = (p - np.eye(4)[y]).mean(axis=0)
    assert_close(by_key, probabilities(X, new_W1, 0.0), what="the predictions after a new W1")
    assert_close(as_a_whole, -np.log(p[np.arange(3), y]).mean(), what="the loss after a new dict of weights")
    assert_close(gradients["b1"], db1, what="the gradient of b1 after a new dict of weights", rtol=1e-5)


@number("1.3")
@weight(1)
def test_softmax_regression_gradient_does_not_stop_at_the_clip(student):
    """An example that is hopelessly wrong still pulls with full force: the gradient is finite and not 0."""
    network = regression(student, np.array([[500.0, -500.0, 0.0]]), np.zeros(3))

    loss, gradients = loss_and_gradients(network, np.array([[1.0], [2.0]]), np.array([1, 0]))

    assert_type(loss, float, what="the loss")
    assert_that(np.isfinite(loss), "The loss is not finite.")
    assert_shape(gradients["b1"], (3,), what="the gradient of b1")
    # (1, -1, 0) / 2, up to a factor that other tests look at.
    up, down, rest = (float(value) for value in gradients["b1"])
    assert_that(up > 0.2 and down < -0.2 and abs(rest) < 1e-6, "The gradient of b1 is not (1, -1, 0) / 2.")


@number("1.3")
@weight(0.5)
def test_softmax_regression_takes_whole_numbers_and_views(student):
    """X may hold whole numbers, such as grey values, or be every second row of a larger array."""
    W1, b1 = np.array([[0.1, -0.2], [0.3, 0.0], [0.0, 0.2]]), np.array([0.5, -0.5])
    X = np.array([[3, 0, -1], [2, 5, 4], [0, 0, 1], [7, -2, 2]])
    network = regression(student, W1, b1)

    assert_close(network.predict(X), probabilities(X, W1, b1), what="the predictions for whole numbers")
    every_second = given(student, "views.py").on_every_second_row(network.predict, X * 1.0)
    assert_close(
        every_second, probabilities(X, W1, b1), what="the predictions for every second row of an array"
    )
