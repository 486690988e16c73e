import numpy as np
import torch
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import (
    assert_close,
    assert_dtype,
    assert_keys,
    assert_length,
    assert_that,
    given,
    vary,
)

FOUND = ["value", "attached", "arguments", "arguments changed"]


def convolutional(rng, *, C=3, F=4, K=5, features=(3, 4), relu="relu"):
    """Kernels of 2x3, a ReLU and a linear layer, which takes F x h x w features; conv and ReLU in "stem"."""
    h, w = features
    stem = {"conv": ("conv", rng.normal(size=(F, C, 2, 3)), rng.normal(size=F)), "relu": (relu,)}
    return {
        "stem": stem,
        "flat": ("flatten",),
        "fc": ("linear", rng.normal(size=(K, F * h * w)), rng.normal(size=K)),
    }


def before_relu(net, X):
    """The grader's own copy of the convolution: (N, F, h, w)."""
    _, kernels, shifts = net["stem"]["conv"]
    tensors = (torch.from_numpy(array) for array in (X, kernels, shifts))
    return torch.nn.functional.conv2d(*tensors).numpy()


def logits(net, X):
    """The grader's own copy of the network: (N, K)."""
    _, weight, bias = net["fc"]
    return np.maximum(before_relu(net, X), 0).reshape(len(X), -1) @ weight.T + bias


def arrives(net, rows, A):
    """The gradient of sum(rows * logits) behind the ReLU; rows (N, K), A gives the shape (N, F, h, w)."""
    return (rows @ net["fc"][1]).reshape(A.shape)


def cam(G, A):
    """The map: gradients pooled over space, times the features, summed over them, then ReLU."""
    return np.maximum((G.mean(axis=(2, 3), keepdims=True) * A).sum(axis=1), 0)


def wrong_maps(G, A):
    """The maps that well-known mistakes give, by what was done."""
    weights = G.mean(axis=(2, 3), keepdims=True)
    right = cam(G, A)
    return {
        "gradient times feature at each place, not pooled": np.maximum((G * A).sum(axis=1), 0),
        "the ReLU left out": (weights * A).sum(axis=1),
        "the absolute value instead of the ReLU": np.abs((weights * A).sum(axis=1)),
        "the ReLU for each channel, before the sum": np.maximum(weights * A, 0).sum(axis=1),
        "the ReLU on the weights": np.maximum((np.maximum(weights, 0) * A).sum(axis=1), 0),
        "the sum over space as weight instead of the mean": right * G[0, 0].size,
        "the mean over channels instead of the sum": right / G.shape[1],
        "the largest gradient in space as weight": cam(
            np.broadcast_to(G.max((2, 3), keepdims=True), G.shape), A
        ),
        "pooled over the images of the batch too": cam(np.broadcast_to(G.mean(0, keepdims=True), G.shape), A),
        "pooled over the channels instead of over space": np.maximum(
            (G.mean(axis=1, keepdims=True) * A).sum(axis=1), 0
        ),
        "the features without their weights": np.maximum(A.sum(axis=1), 0),
        "each map scaled to [0, 1] already": scaled(right),
    }


def scaled(x):
    """Each map from 0 to 1; constant maps stay."""
    low, high = x.min(axis=(1, 2), keepdims=True), x.max(axis=(1, 2), keepdims=True)
    return (x - low) / np.where(high > low, high - low, 1)


def look(student, network, layer, X, y):
    """The student's maps, and what was left of the arguments."""
    found = given(student, "networks.py").ask(student.gradcam.grad_cam, network, layer, X, y)
    assert_keys(found, FOUND, what="the maps and what was left of the arguments")
    return found


def maps(student, net, layer, X, y, *, training=False):
    """The student's maps."""
    return look(student, given(student, "networks.py").build(net, training=training), layer, X, y)["value"]


@number("3.3")
@weight(2)
def test_gradcam_by_hand(student, rng):
    """Two features of 1 x 2 places and two classes: few enough numbers to follow on paper."""
    V = vary(rng, np.array([[2.0, 0, -1, 3], [-1, -3, 1, 2]]))  # what each class takes of the four features
    net = {
        "stem": {"conv": ("conv", np.array([[[[1.0]]], [[[-1.0]]]]), np.array([0.0, 3])), "relu": ("relu",)},
        "flat": ("flatten",),
        "fc": ("linear", V, np.zeros(2)),
    }
    X, y = vary(rng, np.array([[[[1.0, 2]]], [[[4, 1]]]])), np.array([0, 1])
    A = np.concatenate([X, np.maximum(3 - X, 0)], axis=1)  # near (1, 2), (2, 1) and (4, 1), (0, 2)
    G = V[y].reshape(2, 2, 1, 2)
    wrong = wrong_maps(G, A)
    wrong["the maps of class 0 for every image"] = cam(V[[0, 0]].reshape(G.shape), A)
    assert_close(
        maps(student, net, "stem.relu", X, y),
        cam(G, A),
        what="GradCAM of 2 images at 2 features of 1 x 2 places",
        wrong=wrong,
        hint="One weight for each feature and image: the mean of its gradient over its places.",
    )


@number("3.3")
@weight(2.5)
def test_gradcam_of_a_convolutional_network(student, rng):
    """Two images with labels of their own, behind the ReLU of a convolution."""
    net, X, y = convolutional(rng), rng.normal(size=(2, 3, 4, 6)), np.array([4, 1])
    net["fc"] = ("linear", net["fc"][1] / 10, net["fc"][2])  # a gentle softmax, for the wrong maps below
    scores, rows = logits(net, X), np.eye(5)[y]
    P = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    z = before_relu(net, X)
    A = np.maximum(z, 0)

    def other(rows):
        return cam(arrives(net, rows, A), A)

    assert_close(
        maps(student, net, "stem.relu", X, y),
        other(rows),
        what="GradCAM at stem.relu of 2 images",
        sizes={"N": 2, "F": 4},
        inputs={"X": X},
        wrong={
            **wrong_maps(arrives(net, rows, A), A),
            "with the layer's input instead of its output": cam(arrives(net, rows, A) * (z > 0), z),
            "of the probability instead of the score": other(P[[0, 1], y][:, None] * (rows - P)),
            "of the log probability instead of the score": other(rows - P),
            "of the predicted class, y ignored": other(np.eye(5)[scores.argmax(axis=1)]),
            "of the sum of all scores": other(np.ones_like(P)),
            "of the first label for every image": other(np.eye(5)[y[[0, 0]]]),
            "of logits[:, y].sum(), with every label for every image": other(rows.sum(axis=0) + 0 * P),
        },
    )


@number("3.3")
@weight(1.5)
def test_gradcam_takes_the_layer_by_its_name(student, rng):
    """Three layers of one network, at different depths and of different sizes, have a map each."""
    first = ("conv", rng.normal(size=(4, 2, 2, 1)), rng.normal(size=4))
    second = ("conv", rng.normal(size=(3, 4, 1, 3)), rng.normal(size=3))
    fc = ("linear", rng.normal(size=(5, 3)), rng.normal(size=5))
    body = {"conv": second, "relu": ("relu",)}
    net = {"front": {"conv": first, "deep": {"relu": ("relu",), "body": body}}, "mean": ("mean",), "fc": fc}
    X, y = rng.normal(size=(3, 2, 5, 6)), np.array([0, 3, 3])

    conv = torch.nn.functional.conv2d
    _, K1, b1 = (torch.from_numpy(part) if hasattr(part, "dtype") else part for part in first)
    _, K2, b2 = (torch.from_numpy(part) if hasattr(part, "dtype") else part for part in second)
    z1 = conv(torch.from_numpy(X), K1, b1)
    z2 = conv(z1.relu(), K2, b2)
    g2 = torch.from_numpy(fc[1][y])[:, :, None, None].expand(z2.shape) / z2[0, 0].numel()
    g1 = torch.nn.functional.conv_transpose2d(g2 * (z2 > 0), K2)
    right = {
        "front.deep.body": cam(g2.numpy(), z2.relu().numpy()),
        "front.deep.relu": cam(g1.numpy(), z1.relu().numpy()),
        "front.deep.body.conv": cam((g2 * (z2 > 0)).numpy(), z2.numpy()),
    }
    for layer, expected in right.items():
        others = {f"the map at {name}": value for name, value in right.items() if name != layer}
        assert_close(
            maps(student, net, layer, X, y),
            expected,
            what=f"GradCAM at {layer}",
            wrong={name: value for name, value in others.items() if value.shape == expected.shape},
            hint='model.get_submodule("front.deep.relu") finds a layer at any depth.',
        )


@number("3.3")
@weight(1.5)
def test_gradcam_before_an_in_place_relu(student, rng):
    """The layer's output counts as it left the layer, though the next layer overwrites that tensor."""
    net = convolutional(rng, relu="relu in place")
    X, y = rng.normal(size=(2, 3, 4, 6)), np.array([2, 0])
    z = before_relu(net, X)
    behind = arrives(net, np.eye(5)[y], z)
    gated = behind * (z > 0)
    assert_close(
        maps(student, net, "stem.conv", X, y),
        cam(gated, z),
        what="GradCAM at a convolution with an in-place ReLU behind it",
        wrong={
            "with the features as the ReLU has left them": cam(gated, np.maximum(z, 0)),
            "with the gradient behind the ReLU": cam(behind, z),
            "with features and gradient behind the ReLU": cam(behind, np.maximum(z, 0)),
        },
        hint="A forward hook may return a tensor, with which the network goes on: output.clone().",
    )


@number("3.3")
@weight(1)
def test_gradcam_computes_in_evaluation_mode(student, rng):
    """Batch normalisation and dropout are in evaluation mode, though the model arrives in training mode."""
    net, X, y = convolutional(rng), rng.normal(size=(3, 3, 4, 6)), np.array([2, 0, 4])
    scale, mean = np.array([0.5, -1.5, 2.0, 1.0]), rng.normal(size=4)
    shift, variance = rng.normal(size=4), np.array([0.3, 1.2, 2.0, 0.7])
    norm = {"norm": ("batch norm", scale, shift, mean, variance)}
    stem = {"conv": net["stem"]["conv"], **norm, "relu": ("relu",)}
    mixed = {"stem": stem, "drop": ("dropout", 0.4), "flat": net["flat"], "fc": net["fc"]}
    z = before_relu(net, X) - mean[:, None, None]
    z = z * (scale / np.sqrt(variance + 1e-5))[:, None, None] + shift[:, None, None]
    A = np.maximum(z, 0)
    assert_close(
        maps(student, mixed, "stem.relu", X, y, training=True),
        cam(arrives(net, np.eye(5)[y], A), A),
        what="GradCAM of a model that arrives in training mode",
        hint="model.eval() before the forward pass; put each module's own mode back afterwards.",
    )


@number("3.3")
@weight(0.5)
def test_upsample_interpolates_between_centres(student, rng):
    """Bilinear with align_corners=False: the edges of the pictures coincide, not their corner pixels."""
    cam = vary(rng, np.array([[[0.0, 1], [2, 5]], [[8, 0], [0, 0]]]))
    column = np.array([[1, 0], [0.5, 0.5], [0, 1]])  # how much of each old row is in the three new ones

    def stretched(right):
        row = np.stack([1 - np.array(right), right])  # the same for the four new columns
        return column @ cam @ row

    assert_close(
        student.gradcam.upsample(torch.from_numpy(cam), (3, 4)),
        stretched([0, 0.25, 0.75, 1]),
        what="upsample of 2 maps from 2 x 2 to 3 x 4",
        wrong={
            "align_corners=True": stretched([0, 1 / 3, 2 / 3, 1]),
            "the nearest pixel": cam[:, [0, 0, 1]][:, :, [0, 0, 1, 1]],
        },
    )


@number("3.3")
@weight(0.5)
def test_normalise_scales_each_map_by_itself(student, rng):
    """Each map's own minimum becomes 0 and its own maximum 1; a constant map becomes zeros."""
    different = vary(rng, np.array([[[1.0, 2, 3], [2, 2, 5]], [[-4, 0, 0], [4, 2, 0]]]))
    cam = np.concatenate([different, np.full((1, 2, 3), rng.uniform(6, 8))])
    low, high = cam.min(), cam.max()
    largest = cam.max(axis=(1, 2), keepdims=True)
    assert_close(
        student.gradcam.normalise(torch.from_numpy(cam)),
        np.concatenate([scaled(different), np.zeros((1, 2, 3))]),
        what="normalise of 3 maps",
        wrong={
            "minimum and maximum of the whole batch": (cam - low) / (high - low),
            "divided by the maximum, the minimum not subtracted": cam / largest,
            "divided by the maximum instead of by maximum - minimum": (
                cam - cam.min(axis=(1, 2), keepdims=True)
            )
            / largest,
            "nan for the constant map": np.concatenate([scaled(different), np.full((1, 2, 3), np.nan)]),
            "ones for the constant map": np.concatenate([scaled(different), np.ones((1, 2, 3))]),
        },
    )


@number("3.3")
@weight(1.5)
def test_guided_gradcam_is_the_product_of_both(student, rng):
    """Guided backpropagation times the upsampled map, for each channel; both are given here."""
    net, X, y = convolutional(rng), rng.normal(size=(2, 3, 4, 6)), np.array([3, 2])
    factors, maps = np.array([1.0, -2, 0.5, 3, -1]), rng.uniform(size=(5, 3, 4))
    given(student, "gradcam_runs.py").stand_in(factors, {"stem.relu": maps})
    networks = given(student, "networks.py")
    found = networks.ask(student.gradcam.guided_grad_cam, networks.build(net), "stem.relu", X, y)
    assert_keys(found, FOUND, what="the result and what was left of the arguments")
    guided = X * factors[y][:, None, None, None]

    def product(small, **options):
        options = {"mode": "bilinear", "align_corners": False, **options}
        large = torch.nn.functional.interpolate(torch.from_numpy(small)[:, None], (4, 6), **options)
        return guided * large.numpy()

    assert_close(
        found["value"],
        product(maps[y]),
        what="guided GradCAM of 2 images of 3 x 4 x 6",
        wrong={
            "with the map scaled to [0, 1]": product(scaled(maps[y])),
            "with the map interpolated by align_corners=True": product(maps[y], align_corners=True),
            "with the nearest pixel of the map": product(maps[y], mode="nearest", align_corners=None),
            "the map alone, for each channel": product(maps[y]) / guided,
            "guided backpropagation alone": guided,
            "the absolute value": np.abs(product(maps[y])),
            "without its negative entries": np.maximum(product(maps[y]), 0),
        },
    )


@number("3.3")
@weight(0.5)
def test_gradcam_leaves_the_model_as_found(student, rng):
    """The maps are right, and modes (mixed ones too), gradients, buffers and hooks are as before the call."""
    networks = given(student, "networks.py")
    net = convolutional(rng)
    # In evaluation mode it changes nothing: variance and the layer's own 1e-5 add up to 1.
    norm = ("batch norm", np.ones(4), np.zeros(4), np.zeros(4), np.ones(4) - 1e-5)
    stem = {"conv": net["stem"]["conv"], "norm": norm, "relu": ("relu",), "drop": ("dropout", 0.5)}
    network = networks.build({"stem": stem, "flat": net["flat"], "fc": net["fc"]})
    networks.unsettle(network)
    before = networks.state(network)

    X, y = rng.normal(size=(2, 3, 4, 6)), np.array([1, 3])
    found = look(student, network, "stem.norm", X, y)

    z = before_relu(net, X)
    assert_close(found["value"], cam(arrives(net, np.eye(5)[y], z) * (z > 0), z), what="the maps")
    after = networks.state(network)
    assert_keys(after, list(before), what="the model's state after the call")
    for name, value in before.items():
        assert_that(
            after[name] == value,
            f"The model's {name} have changed.",
            "hook.remove() and each module's own mode belong in `finally`; torch.autograd.grad leaves "
            "no gradient in the parameters.",
        )


@number("3.3")
@weight(0.5)
def test_gradcam_leaves_the_images_alone(student, rng):
    """The maps are right and detached; X and y keep their numbers, X requires no gradient and has none."""
    X, y = rng.normal(size=(2, 3, 4, 6)), np.array([0, 4])
    net = convolutional(rng)

    found = look(student, given(student, "networks.py").build(net), "stem.conv", X, y)

    z = before_relu(net, X)
    assert_close(found["value"], cam(arrives(net, np.eye(5)[y], z) * (z > 0), z), what="the maps")
    assert_dtype(found["value"], "float64", what="the maps of float64 images")
    assert_that(found["attached"] is False, "The maps still require gradients.", "Return maps.detach().")
    assert_that(found["arguments changed"] is False, "X requires gradients after the call, or has one.")
    assert_length(found["arguments"], 2, what="X and y after the call")
    for after, array, name in zip(found["arguments"], (X, y), "Xy", strict=True):
        assert_close(after, array, what=f"{name} after the call")
