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

# N = 5 examples, D = 2 inputs, H = 4 hidden units, C = 3 classes; class 1 never occurs.
D, H, C, N = 2, 4, 3, 5
SHAPES = {"W1": (D, H), "b1": (H,), "W2": (H, C), "b2": (C,)}
WEIGHTS = {
    "W1": np.array([[0.5, -1.0, 2.0, 0.25], [1.5, 0.75, -0.5, -2.0]]),
    "b1": np.array([0.3, -0.2, 0.1, 0.6]),
    "W2": np.array([[1.0, -0.5, 0.2], [0.4, 2.0, -1.0], [-1.5, 0.3, 0.7], [0.1, -0.8, 1.2]]),
    "b2": np.array([-0.4, 0.2, 0.1]),
}
X = np.array([[1.0, 2.0], [-1.0, 0.5], [0.0, -2.0], [3.0, 1.0], [-0.5, -0.25]])
Y = np.array([2, 0, 2, 0, 0])
SIZES = {"N": N, "D": D, "H": H, "C": C}


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
    return softmax(sigmoid(X @ w["W1"] + w["b1"]) @ w["W2"] + w["b2"])


def loss(X, y, w):
    """Mean cross-entropy in nats."""
    return cross_entropy(probabilities(X, w), y)


def preactivation(X, w):
    """X @ W1 + b1, (N, H)."""
    return X @ w["W1"] + w["b1"]


def score_gradient(X, y, w):
    """DJ / dscores (N, C)."""
    p = probabilities(X, w)
    return (p - np.eye(p.shape[1])[y]) / len(y)


def hidden_gradient(X, y, w, gate):
    """DJ / dpreactivation (N, H), with a gate that may be a wrong one."""
    return score_gradient(X, y, w) @ w["W2"].T * gate


def wrong_gates(X, w):
    """What stands in the place of the sigmoid's derivative in well-known mistakes."""
    hidden = sigmoid(preactivation(X, w))
    return {
        "the sigmoid's gate forgotten": np.ones(hidden.shape),
        "sigmoid_gradient of the sigmoid's output instead of its input": sigmoid_gradient(hidden),
        "the gate sigmoid(x) instead of its derivative": hidden,
        "the gate of a rectifier": preactivation(X, w) > 0,
    }


def network_of(student, weights):
    """The student's network with these weights; parts 1.1 and 1.2 are the grader's."""
    replace_earlier_parts(student)
    network = student.networks.TwoLayerNet(*weights["W1"].shape, len(weights["b2"]))
    assert_that(hasattr(network, "weights"), "TwoLayerNet(...) is no object with an attribute 'weights'.")
    network.weights = weights
    return network


def first_weights(student, *sizes, **options):
    """The weights that a fresh network starts with."""
    replace_earlier_parts(student)
    network = student.networks.TwoLayerNet(*sizes, **options)
    assert_that(hasattr(network, "weights"), "TwoLayerNet(...) is no object with an attribute 'weights'.")
    weights = network.weights
    assert_keys(weights, ["W1", "b1", "W2", "b2"], what="TwoLayerNet's weights")
    inputs, hidden, classes = sizes
    assert_shape(weights["W1"], (inputs, hidden), what="W1", hint="W1 is (D, H).")
    assert_shape(weights["b1"], (hidden,), what="b1", hint="b1 is (H,), a single axis.")
    assert_shape(weights["W2"], (hidden, classes), what="W2", hint="W2 is (H, C).")
    assert_shape(weights["b2"], (classes,), what="b2", hint="b2 is (C,), a single axis.")
    for name in ("W1", "W2"):
        assert_that(np.ptp(weights[name]) > 0, f"All entries of {name} are equal.", "Draw each of them.")
    return weights


def loss_and_gradients(network, X, y):
    """The student's answer, once it is known to be a pair of a loss and a dict."""
    answer = network.loss_and_gradients(X, y)
    assert_length(
        answer, 2, what="what loss_and_gradients returns", hint="Return the pair (loss, gradients)."
    )
    assert_keys(answer[1], list(SHAPES), what="the gradients")
    return answer


def check(student, case, name, hint, wrong=None):
    """The gradient of one array against finite differences of the mean loss."""
    X, y, weights = case
    _, gradients = loss_and_gradients(network_of(student, weights), X, y)
    check_gradient(
        lambda value: loss(X, y, {**weights, name: value}),
        weights[name],
        gradients[name],
        what=f"the gradient of {name}",
        hint=hint,
        sizes=SIZES,
        wrong=wrong,
    )


@number("1.4")
@weight(0.5)
def test_two_layer_net_starts_with_the_promised_arrays(student):
    """`weights` holds W1 (D, H), b1 (H,), W2 (H, C) and b2 (C,) in float64, and both biases are 0."""
    weights = first_weights(student, 5, 4, 3)

    for name in SHAPES:
        assert_dtype(weights[name], np.float64, what=name)
    assert_close(weights["b1"], np.zeros(4), what="b1 of a fresh network")
    assert_close(weights["b2"], np.zeros(3), what="b2 of a fresh network")


@number("1.4")
@weight(1)
def test_two_layer_net_draws_weights_of_the_promised_size(student):
    """W1 and W2 have mean 0; their standard deviations are 1 / sqrt(D) and 1 / sqrt(H)."""
    weights = first_weights(student, 300, 100, 90)

    # At least 9,000 draws: the standard deviation is known to 0.75 %, the mean to 1.1 % of it.
    for name, fan_in in (("W1", 300), ("W2", 100)):
        ratio = float(np.std(weights[name]) * np.sqrt(fan_in))
        assert_that(
            0.95 < ratio < 1.05,
            f"The standard deviation of {name} is {ratio:.3f} / sqrt({fan_in}); expected 1 / sqrt({fan_in}).",
            "A unit of the second layer has H inputs, whatever D is.",
        )
        mean = abs(float(np.mean(weights[name]))) * np.sqrt(fan_in)
        assert_that(mean < 0.07, f"The mean of {name} is not 0.", "Draw from a normal distribution around 0.")


@number("1.4")
@weight(0.5)
def test_two_layer_net_draws_what_the_seed_says(student):
    """Equal seeds give equal weights, different seeds different ones; 0 is a seed like any other."""
    zero, zero_again, default = (first_weights(student, 2, 4, 3, **o) for o in ({"seed": 0}, {"seed": 0}, {}))
    seven = first_weights(student, 2, 4, 3, seed=7)

    for name in ("W1", "W2"):
        assert_close(zero_again[name], zero[name], what=f"{name} of a second network with seed 0")
        assert_close(default[name], zero[name], what=f"{name} without a seed, which stands for seed 0")
        assert_that(
            not np.allclose(zero[name], seven[name]),
            f"Seeds 0 and 7 give the same {name}.",
            "Is the seed used?",
        )


@number("1.4")
@weight(0.5)
def test_two_layer_net_keeps_out_of_the_global_random_state(student):
    """A new network neither draws from nor seeds NumPy's and Python's global generators."""
    first_weights(student, 4, 5, 3)

    changed = given(student, "quiet.py").changes_global_randomness(
        student.networks.TwoLayerNet, 4, 5, 3, seed=2
    )

    assert_that(
        changed is False,
        "The global random state is another one after TwoLayerNet(4, 5, 3, seed=2).",
        "numpy.random.default_rng(seed) is a generator of your own.",
    )


@number("1.4")
@weight(1.5)
def test_two_layer_net_predicts_by_its_formula(student, case):
    """`predict` is softmax(sigmoid(X @ W1 + b1) @ W2 + b2)."""
    X, _, weights = case

    p = network_of(student, weights).predict(X)

    assert_close(
        p,
        probabilities(X, weights),
        what="the predictions for 5 examples",
        sizes=SIZES,
        wrong={
            "without the sigmoid between the layers": softmax(
                preactivation(X, weights) @ weights["W2"] + weights["b2"]
            ),
            "without b1": probabilities(X, {**weights, "b1": np.zeros(H)}),
            "without b2": probabilities(X, {**weights, "b2": np.zeros(C)}),
        },
    )


@number("1.4")
@weight(1)
def test_two_layer_net_loss(student, case):
    """The loss is the mean cross-entropy of the predictions, in nats."""
    X, y, weights = case

    value, _ = loss_and_gradients(network_of(student, weights), X, y)

    squares = sum(np.sum(weights[name] ** 2) for name in ("W1", "W2"))
    assert_close(
        value,
        loss(X, y, weights),
        what="the loss of 5 examples",
        sizes=SIZES,
        terms={"an L2 term sum(w^2) / 2, which belongs to the optimiser": 0.5 * squares},
    )


@number("1.4")
@weight(1)
def test_two_layer_net_gradient_of_the_second_weights(student, case):
    """The gradient of W2 agrees with finite differences of the mean loss."""
    X, y, weights = case
    dscores = score_gradient(X, y, weights)
    wrong = {
        "the pre-activation in the place of the hidden activation": preactivation(X, weights).T @ dscores,
        "divided by N twice": sigmoid(preactivation(X, weights)).T @ dscores / N,
    }
    check(student, case, "W2", "hidden^T @ (p - onehot(y)) / N", wrong)


@number("1.4")
@weight(0.5)
def test_two_layer_net_gradient_of_the_second_bias(student, case):
    """The gradient of b2 has the shape (C,) and agrees with finite differences of the mean loss."""
    check(student, case, "b2", "Sum dJ / dscores over the examples; without keepdims.")


@number("1.4")
@weight(1.5)
def test_two_layer_net_gradient_of_the_first_weights(student, case):
    """The gradient of W1 agrees with finite differences of the mean loss."""
    X, y, weights = case
    gates = wrong_gates(X, weights)
    wrong = {name: X.T @ hidden_gradient(X, y, weights, gate) for name, gate in gates.items()}
    check(student, case, "W1", "X^T @ (dJ / dhidden * sigmoid'(X @ W1 + b1))", wrong)


@number("1.4")
@weight(0.5)
def test_two_layer_net_gradient_of_the_first_bias(student, case):
    """The gradient of b1 has the shape (H,) and agrees with finite differences of the mean loss."""
    X, y, weights = case
    gates = wrong_gates(X, weights)
    wrong = {name: hidden_gradient(X, y, weights, gate).sum(axis=0) for name, gate in gates.items()}
    check(student, case, "b1", "Sum dJ / dpreactivation over the examples.", wrong)


@number("1.4")
@weight(2)
@limits(seconds=5)
def test_two_layer_net_is_vectorised(student, rng):
    """Loss and gradients of 200 examples, 500 inputs and 300 hidden units take less than 5 seconds."""
    N, D, H, C = 200, 500, 300, 10
    X, y = rng.standard_normal((N, D)), rng.integers(C, size=N)
    weights = {
        "W1": rng.standard_normal((D, H)) / np.sqrt(D),
        "b1": rng.standard_normal(H),
        "W2": rng.standard_normal((H, C)) / np.sqrt(H),
        "b2": rng.standard_normal(C),
    }

    value, gradients = loss_and_gradients(network_of(student, weights), X, y)

    # Loops over n, d and h are too slow for this, and so are differences of the loss for each weight.
    dscores, before_gate = score_gradient(X, y, weights), preactivation(X, weights)
    dpreactivation = hidden_gradient(X, y, weights, sigmoid_gradient(before_gate))
    expected = {
        "W1": X.T @ dpreactivation,
        "b1": dpreactivation.sum(axis=0),
        "W2": sigmoid(before_gate).T @ dscores,
        "b2": dscores.sum(axis=0),
    }
    assert_close(value, loss(X, y, weights), what="the loss of 200 examples")
    for name, gradient in expected.items():
        assert_close(gradients[name], gradient, what=f"the gradient of {name}", rtol=1e-5)


@number("1.4")
@weight(0.5)
def test_two_layer_net_leaves_its_inputs_alone(student, case):
    """X, y and the weights stay the same while `predict` and `loss_and_gradients` give right answers."""
    X, y, weights = case
    network = network_of(student, weights)
    X_sent, y_sent = send(student, X), send(student, y)

    p = network.predict(X_sent)
    value, _ = loss_and_gradients(network, X_sent, y_sent)

    assert_close(p, probabilities(X, weights), what="the predictions")
    assert_close(value, loss(X, y, weights), what="the loss")
    after = network.weights
    assert_keys(after, list(SHAPES), what="the weights, after the calls")
    assert_close(fetch(X_sent), X, what="X, after the calls")
    assert_close(fetch(y_sent), y, what="y, after the calls")
    for name in SHAPES:
        assert_close(after[name], weights[name], what=f"{name}, after the calls")
