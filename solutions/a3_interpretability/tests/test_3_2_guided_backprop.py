import numpy as np
import torch
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import assert_close, assert_dtype, assert_keys, assert_shape, given

FOUND = ["value", "attached", "arguments", "arguments changed"]


def guided(z, g):
    """The rule at a ReLU with input z."""
    return g * (z > 0) * (g > 0)


def tensors(layer):
    """The two arrays of a layer."""
    return torch.from_numpy(layer[1]), torch.from_numpy(layer[2])


def conv(x, layer):
    """Forwards through a convolution."""
    return torch.nn.functional.conv2d(x, *tensors(layer))


def back(g, layer):
    """Backwards through it."""
    return torch.nn.functional.conv_transpose2d(g, tensors(layer)[0])


def build(student, net, *, training=False):
    """The network on the student's side."""
    return given(student, "networks.py").build(net, training=training)


def ask(student, network, X, y):
    """The student's guided gradient."""
    found = given(student, "networks.py").ask(student.guided_backprop.guided_backprop, network, X, y)
    assert_keys(found, FOUND, what="the gradient and what was left of the arguments")
    return found["value"]


def head(rng, F, K):
    """A mean over positions and a linear layer."""
    return {"pool": ("mean",), "fc": ("linear", rng.normal(size=(K, F)), rng.normal(size=K))}


def spread(net, y, z):
    """What arrives behind the mean over positions: each has its share."""
    return torch.from_numpy(net["fc"][1][y])[:, :, None, None].expand(z.shape) / z[0, 0].numel()


@number("3.2")
@weight(1.5)
def test_guided_backprop_leaves_the_gradient_of_other_paths_alone(student, rng):
    """With a way around a ReLU, the other way keeps its own gradient, negative entries included."""
    main = {"conv": ("conv", rng.normal(size=(4, 4, 1, 1)), rng.normal(size=4)), "relu": ("relu",)}
    for relu in ("relu", "relu in place"):
        main["relu"] = (relu,)
        stem = ("conv", rng.normal(size=(4, 3, 2, 3)), rng.normal(size=4))
        net = {"stem": stem, "body": ("skip", main), **head(rng, 4, 5)}
        X, y = rng.normal(size=(2, 3, 4, 6)), np.array([4, 1])

        z1 = conv(torch.from_numpy(X), stem)
        z2 = conv(z1, main["conv"])
        g = spread(net, y, z2)
        expected = back(g + back(guided(z2, g), main["conv"]), stem)
        assert_close(ask(student, build(student, net), X, y), expected, what=f"around a {relu}")


@number("3.2")
@weight(1)
def test_guided_backprop_of_a_relu_that_is_used_twice(student, rng):
    """One nn.ReLU module that runs at two places follows the rule at both."""
    first = ("conv", rng.normal(size=(4, 2, 3, 2)), rng.normal(size=4))
    second = ("conv", rng.normal(size=(5, 4, 1, 2)), rng.normal(size=5))
    block = {"first": first, "relu": ("relu",), "second": second, "once more": ("again", "relu")}
    net = {"block": block, **head(rng, 5, 3)}
    X, y = rng.normal(size=(3, 2, 5, 4)), np.array([0, 2, 1])

    z1 = conv(torch.from_numpy(X), first)
    z2 = conv(z1.relu(), second)
    expected = back(guided(z1, back(guided(z2, spread(net, y, z2)), second)), first)
    assert_close(ask(student, build(student, net), X, y), expected, what="with one ReLU for two places")


@number("3.2")
@weight(1.5)
def test_guided_backprop_of_a_deep_network(student, rng):
    """Blocks four deep, max pooling, a skip connection and both kinds of ReLU, in training mode."""
    stem = ("conv", rng.normal(size=(4, 3, 2, 2)), rng.normal(size=4))
    down = ("conv", rng.normal(size=(3, 4, 1, 1)), rng.normal(size=3))
    up = ("conv", rng.normal(size=(4, 3, 1, 1)), rng.normal(size=4))
    deep = {"a": {"b": {"conv": down, "relu": ("relu in place",), "drop": ("dropout", 0.3)}}}
    net = {
        "stem": {"conv": stem, "relu": ("relu in place",), "pool": ("max pool", 2)},
        "body": {"around": ("skip", {**deep, "up": up}), "relu": ("relu",)},
        **head(rng, 4, 6),
    }
    X, y = rng.normal(size=(2, 3, 5, 7)), np.array([5, 2])

    z1 = conv(torch.from_numpy(X), stem)
    pooled, places = torch.nn.functional.max_pool2d(z1.relu(), 2, return_indices=True)
    z2 = conv(pooled, down)
    z3 = pooled + conv(z2.relu(), up)
    g3 = guided(z3, spread(net, y, z3))
    g1 = g3 + back(guided(z2, back(g3, up)), down)
    unpooled = torch.nn.functional.max_unpool2d(g1, places, 2, output_size=z1.shape[2:])
    expected = back(guided(z1, unpooled), stem)
    found = ask(student, build(student, net, training=True), X, y)
    assert_close(found, expected, what="of a deep network")


@number("3.2")
@weight(1)
def test_guided_backprop_of_other_sizes(student, rng):
    """One image of one channel, more classes, and float32, of a model whose parameters are frozen."""
    for (N, C, H, W), labels, K in (((1, 1, 6, 3), [6], 7), ((4, 2, 3, 8), [1, 0, 1, 1], 2)):
        layer = ("conv", *(rng.normal(size=size).astype(np.float32) for size in ((3, C, 3, 2), 3)))
        _, *fc = head(rng, 3, K)["fc"]
        net = {"conv": layer, "relu": ("relu",), "pool": ("mean",), "fc": ("linear", *map(np.float32, fc))}
        network = build(student, net)
        given(student, "networks.py").freeze(network)
        X, y = rng.normal(size=(N, C, H, W)).astype(np.float32), np.array(labels)

        z = conv(torch.from_numpy(X), layer)
        expected = back(guided(z, spread(net, y, z)), layer)
        found = ask(student, network, X, y)
        assert_close(found, expected, what=f"of {N} images", rtol=1e-4, atol=1e-6)
        assert_dtype(found, "float32", what="the result")


@number("3.2")
@weight(0.5)
def test_guided_backprop_gives_the_true_gradient_back(student, rng):
    """After the call the model's own gradient is the true one again, and a second call gives the same."""
    layer = ("conv", rng.normal(size=(5, 2, 2, 3)), rng.normal(size=5))
    net = {"block": {"conv": layer, "relu": ("relu",)}, **head(rng, 5, 4)}
    X, y = rng.normal(size=(3, 2, 4, 5)), np.array([3, 0, 2])
    network = build(student, net)
    z = conv(torch.from_numpy(X), layer)
    g = spread(net, y, z)

    for call in ("first", "second"):
        assert_close(ask(student, network, X, y), back(guided(z, g), layer), what=f"the {call} call")
        true = given(student, "guided_runs.py").true_gradient(network, X, y)
        assert_shape(true, X.shape, what="the model's own gradient")
        assert_close(true, back(g * (z > 0), layer), what="the model's own gradient after the call")
