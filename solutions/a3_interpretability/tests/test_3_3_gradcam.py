import numpy as np
import torch
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import (
    assert_close,
    assert_dtype,
    assert_keys,
    assert_raises,
    assert_that,
    given,
)

FOUND = ["value", "attached", "arguments", "arguments changed"]


def residual(rng, *, C, K, F=4):
    """Two blocks, the second with a way around it and an in-place ReLU behind, a mean, a linear layer."""
    inner = {
        "down": ("conv", rng.normal(size=(3, F, 1, 1)), rng.normal(size=3)),
        "relu": ("relu in place",),
        "up": ("conv", rng.normal(size=(F, 3, 1, 1)), rng.normal(size=F)),
    }
    return {
        "stem": {
            "conv": ("conv", rng.normal(size=(F, C, 2, 3)), rng.normal(size=F)),
            "relu": ("relu in place",),
        },
        "body": ("skip", inner),
        "relu": ("relu in place",),
        "pool": ("mean",),
        "fc": ("linear", rng.normal(size=(K, F)), rng.normal(size=K)),
    }


def by_hand(net, X, y):
    """The maps of each layer, forwards and backwards by hand on the grader's own copy."""
    layers = [net["stem"]["conv"], net["body"][1]["down"], net["body"][1]["up"]]
    K1, K2, K3 = (torch.from_numpy(kernels) for _, kernels, _ in layers)
    b1, b2, b3 = (torch.from_numpy(shifts) for _, _, shifts in layers)
    conv, back = torch.nn.functional.conv2d, torch.nn.functional.conv_transpose2d
    z1 = conv(torch.from_numpy(X), K1, b1)
    z2 = conv(z1.relu(), K2, b2)
    branch = conv(z2.relu(), K3, b3)
    z3 = z1.relu() + branch
    # The mean over h * w positions hands each of them its share.
    behind = torch.from_numpy(net["fc"][1][y])[:, :, None, None].expand(z3.shape) / z3[0, 0].numel()
    g3 = behind * (z3 > 0)
    g2 = back(g3, K3) * (z2 > 0)
    g1 = (g3 + back(g2, K2)) * (z1 > 0)
    return {
        "stem.conv": cam(g1, z1),
        "body": cam(g3, z3),
        "body.up": cam(g3, branch),
        "body.down": cam(g2, z2),
        "relu": cam(behind, z3.relu()),
    }


def cam(G, A):
    """The map of a layer's output A and the gradient G there."""
    return torch.einsum("nf,nfhw->nhw", G.mean(dim=(2, 3)), A).clamp(min=0)


def build(student, net, *, training=False):
    """The network on the student's side."""
    return given(student, "networks.py").build(net, training=training)


def ask(student, function, network, *arguments):
    """What one of the student's functions returns."""
    found = given(student, "networks.py").ask(function, network, *arguments)
    assert_keys(found, FOUND, what="the result and what was left of the arguments")
    return found["value"]


@number("3.3")
@weight(1.5)
def test_gradcam_of_other_sizes(student, rng):
    """Other numbers of images, channels and classes, tall and wide images, one image."""
    for (N, C, H, W), labels, K, F in (
        ((4, 2, 6, 5), [5, 0, 2, 5], 6, 3),
        ((1, 1, 3, 7), [1], 2, 5),
        ((3, 5, 2, 4), [0, 3, 2], 4, 2),
    ):
        net, X, y = residual(rng, C=C, K=K, F=F), rng.normal(size=(N, C, H, W)), np.array(labels)
        what = f"GradCAM of {N} images of {C} x {H} x {W}"
        found = ask(student, student.gradcam.grad_cam, build(student, net), "relu", X, y)
        assert_close(found, by_hand(net, X, y)["relu"], what=what)


@number("3.3")
@weight(2)
def test_gradcam_of_a_residual_network(student, rng):
    """At each layer of nested blocks with a skip connection and in-place ReLUs, in training mode."""
    net, X, y = residual(rng, C=3, K=5), rng.normal(size=(2, 3, 4, 6)), np.array([4, 2])
    net = {**net, "drop": ("dropout", 0.5)}  # after the scores: what is not in evaluation mode loses some
    network = build(student, net, training=True)
    for layer, expected in by_hand(net, X, y).items():
        found = ask(student, student.gradcam.grad_cam, network, layer, X, y)
        assert_close(found, expected, what=f"GradCAM at {layer}")


@number("3.3")
@weight(0.5)
def test_gradcam_of_one_image_does_not_depend_on_the_others(student, rng):
    """The maps of a batch are those of each image alone, in a second call too."""
    net, X, y = residual(rng, C=2, K=4), rng.normal(size=(3, 2, 5, 4)), np.array([3, 3, 0])
    network, expected = build(student, net), by_hand(net, X, y)["body"]
    together = ask(student, student.gradcam.grad_cam, network, "body", X, y)
    assert_close(together, expected, what="GradCAM of 3 images at once")
    for n in (2, 0):
        alone = ask(student, student.gradcam.grad_cam, network, "body", X[n : n + 1], y[n : n + 1])
        assert_close(alone, expected[n : n + 1], what=f"GradCAM of image {n} alone")


@number("3.3")
@weight(0.5)
def test_gradcam_of_a_sure_model(student, rng):
    """Where the probability of the class is 1 or 0 in float64, the map of the score is as large as ever."""
    net, X, y = residual(rng, C=2, K=3), rng.normal(size=(2, 2, 4, 5)), np.array([0, 2])
    net["fc"] = ("linear", net["fc"][1] * 1000, np.array([2000.0, 0, -2000]))
    found = ask(student, student.gradcam.grad_cam, build(student, net), "body", X, y)
    assert_close(found, by_hand(net, X, y)["body"], what="GradCAM of scores beyond 1000")


@number("3.3")
@weight(0.5)
def test_gradcam_of_a_frozen_model(student, rng):
    """A model none of whose parameters requires a gradient has the same maps."""
    net, X, y = residual(rng, C=2, K=3), rng.normal(size=(3, 2, 5, 4)), np.array([2, 0, 2])
    network = build(student, net)
    given(student, "networks.py").freeze(network)
    found = ask(student, student.gradcam.grad_cam, network, "stem.conv", X, y)
    assert_close(found, by_hand(net, X, y)["stem.conv"], what="GradCAM of a frozen model")


@number("3.3")
@weight(0.5)
def test_gradcam_leaves_the_model_as_found_after_an_exception(student, rng):
    """Images that fit have the right map; others end in an exception, and modes and hooks are as before."""
    networks = given(student, "networks.py")
    # The linear layer takes two positions of four features: the exception comes behind the hook.
    fc = ("linear", rng.uniform(1, 2, size=(5, 8)), rng.normal(size=5))  # positive: hardly a map is all 0
    net = {"stem": residual(rng, C=2, K=5)["stem"], "flat": ("flatten",), "fc": fc}
    X, y = rng.normal(size=(1, 2, 2, 4)), np.array([1])
    z = torch.nn.functional.conv2d(*map(torch.from_numpy, (X, *net["stem"]["conv"][1:])))
    found = ask(student, student.gradcam.grad_cam, build(student, net), "stem.relu", X, y)
    right = cam(torch.from_numpy(fc[1][y]).reshape(z.shape), z.relu())
    assert_close(found, right, what="GradCAM of an image that fits")
    network = build(student, net)
    networks.unsettle(network)
    before = networks.state(network)

    def call():
        ask(student, student.gradcam.grad_cam, network, "stem.conv", rng.normal(size=(1, 2, 5, 6)), y)

    assert_raises("RuntimeError", call, what="images that are too large for the linear layer")
    after = networks.state(network)
    assert_keys(after, list(before), what="the model's state after the call")
    for name, value in before.items():
        assert_that(after[name] == value, f"The model's {name} have changed.", "Use try and finally.")


@number("3.3")
@weight(0.5)
def test_upsample_of_other_sizes(student, rng):
    """Larger, smaller and equal sizes, which are not square, in the dtype of the maps."""
    for (N, h, w), size in (
        ((3, 2, 5), (7, 6)),
        ((2, 6, 4), (3, 5)),
        ((1, 1, 1), (2, 3)),
        ((2, 3, 4), (3, 4)),
    ):
        cam = rng.normal(size=(N, h, w)).astype(np.float32)
        found = student.gradcam.upsample(torch.from_numpy(cam), size)
        rows, columns = weights(h, size[0]), weights(w, size[1])
        what = f"upsample from {h} x {w} to {size[0]} x {size[1]}"
        assert_close(found, rows @ cam @ columns.T, what=what, rtol=1e-4, atol=1e-5)
        assert_dtype(found, "float32", what=what)


def weights(old, new):
    """How much each of the old pixels counts for each of the new ones, along one axis: (new, old)."""
    at = np.clip((np.arange(new) + 0.5) * old / new - 0.5, 0, old - 1)
    return np.maximum(0, 1 - np.abs(at[:, None] - np.arange(old)))


@number("3.3")
@weight(0.5)
def test_normalise_of_tiny_and_negative_maps(student, rng):
    """The largest entry is 1 and the smallest 0, in a map of tiny numbers and in one below 0 too."""
    shapes = rng.uniform(size=(3, 4, 5))
    cam = shapes * np.array([1e-12, 1.0, 1e6])[:, None, None] - np.array([0, 9.0, 0])[:, None, None]
    low, high = cam.min(axis=(1, 2), keepdims=True), cam.max(axis=(1, 2), keepdims=True)
    given_cam = torch.from_numpy(cam.copy())
    assert_close(
        student.gradcam.normalise(given_cam), (cam - low) / (high - low), what="normalise of 3 maps of 4 x 5"
    )
    assert_dtype(student.gradcam.normalise(given_cam.float()), "float32", what="normalise of float32 maps")


@number("3.3")
@weight(1.5)
def test_guided_gradcam_of_other_sizes(student, rng):
    """Other sizes and layers, and a label for each image."""
    factors = np.array([2.0, -1, 0.5, 1])
    maps = {"stem.conv": rng.uniform(size=(4, 5, 2)), "body": rng.uniform(size=(4, 2, 5))}
    given(student, "gradcam_runs.py").stand_in(factors, maps)
    for layer, (N, C, H, W), labels in (
        ("stem.conv", (3, 1, 6, 4), [2, 0, 1]),
        ("body", (1, 2, 3, 7), [3]),
        ("body", (2, 3, 2, 5), [1, 1]),
    ):
        X, y = rng.normal(size=(N, C, H, W)), np.array(labels)
        network = build(student, residual(rng, C=C, K=4))
        small = maps[layer][y]
        large = weights(small.shape[1], H) @ small @ weights(small.shape[2], W).T
        assert_close(
            ask(student, student.gradcam.guided_grad_cam, network, layer, X, y),
            X * factors[y][:, None, None, None] * large[:, None],
            what=f"guided GradCAM of {N} images of {C} x {H} x {W}",
        )
