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
    check_gradient,
    given,
)

RNG = np.random.default_rng(21)
STACK = [
    (RNG.normal(size=(4, 1, 2, 2)) / 2, RNG.normal(size=4) / 4),
    (RNG.normal(size=(3, 4, 2, 2)) / 3, RNG.normal(size=3) / 4),
]
CONTENT = RNG.normal(size=(1, 1, 6, 9))
STYLE = RNG.normal(size=(1, 1, 11, 5))
OPTIONS = {
    "content_layer": 1,
    "content_weight": 0.2,
    "style_layers": [3, 0],
    "style_weights": [30.0, 8.0],
    "tv_weight": 0.02,
    "steps": 12,
    "learning_rate": 0.04,
}


def gram(x):
    """(N, C, C), normalised."""
    return np.einsum("nchw,ndhw->ncd", x, x) / np.prod(x.shape[1:])


def variation(image):
    """Sum of the squared differences, in both directions."""
    return np.sum(np.diff(image, axis=2) ** 2) + np.sum(np.diff(image, axis=3) ** 2)


def features(x):
    """The grader's own copy of the network: what each of its layers gives."""
    x, found = torch.as_tensor(x), []
    for kernels, shifts in STACK:
        x = torch.nn.functional.conv2d(x, torch.from_numpy(kernels), torch.from_numpy(shifts))
        found += [x.numpy(), x.relu().numpy()]
        x = x.relu()
    return found


def loss_of(image, options):
    """The whole loss of an image."""
    current, original, style = features(image), features(CONTENT), features(STYLE)
    layer = options["content_layer"]
    loss = options["content_weight"] * np.sum((current[layer] - original[layer]) ** 2)
    for i, w in zip(options["style_layers"], options["style_weights"], strict=True):
        loss += w * np.sum((gram(current[i]) - gram(style[i])) ** 2)
    return loss + options["tv_weight"] * variation(np.asarray(image))


def transfer(student, network, global_seed=None, **changes):
    """The student's image and losses."""
    options = {**OPTIONS, **changes}
    found = given(student, "style_runs.py").transfer(
        student.style_transfer.style_transfer, network, CONTENT, STYLE, global_seed, **options
    )
    assert_keys(found, ["answer", "content", "style"], what="the result and the images")
    assert_length(found["answer"], 2, what="what style_transfer returns")
    image, losses = found["answer"]
    assert_type(image, torch.Tensor, what="the image")
    assert_shape(image, CONTENT.shape, what="the image")
    assert_length(losses, options["steps"], what="the losses")
    for loss in losses:
        assert_type(loss, float, what="a loss")
    return image, [float(loss) for loss in losses]


@number("3.6")
@weight(1)
def test_gram_matrix_of_features_in_any_memory_order(student):
    """Features that are not contiguous in memory have the same Gram matrix as a copy of them."""
    x = np.random.default_rng(22).normal(size=(2, 3, 4, 5))

    found = given(student, "style_runs.py").gram_of_views(student.style_transfer.gram_matrix, x)

    assert_length(found, 3, what="the Gram matrices of three views")
    names = (
        "channels last in memory",
        "rows and columns swapped",
        "every second column of an array",
    )
    for matrix, name in zip(found, names, strict=True):
        assert_close(matrix, gram(x), what=f"gram_matrix of features with {name}")


@number("3.6")
@weight(0.5)
def test_gram_matrix_is_differentiable(student):
    """The sum of a Gram matrix has the right gradient by the features, normalised or not."""
    run = given(student, "style_runs.py").gradient
    x = np.random.default_rng(23).normal(size=(2, 3, 1, 4))
    for normalize, divisor in ((True, 1), (False, 12)):
        found = run(student.style_transfer.gram_matrix, x, ["AT", normalize])

        assert_keys(found, ["value", "shape", "gradient"], what="gram_matrix and its gradient")
        assert_close(found["value"], gram(x) * divisor, what="gram_matrix")
        check_gradient(
            lambda x, d=divisor: np.sum(gram(x) * d), x, found["gradient"], what="the gradient of gram_matrix"
        )


@number("3.6")
@weight(0.5)
def test_style_loss_of_two_images(student):
    """In a batch of two, every image's Gram matrix is compared with its own target, and all squares count."""
    rng = np.random.default_rng(24)
    some, target = rng.normal(size=(2, 3, 4, 2)), rng.normal(size=(2, 3, 3))

    loss = student.style_transfer.style_loss([torch.from_numpy(some)], [0], [torch.from_numpy(target)], [1.5])

    assert_close(loss, 1.5 * np.sum((gram(some) - target) ** 2), what="style_loss of 2 images")


@number("3.6")
@weight(0.5)
def test_style_loss_without_layers(student):
    """Without style layers the style loss is 0; with one layer named twice both entries count."""
    x = np.random.default_rng(25).normal(size=(1, 2, 3, 3))
    features = [torch.from_numpy(x)]

    assert_close(student.style_transfer.style_loss(features, [], [], []), 0.0, what="style_loss of no layers")

    targets = [np.zeros((1, 2, 2)), np.ones((1, 2, 2))]
    twice = student.style_transfer.style_loss(
        features, [0, 0], [torch.from_numpy(t) for t in targets], [2.0, 5.0]
    )
    expected = 2.0 * np.sum(gram(x) ** 2) + 5.0 * np.sum((gram(x) - 1.0) ** 2)
    assert_close(twice, expected, what="style_loss of a layer that is named twice")


@number("3.6")
@weight(1)
def test_total_variation_of_any_size(student):
    """Batches, several channels, and images of one row or one column: a sum of all squared differences."""
    for shape in ((2, 3, 4, 6), (1, 2, 1, 5), (3, 1, 4, 1), (1, 1, 1, 1)):
        image = np.random.default_rng(26).normal(size=shape)

        loss = student.style_transfer.total_variation_loss(torch.from_numpy(image), 0.25)

        assert_close(loss, 0.25 * variation(image), what=f"total_variation_loss of an image of shape {shape}")


@number("3.6")
@weight(0.5)
def test_content_loss_of_two_images(student):
    """The content loss is a sum over a whole batch, and does not care which side is larger."""
    rng = np.random.default_rng(27)
    current, original = rng.normal(size=(2, 3, 2, 4)), rng.normal(size=(2, 3, 2, 4))

    loss = student.style_transfer.content_loss(3.0, torch.from_numpy(current), torch.from_numpy(original))

    assert_close(loss, 3.0 * np.sum((current - original) ** 2), what="content_loss of 2 images")


@number("3.6")
@weight(1)
def test_style_transfer_returns_the_loss_before_each_update(student):
    """The losses are of the images before each update: those of shorter runs, computed by the grader."""
    network = given(student, "feature_networks.py").stack(STACK)

    _, losses = transfer(student, network, steps=4)

    assert_close(losses[0], loss_of(CONTENT, OPTIONS), what="the loss before the first update")
    for steps in (1, 3):
        image, _ = transfer(student, network, steps=steps)
        assert_close(losses[steps], loss_of(image, OPTIONS), what=f"the loss after {steps} updates")


@number("3.6")
@weight(1)
def test_style_transfer_without_a_reason_to_move(student):
    """The content image comes back for the content loss alone or 0 updates; equal calls give equal images."""
    network = given(student, "feature_networks.py").stack(STACK)

    still, _ = transfer(student, network, style_weights=[0.0, 0.0], tv_weight=0.0, steps=5)
    none, _ = transfer(student, network, steps=0)
    first, _ = transfer(student, network, global_seed=1)
    second, _ = transfer(student, network, global_seed=2)

    assert_close(still, CONTENT, what="the image, trained by the content loss alone")
    assert_close(none, CONTENT, what="the image after 0 updates")
    assert_close(second, first, what="the image of a second call")
    assert_that(
        loss_of(first, OPTIONS) < loss_of(CONTENT, OPTIONS), "12 updates do not lower the loss of the image."
    )


@number("3.6")
@weight(0.5)
def test_style_transfer_follows_each_term(student):
    """With a term alone that term falls: the distance of the Gram matrices, or the total variation."""
    network = given(student, "feature_networks.py").stack(STACK, inplace=True)
    alone = {"content_weight": 0.0, "steps": 20}
    cases = {
        "style": {**alone, "tv_weight": 0.0},
        "total variation": {**alone, "style_weights": [0.0, 0.0]},
    }
    for name, changes in cases.items():
        options = {**OPTIONS, **changes}

        image, _ = transfer(student, network, **changes)

        before, after = loss_of(CONTENT, options), loss_of(image, options)
        message = f"Trained by {name} alone, the loss goes from {before:.4f} to {after:.4f}."
        assert_that(after < 0.6 * before, message)
