import numpy as np
import torch
from gradescope_utils.autograder_utils.decorators import number, weight
from torch.nn import functional

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

SINGLE = {"rtol": 1e-4, "atol": 1e-5}  # the models compute in float32
NO_SOFTMAX = "A model gives logits: the softmax is part of nn.CrossEntropyLoss."


def two_layer_net(x, W1, b1, W2, b2, *, activation=torch.sigmoid):
    """Logits in float64."""
    return activation(torch.as_tensor(x).flatten(1) @ W1.T + b1) @ W2.T + b2


def vanilla_cnn(x, W1, b1, W2, b2, *, activation=torch.relu, pool=functional.max_pool2d):
    """Logits in float64."""
    maps = activation(functional.conv2d(torch.as_tensor(x), W1, b1))
    return pool(maps, 2).flatten(1) @ W2.T + b2


def drawn(rng, *shapes):
    """Parameters in float64 that keep the numbers of a layer near 1."""
    return [
        torch.from_numpy(rng.normal(size=shape) / np.sqrt(np.prod(shape[1:], initial=1.0)))
        for shape in shapes
    ]


def filled(student, model, parameters, what):
    """The helpers, once the model is a module that has these parameters."""
    helpers = given(student, "modules.py")
    assert_that(helpers.is_module(model), f"{what} is no nn.Module.")
    found = helpers.shapes(model)
    assert_that(
        found == [tuple(p.shape) for p in parameters],
        f"The parameters of {what} have the shapes {found}; expected {[tuple(p.shape) for p in parameters]}.",
        "The docstring names the layers and their order.",
    )
    helpers.fill(model, [p.numpy() for p in parameters])
    return helpers


@number("2.5")
@weight(1.5)
def test_torch_two_layer_net_logits(student, rng):
    """TwoLayerNet(5, 4, 3) gives the logits linear, sigmoid, linear: no softmax at the end."""
    parameters = drawn(rng, (4, 5), (4,), (3, 4), (3,))
    x = rng.normal(size=(6, 5))
    model = student.torch_models.TwoLayerNet(5, 4, 3)

    helpers = filled(student, model, parameters, "TwoLayerNet(5, 4, 3)")
    result = helpers.logits(model, x.astype(np.float32))

    logits = two_layer_net(x, *parameters)
    assert_close(
        result,
        logits,
        what="the logits of 6 examples",
        hint=NO_SOFTMAX,
        sizes={"N": 6, "D": 5, "H": 4, "C": 3},
        wrong={
            "the probabilities after softmax": logits.softmax(1),
            "the logarithms of the probabilities": logits.log_softmax(1),
            "the result of a ReLU between the layers": two_layer_net(x, *parameters, activation=torch.relu),
            "the result of a tanh between the layers": two_layer_net(x, *parameters, activation=torch.tanh),
            "the result of nothing between the layers": two_layer_net(x, *parameters, activation=lambda z: z),
            "the sigmoid of the logits": logits.sigmoid(),
        },
        **SINGLE,
    )


@number("2.5")
@weight(0.5)
def test_torch_two_layer_net_flattens_images(student, rng):
    """Images (N, C, H, W) are flattened in the order in which they are stored."""
    parameters = drawn(rng, (5, 24), (5,), (7, 5), (7,))
    x = rng.normal(size=(6, 2, 3, 4))
    model = student.torch_models.TwoLayerNet(24, 5, 7)

    helpers = filled(student, model, parameters, "TwoLayerNet(24, 5, 7)")
    result = helpers.logits(model, x.astype(np.float32))

    assert_close(
        result,
        two_layer_net(x, *parameters),
        what="the logits of 6 images",
        hint="x.flatten(1) keeps the examples apart.",
        wrong={
            "the logits of images with the channels last": two_layer_net(x.transpose(0, 2, 3, 1), *parameters)
        },
        **SINGLE,
    )


@number("2.5")
@weight(2)
def test_vanilla_cnn_logits(student, rng):
    """VanillaCNN(3, 5, 14): 32 filters 7x7, ReLU, max pooling 2x2, linear; logits, no softmax."""
    parameters = drawn(rng, (32, 3, 7, 7), (32,), (5, 32 * 4 * 4), (5,))
    x = rng.normal(size=(2, 3, 14, 14))
    model = student.torch_models.VanillaCNN(3, 5, 14)

    helpers = filled(student, model, parameters, "VanillaCNN(3, 5, 14)")
    result = helpers.logits(model, x.astype(np.float32))

    logits = vanilla_cnn(x, *parameters)
    assert_close(
        result,
        logits,
        what="the logits of 2 images",
        hint=NO_SOFTMAX,
        sizes={"N": 2, "C": 5},
        wrong={
            "the probabilities after softmax": logits.softmax(1),
            "the result without ReLU": vanilla_cnn(x, *parameters, activation=lambda z: z),
            "the result of average pooling": vanilla_cnn(x, *parameters, pool=functional.avg_pool2d),
            "the ReLU of the logits": logits.relu(),
        },
        **SINGLE,
    )


def assert_looks_at_images(helpers, model, x, classes):
    """Fail unless what is learnt from images depends on them; the logits may not, before any training."""
    direction = np.eye(len(x), classes, dtype=np.float32)
    learnt, other = (helpers.gradients(model, images, direction) for images in (x, 1 - x))
    assert_that(any(g is not None for g in learnt), "The logits of MyModel cannot be differentiated.")
    assert_that(
        any(g is not None and not np.array_equal(g, h) for g, h in zip(learnt, other, strict=False)),
        "The logits of MyModel do not depend on the images.",
        "forward must use x: other images, other gradients.",
    )


@number("2.5")
@weight(1)
def test_my_model_gives_logits(student, settings, rng):
    """MyModel(num_classes) turns images into finite logits (N, num_classes), and is not too large."""
    helpers = given(student, "modules.py")
    x = rng.random((4, 3, 32, 32), dtype=np.float32)
    for classes in (10, 3):
        model = student.torch_models.MyModel(classes)
        assert_that(helpers.is_module(model), f"MyModel({classes}) is no nn.Module.")
        for training in (True, False):
            result = helpers.logits(model, x, training)
            what = f"the logits of MyModel({classes}) for 4 images"
            assert_shape(result, (4, classes), what=what)
            assert_dtype(result, "float", what=what)
            values = np.asarray(result, dtype=np.float64)
            assert_that(np.isfinite(values).all(), f"{what}: not all of them are finite.")
            sums_to_1 = np.allclose(values.sum(1), 1, atol=1e-4) and (values >= 0).all()
            assert_that(not sums_to_1, f"{what}: every row is >= 0 and sums to 1.", NO_SOFTMAX)
        assert_looks_at_images(helpers, model, x, classes)
        found = helpers.shapes(model)
        assert_that(isinstance(found, list), f"The parameters of MyModel({classes}) have no shapes.")
        parameters = sum(int(np.prod(shape)) for shape in found)
        most = settings["my_model"]["max_parameters"]
        assert_that(
            parameters <= most,
            f"MyModel({classes}) has {parameters:,} parameters; at most {most:,} are allowed.",
        )


@number("2.5")
@weight(0.5)
def test_my_model_judges_each_image_alone(student, rng):
    """In evaluation mode an image's logits do not depend on the rest of the batch, nor on chance."""
    helpers = given(student, "modules.py")
    x = rng.random((3, 3, 32, 32), dtype=np.float32)
    x[1:] *= 0.1
    model = student.torch_models.MyModel(10)
    assert_that(helpers.is_module(model), "MyModel(10) is no nn.Module.")

    batch, again, alone = helpers.logits(model, x), helpers.logits(model, x), helpers.logits(model, x[:1])

    for result, count in ((batch, 3), (again, 3), (alone, 1)):
        assert_shape(result, (count, 10), what=f"the logits of {count} images")
    assert_looks_at_images(helpers, model, x, 10)
    assert_close(
        again,
        batch,
        what="the logits of a second call, compared with the first",
        hint="Dropout as a function needs training=self.training; nn.Dropout knows the mode by itself.",
        **SINGLE,
    )
    assert_close(
        alone[0],
        batch[0],
        what="the logits of an image alone, compared with those in a batch of 3",
        hint="Statistics of the batch belong into nn.BatchNorm2d, which has fixed ones in evaluation mode.",
        **SINGLE,
    )


@number("2.5")
@weight(0.5)
def test_my_model_weights_fit(student, settings, rng):
    """my_model.safetensors was handed in, can be read, fits MyModel(10), and lets it tell images apart."""
    helpers = given(student, "my_weights.py")
    found = helpers.look(settings["my_model"]["max_parameters"])
    assert_keys(found, ["problem", "numbers"], what="the look at my_model.safetensors")
    assert_type(found["problem"], str, what="the look at my_model.safetensors")
    assert_that(found["problem"] == "", found["problem"])

    model = student.torch_models.MyModel(10)
    misfit = helpers.load(model)

    assert_type(misfit, str, what="the loading of my_model.safetensors")
    assert_that(misfit == "", misfit, "Write the file anew after each change of MyModel.")
    x = rng.random((2, 3, 32, 32), dtype=np.float32)
    result = given(student, "modules.py").logits(model, x)
    assert_shape(result, (2, 10), what="the logits of 2 images")
    assert_that(
        not np.array_equal(result[0], result[1]),
        "With these weights MyModel gives all images the same logits.",
        "Hand in the weights of a trained model.",
    )


def linear(rng, inputs, outputs):
    """A Linear as the NumPy part has it: weight (in, out)."""
    weight_, bias = rng.normal(size=(inputs, outputs)) / np.sqrt(inputs), rng.normal(size=outputs)
    return "Linear", {"weight": weight_, "bias": bias}


def convolution(rng, inputs, outputs, size):
    """A Conv2D as the NumPy part has it, with stride 1 and no padding."""
    arrays = {
        "weight": rng.normal(size=(outputs, inputs, size, size)) / size,
        "bias": rng.normal(size=outputs),
    }
    return "Conv2D", {**arrays, "stride": 1, "padding": 0}


def assert_twin(student, specifications, x, wrong):
    """Fail unless scores and gradients are those of the layers applied in order."""
    parameters = [
        torch.tensor(array.T if name == "Linear" and key == "weight" else array, requires_grad=True)
        for name, attributes in specifications
        for key, array in attributes.items()
        if key in ("weight", "bias")
    ]
    scores = applied(specifications, x, parameters)
    direction = np.cos(np.arange(scores.numel())).reshape(scores.shape)
    (scores * torch.from_numpy(direction)).sum().backward()

    helpers = given(student, "modules.py")
    twin = student.torch_models.copy_numpy_convnet(given(student, "stand_ins.py").network(specifications))
    assert_that(helpers.is_module(twin), "copy_numpy_convnet returns no nn.Module.")
    assert_close(
        helpers.logits(twin, x, training=True),
        scores.detach(),
        what=f"the twin's scores of {len(x)} examples",
        rtol=1e-5,
        hint="The twin ends where the layers end: the criterion is not part of it.",
        wrong={"the probabilities after softmax": scores.detach().softmax(1), **wrong},
    )
    gradients = helpers.gradients(twin, x, direction)
    assert_length(gradients, len(parameters), what="the gradients of the twin's parameters")
    for order, (gradient, parameter) in enumerate(zip(gradients, parameters, strict=True)):
        assert_close(
            gradient, parameter.grad, what=f"the gradient of the twin's parameter {order}", rtol=1e-5
        )


def applied(specifications, x, parameters):
    """The layers' scores for x in float64, with these parameters: weights of Linear are (out, in)."""
    left, value = list(parameters), torch.as_tensor(x)
    for name, layer in specifications:
        if name == "Linear":
            value = functional.linear(value.flatten(1), left.pop(0), left.pop(0))
        elif name == "Conv2D":
            value = functional.conv2d(value, left.pop(0), left.pop(0), layer["stride"], layer["padding"])
        elif name == "MaxPooling":
            value = functional.max_pool2d(value, layer["kernel_size"], layer["stride"])
        else:
            value = value.relu()
    return value


@number("2.5")
@weight(1.5)
def test_twin_of_a_convnet(student, rng):
    """The twin of convolution, ReLU, pooling and linear equals it in scores and gradients."""
    specifications = [
        convolution(rng, 2, 4, 3),
        ("ReLU", {}),
        ("MaxPooling", {"kernel_size": 2, "stride": 2}),
        linear(rng, 4 * 2 * 3, 5),
    ]
    x = rng.normal(size=(3, 2, 6, 8))
    no_bias = [torch.as_tensor(specifications[0][1]["weight"]), torch.zeros(4, dtype=torch.float64)]
    last = [torch.as_tensor(specifications[3][1]["weight"].T), torch.as_tensor(specifications[3][1]["bias"])]
    wrong = {"the result of a convolution without its bias": applied(specifications, x, no_bias + last)}

    assert_twin(student, specifications, x, wrong)


@number("2.5")
@weight(0.5)
def test_twin_is_a_copy(student, rng):
    """The twin's parameters hold the network's numbers, and to change them changes nothing in the network."""
    specifications = [convolution(rng, 1, 3, 3), linear(rng, 3 * 2 * 4, 2)]
    network = given(student, "stand_ins.py").network(specifications)
    helpers = given(student, "modules.py")
    twin = student.torch_models.copy_numpy_convnet(network)
    assert_that(helpers.is_module(twin), "copy_numpy_convnet returns no nn.Module.")
    arrays = [array for _, layer in specifications for array in (layer["weight"], layer["bias"])]
    arrays[2] = arrays[2].T  # (2, 24), as nn.Linear has it
    shapes = [array.shape for array in arrays]
    assert_that(helpers.shapes(twin) == shapes, f"The twin's parameters have other shapes than {shapes}.")
    for order, (value, array) in enumerate(zip(helpers.values(twin), arrays, strict=True)):
        assert_close(value, array, what=f"the twin's parameter {order}")

    helpers.fill(twin, [np.zeros(shape) for shape in shapes])

    for layer, (name, attributes) in enumerate(specifications):
        left = given(student, "stand_ins.py").attributes(network, layer)
        assert_keys(left, list(attributes), what=f"the attributes of {name}, after the twin's have changed")
        for key in ("weight", "bias"):
            assert_close(
                left[key],
                attributes[key],
                what=f"{key} of {name}, after the twin's has changed",
                hint="torch.from_numpy shares its memory with the array; torch.tensor copies.",
            )


@number("2.5")
@weight(0.5)
def test_twin_refuses_an_unknown_layer(student, rng):
    """A layer of another class name is a ValueError, not left out silently; a ReLU alone is fine."""
    stand_ins, helpers, x = (
        given(student, "stand_ins.py"),
        given(student, "modules.py"),
        rng.normal(size=(4, 3)),
    )
    twin = student.torch_models.copy_numpy_convnet(stand_ins.network([("ReLU", {})]))
    assert_that(helpers.is_module(twin), "copy_numpy_convnet returns no nn.Module.")
    assert_close(
        helpers.logits(twin, x), np.maximum(x, 0.0), what="the scores of a network with a ReLU alone"
    )
    network = stand_ins.network([("ReLU", {}), ("Sigmoid", {})])

    assert_raises(
        "ValueError",
        lambda: student.torch_models.copy_numpy_convnet(network),
        what="copy_numpy_convnet of a network with a layer Sigmoid",
    )
