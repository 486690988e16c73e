import numpy as np
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import (
    assert_close,
    assert_dtype,
    assert_keys,
    assert_length,
    assert_shape,
    assert_that,
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


def expected(X, y, w):
    """Probabilities, loss and gradients, in the grader's own words."""
    hidden = sigmoid(X @ w["W1"] + w["b1"])
    p = softmax(hidden @ w["W2"] + w["b2"])
    dscores = (p - np.eye(p.shape[1])[y]) / len(y)
    dpre = dscores @ w["W2"].T * hidden * (1 - hidden)
    gradients = {
        "W1": X.T @ dpre,
        "b1": dpre.sum(axis=0),
        "W2": hidden.T @ dscores,
        "b2": dscores.sum(axis=0),
    }
    return p, -np.log(p[np.arange(len(y)), y]).mean(), gradients


def case(rng, N, D, H, C):
    """Random inputs, labels and weights of these sizes."""
    weights = {
        "W1": rng.normal(size=(D, H)) / np.sqrt(D),
        "b1": rng.normal(size=H),
        "W2": rng.normal(size=(H, C)) / np.sqrt(H),
        "b2": rng.normal(size=C),
    }
    return rng.normal(size=(N, D)), rng.integers(C, size=N), weights


def network_of(student, weights):
    """The student's network with these weights; parts 1.1 and 1.2 are the grader's."""
    replace_earlier_parts(student)
    network = student.networks.TwoLayerNet(*weights["W1"].shape, len(weights["b2"]))
    assert_that(hasattr(network, "weights"), "TwoLayerNet(...) is no object with an attribute 'weights'.")
    network.weights = weights
    return network


def assert_right(answer, X, y, weights, when=""):
    """Loss and all four gradients."""
    assert_length(answer, 2, what="what loss_and_gradients returns")
    assert_keys(answer[1], list(weights), what="the gradients")
    _, loss, gradients = expected(X, y, weights)
    assert_close(answer[0], loss, what=f"the loss{when}")
    for name, gradient in gradients.items():
        assert_close(answer[1][name], gradient, what=f"the gradient of {name}{when}", rtol=1e-5)


@number("1.4")
@weight(2.5)
def test_two_layer_net_of_any_size(student, rng):
    """Predictions, loss and gradients are right for one example, one hidden unit, one class, or hundreds."""
    # The last is quick for any formula, loops included, and not for differences of the loss by each weight.
    small = ((1, 3, 5, 4), (6, 3, 1, 2), (5, 2, 4, 1), (4, 1, 2, 3), (3, 2, 5, 12), (1, 1, 1, 1))
    for sizes in (*small, (40, 300, 120, 5)):
        X, y, weights = case(rng, *sizes)
        network = network_of(student, weights)

        p = network.predict(X)

        assert_close(p, expected(X, y, weights)[0], what=f"the predictions for (N, D, H, C) = {sizes}")
        assert_right(network.loss_and_gradients(X, y), X, y, weights)


@number("1.4")
@weight(1.5)
def test_two_layer_net_remembers_nothing(student, rng):
    """A second call with the same arguments gives the same, right answer, whatever came between."""
    X, y, weights = case(rng, 6, 3, 4, 2)
    network = network_of(student, weights)

    assert_right(network.loss_and_gradients(X, y), X, y, weights, " in the first call")
    network.predict(X[:4])
    network.loss_and_gradients(X[:5], y[:5])

    assert_right(network.loss_and_gradients(X, y), X, y, weights, " in the second call")


@number("1.4")
@weight(1.5)
def test_two_layer_net_reads_its_weights_at_every_call(student, rng):
    """A new array under one key of `weights` is used by the next call."""
    X, y, weights = case(rng, 5, 2, 4, 3)
    network = network_of(student, weights)
    network.loss_and_gradients(X, y)

    for name in ("W1", "b1", "W2", "b2"):
        weights = {**weights, name: rng.normal(size=weights[name].shape)}
        reference(network, "weights")[name] = weights[name]
        p = network.predict(X)
        assert_close(p, expected(X, y, weights)[0], what=f"the predictions after a new {name}")
        assert_right(network.loss_and_gradients(X, y), X, y, weights, f" after a new {name}")


@number("1.4")
@weight(1)
def test_two_layer_net_with_saturated_hidden_units(student):
    """Pre-activations of 1000 and -1000 give hidden units of 1 and 0, and finite gradients."""
    weights = {
        "W1": np.array([[1000.0, -1000.0, 0.0]]),
        "b1": np.zeros(3),
        "W2": np.array([[0.5, -0.5], [3.0, 1.0], [1.0, 2.0]]),
        "b2": np.array([0.25, -0.25]),
    }
    X, y = np.array([[1.0], [-1.0], [1.0], [0.0]]), np.array([0, 0, 1, 1])
    network = network_of(student, weights)

    assert_close(network.predict(X), expected(X, y, weights)[0], what="the predictions of saturated units")
    assert_right(network.loss_and_gradients(X, y), X, y, weights)


@number("1.4")
@weight(0.5)
def test_two_layer_net_takes_whole_numbers(student, rng):
    """X may hold whole numbers, such as grey values."""
    _, y, weights = case(rng, 4, 3, 2, 5)
    X = rng.integers(-2, 3, size=(4, 3))
    network = network_of(student, weights)

    assert_close(network.predict(X), expected(X, y, weights)[0], what="the predictions for whole numbers")
    assert_right(network.loss_and_gradients(X, y), X, y, weights, " for whole numbers")
