import numpy as np
import torch
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import (
    assert_close,
    assert_dtype,
    assert_keys,
    assert_length,
    assert_that,
    given,
    vary,
)

FOUND = ["value", "attached", "arguments", "arguments changed"]


def convolutional(rng, *, C=3, F=4, K=5, features=(4, 4)):
    """Kernels of 2x3, a ReLU and a linear layer, which takes F x h x w features."""
    h, w = features
    return {
        "conv": ("conv", rng.normal(size=(F, C, 2, 3)), rng.normal(size=F)),
        "relu": ("relu",),
        "flat": ("flatten",),
        "fc": ("linear", rng.normal(size=(K, F * h * w)), rng.normal(size=K)),
    }


def logits(net, X):
    """The grader's own copy of that network, and what arrives at its ReLU: (N, K), (N, F, h, w)."""
    _, kernels, shifts = net["conv"]
    _, weight, bias = net["fc"]
    z = torch.nn.functional.conv2d(torch.from_numpy(X), torch.from_numpy(kernels), torch.from_numpy(shifts))
    return np.maximum(z.numpy(), 0).reshape(len(X), -1) @ weight.T + bias, z.numpy()


def gradient(net, X, rows):
    """The gradient of sum(rows * logits) by X, backwards by hand; rows (N, K)."""
    _, z = logits(net, X)
    arrives = (rows @ net["fc"][1]).reshape(z.shape) * (z > 0)
    return torch.nn.functional.conv_transpose2d(
        torch.from_numpy(arrives), torch.from_numpy(net["conv"][1])
    ).numpy()


def of_class(y, K):
    """Rows that pick one score for each image: (N, K)."""
    return np.eye(K)[y]


def greatest(g):
    """The map of a gradient, (N, C, H, W) to (N, H, W)."""
    return np.abs(g).max(axis=1)


def maps(student, net, X, y, *, training=False):
    """The student's saliency maps."""
    networks = given(student, "networks.py")
    found = networks.ask(student.saliency.compute_saliency_maps, networks.build(net, training=training), X, y)
    assert_keys(found, FOUND, what="the maps and what was left of the arguments")
    return found["value"]


@number("3.1")
@weight(1.5)
def test_saliency_of_a_linear_model(student, rng):
    """For scores W x + b the map of class y is row y of W: the largest absolute value over the channels."""
    W = vary(rng, np.array([[-3.0, 1, 2, -1], [1, 0.5, -7, 1], [0, 5, -6, 2]]))
    net = {"flat": ("flatten",), "fc": ("linear", W, np.array([10.0, 0, -10]))}
    X = np.array([[[[1.0, 2]], [[0, -1]]], [[[3.0, 0]], [[1, 1]]], [[[0.0, 4]], [[2, 5]]]])  # (3, 2, 1, 2)
    X = vary(rng, X)
    y = np.array([2, 0, 1])
    g = W[y].reshape(X.shape)
    assert_close(
        maps(student, net, X, y),
        greatest(g),
        what="saliency of 3 images of 2 channels, 1 x 2 pixels",
        sizes={"C": 2},
        wrong={
            "the maximum over channels of the gradient, without its absolute value": g.max(axis=1),
            "the absolute value of the maximum, taken in the wrong order": np.abs(g.max(axis=1)),
            "the sum over channels of |gradient|": np.abs(g).sum(axis=1),
            "the mean over channels of |gradient|": np.abs(g).mean(axis=1),
            "the absolute value of the sum over channels": np.abs(g.sum(axis=1)),
            "the Euclidean length over channels": np.sqrt((g**2).sum(axis=1)),
            "the largest entry of each channel, over the pixels": np.abs(g).max(axis=(2, 3)),
            "the map of class 0 for every image": greatest(W[[0, 0, 0]].reshape(X.shape)),
            "the map of the predicted class, y ignored": greatest(
                W[(X.reshape(3, 4) @ W.T + [10, 0, -10]).argmax(axis=1)].reshape(X.shape)
            ),
            "gradient times image": greatest(g * X),
        },
        hint="Absolute value first, then the maximum over axis 1.",
    )


@number("3.1")
@weight(2)
def test_saliency_of_a_convolutional_network(student, rng):
    """Through a convolution and a ReLU, two images of 3 x 5 x 6 with labels of their own."""
    net, K = convolutional(rng), 5
    X, y = rng.normal(size=(2, 3, 5, 6)), np.array([4, 1])
    scores, _ = logits(net, X)
    scores = scores / 10  # a gentle softmax: its wrong maps below are not all zeros
    net["fc"] = ("linear", net["fc"][1] / 10, net["fc"][2] / 10)
    P, right = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True), of_class(y, K)
    label = P[[0, 1], y][:, None]

    def wrong(rows):
        return greatest(gradient(net, X, rows))

    assert_close(
        maps(student, net, X, y),
        wrong(right),
        what="saliency of 2 images of a convolutional network",
        sizes={"N": 2},
        wrong={
            "the gradient of the probability instead of the score": wrong(label * (right - P)),
            "the gradient of the log probability or of the cross-entropy": wrong(right - P),
            "the gradient of the mean cross-entropy": wrong((right - P) / 2),
            "the gradient of the predicted class's score, y ignored": wrong(of_class(scores.argmax(1), K)),
            "the gradient of the sum of all scores": wrong(np.ones_like(P)),
            "the score of the first label for every image": wrong(of_class(y[[0, 0]], K)),
            "the gradient of logits[:, y].sum(), with every label for every image": wrong(
                right.sum(axis=0) + 0 * P
            ),
            "without the absolute value": gradient(net, X, right).max(axis=1),
            "the sum over channels": np.abs(gradient(net, X, right)).sum(axis=1),
        },
        hint="Differentiate the sum over n of logits[n, y[n]].",
    )


@number("3.1")
@weight(1)
def test_saliency_computes_in_evaluation_mode(student, rng):
    """Batch normalisation and dropout are in evaluation mode, though the model arrives in training mode."""
    net, X, y = convolutional(rng), rng.normal(size=(3, 3, 5, 6)), np.array([2, 0, 4])
    scale, mean = np.array([0.5, -1.5, 2.0, 1.0]), rng.normal(size=4)
    shift, variance = rng.normal(size=4), np.array([0.3, 1.2, 2.0, 0.7])
    mixed = {
        "conv": net["conv"],
        "norm": ("batch norm", scale, shift, mean, variance),
        "relu": ("relu",),
        "drop": ("dropout", 0.4),
        "flat": ("flatten",),
        "fc": net["fc"],
    }
    # The normalisation is then a fixed line for each channel, which the convolution can take in.
    slope = scale / np.sqrt(variance + 1e-5)
    folded = {
        "conv": ("conv", net["conv"][1] * slope[:, None, None, None], (net["conv"][2] - mean) * slope + shift)
    }
    assert_close(
        maps(student, mixed, X, y, training=True),
        greatest(gradient({**net, **folded}, X, of_class(y, 5))),
        what="saliency of a model that arrives in training mode",
        hint="model.eval() before the forward pass; put each module's own mode back afterwards.",
    )


@number("3.1")
@weight(0.5)
def test_saliency_of_one_image_does_not_depend_on_the_others(student, rng):
    """The maps of a batch of three are those of each image alone, also where two images have one label."""
    net, X, y = convolutional(rng, F=2), rng.normal(size=(3, 3, 5, 6)), np.array([3, 3, 0])

    expected = greatest(gradient(net, X, of_class(y, 5)))
    together = maps(student, net, X, y)
    assert_close(together, expected, what="saliency of 3 images at once", sizes={"N": 3})
    for n in (2, 0):
        alone = maps(student, net, X[n : n + 1], y[n : n + 1])
        assert_close(alone, expected[n : n + 1], what=f"saliency of image {n} alone")


@number("3.1")
@weight(0.5)
def test_saliency_keeps_the_dtype(student, rng):
    """Images and a model in float32 give maps in float32."""
    net, X, y = convolutional(rng), rng.normal(size=(2, 3, 5, 6)), np.array([1, 2])
    single = {
        name: tuple(part.astype(np.float32) if isinstance(part, np.ndarray) else part for part in layer)
        for name, layer in net.items()
    }

    found = maps(student, single, X.astype(np.float32), y)

    expected = greatest(gradient(net, X, of_class(y, 5)))
    assert_close(found, expected, what="saliency in float32", rtol=1e-4, atol=1e-5)
    assert_dtype(found, "float32", what="saliency in float32")


@number("3.1")
@weight(0.5)
def test_saliency_leaves_the_model_as_found(student, rng):
    """The maps are right, and modes (mixed ones too), gradients, buffers and hooks are as before the call."""
    networks = given(student, "networks.py")
    conv = convolutional(rng)
    # In evaluation mode it changes nothing: variance and the layer's own 1e-5 add up to 1.
    norm = ("batch norm", np.ones(4), np.zeros(4), np.zeros(4), np.ones(4) - 1e-5)
    block = {"conv": conv["conv"], "norm": norm, "relu": ("relu",), "drop": ("dropout", 0.5)}
    network = networks.build({"block": block, "flat": ("flatten",), "fc": conv["fc"]})
    networks.unsettle(network)
    before = networks.state(network)

    X, y = rng.normal(size=(2, 3, 5, 6)), np.array([1, 3])
    found = networks.ask(student.saliency.compute_saliency_maps, network, X, y)

    assert_keys(found, FOUND, what="the maps and what was left of the arguments")
    assert_close(found["value"], greatest(gradient(conv, X, of_class(y, 5))), what="the maps")
    after = networks.state(network)
    assert_keys(after, list(before), what="the model's state after the call")
    for name, value in before.items():
        assert_that(
            after[name] == value,
            f"The model's {name} have changed.",
            "Restore each module's own mode; torch.autograd.grad leaves no gradient in the parameters.",
        )


@number("3.1")
@weight(0.5)
def test_saliency_leaves_the_images_alone(student, rng):
    """The maps are right and detached; X and y keep their numbers, X requires no gradient and has none."""
    networks = given(student, "networks.py")
    X, y = rng.normal(size=(2, 3, 5, 6)), np.array([0, 4])
    net = convolutional(rng)
    network = networks.build(net)

    found = networks.ask(student.saliency.compute_saliency_maps, network, X, y)

    assert_keys(found, FOUND, what="the maps and what was left of the arguments")
    assert_close(found["value"], greatest(gradient(net, X, of_class(y, 5))), what="the maps")
    assert_that(found["attached"] is False, "The maps still require gradients.", "Return maps.detach().")
    assert_that(
        found["arguments changed"] is False,
        "X requires gradients after the call, or has one.",
        "X.detach().clone().requires_grad_() is a leaf of your own.",
    )
    assert_length(found["arguments"], 2, what="X and y after the call")
    for after, array, name in zip(found["arguments"], (X, y), "Xy", strict=True):
        assert_close(after, array, what=f"{name} after the call")
