import numpy as np
import torch
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import assert_close, assert_keys, assert_length, assert_that, assert_type, given

# N = 3 images, C = 1 channel, 5 x 4 pixels; F = 3 features of 3 x 2; K = 5 classes.
RNG = np.random.default_rng(41)
NET = {
    "kernels": RNG.normal(size=(3, 1, 3, 3)),
    "shifts": np.array([-0.7, 0.4, 1.1]),
    "weight": RNG.normal(size=(5, 18)),
    "bias": RNG.normal(size=5),
}
X = RNG.normal(size=(3, 1, 5, 4))
Y = np.array([4, 0, 4])


def convolution(x):
    """The grader's own copy of the first layer, before the ReLU."""
    kernels, shifts = torch.from_numpy(NET["kernels"]), torch.from_numpy(NET["shifts"])
    return torch.nn.functional.conv2d(torch.as_tensor(x), kernels, shifts)


def gradient(x, y=Y):
    """Gradient of each image's class score by the image."""
    x = torch.tensor(x, requires_grad=True)
    logits = convolution(x).relu().flatten(1) @ torch.from_numpy(NET["weight"]).T
    logits[np.arange(len(y)), y].sum().backward()
    return x.grad.numpy()


def integrated(steps):
    """Integrated gradients from zeros, by the rule of Gauss and Legendre."""
    places, weights = np.polynomial.legendre.leggauss(steps)  # on [-1, 1]
    terms = [w / 2 * gradient((p + 1) / 2 * X) for p, w in zip(places, weights, strict=True)]
    return X * sum(terms)


def passed():
    """Where the ReLU lets a gradient through, and the weights of each image's class: (N, F, h, w)."""
    return convolution(X).numpy() > 0, NET["weight"][Y].reshape(3, 3, 3, 2)


def guided():
    """Guided backpropagation to the images."""
    gate, g = passed()
    back = torch.nn.functional.conv_transpose2d
    return back(torch.from_numpy(g * gate * (g > 0)), torch.from_numpy(NET["kernels"])).numpy()


def cam(features, weights):
    """GradCAM of features and their gradient, (N, 1, h, w)."""
    pooled = weights.mean(axis=(2, 3), keepdims=True)
    return np.maximum((pooled * features).sum(axis=1, keepdims=True), 0)


def ask(student, method, x=X, y=Y, layer=None, **options):
    """The student's attribution."""
    network = given(student, "feature_networks.py").classifier(NET, **options)
    found = given(student, "captum_runs.py").attribute(
        student.captum_maps.attribute, network, method, x, y, layer=layer
    )
    keys = ["attribution", "attached", "images", "images require gradients"]
    assert_keys(found, keys, what="the attribution and the images")
    return found["attribution"]


@number("3.7")
@weight(0.75)
def test_captum_integrated_gradients_take_fifty_steps(student):
    """Where ReLUs switch on the way, integrated gradients are those of 50 Gauss-Legendre steps from zeros."""
    assert_close(
        ask(student, "integrated_gradients"),
        integrated(50),
        what="integrated gradients of 3 images",
        wrong={
            "with 20 steps": integrated(20),
            "with 100 steps": integrated(100),
            "image times gradient, without a path": X * gradient(X),
        },
    )


@number("3.7")
@weight(0.75)
def test_captum_layer_methods_look_at_the_named_layer(student):
    """GradCAM of "block.relu" is computed from that layer's output, and nested names are found."""
    gate, g = passed()
    after = np.maximum(convolution(X).numpy(), 0)

    found = ask(student, "layer_grad_cam", layer="block.relu")
    assert_close(
        found,
        cam(after, g),
        what="layer_grad_cam of 'block.relu'",
        wrong={"of 'block.conv'": cam(convolution(X).numpy(), g * gate)},
    )
    size = {"size": X.shape[2:], "mode": "bilinear"}
    resized = torch.nn.functional.interpolate(torch.from_numpy(cam(after, g)), **size).numpy()
    found = ask(student, "guided_grad_cam", layer="block.relu")
    assert_close(found, guided() * resized, what="guided_grad_cam of 'block.relu'")


@number("3.7")
@weight(0.5)
def test_captum_computes_in_evaluation_mode(student):
    """A model that arrives in training mode, with dropout, is asked in evaluation mode."""
    options = {"training": True, "dropout": 0.5}
    assert_close(ask(student, "saliency", **options), np.abs(gradient(X)), what="saliency in training mode")
    assert_close(
        ask(student, "guided_backprop", **options), guided(), what="guided_backprop in training mode"
    )


@number("3.7")
@weight(1)
def test_captum_explains_each_image_alone(student):
    """A batch of one gives the maps that its image has in a larger batch, also with a ReLU in place."""
    full = {
        "saliency": np.abs(gradient(X)),
        "integrated_gradients": integrated(50),
        "guided_backprop": guided(),
    }
    for method, expected in full.items():
        for n in range(2):
            found = ask(student, method, X[n : n + 1], Y[n : n + 1], inplace=True)
            assert_close(found, expected[n : n + 1], what=f"{method} of a single image")
    gate, g = passed()
    expected = cam(convolution(X).numpy(), g * gate)
    found = ask(student, "layer_grad_cam", X[1:2], Y[1:2], "block.conv", inplace=True)
    assert_close(found, expected[1:2], what="layer_grad_cam of a single image")


@number("3.7")
@weight(1)
def test_figure_lays_strengths_over_images(student):
    """Each map is drawn over its own image, half transparent, as its largest absolute value over channels."""
    rng = np.random.default_rng(42)
    images = rng.uniform(size=(3, 1, 5, 7))
    maps = {"signed": rng.normal(size=(3, 2, 5, 7)), "small": rng.normal(size=(3, 1, 2, 3))}
    runs = given(student, "captum_runs.py")

    figure = student.captum_maps.attribution_figure(
        torch.from_numpy(images), {k: torch.from_numpy(v) for k, v in maps.items()}
    )

    assert_that(runs.type_name(figure) == "Figure", "attribution_figure returns no matplotlib Figure.")
    axes = runs.describe(figure)
    assert_length(axes, 9, what="the figure's axes")
    for n in range(3):
        for column, values in enumerate(maps.values(), start=1):
            one = axes[3 * n + column]
            assert_keys(one, ["title", "ticks", "pictures"], what="an axes")
            assert_length(one["pictures"], 2, what="the pictures of a map's axes")
            below, over = one["pictures"]
            for picture in (below, over):
                assert_keys(picture, ["numbers", "extent", "alpha"], what="a picture")
            strength = np.abs(values[n]).max(axis=0)
            assert_type(over["alpha"], float, what="the opacity")
            assert_close(over["numbers"], strength, what="the strength of a map", rtol=1e-4)
            assert_that(0.0 < over["alpha"] < 1.0, "The map covers its image wholly, or not at all.")
            assert_that(below["extent"] == over["extent"], "The map is not stretched over the whole image.")
