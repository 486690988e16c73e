import numpy as np
import torch
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import assert_close, assert_keys, assert_raises, assert_that, given

FOUND = ["value", "attached", "arguments", "arguments changed"]


def residual(rng, *, C, K):
    """Two blocks, the second with a way around it, ReLUs in place and not, then a mean and a linear layer."""
    return {
        "stem": {
            "conv": ("conv", rng.normal(size=(4, C, 2, 3)), rng.normal(size=4)),
            "relu": ("relu in place",),
        },
        "body": (
            "skip",
            {
                "inner": {
                    "down": ("conv", rng.normal(size=(3, 4, 1, 1)), rng.normal(size=3)),
                    "relu": ("relu in place",),
                },
                "up": ("conv", rng.normal(size=(4, 3, 1, 1)), rng.normal(size=4)),
            },
        ),
        "relu": ("relu",),
        "pool": ("mean",),
        "fc": ("linear", rng.normal(size=(K, 4)), rng.normal(size=K)),
    }


def expected(net, X, y):
    """The maps, forwards and backwards by hand on the grader's own copy."""
    layers = [net["stem"]["conv"], net["body"][1]["inner"]["down"], net["body"][1]["up"]]
    K1, K2, K3 = (torch.from_numpy(kernels) for _, kernels, _ in layers)
    b1, b2, b3 = (torch.from_numpy(shifts) for _, _, shifts in layers)
    conv, back = torch.nn.functional.conv2d, torch.nn.functional.conv_transpose2d
    z1 = conv(torch.from_numpy(X), K1, b1)
    z2 = conv(z1.relu(), K2, b2)
    z3 = z1.relu() + conv(z2.relu(), K3, b3)
    # The mean over h * w positions hands each of them its share.
    g3 = torch.from_numpy(net["fc"][1][y])[:, :, None, None] / z3[0, 0].numel() * (z3 > 0)
    g1 = (g3 + back(back(g3, K3) * (z2 > 0), K2)) * (z1 > 0)
    return back(g1, K1).abs().amax(dim=1)


def maps(student, net, X, y, *, training=False, frozen=False):
    """The student's saliency maps."""
    networks = given(student, "networks.py")
    network = networks.build(net, training=training)
    if frozen:
        networks.freeze(network)
    found = networks.ask(student.saliency.compute_saliency_maps, network, X, y)
    assert_keys(found, FOUND, what="the maps and what was left of the arguments")
    return found["value"]


@number("3.1")
@weight(1.5)
def test_saliency_of_other_sizes(student, rng):
    """Other numbers of images, channels and classes, tall and wide images, one channel, one image."""
    for (N, C, H, W), labels, K in (
        ((4, 2, 6, 5), [5, 0, 2, 5], 6),
        ((1, 1, 3, 7), [1], 2),
        ((3, 5, 2, 4), [0, 3, 2], 4),
    ):
        net, X, y = residual(rng, C=C, K=K), rng.normal(size=(N, C, H, W)), np.array(labels)
        what = f"saliency of {N} images of {C} x {H} x {W}, {K} classes"
        assert_close(maps(student, net, X, y), expected(net, X, y), what=what)


@number("3.1")
@weight(1.5)
def test_saliency_of_nested_blocks_in_training_mode(student, rng):
    """Blocks in blocks, a skip connection and ReLUs in place, twice in a row, of a model in training mode."""
    net, X, y = residual(rng, C=3, K=5), rng.normal(size=(2, 3, 4, 6)), np.array([4, 2])
    net = {**net, "drop": ("dropout", 0.5)}  # after the scores: what is not in evaluation mode loses some
    networks = given(student, "networks.py")
    network = networks.build(net, training=True)
    for call in ("first", "second"):
        found = networks.ask(student.saliency.compute_saliency_maps, network, X, y)
        assert_keys(found, FOUND, what="the maps and what was left of the arguments")
        assert_close(found["value"], expected(net, X, y), what=f"saliency, {call} call")


@number("3.1")
@weight(0.5)
def test_saliency_of_a_sure_model(student):
    """Where the probability of the class is 1 or 0 in float64, the map of the score is as large as ever."""
    W = np.array([[600.0, -200, 40, 0], [-300, 100, 0, 90]])
    net = {"flat": ("flatten",), "fc": ("linear", W, np.array([1000.0, -1000]))}
    X, y = np.array([[[[1.0, 0.1], [0.2, 0.3]]], [[[0.5, 0.2], [0.1, 0]]]]), np.array([0, 1])
    found = maps(student, net, X, y)
    assert_close(found, np.abs(W[y]).reshape(2, 2, 2), what="saliency of scores beyond 1000")


@number("3.1")
@weight(0.5)
def test_saliency_of_a_frozen_model(student, rng):
    """A model none of whose parameters requires a gradient has the same maps."""
    net, X, y = residual(rng, C=2, K=3), rng.normal(size=(3, 2, 5, 4)), np.array([2, 0, 2])
    found = maps(student, net, X, y, frozen=True)
    assert_close(found, expected(net, X, y), what="saliency of a frozen model")


@number("3.1")
@weight(0.5)
def test_saliency_leaves_the_model_as_found_after_an_exception(student, rng):
    """Images that fit have the right map; others end in an exception, and the model's modes are as before."""
    networks, net = given(student, "networks.py"), residual(rng, C=2, K=3)
    X, y = rng.normal(size=(1, 2, 5, 6)), np.array([1])
    assert_close(maps(student, net, X, y), expected(net, X, y), what="saliency of an image that fits")
    network = networks.build(net)
    networks.unsettle(network)
    before = networks.state(network)

    def call():
        networks.ask(student.saliency.compute_saliency_maps, network, np.repeat(X, 2, axis=1), y)

    assert_raises("RuntimeError", call, what="images of 4 channels for a model that takes 2")
    after = networks.state(network)
    assert_keys(after, list(before), what="the model's state after the call")
    for name, value in before.items():
        assert_that(after[name] == value, f"The model's {name} have changed.", "Use try and finally.")
