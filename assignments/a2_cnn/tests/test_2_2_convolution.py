import numpy as np
import pytest
import torch
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import assert_close, assert_keys, assert_that, given, limits, seconds, send, vary

SIZES = {"N": 2, "C": 3, "O": 4, "k": 3}


@pytest.fixture
def x(rng):
    """Two images with 3 channels of 6 x 8."""
    return rng.normal(size=(2, 3, 6, 8))


@pytest.fixture
def kernels(rng):
    """Four kernels 3 x 3."""
    return rng.normal(size=(4, 3, 3, 3))


@pytest.fixture
def bias(rng):
    """One number for each kernel."""
    return rng.normal(size=4)


def by_torch(x, kernels, bias, *, stride=1, padding=0):
    """The output of a library that is known to be right."""
    leaves = [torch.from_numpy(np.ascontiguousarray(value)) for value in (x, kernels, bias)]
    return torch.nn.functional.conv2d(*leaves, stride=stride, padding=padding).numpy()


def gradients(x, kernels, dout, *, stride=1, padding=0):
    """The gradients by the same library."""
    leaves = [torch.tensor(value, requires_grad=True) for value in (x, kernels, np.zeros(len(kernels)))]
    out = torch.nn.functional.conv2d(*leaves, stride=stride, padding=padding)
    out.backward(torch.from_numpy(dout))
    return {name: leaf.grad.numpy() for name, leaf in zip(("dx", "dw", "db"), leaves, strict=True)}


def convolution(student, kernels, *, stride=1, padding=0):
    """The student's layer for kernels of this shape."""
    outputs, channels, k, _ = kernels.shape
    return student.layers.Conv2D(channels, outputs, k, stride=stride, padding=padding)


def forward(student, x, kernels, bias, **steps):
    """The student's output alone: what backward does is judged elsewhere."""
    layer = convolution(student, kernels, **steps)
    return given(student, "numpy_layers.py").forward(layer, x, weight=kernels, bias=bias)


def backward(student, x, kernels, bias, dout, **steps):
    """The gradients by the student's layer with these parameters."""
    layer = convolution(student, kernels, **steps)
    found = given(student, "numpy_layers.py").there_and_back(layer, x, dout, weight=kernels, bias=bias)
    assert_keys(found, ["out", "returned", "dx", "dw", "db"], what="what Conv2D leaves behind")
    return found


@number("2.2")
@weight(2)
def test_convolution_by_hand(student, rng):
    """One 3x4 image and one 2x2 kernel, small enough for paper."""
    # Close to these numbers, with which the first output is 1*1 + 0*2 + 2*5 - 1*6 = 5, plus the bias 10.
    x = vary(rng, np.arange(1.0, 13.0).reshape(1, 1, 3, 4))
    kernel = vary(rng, np.array([[[[1.0, 0.0], [2.0, -1.0]]]]))
    bias = vary(rng, np.array([10.0]))
    expected = by_torch(x, kernel, bias)
    assert_close(
        forward(student, x, kernel, bias),
        expected,
        what="the output",
        hint="Lay the kernel on the upper left corner, multiply entry by entry, add up, then move it.",
        wrong={
            "the kernel turned by 180 degrees: a convolution as signal processing defines it": by_torch(
                x, kernel[:, :, ::-1, ::-1], bias
            ),
            "the bias forgotten": expected - bias,
        },
    )


@number("2.2")
@weight(2)
def test_convolution_over_channels(student, x, kernels, bias):
    """Several images, channels and kernels: an output channel sums over all input channels."""
    assert_close(
        forward(student, x, kernels, bias),
        by_torch(x, kernels, bias),
        what="the output for 2 images with 3 channels of 6 x 8, 4 kernels 3 x 3",
        hint="out[n, o, p, q] sums over c, i and j; the bias has one number for each output channel.",
        sizes=SIZES,
        wrong={
            "the kernels turned by 180 degrees": by_torch(x, kernels[:, :, ::-1, ::-1], bias),
            "the kernels' rows and columns exchanged": by_torch(x, kernels.swapaxes(2, 3), bias),
        },
    )


@number("2.2")
@weight(2)
@pytest.mark.parametrize(
    "steps",
    [{"stride": 2, "padding": 0}, {"stride": 1, "padding": 1}, {"stride": 3, "padding": 2}],
    ids=["stride 2", "padding 1", "stride 3, padding 2"],
)
def test_convolution_with_stride_and_padding(student, x, kernels, bias, steps):
    """The kernel moves by the stride; the padding is zeros on all four sides."""
    assert_close(
        forward(student, x, kernels, bias, **steps),
        by_torch(x, kernels, bias, **steps),
        what=f"the output with stride {steps['stride']} and padding {steps['padding']}",
        hint="P = (H + 2 * padding - k) // stride + 1, and Q likewise from W.",
        sizes=SIZES,
    )


@number("2.2")
@weight(2)
def test_convolution_gradient_of_the_kernels(student, rng, x, kernels, bias):
    """The gradient dw is a sum over examples and places, for a dout that differs everywhere."""
    dout = rng.normal(size=(2, 4, 3, 4))
    expected = gradients(x, kernels, dout, stride=2, padding=1)["dw"]
    assert_close(
        backward(student, x, kernels, bias, dout, stride=2, padding=1)["dw"],
        expected,
        what="dw with stride 2 and padding 1",
        hint="dw[o, c, i, j] = sum of dout[n, o, p, q] * padded[n, c, 2 p + i, 2 q + j] over n, p and q.",
        sizes=SIZES,
        wrong={"turned by 180 degrees": expected[:, :, ::-1, ::-1]},
    )


@number("2.2")
@weight(1)
def test_convolution_gradient_of_the_bias(student, rng, x, kernels, bias):
    """The gradient db is dout summed over all but the output channels."""
    dout = rng.normal(size=(2, 4, 4, 6))
    assert_close(
        backward(student, x, kernels, bias, dout)["db"],
        dout.sum(axis=(0, 2, 3)),
        what="db",
        hint="A bias is added at every place of every image: sum over n, p and q, into shape (O,).",
        sizes=SIZES,
        wrong={
            "summed over the places of the first image alone": dout[0].sum(axis=(1, 2)),
            "the mean over the examples": dout.sum(axis=(2, 3)).mean(axis=0),
        },
    )


@number("2.2")
@weight(2)
def test_convolution_gradient_of_the_input(student, rng, x, kernels, bias):
    """The gradient dx has the input's shape, without the padding, and backward returns it."""
    dout = rng.normal(size=(2, 4, 3, 4))
    expected = gradients(x, kernels, dout, stride=2, padding=1)["dx"]
    found = backward(student, x, kernels, bias, dout, stride=2, padding=1)
    hint = (
        "Each dout[n, o, p, q], times its kernel, goes back to the window it came from; cut the padding off."
    )
    turned = kernels[:, :, ::-1, ::-1].copy()
    wrong = {
        "the kernels turned by 180 degrees": gradients(x, turned, dout, stride=2, padding=1)["dx"],
    }
    for name, what in (("dx", "dx with stride 2 and padding 1"), ("returned", "what backward returns")):
        assert_close(found[name], expected, what=what, hint=hint, sizes=SIZES, wrong=wrong)


@number("2.2")
@weight(0.5)
def test_convolution_sets_its_gradients_anew(student, rng, x, kernels, bias):
    """A second pass gives its own gradients: nothing is added to those of the first."""
    other, dout = rng.normal(size=x.shape), rng.normal(size=(2, 4, 4, 6))
    found = given(student, "numpy_layers.py").twice(
        convolution(student, kernels), (other, -dout), (x, dout), weight=kernels, bias=bias
    )
    assert_keys(found, ["out", "returned", "dx", "dw", "db"], what="what Conv2D leaves behind")
    for name, expected in gradients(x, kernels, dout).items():
        assert_close(
            found[name],
            expected,
            what=f"{name} after a second pass",
            hint="backward starts from zeros, not from the gradients of the last call.",
        )


@number("2.2")
@weight(0.5)
def test_convolution_leaves_its_arguments_alone(student, rng, x, kernels, bias):
    """The arguments x and dout are the same after a call that gives the right gradient."""
    dout = rng.normal(size=(2, 4, 6, 8))
    layer = convolution(student, kernels, padding=1)
    after = given(student, "numpy_layers.py").arguments_after(layer, x, dout, weight=kernels, bias=bias)
    assert_keys(after, ["x", "dout", "returned"], what="the arguments and dx")
    assert_close(after["returned"], gradients(x, kernels, dout, padding=1)["dx"], what="dx with padding 1")
    assert_close(after["x"], x, what="x after the call")
    assert_close(after["dout"], dout, what="dout after the call")


LOOPS = 500_000
# Small kernels on many pixels, so that loops show. Measured on a busy machine in loops of 500,000 additions,
# forward and backward: windows and one matrix product 0.1 to 0.4, a loop over the k * k places 0.1 to 0.4,
# one over channels too 0.1 to 1.4, one over pixels 11 to 41; five loops 14 to 48 in forward alone.
FACTOR = 3


@number("2.2")
@weight(1)
@limits(seconds=20)
def test_convolution_is_fast(student, rng):
    """Output and gradients for 4 images of 104x104 pixels need no Python loop over examples or pixels."""
    x, kernels, bias = rng.normal(size=(4, 2, 104, 104)), rng.normal(size=(5, 2, 3, 3)), rng.normal(size=5)
    dout = rng.normal(size=(4, 5, 102, 102))
    tools = given(student, "numpy_layers.py")
    _, one_loop = seconds(lambda: tools.loops(LOOPS))  # before the student's file has run
    layer = convolution(student, kernels)
    there, back = send(student, x), send(student, dout)
    # A container that is halted for a moment makes what is fast look slow, so a close call is timed again;
    # not what is far too slow, which would take all of the test's time.
    for _ in range(3):
        held, taken = seconds(lambda: tools.timed_pair(layer, there, back, weight=kernels, bias=bias))
        if not 1 < taken / (FACTOR * one_loop) < 4:
            break
    assert_that(
        taken < FACTOR * one_loop,
        f"Forward and backward took {taken / one_loop:.1f} times as long as a loop of {LOOPS:,} additions; "
        f"{FACTOR} times is the limit.",
        hint="Remove the Python loops over examples, over output rows and columns, and over channels. One "
        "over the k * k places in the kernel is fast enough: slices handle all pixels at once.",
    )
    found = held.results
    assert_keys(found, ["out", "returned", "dx", "dw", "db"], what="what Conv2D leaves behind")
    for name, expected in {"out": by_torch(x, kernels, bias), **gradients(x, kernels, dout)}.items():
        assert_close(found[name], expected, what=f"{name} of 4 images of 104x104 pixels")
