from functools import partial

import numpy as np
import torch
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import (
    assert_close,
    assert_keys,
    assert_length,
    assert_raises,
    assert_shape,
    assert_that,
    assert_type,
    fetch,
    given,
    send,
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


def tensors(net):
    """The parameters in torch: kernels, shifts, weight, bias."""
    return [torch.from_numpy(net[name]) for name in ("kernels", "shifts", "weight", "bias")]


def convolution(x, net=NET):
    """The grader's own copy of the first layer: (N, C, H, W) to (N, F, h, w), before the ReLU."""
    kernels, shifts, _, _ = tensors(net)
    return torch.nn.functional.conv2d(torch.as_tensor(x), kernels, shifts)


def scores(x, y=Y, net=NET):
    """The score of each image's class, (N,)."""
    _, _, weight, bias = tensors(net)
    return (convolution(x, net).relu().flatten(1) @ weight.T + bias)[np.arange(len(y)), y]


def gradient(x, of=scores):
    """Gradient of the sum of `of` by the images."""
    x = torch.tensor(x, requires_grad=True)
    of(x).sum().backward()
    return x.grad.numpy()


def rows(net=NET, y=Y):
    """For each image the weights of its class by feature, (N, F, h, w)."""
    return net["weight"][y].reshape(len(y), 2, 3, 4)


def back(g):
    """A gradient by the convolution's output, back to the images."""
    return torch.nn.functional.conv_transpose2d(torch.as_tensor(g), tensors(NET)[0]).numpy()


def cam(rectified=True, features=None):
    """GradCAM of the convolution's output: pooled weights, summed over channels, then ReLU. (N, 1, h, w)."""
    activation = convolution(X).numpy() if features is None else features
    # The gradient by the convolution's output is the class's weight where the ReLU lets it through.
    weights = (rows() * (convolution(X).numpy() > 0)).mean(axis=(2, 3), keepdims=True)
    raw = (weights * activation).sum(axis=1, keepdims=True)
    return np.maximum(raw, 0) if rectified else raw


def guided():
    """Guided backpropagation, and three other rules at the ReLU."""
    passed, g = convolution(X).numpy() > 0, rows()
    return {
        "guided": back(g * passed * (g > 0)),
        "the plain gradient": back(g * passed),
        "deconvolution, which looks at the gradient's sign only": back(g * (g > 0)),
    }


def ask(student, method, *, x=X, y=Y, layer=None, net=NET, **options):
    """The student's attribution."""
    network = given(student, "feature_networks.py").classifier(net, **options)
    found = given(student, "captum_runs.py").attribute(
        student.captum_maps.attribute, network, method, x, y, layer=layer
    )
    keys = ["attribution", "attached", "images", "images require gradients"]
    assert_keys(found, keys, what="the attribution and the images")
    return found["attribution"]


@number("3.7")
@weight(0.5)
def test_captum_saliency(student):
    """Saliency is the absolute gradient of each image's class score, for each channel."""
    assert_close(
        ask(student, "saliency"),
        np.abs(gradient(X)),
        what="attribute(model, 'saliency', X, y)",
        wrong={
            "the gradient with its sign": gradient(X),
            "the maximum over channels": np.abs(gradient(X)).max(axis=1),
            "of class 0 for every image": np.abs(gradient(X, lambda x: scores(x, np.array([0, 0])))),
            "of the first label for every image": np.abs(gradient(X, lambda x: scores(x, np.array([3, 3])))),
        },
    )


@number("3.7")
@weight(1)
def test_captum_integrated_gradients_are_complete(student):
    """Integrated gradients of each image add up to the score of the image minus the score of zeros."""
    net = {**NET, "shifts": np.zeros(2)}  # no ReLU switches on the way from 0 to x: the integral is exact
    found = ask(student, "integrated_gradients", net=net)

    assert_shape(found, X.shape, what="attribute(model, 'integrated_gradients', X, y)")
    difference = scores(X, net=net) - scores(X * 0, net=net)
    assert_close(
        np.asarray(found).sum(axis=(1, 2, 3)),
        difference,
        what="the sums of integrated gradients of 2 images",
        wrong={
            "the score alone": scores(X, net=net),
            "the sum of the plain gradient": gradient(X, partial(scores, net=net)).sum(axis=(1, 2, 3)),
            "with the opposite sign": -difference,
        },
        hint="The baseline is an image of zeros, the target y.",
    )
    assert_close(
        found,
        X * gradient(X, partial(scores, net=net)),
        what="integrated gradients of a network whose gradient is constant on the path",
        wrong={"the gradient, not multiplied by the image": gradient(X, partial(scores, net=net))},
    )


@number("3.7")
@weight(0.5)
def test_captum_guided_backprop(student):
    """Guided backpropagation lets a gradient through a ReLU where input and gradient are positive."""
    maps = guided()
    expected = maps.pop("guided")
    assert_close(
        ask(student, "guided_backprop"),
        expected,
        what="attribute(model, 'guided_backprop', X, y)",
        wrong={**maps, "absolute values": np.abs(expected)},
    )


@number("3.7")
@weight(0.75)
def test_captum_layer_grad_cam(student):
    """The map "layer_grad_cam" of "block.conv" is GradCAM of its output: (N, 1, h, w), not negative."""
    assert_close(
        ask(student, "layer_grad_cam", layer="block.conv"),
        cam(),
        what="attribute(model, 'layer_grad_cam', X, y, 'block.conv')",
        wrong={
            "without the ReLU": cam(rectified=False),
            "absolute values instead of a ReLU": np.abs(cam(rectified=False)),
            "without the channel axis": cam()[:, 0],
        },
        hint="Captum's LayerGradCam applies no ReLU by itself: look for relu_attributions.",
    )


@number("3.7")
@weight(0.75)
def test_captum_guided_grad_cam(student):
    """Guided GradCAM is guided backpropagation times GradCAM, which is resized bilinearly."""

    def product(mode, of):
        size = {"size": X.shape[2:], "mode": mode}
        return guided()[of] * torch.nn.functional.interpolate(torch.from_numpy(cam()), **size).numpy()

    assert_close(
        ask(student, "guided_grad_cam", layer="block.conv"),
        product("bilinear", "guided"),
        what="attribute(model, 'guided_grad_cam', X, y, 'block.conv')",
        wrong={
            "with GradCAM resized to the nearest neighbour, Captum's default": product("nearest", "guided"),
            "the plain gradient times GradCAM": product("bilinear", "the plain gradient"),
        },
    )


@number("3.7")
@weight(0.5)
def test_captum_layer_activation(student):
    """The activation is what the layer gives: before the ReLU for "block.conv", after for "block.relu"."""
    before = convolution(X).numpy()
    for layer, expected in (("block.conv", before), ("block.relu", np.maximum(before, 0))):
        assert_close(
            ask(student, "layer_activation", layer=layer),
            expected,
            what=f"attribute(model, 'layer_activation', X, y, '{layer}')",
            wrong={"the layer's input": before} if layer == "block.relu" else {},
        )


@number("3.7")
@weight(0.75)
def test_captum_layer_conductance_is_complete(student):
    """Conductance of "block.relu" adds up to the score of the image minus the score of zeros."""
    found = ask(student, "layer_conductance", layer="block.relu")

    assert_shape(found, (N, 2, 3, 4), what="attribute(model, 'layer_conductance', X, y, 'block.relu')")
    hint = 'Baseline zeros, method="riemann_trapezoid": its steps include both ends of the path.'
    assert_close(
        np.asarray(found).sum(axis=(1, 2, 3)),
        scores(X) - scores(X * 0),
        what="the sums of conductance of 2 images",
        hint=hint,
    )
    rise = convolution(X).relu().numpy() - convolution(X * 0).relu().numpy()
    assert_close(
        found,
        rows() * rise,
        what="the conductance of features that the score is linear in",
        wrong={
            "the layer's activation": convolution(X).relu().numpy(),
            "activation times gradient, as if the features of zeros were 0": rows()
            * convolution(X).relu().numpy(),
        },
        hint=hint,
    )


@number("3.7")
@weight(0.25)
def test_captum_refuses_what_it_does_not_know(student):
    """An unknown method is a ValueError; so is a method that looks at a layer, without a layer."""
    network = given(student, "feature_networks.py").classifier(NET)
    x, y = torch.from_numpy(X), torch.from_numpy(Y)
    for method in ("grad_cam", "Saliency", "layer_grad_cam", "layer_conductance", "guided_grad_cam"):
        call = partial(student.captum_maps.attribute, network, method, x, y)
        assert_raises("ValueError", call, what=f"attribute(model, '{method}', X, y), without a layer")


@number("3.7")
@weight(0.5)
def test_captum_leaves_everything_as_found(student):
    """Model and images are as before, no hook is left behind, and the attribution is detached."""
    networks, runs = given(student, "feature_networks.py"), given(student, "captum_runs.py")
    network = networks.classifier(NET, training=True, dropout=0.5)
    before = networks.state(network)
    for method, layer in (
        ("saliency", None),
        ("guided_grad_cam", "block.conv"),
        ("layer_conductance", "block.relu"),
    ):
        found = runs.attribute(student.captum_maps.attribute, network, method, X, Y, layer=layer)

        assert_keys(
            found,
            ["attribution", "attached", "images", "images require gradients"],
            what="the attribution and the images",
        )
        assert_type(found["attribution"], torch.Tensor, what=f"the attribution by {method}")
        assert_that(found["attached"] is False, f"{method}: the attribution still requires gradients.")
        assert_close(found["images"], X, what=f"the images after {method}")
        assert_that(found["images require gradients"] is False, f"{method}: X requires gradients now.")
        after = networks.state(network)
        assert_keys(after, list(before), what="the model's state after the call")
        for name, value in before.items():
            assert_that(after[name] == value, f"{method}: the model's {name} have changed.")


@number("3.7")
@weight(0.5)
def test_figure_has_an_axes_for_each_image_and_map(student):
    """Two images and two maps make a figure of 2 x 3 axes with the images' titles, and nothing is shown."""
    rng = np.random.default_rng(32)
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
