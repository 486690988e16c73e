import numpy as np
import torch
from gradescope_utils.autograder_utils.decorators import number, weight
from torch.nn import functional

from autograder.grading import assert_close, assert_length, assert_that, given

SINGLE = {"rtol": 1e-4, "atol": 1e-5}  # the models compute in float32


def drawn(rng, *shapes):
    """Parameters in float64 that keep the numbers of a layer near 1, and take gradients."""
    return [
        torch.tensor(rng.normal(size=shape) / np.sqrt(np.prod(shape[1:], initial=1.0)), requires_grad=True)
        for shape in shapes
    ]


def filled(student, model, parameters, what):
    """The helpers, once the model is a module that has these parameters."""
    helpers = given(student, "modules.py")
    assert_that(helpers.is_module(model), f"{what} is no nn.Module.")
    expected = [tuple(p.shape) for p in parameters]
    assert_that(helpers.shapes(model) == expected, f"The parameters of {what} have other shapes.")
    helpers.fill(model, [p.detach().numpy() for p in parameters])
    return helpers


@number("2.5")
@weight(0.5)
def test_torch_models_can_be_trained(student, rng):
    """The logits of TwoLayerNet are differentiable: every parameter gets the right gradient."""
    parameters = drawn(rng, (6, 8), (6,), (2, 6), (2,))
    x, direction = rng.normal(size=(5, 8)), rng.normal(size=(5, 2))
    model = student.torch_models.TwoLayerNet(8, 6, 2)
    helpers = filled(student, model, parameters, "TwoLayerNet(8, 6, 2)")

    gradients = helpers.gradients(model, x.astype(np.float32), direction.astype(np.float32))

    W1, b1, W2, b2 = parameters
    logits = torch.sigmoid(torch.from_numpy(x) @ W1.T + b1) @ W2.T + b2
    (logits * torch.from_numpy(direction)).sum().backward()
    assert_length(gradients, 4, what="the gradients")
    for gradient, parameter in zip(gradients, parameters, strict=True):
        assert_close(gradient, parameter.grad, what="a gradient", **SINGLE)


@number("2.5")
@weight(1)
def test_vanilla_cnn_of_any_size(student, rng):
    """Other numbers of channels and classes and odd image sizes are all right, down to 8x8."""
    for channels, classes, size in ((1, 7, 8), (4, 2, 15), (2, 11, 17)):
        side = (size - 6) // 2
        parameters = drawn(rng, (32, channels, 7, 7), (32,), (classes, 32 * side * side), (classes,))
        x = rng.normal(size=(3, channels, size, size))
        model = student.torch_models.VanillaCNN(channels, classes, size)
        helpers = filled(student, model, parameters, "VanillaCNN")

        result = helpers.logits(model, x.astype(np.float32))

        with torch.no_grad():
            W1, b1, W2, b2 = parameters
            maps = functional.conv2d(torch.from_numpy(x), W1, b1).relu()
            logits = functional.max_pool2d(maps, 2).flatten(1) @ W2.T + b2
        assert_close(result, logits, what="the logits of 3 images", **SINGLE)


@number("2.5")
@weight(1)
def test_twin_of_strides_padding_and_overlapping_pools(student, rng):
    """Strides, padding, overlapping windows and two linear layers reach the twin: scores and gradients."""
    arrays = {
        "W1": rng.normal(size=(3, 2, 4, 4)),
        "b1": rng.normal(size=3),
        "W2": rng.normal(size=(3 * 4 * 5, 6)),
        "b2": rng.normal(size=6),
        "W3": rng.normal(size=(6, 6)),
        "b3": rng.normal(size=6),
    }
    network = given(student, "stand_ins.py").network(
        [
            ("Conv2D", {"weight": arrays["W1"], "bias": arrays["b1"], "stride": 2, "padding": 3}),
            ("MaxPooling", {"kernel_size": 3, "stride": 1}),
            ("ReLU", {}),
            ("Linear", {"weight": arrays["W2"], "bias": arrays["b2"]}),
            ("ReLU", {}),
            ("Linear", {"weight": arrays["W3"], "bias": arrays["b3"]}),
        ]
    )
    x, direction = rng.normal(size=(5, 2, 8, 11)), rng.normal(size=(5, 6))
    helpers = given(student, "modules.py")

    twin = student.torch_models.copy_numpy_convnet(network)

    assert_that(helpers.is_module(twin), "copy_numpy_convnet returns no nn.Module.")
    W1, b1, W2, b2, W3, b3 = parameters = [
        torch.tensor(array.T if name in ("W2", "W3") else array, requires_grad=True)
        for name, array in arrays.items()
    ]
    maps = functional.max_pool2d(
        functional.conv2d(torch.from_numpy(x), W1, b1, stride=2, padding=3), 3, stride=1
    ).relu()
    scores = functional.linear(functional.linear(maps.flatten(1), W2, b2).relu(), W3, b3)
    (scores * torch.from_numpy(direction)).sum().backward()
    assert_close(helpers.logits(twin, x), scores.detach(), what="the twin's scores", rtol=1e-5)
    gradients = helpers.gradients(twin, x, direction)
    assert_length(gradients, 6, what="the gradients of the twin's parameters")
    for gradient, parameter in zip(gradients, parameters, strict=True):
        assert_close(gradient, parameter.grad, what="a gradient of the twin", rtol=1e-5)
