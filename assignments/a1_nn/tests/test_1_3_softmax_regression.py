import numpy as np
import pytest
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import (
    assert_close,
    assert_dtype,
    assert_keys,
    assert_length,
    assert_shape,
    assert_that,
    check_gradient,
    fetch,
    given,
    limits,
    replace,
    send,
    vary,
)

# N = 4 examples, D = 2 inputs, C = 3 classes; class 1 never occurs, class 2 occurs twice.
WEIGHTS = {"W1": np.array([[0.5, -1.0, 2.0], [1.5, 0.0, -0.5]]), "b1": np.array([0.3, -0.2, 0.1])}
X = np.array([[1.0, 2.0], [-1.0, 0.5], [0.0, -2.0], [3.0, 1.0]])
Y = np.array([2, 0, 2, 0])
SIZES = {"N": 4, "D": 2, "C": 3}


@pytest.fixture
def case(rng):
    """X, y and weights: the numbers above, each a little different in every run."""
    return vary(rng, X), Y, vary(rng, WEIGHTS)


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
    """The formula, for moderate scores."""
    assert_rows(scores, "the scores in a call of softmax")
    powers = np.exp(scores)
    return powers / powers.sum(axis=1, keepdims=True)


def cross_entropy(probabilities, labels):
    """The formula, for probabilities above 0."""
    assert_rows(probabilities, "the probabilities in a call of cross_entropy")
    assert_labels(labels, *probabilities.shape)
    return -np.log(probabilities[np.arange(len(labels)), labels]).mean()


def sigmoid(x):
    """The formula, for moderate x."""
    assert_dtype(x, "number", what="the argument in a call of sigmoid or sigmoid_gradient")
    return 1 / (1 + np.exp(-x))


def sigmoid_gradient(x):
    """The sigmoid's slope at x."""
    return sigmoid(x) * (1 - sigmoid(x))


def replace_earlier_parts(student):
    """The student's networks compute with the grader's own functions, whatever their parts 1.1 and 1.2 do."""
    replace(student, "activations", softmax=softmax, sigmoid=sigmoid, sigmoid_gradient=sigmoid_gradient)
    replace(student, "losses", cross_entropy=cross_entropy)


def probabilities(X, w):
    """What the docstring promises, in the grader's own words."""
    return softmax(X @ w["W1"] + w["b1"])


def loss(X, y, w):
    """Mean cross-entropy in nats."""
    return cross_entropy(probabilities(X, w), y)


def score_gradient(X, y, w):
    """DJ / dscores (N, C)."""
    p = probabilities(X, w)
    return (p - np.eye(p.shape[1])[y]) / len(y)


def assert_right(answer, X, y, w):
    """Loss and both gradients."""
    dscores = score_gradient(X, y, w)
    assert_close(answer[0], loss(X, y, w), what="the loss")
    assert_close(answer[1]["W1"], X.T @ dscores, what="the gradient of W1", rtol=1e-5)
    assert_close(answer[1]["b1"], dscores.sum(axis=0), what="the gradient of b1", rtol=1e-5)


def regression(student, weights, **options):
    """The student's network with these weights; parts 1.1 and 1.2 are the grader's."""
    replace_earlier_parts(student)
    network = student.networks.SoftmaxRegression(*weights["W1"].shape, **options)
    assert_that(
        hasattr(network, "weights"), "SoftmaxRegression(...) is no object with an attribute 'weights'."
    )
    network.weights = weights
    return network


def first_weights(student, input_size, num_classes, **options):
    """The weights that a fresh network starts with."""
    replace_earlier_parts(student)
    network = student.networks.SoftmaxRegression(input_size, num_classes, **options)
    assert_that(
        hasattr(network, "weights"), "SoftmaxRegression(...) is no object with an attribute 'weights'."
    )
    weights = network.weights
    assert_keys(weights, ["W1", "b1"], what="SoftmaxRegression's weights")
    assert_shape(weights["W1"], (input_size, num_classes), what="W1", hint="W1 is (D, C).")
    assert_shape(weights["b1"], (num_classes,), what="b1", hint="b1 is (C,), a single axis.")
    assert_that(np.ptp(weights["W1"]) > 0, "All entries of W1 are equal.", "Draw each of them.")
    return weights


def loss_and_gradients(network, X, y):
    """The student's answer, once it is known to be a pair of a loss and a dict."""
    answer = network.loss_and_gradients(X, y)
    assert_length(
        answer, 2, what="what loss_and_gradients returns", hint="Return the pair (loss, gradients)."
    )
    assert_keys(answer[1], ["W1", "b1"], what="the gradients")
    return answer


@number("1.3")
@weight(0.5)
def test_softmax_regression_starts_with_the_promised_arrays(student):
    """`weights` is {"W1": (D, C), "b1": (C,)}, in float64, and b1 is 0."""
    weights = first_weights(student, 5, 3)

    assert_dtype(weights["W1"], np.float64, what="W1")
    assert_dtype(weights["b1"], np.float64, what="b1")
    assert_close(weights["b1"], np.zeros(3), what="b1 of a fresh network")


@number("1.3")
@weight(0.5)
def test_softmax_regression_draws_weights_of_the_promised_size(student):
    """The first W1 has mean 0 and standard deviation 1 / sqrt(D)."""
    D, C = 400, 50
    W = first_weights(student, D, C)["W1"]

    # 20,000 draws: the standard deviation is known to 0.5 %, the mean to 0.7 % of it.
    ratio = float(np.std(W) * np.sqrt(D))
    assert_that(
        0.95 < ratio < 1.05,
        f"The standard deviation of W1 is {ratio:.3f} / sqrt(D) for D = {D}; expected 1 / sqrt(D).",
        "sqrt(2 / D) = 1.414 / sqrt(D) is He's choice; 1 / D is a variance.",
    )
    assert_that(
        abs(float(np.mean(W))) * np.sqrt(D) < 0.05, "The mean of W1 is not 0.", "Draw from Normal(0, 1 / D)."
    )


@number("1.3")
@weight(0.5)
def test_softmax_regression_draws_what_the_seed_says(student):
    """Equal seeds give equal weights, different seeds different ones; 0 is a seed like any other."""
    zero, zero_again, default = (
        first_weights(student, 4, 3, **o)["W1"] for o in ({"seed": 0}, {"seed": 0}, {})
    )
    seven, seven_again = (first_weights(student, 4, 3, seed=7)["W1"] for _ in range(2))

    assert_close(
        zero_again, zero, what="W1 of a second network with seed 0", hint="`if seed:` is false for 0."
    )
    assert_close(default, zero, what="W1 without a seed, which stands for seed 0")
    assert_close(seven_again, seven, what="W1 of a second network with seed 7")
    assert_that(not np.allclose(zero, seven), "Seeds 0 and 7 give the same W1.", "Is the seed used?")


@number("1.3")
@weight(0.5)
def test_softmax_regression_keeps_out_of_the_global_random_state(student):
    """A new network neither draws from nor seeds NumPy's and Python's global generators."""
    first_weights(student, 4, 3)

    changed = given(student, "quiet.py").changes_global_randomness(
        student.networks.SoftmaxRegression, 4, 3, seed=2
    )

    assert_that(
        changed is False,
        "The global random state is another one after SoftmaxRegression(4, 3, seed=2).",
        "numpy.random.default_rng(seed) is a generator of your own.",
    )


@number("1.3")
@weight(1)
def test_softmax_regression_predicts_by_its_formula(student, case):
    """`predict` is softmax(X @ W1 + b1), with the weights that stand in `weights`."""
    X, _, weights = case

    p = regression(student, weights).predict(X)

    assert_close(
        p,
        probabilities(X, weights),
        what="the predictions for 4 examples",
        sizes=SIZES,
        wrong={
            "the prediction without the bias": softmax(X @ weights["W1"]),
            "the scores, before softmax": X @ weights["W1"] + weights["b1"],
        },
    )


@number("1.3")
@weight(1)
def test_softmax_regression_loss(student, case):
    """The loss is the mean cross-entropy of the predictions, in nats."""
    X, y, weights = case

    value, _ = loss_and_gradients(regression(student, weights), X, y)

    assert_close(
        value,
        loss(X, y, weights),
        what="the loss of 4 examples",
        sizes=SIZES,
        wrong={"the loss of softmax applied twice": cross_entropy(softmax(probabilities(X, weights)), y)},
        terms={"an L2 term sum(W1^2) / 2, which belongs to the optimiser": 0.5 * np.sum(weights["W1"] ** 2)},
    )


@number("1.3")
@weight(1.5)
def test_softmax_regression_gradient_of_the_weights(student, case):
    """The gradient of W1 agrees with finite differences of the mean loss."""
    X, y, weights = case

    _, gradients = loss_and_gradients(regression(student, weights), X, y)

    p, dscores = probabilities(X, weights), score_gradient(X, y, weights)
    check_gradient(
        lambda W: loss(X, y, {**weights, "W1": W}),
        weights["W1"],
        gradients["W1"],
        what="the gradient of W1",
        hint="X^T @ (p - onehot(y)) / N",
        sizes=SIZES,
        wrong={
            "without the labels: X^T @ p / N": X.T @ p / 4,
            "divided by N twice": X.T @ dscores / 4,
            "through the softmax a second time": X.T @ (p * dscores),
        },
    )


@number("1.3")
@weight(1)
def test_softmax_regression_gradient_of_the_bias(student, case):
    """The gradient of b1 has the shape (C,) and agrees with finite differences of the mean loss."""
    X, y, weights = case

    _, gradients = loss_and_gradients(regression(student, weights), X, y)

    check_gradient(
        lambda b: loss(X, y, {**weights, "b1": b}),
        weights["b1"],
        gradients["b1"],
        what="the gradient of b1",
        hint="Sum dJ / dscores over the examples; without keepdims.",
        sizes=SIZES,
    )


@number("1.3")
@weight(0.5)
def test_softmax_regression_remembers_nothing(student, case):
    """A second call with the same arguments gives the same, right answer, whatever came between."""
    X, y, weights = case
    network = regression(student, weights)

    first = loss_and_gradients(network, X, y)
    loss_and_gradients(network, X[:3], y[:3])
    second_loss, second = loss_and_gradients(network, X, y)

    assert_right(first, X, y, weights)
    assert_close(second_loss, first[0], what="the loss of the second call with the same arguments")
    hint = "Are gradients added to those of an earlier call?"
    for name in weights:
        what = f"the gradient of {name}, in the second call"
        assert_close(second[name], first[1][name], what=what, hint=hint)


@number("1.3")
@weight(0.5)
def test_softmax_regression_leaves_its_inputs_alone(student, case):
    """X, y and the weights stay the same while `predict` and `loss_and_gradients` give right answers."""
    X, y, weights = case
    network = regression(student, weights)
    X_sent, y_sent = send(student, X), send(student, y)

    p = network.predict(X_sent)
    value, _ = loss_and_gradients(network, X_sent, y_sent)

    assert_close(p, probabilities(X, weights), what="the predictions")
    assert_close(value, loss(X, y, weights), what="the loss")
    after = network.weights
    assert_keys(after, ["W1", "b1"], what="the weights, after the calls")
    assert_close(fetch(X_sent), X, what="X, after the calls")
    assert_close(fetch(y_sent), y, what="y, after the calls")
    for name in weights:
        assert_close(after[name], weights[name], what=f"{name}, after the calls")


@number("1.3")
@weight(1)
@limits(seconds=5)
def test_softmax_regression_is_vectorised(student, rng):
    """Loss and gradients of 1,000 examples, 1,000 inputs and 50 classes take less than 5 seconds."""
    N, D, C = 1000, 1000, 50
    X, y = rng.standard_normal((N, D)), rng.integers(C, size=N)
    weights = {"W1": rng.standard_normal((D, C)) / np.sqrt(D), "b1": rng.standard_normal(C)}

    answer = loss_and_gradients(regression(student, weights), X, y)

    # Loops over n, d and c are too slow for this, and so are differences of the loss for each weight.
    assert_right(answer, X, y, weights)
