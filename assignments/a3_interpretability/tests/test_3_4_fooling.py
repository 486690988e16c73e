import numpy as np
import torch
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import (
    assert_close,
    assert_keys,
    assert_length,
    assert_shape,
    assert_that,
    assert_type,
    given,
    vary,
)

FOUND = ["value", "attached", "arguments", "arguments changed"]


def linear(W, b):
    """Scores W x + b."""
    return {"flat": ("flatten",), "fc": ("linear", W, b)}


def convolutional(rng, *, C=3, F=4, K=5, features=(3, 4), relu="relu"):
    """Kernels of 2x3, a ReLU and a linear layer, which takes F x h x w features."""
    h, w = features
    return {
        "conv": ("conv", rng.normal(size=(F, C, 2, 3)), rng.normal(size=F)),
        "relu": (relu,),
        "flat": ("flatten",),
        "fc": ("linear", rng.normal(size=(K, F * h * w)) / 3, rng.normal(size=K)),
    }


def scores_and_gradient(net, X, rows):
    """The grader's own copy of a network: the logits, and the gradient of sum(rows(logits) * logits) by X."""
    x = torch.from_numpy(X).requires_grad_()
    out = x
    if "conv" in net:
        out = torch.nn.functional.conv2d(out, *(torch.from_numpy(array) for array in net["conv"][1:])).relu()
    scores = out.flatten(1) @ torch.from_numpy(net["fc"][1]).T + torch.from_numpy(net["fc"][2])
    (g,) = torch.autograd.grad((rows(scores.detach()) * scores).sum(), x)
    return scores.detach().numpy(), g.numpy()


def of_class(target):
    """Rows that pick one score."""

    def rows(scores):
        return torch.eye(scores.shape[1], dtype=scores.dtype)[target].expand(scores.shape)

    return rows


def of_loss(y):
    """Rows that give the gradient of the cross-entropy, summed over the images."""
    return lambda scores: scores.softmax(dim=1) - torch.eye(scores.shape[1], dtype=scores.dtype)[y]


def step(net, image, rows, step_size, length=np.linalg.norm):
    """One update of the image."""
    _, g = scores_and_gradient(net, image, rows)
    return image + step_size * g / length(g)


def climb(net, X, target, step_size, max_steps):
    """The image and the number of updates, by the formula."""
    image = X
    for steps in range(max_steps + 1):
        scores, g = scores_and_gradient(net, image, of_class(target))
        if scores.argmax() == target or steps == max_steps:
            break
        image = image + step_size * g / max(np.linalg.norm(g), 1e-300)  # ReLUs that are all off: 0, not nan
    return image, steps


def ask(student, function, net, *arguments, training=False):
    """What one of the student's functions returns, and what was left of its arguments."""
    networks = given(student, "networks.py")
    found = networks.ask(function, networks.build(net, training=training), *arguments)
    assert_keys(found, FOUND, what="the result and what was left of the arguments")
    return found


def fool(student, net, *arguments, training=False):
    """The student's image and number of steps; arguments: X, target, step_size, max_steps."""
    function = student.fooling.make_fooling_image
    found = ask(student, function, net, *arguments, training=training)["value"]
    assert_type(found, tuple, what="what make_fooling_image returns")
    assert_length(found, 2, what="what make_fooling_image returns: (image, steps)")
    image, steps = found
    assert_type(image, torch.Tensor, what="the image")
    assert_shape(image, arguments[0].shape, what="the image")
    assert_type(steps, int, what="steps")
    return image.numpy(), steps


@number("3.4")
@weight(1.5)
def test_fooling_makes_one_normalised_step(student, rng):
    """The first update adds step_size * g / ||g||_2, with g the gradient of the target's score."""
    net, X = convolutional(rng), rng.normal(size=(1, 3, 4, 6))
    scores, _ = scores_and_gradient(net, X, of_class(0))
    target, size = int(scores.argmin()), 1e-3  # too short a step to fool
    rows = of_class(target)
    _, g = scores_and_gradient(net, X, rows)

    image, _ = fool(student, net, X, target, size, 1)
    P = torch.from_numpy(scores).softmax(dim=1)

    def largest(g):
        return np.abs(g).max()

    assert_close(
        image,
        step(net, X, rows, size),
        what="the image after one update",
        wrong={
            "the gradient not normalised": X + size * g,
            "descent instead of ascent": X - size * g / np.linalg.norm(g),
            "divided by the largest entry instead of by the length": step(net, X, rows, size, largest),
            "divided by the sum of absolute values": step(net, X, rows, size, lambda g: np.abs(g).sum()),
            "divided by the square of the length": step(net, X, rows, size, lambda g: (g**2).sum()),
            "divided by the root of the mean square": step(
                net, X, rows, size, lambda g: np.sqrt((g**2).mean())
            ),
            "normalised by each channel's own length": X
            + size * g / np.linalg.norm(g, axis=(2, 3), keepdims=True),
            "the sign of the gradient": X + size * np.sign(g),
            "the gradient of the probability": step(net, X, lambda s: P[:, [target]] * (rows(s) - P), size),
            "the gradient of the log probability": step(net, X, lambda s: rows(s) - P, size),
            "away from the predicted class": step(net, X, lambda s: -of_class(int(scores.argmax()))(s), size),
            "no update at all": X,
        },
        hint="g / g.norm() has length 1.",
        atol=1e-10,
    )


def foolable(rng, features, K):
    """A network and an image that can become every class: a score that rises need not become the largest."""
    while True:
        net = convolutional(rng, K=K, features=features)
        X = rng.normal(size=(1, 3, features[0] + 1, features[1] + 2))
        if all(climb(net, X, target, 0.2, 150)[1] < 150 for target in range(K)):
            return net, X


@number("3.4")
@weight(2)
def test_fooling_image_fools_the_model(student, rng):
    """The grader's own copy of the network takes the image for the target, for every target."""
    for features, K in (((3, 4), 5), ((2, 5), 3)):
        net, X = foolable(rng, features, K)
        for target in range(K):
            image, _ = fool(student, net, X, target, 0.2, 300)
            scores, _ = scores_and_gradient(net, image, of_class(0))
            assert_that(
                int(scores.argmax()) == target,
                f"The model takes the image for class {scores.argmax()}, not for {target}.",
                "Go on with updates until the largest logit is the target's.",
            )


@number("3.4")
@weight(1.5)
def test_fooling_stops_as_soon_as_the_model_is_fooled(student, rng):
    """Along a line on paper: the prediction changes during the fourth update, which is the last."""
    # Score 0 is 1 throughout and score 1 near 3 x0 + 4 x1, so each update adds nearly 0.2 * (0.6, 0.8).
    W = vary(rng, np.array([[0.0, 0], [3, 4]]), by=0.03)
    net, X = linear(W, np.array([1.0, 0])), vary(rng, np.array([[[[-0.5, -0.25]]]]), by=0.03)
    image, steps = fool(student, net, X, 1, 0.2, 50)
    # After k updates score 1 is near -2.5 + k, within 0.3 for k up to 4: it exceeds 1 for k = 4 first.
    update = 0.2 * W[1] / np.linalg.norm(W[1])
    assert_close(
        image,
        X + 4 * update,
        what="the image",
        wrong={f"after {k} updates": X + k * update for k in (0, 1, 2, 3, 5, 50)},
        hint="Look at the prediction before every update, and stop when it is the target.",
    )
    assert_that(
        steps == 4,
        f"steps is {steps}, and the image has had 4 updates.",
        "steps counts the updates, neither the predictions nor the index of the last update.",
    )


@number("3.4")
@weight(0.5)
def test_fooling_an_image_that_is_the_target_already(student, rng):
    """Where the model predicts the target from the start, X comes back with 0 steps; else it moves."""
    net = linear(vary(rng, np.array([[1.0, 2], [3, -1], [0, 1]]), by=0.03), np.zeros(3))
    X = vary(rng, np.array([[[[2.0, 1]]]]), by=0.03)  # scores near 4, 5, 1
    expected, count = climb(net, X, 0, 0.5, 10)
    image, steps = fool(student, net, X, 0, 0.5, 10)
    assert_close(image, expected, what="the image for a target that is not predicted yet")
    assert_that(steps == count, f"steps is {steps}, and the image has had {count} updates.")
    image, steps = fool(student, net, X, 1, 0.5, 10)
    assert_close(image, X, what="the image", hint="The first look comes before the first update.")
    assert_that(steps == 0, f"steps is {steps}, and no update was needed.")


@number("3.4")
@weight(0.5)
def test_fooling_gives_up_after_max_steps(student, rng):
    """The image after the last update comes back with max_steps, and nothing is clipped on the way."""
    W = vary(rng, np.array([[0.0, 0, 0], [2, -1, 2]]))
    net, X = linear(W, np.array([1000.0, 0])), vary(rng, np.array([[[[0.9, 0.1, -0.4]]]]))
    for max_steps in (7, 1, 0):
        image, steps = fool(student, net, X, 1, 0.6, max_steps)
        expected = X + 0.6 * max_steps * W[1] / np.linalg.norm(W[1])
        assert_close(
            image,
            expected,
            what=f"the image after {max_steps} updates",
            wrong={
                "clipped to [0, 1]": np.clip(expected, 0, 1),
                "one update too few": expected - (expected - X) / max(max_steps, 1),
            },
        )
        assert_that(steps == max_steps, f"steps is {steps}, and max_steps is {max_steps}.")


@number("3.4")
@weight(2)
def test_fgsm_moves_each_pixel_by_epsilon(student, rng):
    """X + epsilon * sign(d cross-entropy / d X) for two images with labels of their own."""
    net, X, y = convolutional(rng), rng.normal(size=(2, 3, 4, 6)), np.array([4, 1])
    _, g = scores_and_gradient(net, X, of_loss(y))
    scores, score_gradient = scores_and_gradient(net, X, of_class(y))
    _, of_first = scores_and_gradient(net, X, of_loss(y[[0, 0]]))
    _, of_predicted = scores_and_gradient(net, X, of_loss(scores.argmax(axis=1)))
    found = ask(student, student.fooling.fgsm, net, X, y, 0.25, -100.0, 100.0)["value"]
    assert_close(
        found,
        X + 0.25 * np.sign(g),
        what="fgsm of 2 images",
        wrong={
            "towards the label instead of away from it": X - 0.25 * np.sign(g),
            "the gradient without its sign function": X + 0.25 * g,
            "the normalised gradient": X + 0.25 * g / np.linalg.norm(g),
            "the gradient of the label's score, upwards": X + 0.25 * np.sign(score_gradient),
            "the gradient of the label's score, downwards": X - 0.25 * np.sign(score_gradient),
            "the loss of the first label for every image": X + 0.25 * np.sign(of_first),
            "the loss of the predicted class, y ignored": X + 0.25 * np.sign(of_predicted),
            "only the noise, without X": 0.25 * np.sign(g),
        },
        hint="Cross-entropy of the logits and y; its gradient points to where it grows.",
    )


@number("3.4")
@weight(1)
def test_fgsm_clips_to_the_valid_range(student, rng):
    """Entries stay within [low, high], also those of X that were outside; bounds may differ by channel."""
    net, X, y = convolutional(rng), rng.normal(size=(2, 3, 4, 6)), np.array([3, 0])
    _, g = scores_and_gradient(net, X, of_loss(y))
    moved = X + 0.5 * np.sign(g)
    low, high = np.array([-0.4, -1, 0.1]).reshape(3, 1, 1), np.array([0.3, 0.9, 0.6]).reshape(3, 1, 1)
    for name, (bottom, top) in {
        "numbers": (-0.6, 0.8),
        "tensors (3, 1, 1)": (low, high),
        "a number and a tensor": (-0.5, high),
    }.items():
        found = ask(student, student.fooling.fgsm, net, X, y, 0.5, bottom, top)["value"]
        assert_close(
            found,
            np.clip(moved, bottom, top),
            what=f"fgsm with {name} as bounds",
            wrong={
                "not clipped": moved,
                "clipped at the top only": np.minimum(moved, top),
                "clipped at the bottom only": np.maximum(moved, bottom),
                "X clipped, then moved": np.clip(X, bottom, top) + 0.5 * np.sign(g),
                "clipped to [0, 1]": np.clip(moved, 0, 1),
            },
        )


def check_result(name, value, net, arguments):
    """Fail unless it is right: what does nothing leaves everything as it was."""
    if name == "fgsm":
        X, y, *_ = arguments
        _, g = scores_and_gradient(net, X, of_loss(y))
        assert_close(value, np.clip(X + 0.1 * np.sign(g), -9, 9), what="fgsm's result")
        return
    assert_length(value, 2, what="what make_fooling_image returns: (image, steps)")
    image, steps = climb(net, *arguments)
    assert_close(value[0], image, what="make_fooling_image's result", rtol=1e-5, atol=1e-8)
    assert_that(value[1] == steps, f"make_fooling_image's steps are not {steps}.")


@number("3.4")
@weight(0.5)
def test_fooling_leaves_the_model_as_found(student, rng):
    """Both results are right, and modes, gradients, frozen parameters, buffers and hooks are as before."""
    networks = given(student, "networks.py")
    net = convolutional(rng)
    # In evaluation mode it changes nothing: variance and the layer's own 1e-5 add up to 1.
    norm = ("batch norm", np.ones(4), np.zeros(4), np.zeros(4), np.ones(4) - 1e-5)
    block = {"conv": net["conv"], "norm": norm, "relu": ("relu",), "drop": ("dropout", 0.5)}
    network = networks.build({"block": block, "flat": net["flat"], "fc": net["fc"]})
    networks.unsettle(network)
    before = networks.state(network)
    X, y = rng.normal(size=(1, 3, 4, 6)), np.array([2])
    target = int(scores_and_gradient(net, X, of_class(0))[0].argmin())
    calls = {
        "make_fooling_image": (student.fooling.make_fooling_image, (X, target, 0.5, 4)),
        "fgsm": (student.fooling.fgsm, (X, y, 0.1, -9.0, 9.0)),
    }
    for name, (function, arguments) in calls.items():
        found = networks.ask(function, network, *arguments)
        assert_keys(found, FOUND, what="the result and what was left of the arguments")
        check_result(name, found["value"], net, arguments)
        after = networks.state(network)
        assert_keys(after, list(before), what=f"the model's state after {name}")
        for part, value in before.items():
            assert_that(
                after[part] == value,
                f"{name} has changed the model's {part}.",
                "Restore each module's own mode; torch.autograd.grad leaves no gradient in the parameters.",
            )


@number("3.4")
@weight(0.5)
def test_fooling_leaves_the_images_alone(student, rng):
    """Both results are right and detached, X and y keep their numbers, and X requires no gradient."""
    net, X, y = convolutional(rng), rng.normal(size=(1, 3, 4, 6)), np.array([2])
    target = int(scores_and_gradient(net, X, of_class(0))[0].argmin())
    calls = {
        "make_fooling_image": (student.fooling.make_fooling_image, (X, target, 0.5, 40), [X]),
        "fgsm": (student.fooling.fgsm, (X, y, 0.1, -9.0, 9.0), [X, y]),
    }
    for name, (function, arguments, arrays) in calls.items():
        found = ask(student, function, net, *arguments)
        check_result(name, found["value"], net, arguments)
        assert_that(found["attached"] is False, f"{name}'s result still requires gradients.", "Detach it.")
        assert_that(
            found["arguments changed"] is False,
            f"X requires gradients after {name}, or has one.",
            "X.detach().clone()",
        )
        assert_length(found["arguments"], len(arrays), what=f"{name}'s arguments after the call")
        for after, array in zip(found["arguments"], arrays, strict=True):
            assert_close(after, array, what=f"an argument after {name}", hint="Work on a copy.")
