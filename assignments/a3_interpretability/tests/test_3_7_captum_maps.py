from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest
import torch
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import (
    assert_close,
    assert_keys,
    assert_length,
    assert_raises,
    assert_shape,
    assert_that,
    fetch,
    given,
    send,
    vary,
)

# N = 2 images, C = 3 channels, 4 x 5 pixels; F = 2 features of 3 x 4; K = 4 classes.
RNG = np.random.default_rng(31)
NET = {
    "kernels": RNG.normal(size=(2, 3, 2, 2)),
    "shifts": RNG.normal(size=2) / 2,
    "weight": RNG.normal(size=(4, 24)),
    "bias": RNG.normal(size=4),
}
X = RNG.normal(size=(2, 3, 4, 5))
Y = np.array([3, 1])
N = len(Y)


@dataclass(frozen=True)
class Case:
    """A network and two images, and what the grader's own copy of the network makes of images x.

    Attributes:
        net: arrays kernels, shifts, weight, bias.
        X: (N, C, H, W).
    """

    net: dict
    X: np.ndarray

    def convolution(self, x):
        """The first layer: (N, C, H, W) to (N, F, h, w), before the ReLU."""
        kernels, shifts = (torch.from_numpy(self.net[name]) for name in ("kernels", "shifts"))
        return torch.nn.functional.conv2d(torch.as_tensor(x), kernels, shifts)

    def scores(self, x, y=Y):
        """The score of each image's class, (N,)."""
        weight, bias = (torch.from_numpy(self.net[name]) for name in ("weight", "bias"))
        return (self.convolution(x).relu().flatten(1) @ weight.T + bias)[np.arange(N), y]

    def gradient(self, y=Y):
        """The gradient of each image's class score by the image."""
        x = torch.tensor(self.X, requires_grad=True)
        self.scores(x, y).sum().backward()
        return x.grad.numpy()

    def rows(self):
        """For each image the weights of its class by feature, (N, F, h, w)."""
        return self.net["weight"][Y].reshape(N, 2, 3, 4)

    def back(self, g):
        """A gradient by the convolution's output, back to the images."""
        kernels = torch.from_numpy(self.net["kernels"])
        return torch.nn.functional.conv_transpose2d(torch.as_tensor(g), kernels).numpy()

    def cam(self, rectified=True):
        """GradCAM of the convolution's output, (N, 1, h, w): pooled weights, sum over channels, then ReLU."""
        activation = self.convolution(self.X).numpy()
        # The gradient by the convolution's output is the class's weight where the ReLU lets it through.
        weights = (self.rows() * (activation > 0)).mean(axis=(2, 3), keepdims=True)
        raw = (weights * activation).sum(axis=1, keepdims=True)
        return np.maximum(raw, 0) if rectified else raw

    def guided(self):
        """Guided backpropagation, and two other rules at the ReLU."""
        passed, g = self.convolution(self.X).numpy() > 0, self.rows()
        return {
            "guided": self.back(g * passed * (g > 0)),
            "the plain gradient": self.back(g * passed),
            "deconvolution, which looks at the gradient's sign only": self.back(g * (g > 0)),
        }

    def guided_cam(self, of="guided", mode="bilinear"):
        """Guided GradCAM, or another rule at the ReLU times GradCAM."""
        size = {"size": self.X.shape[2:], "mode": mode}
        return (
            self.guided()[of] * torch.nn.functional.interpolate(torch.from_numpy(self.cam()), **size).numpy()
        )

    def conductance(self):
        """Of the features behind the ReLU, which the score is linear in, from an image of zeros."""
        rise = self.convolution(self.X).relu() - self.convolution(self.X * 0).relu()
        return self.rows() * rise.numpy()


@pytest.fixture
def case(rng):
    """The network and the images above, with each number a little larger or smaller."""
    return Case(vary(rng, NET), vary(rng, X))


def ask(student, method, case, *, layer=None):
    """The student's attribution."""
    network = given(student, "feature_networks.py").classifier(case.net)
    found = given(student, "captum_runs.py").attribute(
        student.captum_maps.attribute, network, method, case.X, Y, layer=layer
    )
    keys = ["attribution", "attached", "images", "images require gradients"]
    assert_keys(found, keys, what="the attribution and the images")
    return found["attribution"]


@number("3.7")
@weight(0.5)
def test_captum_saliency(student, case):
    """Saliency is the absolute gradient of each image's class score, for each channel."""
    assert_close(
        ask(student, "saliency", case),
        np.abs(case.gradient()),
        what="attribute(model, 'saliency', X, y)",
        wrong={
            "the gradient with its sign": case.gradient(),
            "the maximum over channels": np.abs(case.gradient()).max(axis=1),
            "of class 0 for every image": np.abs(case.gradient(np.array([0, 0]))),
            "of the first label for every image": np.abs(case.gradient(Y[[0, 0]])),
        },
    )


@number("3.7")
@weight(1)
def test_captum_integrated_gradients_are_complete(student, case):
    """Integrated gradients of each image add up to the score of the image minus the score of zeros."""
    # Without shifts no ReLU switches on the way from 0 to x: the integral is exact.
    case = Case({**case.net, "shifts": np.zeros(2)}, case.X)
    found = ask(student, "integrated_gradients", case)

    assert_shape(found, X.shape, what="attribute(model, 'integrated_gradients', X, y)")
    difference = case.scores(case.X) - case.scores(case.X * 0)
    assert_close(
        np.asarray(found).sum(axis=(1, 2, 3)),
        difference,
        what="the sums of integrated gradients of 2 images",
        wrong={
            "the score alone": case.scores(case.X),
            "the sum of the plain gradient": case.gradient().sum(axis=(1, 2, 3)),
            "with the opposite sign": -difference,
        },
        hint="The baseline is an image of zeros, the target y.",
    )
    assert_close(
        found,
        case.X * case.gradient(),
        what="integrated gradients of a network whose gradient is constant on the path",
        wrong={"the gradient, not multiplied by the image": case.gradient()},
    )


@number("3.7")
@weight(0.5)
def test_captum_guided_backprop(student, case):
    """Guided backpropagation lets a gradient through a ReLU where input and gradient are positive."""
    maps = case.guided()
    expected = maps.pop("guided")
    assert_close(
        ask(student, "guided_backprop", case),
        expected,
        what="attribute(model, 'guided_backprop', X, y)",
        wrong={**maps, "absolute values": np.abs(expected)},
    )


@number("3.7")
@weight(0.75)
def test_captum_layer_grad_cam(student, case):
    """The map "layer_grad_cam" of "block.conv" is GradCAM of its output: (N, 1, h, w), not negative."""
    assert_close(
        ask(student, "layer_grad_cam", case, layer="block.conv"),
        case.cam(),
        what="attribute(model, 'layer_grad_cam', X, y, 'block.conv')",
        wrong={
            "without the ReLU": case.cam(rectified=False),
            "absolute values instead of a ReLU": np.abs(case.cam(rectified=False)),
            "without the channel axis": case.cam()[:, 0],
        },
        hint="Captum's LayerGradCam applies no ReLU by itself: look for relu_attributions.",
    )


@number("3.7")
@weight(0.75)
def test_captum_guided_grad_cam(student, case):
    """Guided GradCAM is guided backpropagation times GradCAM, which is resized bilinearly."""
    assert_close(
        ask(student, "guided_grad_cam", case, layer="block.conv"),
        case.guided_cam(),
        what="attribute(model, 'guided_grad_cam', X, y, 'block.conv')",
        wrong={
            "with GradCAM resized to the nearest neighbour, Captum's default": case.guided_cam(
                mode="nearest"
            ),
            "the plain gradient times GradCAM": case.guided_cam(of="the plain gradient"),
        },
    )


@number("3.7")
@weight(0.5)
def test_captum_layer_activation(student, case):
    """The activation is what the layer gives: before the ReLU for "block.conv", after for "block.relu"."""
    before = case.convolution(case.X).numpy()
    for layer, expected in (("block.conv", before), ("block.relu", np.maximum(before, 0))):
        assert_close(
            ask(student, "layer_activation", case, layer=layer),
            expected,
            what=f"attribute(model, 'layer_activation', X, y, '{layer}')",
            wrong={"the layer's input": before} if layer == "block.relu" else {},
        )


@number("3.7")
@weight(0.75)
def test_captum_layer_conductance_is_complete(student, case):
    """Conductance of "block.relu" adds up to the score of the image minus the score of zeros."""
    found = ask(student, "layer_conductance", case, layer="block.relu")

    assert_shape(found, (N, 2, 3, 4), what="attribute(model, 'layer_conductance', X, y, 'block.relu')")
    hint = 'Baseline zeros, method="riemann_trapezoid": its steps include both ends of the path.'
    assert_close(
        np.asarray(found).sum(axis=(1, 2, 3)),
        case.scores(case.X) - case.scores(case.X * 0),
        what="the sums of conductance of 2 images",
        hint=hint,
    )
    activation = case.convolution(case.X).relu().numpy()
    assert_close(
        found,
        case.conductance(),
        what="the conductance of features that the score is linear in",
        wrong={
            "the layer's activation": activation,
            "activation times gradient, as if the features of zeros were 0": case.rows() * activation,
        },
        hint=hint,
    )


@number("3.7")
@weight(0.25)
def test_captum_refuses_what_it_does_not_know(student, case):
    """An unknown method is a ValueError, unlike a known one; so is a method of a layer, without a layer."""
    assert_close(ask(student, "saliency", case), np.abs(case.gradient()), what="a method that it knows")
    network = given(student, "feature_networks.py").classifier(case.net)
    x, y = torch.from_numpy(case.X), torch.from_numpy(Y)
    for method in ("grad_cam", "Saliency", "layer_grad_cam", "layer_conductance", "guided_grad_cam"):
        call = partial(student.captum_maps.attribute, network, method, x, y)
        assert_raises("ValueError", call, what=f"attribute(model, '{method}', X, y), without a layer")


@number("3.7")
@weight(0.5)
def test_captum_leaves_everything_as_found(student, case):
    """The attribution is right and detached; model and images are as before, and no hook is left behind."""
    networks, runs = given(student, "feature_networks.py"), given(student, "captum_runs.py")
    network = networks.classifier(case.net, training=True, dropout=0.5)
    before = networks.state(network)
    for method, layer, expected in (
        ("saliency", None, np.abs(case.gradient())),
        ("guided_grad_cam", "block.conv", case.guided_cam()),
        ("layer_conductance", "block.relu", case.conductance()),
    ):
        found = runs.attribute(student.captum_maps.attribute, network, method, case.X, Y, layer=layer)

        assert_keys(
            found,
            ["attribution", "attached", "images", "images require gradients"],
            what="the attribution and the images",
        )
        assert_close(found["attribution"], expected, what=f"the attribution by {method}")
        assert_that(found["attached"] is False, f"{method}: the attribution still requires gradients.")
        assert_close(found["images"], case.X, what=f"the images after {method}")
        assert_that(found["images require gradients"] is False, f"{method}: X requires gradients now.")
        after = networks.state(network)
        assert_keys(after, list(before), what="the model's state after the call")
        for name, value in before.items():
            assert_that(after[name] == value, f"{method}: the model's {name} have changed.")


@number("3.7")
@weight(0.5)
def test_figure_has_an_axes_for_each_image_and_map(student, rng):
    """Two images and two maps make a figure of 2 x 3 axes with the images' titles, and nothing is shown."""
    images, runs = send(student, rng.uniform(size=(2, 3, 6, 8))), given(student, "captum_runs.py")
    maps = {"Saliency": rng.normal(size=(2, 3, 6, 8)), "GradCAM": rng.uniform(size=(2, 1, 3, 4))}

    figure = student.captum_maps.attribution_figure(images, maps)

    assert_that(runs.type_name(figure) == "Figure", "attribution_figure returns no matplotlib Figure.")
    axes = runs.describe(figure)
    assert_length(axes, 6, what="the figure's axes")
    titles, pictures = ["image", "Saliency", "GradCAM"], [1, 2, 2]
    for i, one in enumerate(axes):
        n, column = divmod(i, 3)
        assert_keys(one, ["title", "ticks", "pictures"], what=f"axes {i}")
        assert_length(one["pictures"], pictures[column], what=f"the pictures in row {n}, column {column}")
        assert_that(one["ticks"] == 0, f"The axes in row {n}, column {column} show ticks.")
        assert_keys(one["pictures"][0], ["numbers", "extent", "alpha"], what="a picture")
        assert_that(
            n > 0 or one["title"] == titles[column],
            f"The title of column {column} is not '{titles[column]}'.",
        )
    assert_close(
        axes[3]["pictures"][0]["numbers"],
        np.moveaxis(fetch(images)[1], 0, -1),
        what="the picture in row 1, column 0",
        hint="imshow takes (H, W, C).",
    )
