import numpy as np
import torch
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import (
    assert_close,
    assert_dtype,
    assert_keys,
    assert_length,
    assert_raises,
    assert_shape,
    assert_that,
    assert_type,
    given,
)

FOUND = ["value", "attached", "arguments", "arguments changed"]


def deep(rng, *, C, K, F=4, relu="relu in place"):
    """A nested convolution with an in-place ReLU, another one, a mean and a linear layer."""
    return {
        "stem": {"conv": ("conv", rng.normal(size=(F, C, 2, 3)), rng.normal(size=F)), "relu": (relu,)},
        "conv": ("conv", rng.normal(size=(3, F, 1, 1)), rng.normal(size=3)),
        "relu": ("relu",),
        "pool": ("mean",),
        "fc": ("linear", rng.normal(size=(K, 3)), rng.normal(size=K)),
    }


def logits(net, x):
    """The grader's own copy of the network, on a tensor."""
    for layer in (net["stem"]["conv"], net["conv"]):
        x = torch.nn.functional.conv2d(x, *(torch.from_numpy(array) for array in layer[1:])).relu()
    return x.mean(dim=(2, 3)) @ torch.from_numpy(net["fc"][1]).T + torch.from_numpy(net["fc"][2])


def climb(net, X, target, step_size, max_steps):
    """The image and the number of updates."""
    image = torch.from_numpy(X)
    for steps in range(max_steps + 1):
        x = image.clone().requires_grad_()
        scores = logits(net, x)
        if int(scores.argmax()) == target or steps == max_steps:
            break
        (g,) = torch.autograd.grad(scores[0, target], x)
        image = image + step_size * g / g.norm().clamp(min=1e-300)  # ReLUs that are all off: 0, not nan
    return image.numpy(), steps


def loss_gradient(net, X, y):
    """The gradient of each image's cross-entropy."""
    x = torch.from_numpy(X).requires_grad_()
    loss = torch.nn.functional.cross_entropy(logits(net, x), torch.from_numpy(y), reduction="sum")
    return torch.autograd.grad(loss, x)[0].numpy()


def build(student, net, *, training=False):
    """The network on the student's side."""
    return given(student, "networks.py").build(net, training=training)


def ask(student, function, network, *arguments):
    """What one of the student's functions returns."""
    found = given(student, "networks.py").ask(function, network, *arguments)
    assert_keys(found, FOUND, what="the result and what was left of the arguments")
    return found["value"]


def fool(student, network, *arguments):
    """The student's image and number of steps; arguments: X, target, step_size, max_steps."""
    found = ask(student, student.fooling.make_fooling_image, network, *arguments)
    assert_type(found, tuple, what="what make_fooling_image returns")
    assert_length(found, 2, what="what make_fooling_image returns: (image, steps)")
    image, steps = found
    assert_type(image, torch.Tensor, what="the image")
    assert_shape(image, arguments[0].shape, what="the image")
    assert_type(steps, int, what="steps")
    return image, steps


@number("3.4")
@weight(1.5)
def test_fooling_follows_the_gradient_step_by_step(student, rng):
    """The image and the number of updates are those of the formula, for other sizes and targets."""
    for (C, H, W), K, size in (((3, 4, 6), 5, 0.3), ((1, 6, 3), 2, 0.1), ((2, 2, 7), 4, 0.7)):
        net, X = deep(rng, C=C, K=K), rng.normal(size=(1, C, H, W))
        network = build(student, net)
        for target in range(K):
            expected, count = climb(net, X, target, size, 12)
            image, steps = fool(student, network, X, target, size, 12)
            assert_close(image, expected, what=f"the image for class {target} of {K}", rtol=1e-5, atol=1e-8)
            assert_that(steps == count, f"steps is {steps}, and the formula makes {count} updates.")


@number("3.4")
@weight(0.5)
def test_fooling_computes_in_evaluation_mode(student, rng):
    """Both functions use the model in evaluation mode, though it arrives in training mode."""
    net, X, y = deep(rng, C=3, K=4), rng.normal(size=(1, 3, 4, 6)), np.array([2])
    net = {**net, "drop": ("dropout", 0.5)}  # after the scores: what is not in evaluation mode loses some
    network = build(student, net, training=True)
    target = int(logits(net, torch.from_numpy(X)).argmin())
    expected, count = climb(net, X, target, 0.2, 9)
    image, steps = fool(student, network, X, target, 0.2, 9)
    assert_close(image, expected, what="the fooling image", rtol=1e-5, atol=1e-8)
    assert_that(steps == count, f"steps is {steps}, and the formula makes {count} updates.")
    found = ask(student, student.fooling.fgsm, network, X, y, 0.3, -50.0, 50.0)
    assert_close(found, X + 0.3 * np.sign(loss_gradient(net, X, y)), what="fgsm")


@number("3.4")
@weight(0.5)
def test_fooling_where_the_gradient_is_zero(student):
    """Where no pixel counts for the target, the image stays as it is: no nan, and each try is an update."""
    W, b = np.array([[1.0, 2], [0, 0], [3, 4]]), np.array([5.0, 0, 0])
    net = {"flat": ("flatten",), "fc": ("linear", W, b)}
    X = np.array([[[[0.5], [0.25]]]])
    image, steps = fool(student, build(student, net), X, 2, 0.5, 3)  # scores 6, 0, 2.5; later 9.3, 0, 10
    moved = X + 1.5 * np.array([0.6, 0.8]).reshape(X.shape[1:])
    assert_close(image, moved, what="the image for a target that pixels count for")
    assert_that(steps == 3, f"steps is {steps} after 3 updates that fool the model.")
    image, steps = fool(student, build(student, net), X, 1, 0.5, 3)
    assert_close(image, X, what="the image")
    assert_that(steps == 3, f"steps is {steps} after 3 updates that move nothing.")


@number("3.4")
@weight(1)
def test_fgsm_of_other_sizes(student, rng):
    """Other numbers of images, channels and classes; each image as if it were alone; float32 stays."""
    for (N, C, H, W), labels, K in (((4, 2, 6, 5), [5, 0, 2, 5], 6), ((1, 1, 3, 7), [1], 2)):
        net, X, y = deep(rng, C=C, K=K), rng.normal(size=(N, C, H, W)), np.array(labels)
        network = build(student, net)
        expected = np.clip(X + 0.15 * np.sign(loss_gradient(net, X, y)), -0.5, 0.7)
        found = ask(student, student.fooling.fgsm, network, X, y, 0.15, -0.5, 0.7)
        assert_close(found, expected, what=f"fgsm of {N} images")
        alone = ask(student, student.fooling.fgsm, network, X[-1:], y[-1:], 0.15, -0.5, 0.7)
        assert_close(alone, expected[-1:], what="fgsm of the last image alone")
    W = rng.normal(size=(3, 8)).astype(np.float32)
    net = {"flat": ("flatten",), "fc": ("linear", W, np.zeros(3, dtype=np.float32))}
    X = rng.uniform(size=(2, 2, 1, 4)).astype(np.float32)
    high = np.array([0.75, 0.5]).reshape(2, 1, 1)
    found = ask(student, student.fooling.fgsm, build(student, net), X, np.array([0, 2]), 0.1, 0.0, high)
    assert_dtype(found, "float32", what="fgsm of float32 images with bounds in float64")


@number("3.4")
@weight(0.5)
def test_fgsm_stays_where_the_gradient_is_zero(student):
    """sign(0) is 0: a pixel that does not count stays, and epsilon 0 changes nothing."""
    W = np.array([[1.0, 0, -2], [-1, 0, 3]])
    net = {"flat": ("flatten",), "fc": ("linear", W, np.zeros(2))}
    network, X = build(student, net), np.array([[[[0.25, 0.5, 0.125]]]])
    fgsm = student.fooling.fgsm
    found = ask(student, fgsm, network, X, np.array([0]), 0.0625, 0.0, 1.0)
    assert_close(found, X + 0.0625 * np.array([-1, 0, 1]), what="fgsm with a pixel that does not count")
    assert_close(ask(student, fgsm, network, X, np.array([0]), 0.0, 0.0, 1.0), X, what="fgsm with epsilon 0")


@number("3.4")
@weight(0.5)
def test_fooling_a_frozen_model(student, rng):
    """A model none of whose parameters requires a gradient gives the same results."""
    net, X, y = deep(rng, C=2, K=3), rng.normal(size=(1, 2, 5, 4)), np.array([1])
    network = build(student, net)
    given(student, "networks.py").freeze(network)
    target = int(logits(net, torch.from_numpy(X)).argmin())
    image, _ = fool(student, network, X, target, 0.2, 3)
    assert_close(image, climb(net, X, target, 0.2, 3)[0], what="the fooling image", rtol=1e-5, atol=1e-8)
    found = ask(student, student.fooling.fgsm, network, X, y, 0.3, -50.0, 50.0)
    assert_close(found, X + 0.3 * np.sign(loss_gradient(net, X, y)), what="fgsm")


@number("3.4")
@weight(0.5)
def test_fooling_leaves_the_model_as_found_after_an_exception(student, rng):
    """Images that fit give right results; others the model's own exception, and its modes are as before."""
    networks, net = given(student, "networks.py"), deep(rng, C=2, K=3)
    fits, y = rng.normal(size=(1, 2, 5, 6)), np.array([1])
    target = int(logits(net, torch.from_numpy(fits)).argmin())
    image, _ = fool(student, build(student, net), fits, target, 0.1, 2)
    assert_close(image, climb(net, fits, target, 0.1, 2)[0], what="the fooling image", rtol=1e-5, atol=1e-8)
    found = ask(student, student.fooling.fgsm, build(student, net), fits, y, 0.1, -50.0, 50.0)
    assert_close(found, fits + 0.1 * np.sign(loss_gradient(net, fits, y)), what="fgsm")
    network = build(student, net)
    networks.unsettle(network)
    before = networks.state(network)
    X = rng.normal(size=(1, 4, 5, 6))  # two channels too many
    calls = {
        "make_fooling_image": lambda: fool(student, network, X, 1, 0.1, 2),
        "fgsm": lambda: ask(student, student.fooling.fgsm, network, X, np.array([1]), 0.1, 0.0, 1.0),
    }
    for name, call in calls.items():
        assert_raises("RuntimeError", call, what=f"{name} with images that the model does not take")
        after = networks.state(network)
        assert_keys(after, list(before), what=f"the model's state after {name}")
        for part, value in before.items():
            assert_that(
                after[part] == value, f"{name} has changed the model's {part}.", "Use try and finally."
            )
