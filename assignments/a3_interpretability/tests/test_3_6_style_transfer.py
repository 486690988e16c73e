from dataclasses import dataclass

import numpy as np
import pytest
import torch
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import (
    assert_close,
    assert_keys,
    assert_length,
    assert_shape,
    assert_that,
    assert_type,
    check_gradient,
    given,
    vary,
)


@pytest.fixture
def layers_of_two_sizes(rng):
    """Features of two layers; the sizes of the second differ from those of the first."""
    return rng.normal(size=(1, 2, 3, 4)), rng.normal(size=(1, 3, 2, 5))


def gram(x, divisor=None):
    """(N, C, C), normalised by C * H * W or by something else."""
    C, H, W = x.shape[1:]
    return np.einsum("nchw,ndhw->ncd", x, x) / (divisor or C * H * W)


def variation(image):
    """Squared differences of an image, from row to row and from column to column."""
    return np.diff(image, axis=2) ** 2, np.diff(image, axis=3) ** 2


@number("3.6")
@weight(1)
def test_content_loss_by_hand(student, rng):
    """Features that differ by about 1, -2, 0 and 3 are about 14 apart in squares, times the weight."""
    original = vary(rng, np.array([[[[0.5, 1.0]], [[-1.0, 2.0]]]]))  # (1, 2, 1, 2)
    difference = vary(rng, np.array([[[[1.0, -2.0]], [[0.0, 3.0]]]]))
    squares = np.sum(difference**2)
    loss = student.style_transfer.content_loss(
        0.5, torch.from_numpy(original + difference), torch.from_numpy(original)
    )

    assert_close(
        loss,
        0.5 * squares,
        what="content_loss with weight 0.5",
        wrong={
            "the mean instead of the sum": 0.5 * squares / 4,
            "without the weight": squares,
            "absolute values instead of squares": 0.5 * np.abs(difference).sum(),
            "the norm instead of its square": 0.5 * np.sqrt(squares),
            "half of the sum": 0.25 * squares,
        },
    )


@number("3.6")
@weight(1.5)
def test_gram_matrix_by_hand(student, rng):
    """Channels near (1, 2), (0, 3), (-1, 1): products near 5, 6, 1; 6, 9, 3; 1, 3, 2, over C * H * W = 6."""
    features = vary(rng, np.array([[[[1.0], [2.0]], [[0.0], [3.0]], [[-1.0], [1.0]]]]))  # (1, 3, 2, 1)
    products = gram(features, 1)

    x = torch.from_numpy(features)
    assert_close(
        student.style_transfer.gram_matrix(x, True),
        products / 6,
        what="gram_matrix(features, True) of shape (1, 3, 2, 1)",
        sizes={"C": 3, "H": 2},
        wrong={
            "not divided": products,
            "divided by H * W": products / 2,
            "divided by C": products / 3,
            "divided by C * C": products / 9,
            "divided by 2 * C * H * W": products / 12,
        },
    )
    assert_close(
        student.style_transfer.gram_matrix(x, False),
        products,
        what="gram_matrix(features, False)",
        wrong={"divided by C * H * W, although normalize is False": products / 6},
    )


@number("3.6")
@weight(1)
def test_gram_matrix_keeps_images_apart(student, rng):
    """Two images have two Gram matrices: no product takes one factor from each."""
    x = rng.normal(size=(2, 2, 3, 4))

    mixed = np.einsum("nchw,ndhw->cd", x, x) / 24
    assert_close(
        student.style_transfer.gram_matrix(torch.from_numpy(x)),
        gram(x),
        what="gram_matrix of 2 images with 2 channels of 3 x 4",
        sizes={"N": 2, "C": 2, "H": 3, "W": 4},
        wrong={
            "summed over the batch": mixed,
            "summed over the batch, for each image": np.stack([mixed, mixed]),
            "divided by N * C * H * W": gram(x) / 2,
            "divided by H * W": gram(x, 12),
            "normalize False where it is left out": gram(x, 1),
        },
    )


@number("3.6")
@weight(1.5)
def test_style_loss_uses_its_layers_and_weights(student, rng, layers_of_two_sizes):
    """Of three features the layers 2 and 0 count, with the weights 3 and 0.5 and their own targets."""
    A, B = layers_of_two_sizes
    other = rng.normal(size=B.shape)
    features = [A, other, B]
    targets = [np.full((1, 3, 3), 0.25), np.eye(2)[None]]  # of layer 2, then of layer 0
    layers, weights = [2, 0], [3.0, 0.5]

    loss = student.style_transfer.style_loss(
        [torch.from_numpy(f) for f in features], layers, [torch.from_numpy(t) for t in targets], weights
    )

    def total(terms):
        return float(sum(w * t for w, t in zip(weights, terms, strict=True)))

    differences = [gram(B) - targets[0], gram(A) - targets[1]]
    raw = [gram(B, 1) - targets[0], gram(A, 1) - targets[1]]
    squares = [np.sum(d**2) for d in differences]
    assert_close(
        loss,
        total(squares),
        what="style_loss of the layers 2 and 0",
        wrong={
            "style weights ignored": sum(squares),
            "the mean instead of the sum of squares": total([np.mean(d**2) for d in differences]),
            "absolute values instead of squares": total([np.abs(d).sum() for d in differences]),
            "Gram matrices that are not normalised": total([np.sum(d**2) for d in raw]),
            "the first layer only": 3.0 * squares[0],
            "the last layer only": 0.5 * squares[1],
            "the weights in the wrong order": 0.5 * squares[0] + 3.0 * squares[1],
            "the weights squared": 9.0 * squares[0] + 0.25 * squares[1],
            "layer 1 in the place of layer 2": 3.0 * np.sum((gram(other) - targets[0]) ** 2)
            + 0.5 * squares[1],
        },
        hint="targets[i] and weights[i] belong to features[layers[i]].",
    )


@number("3.6")
@weight(1.5)
def test_total_variation_by_hand(student, rng):
    """One channel, rows near (0, 1, 3) and (2, 2, -1): vertical squares near 21, horizontal ones near 14."""
    image = vary(rng, np.array([[[[0.0, 1.0, 3.0], [2.0, 2.0, -1.0]]]]))  # (1, 1, 2, 3)
    vertical, horizontal = (np.sum(squares) for squares in variation(image))
    lengths = sum(np.sum(np.sqrt(squares)) for squares in variation(image))
    around = np.sum((image[..., -1] - image[..., 0]) ** 2)

    assert_close(
        student.style_transfer.total_variation_loss(torch.from_numpy(image), 0.5),
        0.5 * (vertical + horizontal),
        what="total_variation_loss of a 2 x 3 image with weight 0.5",
        wrong={
            "vertical differences only": 0.5 * vertical,
            "horizontal differences only": 0.5 * horizontal,
            "absolute values instead of squares": 0.5 * lengths,
            "means instead of sums": 0.5 * (vertical / 3 + horizontal / 4),
            "without the weight": vertical + horizontal,
            "differences to the opposite border, too": 0.5 * (2 * vertical + horizontal + around),
            "the root of the sum of squares": 0.5 * np.sqrt(vertical + horizontal),
        },
    )


@number("3.6")
@weight(1)
def test_style_losses_are_differentiable(student, layers_of_two_sizes):
    """Each loss is a tensor of shape (), and its gradient by the image or the features is right."""
    A, B = layers_of_two_sizes
    run = given(student, "style_runs.py").gradient
    losses = student.style_transfer
    target = np.full((1, 2, 2), 0.1)
    cases = {
        "content_loss": (losses.content_loss, [0.7, "AT", B[:, :2, :, :4]], A[:, :, :2]),
        "style_loss": (losses.style_loss, [[B, "AT"], [1], [target], [2.0]], A),
        "total_variation_loss": (losses.total_variation_loss, ["AT", 0.3], A),
    }
    values = {
        "content_loss": lambda x: 0.7 * np.sum((x - B[:, :2, :, :4]) ** 2),
        "style_loss": lambda x: 2.0 * np.sum((gram(x) - target) ** 2),
        "total_variation_loss": lambda x: 0.3 * sum(np.sum(squares) for squares in variation(x)),
    }
    for name, (function, arguments, at) in cases.items():
        found = run(function, at, arguments)

        assert_keys(found, ["value", "shape", "gradient"], what=f"{name} and its gradient")
        hint = "A sum has the shape (); .item(), .detach(), float() and NumPy cut the graph."
        assert_shape(found["value"], (), what=name, hint=hint)
        check_gradient(values[name], at, found["gradient"], what=f"the gradient of {name}")


# What style_transfer is tried on, before `case` varies it: two convolutions with a ReLU each, 4 layers.
RNG = np.random.default_rng(5)
STACK = [
    (RNG.normal(size=(3, 2, 2, 2)) / 2, RNG.normal(size=3) / 4),
    (RNG.normal(size=(4, 3, 3, 3)) / 3, RNG.normal(size=4) / 4),
]
CONTENT = RNG.normal(size=(1, 2, 7, 8))
STYLE = RNG.normal(size=(1, 2, 9, 6)) * 1.5
OPTIONS = {
    "content_layer": 2,
    "content_weight": 0.05,
    "style_layers": [1, 3],
    "style_weights": [40.0, 15.0],
    "tv_weight": 0.01,
    "steps": 15,
    "learning_rate": 0.05,
}


@dataclass(frozen=True)
class Case:
    """The parameters of the network, and the two images."""

    stack: list
    content: np.ndarray
    style: np.ndarray


@pytest.fixture
def case(rng):
    """Those above, with each number a little larger or smaller."""
    stack = [(vary(rng, kernels), vary(rng, shifts)) for kernels, shifts in STACK]
    return Case(stack, vary(rng, CONTENT), vary(rng, STYLE))


def features(case, x):
    """The grader's own copy of the network: what each of its layers gives."""
    x, found = torch.as_tensor(x), []
    for kernels, shifts in case.stack:
        x = torch.nn.functional.conv2d(x, torch.from_numpy(kernels), torch.from_numpy(shifts))
        found += [x.numpy(), x.relu().numpy()]
        x = x.relu()
    return found


def terms(case, image):
    """Content, style and variation of an image, each with its weight."""
    current, original, style = (features(case, x) for x in (image, case.content, case.style))
    content = OPTIONS["content_weight"] * np.sum((current[2] - original[2]) ** 2)
    pairs = zip(OPTIONS["style_layers"], OPTIONS["style_weights"], strict=True)
    styles = sum(w * np.sum((gram(current[i]) - gram(style[i])) ** 2) for i, w in pairs)
    smoothness = OPTIONS["tv_weight"] * sum(np.sum(s) for s in variation(np.asarray(image)))
    return np.array([content, styles, smoothness])


def transfer(student, network, case, **changes):
    """The student's image and losses, and the images that were handed in, as they are afterwards."""
    options = {**OPTIONS, **changes}
    found = given(student, "style_runs.py").transfer(
        student.style_transfer.style_transfer, network, case.content, case.style, **options
    )
    assert_keys(found, ["answer", "content", "style"], what="the result and the images")
    answer = found["answer"]
    assert_length(answer, 2, what="what style_transfer returns", hint="Return the pair (image, losses).")
    assert_type(answer[0], torch.Tensor, what="the image")
    assert_shape(answer[0], case.content.shape, what="the image", hint="It has the content image's shape.")
    assert_length(answer[1], options["steps"], what="the losses", hint="One loss for each update.")
    for i, loss in enumerate(answer[1]):
        assert_type(loss, float, what=f"loss {i}")
    return answer[0], [float(loss) for loss in answer[1]], found


@number("3.6")
@weight(0.5)
def test_style_transfer_starts_from_the_content_image(student, case):
    """Before the first update the loss is that of the content image: style and variation, no content."""
    network = given(student, "feature_networks.py").stack(case.stack)

    _, losses, _ = transfer(student, network, case, steps=1)

    content, style, smoothness = terms(case, case.content)
    zeros = case.content * 0  # a start that is often tried
    assert_close(
        losses[0],
        content + style + smoothness,
        what="the loss before the first update",
        wrong={
            "the style loss alone": style,
            "the loss without total variation": style + content,
            "the loss without style": smoothness + content,
            "the loss of an image of zeros": terms(case, zeros).sum(),
        },
    )


@number("3.6")
@weight(1)
def test_style_transfer_lowers_the_loss(student, case):
    """After 15 updates the whole loss of the image, computed by the grader, is below half of the first."""
    network = given(student, "feature_networks.py").stack(case.stack)

    image, losses, _ = transfer(student, network, case)

    first, last = terms(case, case.content).sum(), terms(case, image).sum()
    assert_that(
        last < 0.5 * first,
        f"The loss of the image after 15 updates is {last:.3f}; that of the content image {first:.3f}.",
        "Each update follows the gradient of the whole loss by the image, computed anew.",
    )
    assert_that(losses[-1] < losses[0], "The losses that style_transfer returns do not fall.")


@number("3.6")
@weight(0.5)
def test_style_transfer_leaves_everything_as_found(student, case):
    """Three updates lower the loss; both images and the network, gradients included, are as before."""
    networks = given(student, "feature_networks.py")
    network = networks.stack(case.stack)
    before = networks.state(network)

    image, _, found = transfer(student, network, case, steps=3)

    first, last = terms(case, case.content).sum(), terms(case, image).sum()
    assert_that(last < first, f"3 updates take the loss of the image from {first:.3f} to {last:.3f}.")
    hint = "Train a copy."
    assert_close(found["content"], case.content, what="the content image, after the call", hint=hint)
    assert_close(found["style"], case.style, what="the style image, after the call")
    after = networks.state(network)
    assert_keys(after, list(before), what="the network's state after the call")
    for name, value in before.items():
        assert_that(
            after[name] == value,
            f"The network's {name} have changed.",
            "loss.backward() leaves gradients in the network, too; torch.autograd.grad does not.",
        )
