"""Assignment 1's reference against torch, in float64: two implementations that share no line."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "solutions" / "a1_nn"
# Each after the modules that it imports by name.
MODULES = ("activations", "losses", "networks", "optimizers", "training", "autodiff")


@pytest.fixture
def reference(monkeypatch):
    """The reference's modules by name; they find each other, and nobody finds them afterwards."""
    modules = {}
    for name in MODULES:
        spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
        modules[name] = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, name, modules[name])
        spec.loader.exec_module(modules[name])
    return modules


@pytest.fixture
def rng():
    """The same random numbers for every test."""
    return np.random.default_rng(20)


def leaf(array):
    """A float64 tensor of torch's that gathers its gradient."""
    return torch.tensor(array, dtype=torch.float64, requires_grad=True)


def close(actual, expected):
    """Equal within float64's rounding; a torch tensor may stand for its numbers."""
    expected = expected.detach().numpy() if isinstance(expected, torch.Tensor) else expected
    np.testing.assert_allclose(actual, expected, rtol=1e-12, atol=1e-13)


def test_activations_agree_with_torch(reference, rng):
    """Values and slopes, far from 0 and at 0 too."""
    x = np.concatenate([rng.normal(scale=5.0, size=(4, 3)), [[0.0, 1000.0, -1000.0]]])
    activations = reference["activations"]

    close(activations.softmax(x), torch.softmax(torch.tensor(x), dim=1))
    for name in ("sigmoid", "relu"):
        t = leaf(x)
        y = getattr(torch, name)(t)
        y.sum().backward()
        close(getattr(activations, name)(x), y)
        close(getattr(activations, f"{name}_gradient")(x), t.grad)


def test_cross_entropy_and_accuracy_agree_with_torch(reference, rng):
    """Torch takes scores where the reference takes probabilities."""
    scores, labels = rng.normal(size=(6, 4)), rng.integers(4, size=6)
    p = reference["activations"].softmax(scores)

    expected = functional.cross_entropy(torch.tensor(scores), torch.tensor(labels))
    close(reference["losses"].cross_entropy(p, labels), expected)
    right = (torch.tensor(scores).argmax(dim=1) == torch.tensor(labels)).double().mean()
    close(reference["losses"].accuracy(p, labels), right)


def torch_scores(weights, X):
    """Scores of either network, by the keys of its weights."""
    first = torch.tensor(X) @ weights["W1"] + weights["b1"]
    return torch.sigmoid(first) @ weights["W2"] + weights["b2"] if "W2" in weights else first


@pytest.mark.parametrize(("name", "sizes"), [("SoftmaxRegression", (5, 3)), ("TwoLayerNet", (5, 4, 3))])
@pytest.mark.parametrize("N", [1, 7])
def test_gradients_of_networks_agree_with_torch(reference, rng, name, sizes, N):
    """Predictions, loss and every gradient, for one example and for several."""
    network = getattr(reference["networks"], name)(*sizes, seed=3)
    for key in network.weights:
        network.weights[key] = rng.normal(size=network.weights[key].shape)
    X, y = rng.normal(size=(N, 5)), rng.integers(3, size=N)
    weights = {key: leaf(value) for key, value in network.weights.items()}

    scores = torch_scores(weights, X)
    expected = functional.cross_entropy(scores, torch.tensor(y))
    expected.backward()
    loss, gradients = network.loss_and_gradients(X, y)

    close(network.predict(X), torch.softmax(scores, dim=1))
    assert isinstance(loss, float)
    close(loss, expected)
    assert gradients.keys() == weights.keys()
    for key, value in weights.items():
        close(gradients[key], value.grad)


@pytest.mark.parametrize("l2", [0.0, 0.3])
@pytest.mark.parametrize("momentum", [0.0, 0.8])
def test_sgd_agrees_with_torch(reference, rng, l2, momentum):
    """Torch's velocity u is ours by v = -learning_rate * u, which is the same while the rate is constant."""
    start = {"W1": rng.normal(size=(3, 2)), "b1": rng.normal(size=2)}
    weights = {name: value.copy() for name, value in start.items()}
    parameters = {name: leaf(value) for name, value in start.items()}
    sgd = reference["optimizers"].SGD(0.1, l2=l2, momentum=momentum)
    groups = [{"params": [parameters["W1"]], "weight_decay": l2}, {"params": [parameters["b1"]]}]
    torchs = torch.optim.SGD(groups, lr=0.1, momentum=momentum)

    for _ in range(4):
        gradients = {name: rng.normal(size=value.shape) for name, value in start.items()}
        for name, parameter in parameters.items():
            parameter.grad = torch.tensor(gradients[name])
        torchs.step()
        sgd.step(weights, gradients)
        for name, parameter in parameters.items():
            close(weights[name], parameter)


def test_an_epoch_agrees_with_torch(reference, rng):
    """Batches, order, measures and updates of a whole epoch, with a short last batch."""
    X, y = rng.normal(size=(11, 3)), rng.integers(4, size=11)
    network = reference["networks"].TwoLayerNet(3, 5, 4, seed=1)
    weights = {name: leaf(value) for name, value in network.weights.items()}
    torchs = torch.optim.SGD(list(weights.values()), lr=0.5, momentum=0.9)
    sgd = reference["optimizers"].SGD(0.5, momentum=0.9)

    costs, hits = 0.0, 0
    order = np.random.default_rng(8).permutation(11)
    for rows in np.split(order, [4, 8]):
        labels = torch.tensor(y[rows])
        scores = torch_scores(weights, X[rows])
        hits += int((scores.argmax(dim=1) == labels).sum())
        torchs.zero_grad()
        batch = functional.cross_entropy(scores, labels)
        batch.backward()
        torchs.step()
        costs += batch.item() * len(rows)
    loss, accuracy = reference["training"].train_epoch(network, sgd, X, y, 4, seed=8)

    close(loss, costs / 11)
    close(accuracy, hits / 11)
    for name, value in weights.items():
        close(network.weights[name], value)
    scores = torch_scores(weights, X)
    loss, accuracy = reference["training"].evaluate(network, X, y, 4)
    close(loss, functional.cross_entropy(scores, torch.tensor(y)))
    close(accuracy, (scores.argmax(dim=1) == torch.tensor(y)).double().mean())


# Operands are positive, so that every operation is defined; b is broadcast in most of them.
OPERATIONS = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "subtract from": lambda a, b: b - a,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "divide by": lambda a, b: b / a,
    "numbers": lambda a, b: 2.0 - a + 3.0 / b * 0.5 - (1.0 + -a),
    "power": lambda a, b: a**3 + b**-2 + a**0.5,
    "exp and log": lambda a, b: a.exp() + b.log(),
    "relu": lambda a, b: (a - b).relu(),
    "sigmoid": lambda a, b: (a * b - 1.0).sigmoid(),
    "used often": lambda a, b: (a * a + b) * a / (a + b * b),
}


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS.keys())
@pytest.mark.parametrize("shape", [(2, 3), (3,), (2, 1), (1, 1), (), (4, 1, 3)], ids=str)
def test_operations_of_tensors_agree_with_torch(reference, rng, operation, shape):
    """Every operator, with every way in which two shapes can be broadcast."""
    arrays = [rng.uniform(0.5, 2.0, size) for size in ((2, 3), shape)]
    assert_same_gradients(reference, operation, operation, arrays, rng)


@pytest.mark.parametrize("axis", [None, 0, 2, -2])
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("name", ["sum", "mean"])
def test_reductions_of_tensors_agree_with_torch(reference, rng, name, axis, keepdims):
    """Sums and means along any axis."""

    def ours(a):
        return getattr(a * a, name)(axis=axis, keepdims=keepdims)

    def theirs(a):
        return getattr(a * a, name)(dim=axis, keepdim=keepdims)

    assert_same_gradients(reference, ours, theirs, [rng.normal(size=(2, 3, 4))], rng)


def test_matrices_and_shapes_of_tensors_agree_with_torch(reference, rng):
    """Matrix products, an array on the left, T and reshape in one graph."""
    constant = rng.normal(size=(5, 2))
    arrays = [rng.normal(size=(2, 3)), rng.normal(size=(4, 3))]

    def ours(a, b):
        return (constant @ (a @ b.T)).reshape(2, -1) * 2.0

    def theirs(a, b):
        return (torch.tensor(constant) @ (a @ b.T)).reshape(2, -1) * 2.0

    assert_same_gradients(reference, ours, theirs, arrays, rng)


def assert_same_gradients(reference, ours, theirs, arrays, rng):
    """Value and all gradients of two functions, for the same gradient of the output."""
    tensors = [reference["autodiff"].Tensor(array) for array in arrays]
    leaves = [leaf(array) for array in arrays]
    result, expected = ours(*tensors), theirs(*leaves)
    gradient = rng.normal(size=tuple(expected.shape))

    result.backward(gradient)
    expected.backward(torch.tensor(gradient))

    close(result.data, expected)
    for tensor, twin in zip(tensors, leaves, strict=True):
        assert tensor.grad.shape == tensor.data.shape
        close(tensor.grad, twin.grad)


def test_a_tensor_keeps_a_copy(reference):
    """Whoever changes the array later does not change the tensor."""
    array = np.ones(3)
    tensor = reference["autodiff"].Tensor(array)

    array[0] = 7.0

    close(tensor.data, np.ones(3))


def test_backward_explains_what_it_needs(reference):
    """Both errors name the shape."""
    tensor = reference["autodiff"].Tensor(np.ones((2, 3)))

    with pytest.raises(ValueError, match=r"shape \(2, 3\) is no scalar: pass a gradient"):
        tensor.backward()
    with pytest.raises(ValueError, match=r"shape \(3,\) is not the tensor's \(2, 3\)"):
        tensor.backward(np.ones(3))


def test_losses_and_batches_explain_what_they_need(reference):
    """Every ValueError of parts 1.2 and 1.6 names the numbers that do not fit."""
    losses, training = reference["losses"], reference["training"]
    p = np.full((2, 3), 1 / 3)

    with pytest.raises(ValueError, match=r"labels must lie in \[0, 3\), but run from -1 to 2"):
        losses.cross_entropy(p, np.array([-1, 2]))
    with pytest.raises(ValueError, match=r"2 rows of probabilities and labels of shape \(1,\)"):
        losses.accuracy(p, np.array([1]))
    with pytest.raises(ValueError, match="batch_size is 0"):
        training.minibatches(p, np.array([0, 1]), 0)
    with pytest.raises(ValueError, match="2 examples cannot be paired with 3 labels"):
        training.minibatches(p, np.array([0, 1, 2]), 1)
