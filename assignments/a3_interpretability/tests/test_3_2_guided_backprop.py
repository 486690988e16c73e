import numpy as np
import torch
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import (
    assert_close,
    assert_keys,
    assert_length,
    assert_raises,
    assert_that,
    given,
    vary,
)

FOUND = ["value", "attached", "arguments", "arguments changed"]
PASSED = ["output", "gradient", "x", "arrived"]


def guided(z, g):
    """The rule: what a ReLU with input z hands on of the gradient g."""
    return g * (z > 0) * (g > 0)


def plain(z, g):
    """Backpropagation."""
    return g * (z > 0)


def deconvolution(z, g):
    """The gradient's sign alone decides."""
    return g * (g > 0)


def linear(z, g):
    """As if there were no ReLU on the way back."""
    return g


def two_convolutions(rng, *, C=3, K=4, features=(2, 3), relu="relu"):
    """Kernels of 2x3, ReLU, kernels of 2x2, ReLU, and a linear layer, which takes 5 x h x w features."""
    h, w = features
    return {
        "first": ("conv", rng.normal(size=(6, C, 2, 3)), rng.normal(size=6)),
        "relu1": (relu,),
        "second": ("conv", rng.normal(size=(5, 6, 2, 2)), rng.normal(size=5)),
        "relu2": (relu,),
        "flat": ("flatten",),
        "fc": ("linear", rng.normal(size=(K, 5 * h * w)), rng.normal(size=K)),
    }


def forwards(net, X):
    """The grader's own copy: the logits (N, K), and what arrives at the two ReLUs."""
    (_, K1, b1), (_, K2, b2), (_, W, b) = net["first"], net["second"], net["fc"]
    conv = torch.nn.functional.conv2d
    z1 = conv(torch.from_numpy(X), torch.from_numpy(K1), torch.from_numpy(b1))
    z2 = conv(z1.relu(), torch.from_numpy(K2), torch.from_numpy(b2))
    return z2.relu().flatten(1).numpy() @ W.T + b, z1.numpy(), z2.numpy()


def backwards(net, X, rows, first=guided, second=guided):
    """The way back by hand, with a rule for each ReLU; rows (N, K): how much each score counts."""
    _, z1, z2 = forwards(net, X)
    back = torch.nn.functional.conv_transpose2d
    g2 = second(z2, (rows @ net["fc"][1]).reshape(z2.shape))
    g1 = first(z1, back(torch.from_numpy(g2), torch.from_numpy(net["second"][1])).numpy())
    return back(torch.from_numpy(g1), torch.from_numpy(net["first"][1])).numpy()


def look(student, network, X, y):
    """The student's answer, and what was left of the arguments."""
    found = given(student, "networks.py").ask(student.guided_backprop.guided_backprop, network, X, y)
    assert_keys(found, FOUND, what="the gradient and what was left of the arguments")
    return found


def ask(student, net, X, y, *, training=False):
    """The student's guided gradient."""
    return look(student, given(student, "networks.py").build(net, training=training), X, y)["value"]


def through(student, x, gradient):
    """The student's GuidedReLU, forwards and backwards."""
    function = student.guided_backprop.GuidedReLU
    found = given(student, "guided_runs.py").through(function, x, gradient)
    assert_keys(found, PASSED, what="GuidedReLU forwards and backwards")
    return found


@number("3.2")
@weight(2)
def test_guided_relu_passes_where_input_and_gradient_are_positive(student, rng):
    """On the way back the gradient passes where x > 0 and where it is > 0 itself; elsewhere it becomes 0."""
    x = vary(rng, np.array([[-2.0, -2, -2, 0, 0], [0, 3, 4, 5, 0.5]]))
    g = vary(rng, np.array([[-1.0, 0, 7, -3, 0], [6, -5, 0, 8, 0.1]]))
    found = through(student, x, g)
    assert_close(
        found["gradient"],
        guided(x, g),
        what="the gradient that GuidedReLU hands on",
        wrong={
            "backpropagation: the gradient's own sign does not count": plain(x, g),
            "deconvolution: the input's sign does not count": deconvolution(x, g),
            "the gradient, handed on as it came": g,
            "1 where it should be the gradient": guided(x, g) > 0,
            "input times gradient": x * guided(x, g),
            "passed at x = 0 too": g * (x >= 0) * (g > 0),
            "passed where x * gradient > 0, also where both are negative": g * (x * g > 0),
        },
        hint="Two conditions, one on what was saved in forward, one on what arrives in backward.",
    )


@number("3.2")
@weight(1)
def test_guided_relu_is_a_relu_forwards(student, rng):
    """Forwards it is max(x, 0) in x's shape; x and the gradient that arrives keep their numbers."""
    x = rng.normal(size=(2, 4, 3))
    x[0, 1, 2], g = 0.0, rng.normal(size=(2, 4, 3))
    found = through(student, x, g)
    assert_close(
        found["output"], np.maximum(x, 0), what="GuidedReLU.apply(x)", wrong={"|x|": np.abs(x), "x itself": x}
    )
    assert_close(found["x"], x, what="x after the call", hint="Make a new tensor.")
    assert_close(
        found["arrived"],
        g,
        what="the gradient that arrived, after the call",
        hint="Make a new tensor: gradient[gradient < 0] = 0 also changes what other paths are given.",
    )


@number("3.2")
@weight(2)
def test_guided_backprop_by_hand(student, rng):
    """Two inputs, two ReLUs and two classes; the first of three images is close to the handout's example."""
    W1 = vary(rng, np.array([[1.0, 1], [1, -1], [1, 0]]))
    W2 = vary(rng, np.array([[1.0, 1, -1], [0, 3, 1]]))
    V = vary(rng, np.array([[2.0, -1], [-1, 3]]))
    net = {
        "flat": ("flatten",),
        "hidden": ("linear", W1, np.zeros(3)),
        "relu1": ("relu",),
        "deep": ("linear", W2, np.zeros(2)),
        "relu2": ("relu",),
        "fc": ("linear", V, np.array([0.0, 0.5])),
    }
    X, y = vary(rng, np.array([[1.0, 2], [1, 2], [2, -1]])), np.array([0, 1, 0])

    def back(first, second, rows):
        z1 = X @ W1.T
        z2 = np.maximum(z1, 0) @ W2.T
        return (first(z1, second(z2, rows) @ W2) @ W1).reshape(3, 1, 1, 2)

    assert_close(
        ask(student, net, X.reshape(3, 1, 1, 2), y),
        back(guided, guided, V[y]),
        what="guided backpropagation for 3 images of 1 x 1 x 2",
        wrong={
            "the true gradient": back(plain, plain, V[y]),
            "deconvolution": back(deconvolution, deconvolution, V[y]),
            "the true gradient at the second ReLU, the rule at the first": back(guided, plain, V[y]),
            "the rule at the second ReLU, the true gradient at the first": back(plain, guided, V[y]),
            "no ReLU on the way back": back(linear, linear, V[y]),
            "the true gradient with its negative entries cut off": np.maximum(back(plain, plain, V[y]), 0),
            "of class 0 for every image": back(guided, guided, V[[0, 0, 0]]),
            "of the predicted class, y ignored": back(
                guided, guided, V[(np.maximum(np.maximum(X @ W1.T, 0) @ W2.T, 0) @ V.T + [0, 0.5]).argmax(1)]
            ),
        },
        hint="The handout's table of 3.2 goes through it step by step.",
    )


@number("3.2")
@weight(1)
def test_guided_backprop_of_a_convolutional_network(student, rng):
    """Two convolutions with a ReLU each, two images with labels of their own: (N, C, H, W), with its sign."""
    net, X, y = two_convolutions(rng), rng.normal(size=(2, 3, 4, 6)), np.array([3, 1])
    net["fc"] = ("linear", net["fc"][1] / 10, net["fc"][2])
    scores, _, _ = forwards(net, X)
    P, rows = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True), np.eye(4)[y]
    label = P[[0, 1], y][:, None]
    right = backwards(net, X, rows)
    assert_close(
        ask(student, net, X, y),
        right,
        what="guided backpropagation for 2 images",
        sizes={"N": 2, "C": 3},
        inputs={"X": X},
        wrong={
            "the true gradient": backwards(net, X, rows, plain, plain),
            "deconvolution": backwards(net, X, rows, deconvolution, deconvolution),
            "the rule at the last ReLU only": backwards(net, X, rows, plain, guided),
            "the rule at the first ReLU only": backwards(net, X, rows, guided, plain),
            "with its negative entries cut off at the image": np.maximum(right, 0),
            "the absolute value": np.abs(right),
            "of the probability instead of the score": backwards(net, X, label * (rows - P)),
            "of the log probability instead of the score": backwards(net, X, rows - P),
            "of the sum of all scores": backwards(net, X, np.ones_like(P)),
            "of the first label for every image": backwards(net, X, np.eye(4)[y[[0, 0]]]),
            "of logits[:, y].sum(), with every label for every image": backwards(
                net, X, rows.sum(axis=0) + 0 * P
            ),
            "times the image": right * X,
        },
    )


@number("3.2")
@weight(1.5)
def test_guided_backprop_finds_nested_relus(student, rng):
    """ReLUs in blocks within blocks follow the rule as those at the top do."""
    net, X, y = two_convolutions(rng), rng.normal(size=(3, 3, 4, 6)), np.array([0, 2, 2])
    inner = {"unit": {"conv": net["first"], "relu": net["relu1"]}}
    nested = {"front": inner, "back": {"conv": net["second"], "relu": net["relu2"]}}
    mixed = {"front": inner, "conv": net["second"], "relu": net["relu2"]}
    rows = np.eye(4)[y]
    for name, blocks in (("both ReLUs", nested), ("the first ReLU", mixed)):
        assert_close(
            ask(student, {**blocks, "flat": net["flat"], "fc": net["fc"]}, X, y),
            backwards(net, X, rows),
            what=f"guided backpropagation with {name} in blocks",
            wrong={
                "the true gradient: neither ReLU found": backwards(net, X, rows, plain, plain),
                "the true gradient at the nested ReLU": backwards(net, X, rows, plain, guided),
            },
            hint="model.children() stops at the first level; model.modules() goes on.",
        )


@number("3.2")
@weight(1)
def test_guided_backprop_of_relus_in_place(student, rng):
    """nn.ReLU(inplace=True) follows the rule too."""
    net = two_convolutions(rng, relu="relu in place")
    X, y = rng.normal(size=(2, 3, 4, 6)), np.array([1, 0])
    rows = np.eye(4)[y]
    assert_close(
        ask(student, net, X, y),
        backwards(net, X, rows),
        what="guided backpropagation with ReLUs in place",
        wrong={
            "the true gradient": backwards(net, X, rows, plain, plain),
            "deconvolution": backwards(net, X, rows, deconvolution, deconvolution),
        },
    )


@number("3.2")
@weight(0.5)
def test_guided_backprop_computes_in_evaluation_mode(student, rng):
    """Batch normalisation and dropout are in evaluation mode, though the model arrives in training mode."""
    net, X, y = two_convolutions(rng), rng.normal(size=(2, 3, 4, 6)), np.array([2, 3])
    scale, shift, mean = rng.normal(size=6), rng.normal(size=6), rng.normal(size=6)
    variance = rng.uniform(0.5, 2, size=6)
    norm = {"norm": ("batch norm", scale, shift, mean, variance)}
    layers = list(net.items())
    mixed = dict([layers[0], *norm.items(), *layers[1:4], ("drop", ("dropout", 0.5)), *layers[4:]])
    slope = scale / np.sqrt(variance + 1e-5)
    _, kernels, shifts = net["first"]
    folded = {"first": ("conv", kernels * slope[:, None, None, None], (shifts - mean) * slope + shift)}
    assert_close(
        ask(student, mixed, X, y, training=True),
        backwards({**net, **folded}, X, np.eye(4)[y]),
        what="guided backpropagation of a model that arrives in training mode",
    )


def unsettled(student, rng):
    """A nested network as it may be found, its state, and the same network in a row."""
    net, networks = two_convolutions(rng, relu="relu in place"), given(student, "networks.py")
    front = {"unit": {"conv": net["first"], "relu": ("relu",)}, "drop": ("dropout", 0.5)}
    layers = {"front": front, **{name: net[name] for name in ("second", "relu2", "flat", "fc")}}
    network = networks.build(layers)
    networks.unsettle(network)
    return network, networks.state(network), net


def compare_states(student, network, before):
    """Fail unless the model is as it was."""
    after = given(student, "networks.py").state(network)
    assert_keys(after, list(before), what="the model's state after the call")
    for name, value in before.items():
        assert_that(
            after[name] == value,
            f"The model's {name} have changed.",
            "Whatever you change in the model, change it back in `finally`.",
        )


@number("3.2")
@weight(0.5)
def test_guided_backprop_leaves_the_model_as_found(student, rng):
    """The result is right, and modules, their modes (mixed ones too), gradients and hooks are as before."""
    network, before, net = unsettled(student, rng)
    X, y = rng.normal(size=(2, 3, 4, 6)), np.array([1, 3])
    found = look(student, network, X, y)
    assert_close(found["value"], backwards(net, X, np.eye(4)[y]), what="the guided gradient")
    compare_states(student, network, before)


@number("3.2")
@weight(0.5)
def test_guided_backprop_leaves_the_model_as_found_after_an_exception(student, rng):
    """Images that fit give the right result; others the model's own exception, and all is as before."""
    network, before, net = unsettled(student, rng)
    X, y = rng.normal(size=(2, 3, 5, 6)), np.array([1, 3])  # a row too many for the linear layer
    fitting = X[:, :, :4]
    expected = backwards(net, fitting, np.eye(4)[y])
    assert_close(ask(student, net, fitting, y), expected, what="guided backpropagation of images of 4 rows")
    assert_raises("RuntimeError", lambda: look(student, network, X, y), what="images of 5 rows")
    compare_states(student, network, before)


@number("3.2")
@weight(0.5)
def test_guided_backprop_leaves_the_images_alone(student, rng):
    """The result is right and detached, X and y keep their numbers, X requires no gradient and has none."""
    X, y = rng.normal(size=(2, 3, 4, 6)), np.array([0, 2])
    net = two_convolutions(rng)
    found = look(student, given(student, "networks.py").build(net), X, y)

    assert_close(found["value"], backwards(net, X, np.eye(4)[y]), what="the guided gradient")
    assert_that(found["attached"] is False, "The result still requires gradients.")
    assert_that(found["arguments changed"] is False, "X requires gradients after the call, or has one.")
    assert_length(found["arguments"], 2, what="X and y after the call")
    for after, array, name in zip(found["arguments"], (X, y), "Xy", strict=True):
        assert_close(after, array, what=f"{name} after the call")
