import numpy as np
import pytest
import torch
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import assert_close, assert_keys, assert_that, given, limits, seconds

RNG = np.random.default_rng(22)
SIZES = {"N": 2, "C": 3, "O": 4, "k": 3}
X = RNG.normal(size=(2, 3, 6, 8))
KERNELS = RNG.normal(size=(4, 3, 3, 3))
BIAS = RNG.normal(size=4)


def by_torch(x, kernels, bias, *, stride=1, padding=0, dout=None):
    """Output and gradients of a library that is known to be right."""
    leaves = [torch.tensor(value, requires_grad=True) for value in (x, kernels, bias)]
    out = torch.nn.functional.conv2d(*leaves, stride=stride, padding=padding)
    dout = np.ones(out.shape) if dout is None else dout
    out.backward(torch.tensor(dout))
    gradients = [leaf.grad.numpy() for leaf in leaves]
    return {"out": out.detach().numpy(), **dict(zip(("dx", "dw", "db"), gradients, strict=True))}


def by_student(student, x, kernels, bias, *, stride=1, padding=0, dout=None):
    """The same, by the student's layer with these parameters."""
    outputs, channels, k, _ = kernels.shape
    layer = student.layers.Conv2D(channels, outputs, k, stride=stride, padding=padding)
    dout = (
        np.ones(by_torch(x, kernels, bias, stride=stride, padding=padding)["out"].shape)
        if dout is None
        else dout
    )
    found = given(student, "numpy_layers.py").there_and_back(layer, x, dout, weight=kernels, bias=bias)
    assert_keys(found, ["out", "returned", "dx", "dw", "db"], what="what Conv2D leaves behind")
    return found


def forward(student, x, kernels, bias, *, stride=1, padding=0):
    """The student's output alone: what backward does is judged elsewhere."""
    outputs, channels, k, _ = kernels.shape
    layer = student.layers.Conv2D(channels, outputs, k, stride=stride, padding=padding)
    return given(student, "numpy_layers.py").forward(layer, x, weight=kernels, bias=bias)


@number("2.2")
@weight(2)
def test_convolution_by_hand(student):
    """One 3x4 image and one 2x2 kernel, small enough for paper."""
    x = np.arange(1.0, 13.0).reshape(1, 1, 3, 4)
    kernel = np.array([[[[1.0, 0.0], [2.0, -1.0]]]])
    # The first output: 1*1 + 0*2 + 2*5 - 1*6 = 5, plus the bias 10.
    assert_close(
        forward(student, x, kernel, np.array([10.0])),
        [[[[15.0, 17.0, 19.0], [23.0, 25.0, 27.0]]]],
        what="the output",
        hint="Lay the kernel on the upper left corner, multiply entry by entry, add up, then move it.",
        wrong={
            "the kernel turned by 180 degrees: a convolution as signal processing defines it": [
                [[[19.0, 21.0, 23.0], [27.0, 29.0, 31.0]]]
            ],
            "the bias forgotten": [[[[5.0, 7.0, 9.0], [13.0, 15.0, 17.0]]]],
        },
    )


@number("2.2")
@weight(2)
def test_convolution_over_channels(student):
    """Several images, channels and kernels: an output channel sums over all input channels."""
    expected = by_torch(X, KERNELS, BIAS)["out"]
    assert_close(
        forward(student, X, KERNELS, BIAS),
        expected,
        what="the output for 2 images with 3 channels of 6 x 8, 4 kernels 3 x 3",
        hint="out[n, o, p, q] sums over c, i and j; the bias has one number for each output channel.",
        sizes=SIZES,
        wrong={
            "the kernels turned by 180 degrees": by_torch(X, KERNELS[:, :, ::-1, ::-1].copy(), BIAS)["out"],
            "the kernels' rows and columns exchanged": by_torch(X, KERNELS.swapaxes(2, 3).copy(), BIAS)[
                "out"
            ],
        },
    )


@number("2.2")
@weight(2)
@pytest.mark.parametrize(
    ("stride", "padding"), [(2, 0), (1, 1), (3, 2)], ids=["stride 2", "padding 1", "stride 3, padding 2"]
)
def test_convolution_with_stride_and_padding(student, stride, padding):
    """The kernel moves by the stride; the padding is zeros on all four sides."""
    assert_close(
        forward(student, X, KERNELS, BIAS, stride=stride, padding=padding),
        by_torch(X, KERNELS, BIAS, stride=stride, padding=padding)["out"],
        what=f"the output with stride {stride} and padding {padding}",
        hint="P = (H + 2 * padding - k) // stride + 1, and Q likewise from W.",
        sizes=SIZES,
    )


@number("2.2")
@weight(2)
def test_convolution_gradient_of_the_kernels(student):
    """The gradient dw is a sum over examples and places, for a dout that differs everywhere."""
    dout = RNG.normal(size=(2, 4, 3, 4))
    expected = by_torch(X, KERNELS, BIAS, stride=2, padding=1, dout=dout)["dw"]
    assert_close(
        by_student(student, X, KERNELS, BIAS, stride=2, padding=1, dout=dout)["dw"],
        expected,
        what="dw with stride 2 and padding 1",
        hint="dw[o, c, i, j] = sum of dout[n, o, p, q] * padded[n, c, 2 p + i, 2 q + j] over n, p and q.",
        sizes=SIZES,
        wrong={"turned by 180 degrees": expected[:, :, ::-1, ::-1]},
    )


@number("2.2")
@weight(1)
def test_convolution_gradient_of_the_bias(student):
    """The gradient db is dout summed over all but the output channels."""
    dout = RNG.normal(size=(2, 4, 4, 6))
    assert_close(
        by_student(student, X, KERNELS, BIAS, dout=dout)["db"],
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
def test_convolution_gradient_of_the_input(student):
    """The gradient dx has the input's shape, without the padding, and backward returns it."""
    dout = RNG.normal(size=(2, 4, 3, 4))
    expected = by_torch(X, KERNELS, BIAS, stride=2, padding=1, dout=dout)["dx"]
    found = by_student(student, X, KERNELS, BIAS, stride=2, padding=1, dout=dout)
    hint = (
        "Each dout[n, o, p, q], times its kernel, goes back to the window it came from; cut the padding off."
    )
    wrong = {
        "the kernels turned by 180 degrees": by_torch(
            X, KERNELS[:, :, ::-1, ::-1].copy(), BIAS, stride=2, padding=1, dout=dout
        )["dx"]
    }
    for name, what in (("dx", "dx with stride 2 and padding 1"), ("returned", "what backward returns")):
        assert_close(found[name], expected, what=what, hint=hint, sizes=SIZES, wrong=wrong)


@number("2.2")
@weight(0.5)
def test_convolution_sets_its_gradients_anew(student):
    """A second pass gives its own gradients: nothing is added to those of the first."""
    other, dout = RNG.normal(size=X.shape), RNG.normal(size=(2, 4, 4, 6))
    layer = student.layers.Conv2D(3, 4, 3)
    found = given(student, "numpy_layers.py").twice(
        layer, (other, -dout), (X, dout), weight=KERNELS, bias=BIAS
    )
    assert_keys(found, ["out", "returned", "dx", "dw", "db"], what="what Conv2D leaves behind")
    expected = by_torch(X, KERNELS, BIAS, dout=dout)
    for name in ("dx", "dw", "db"):
        assert_close(
            found[name],
            expected[name],
            what=f"{name} after a second pass",
            hint="backward starts from zeros, not from the gradients of the last call.",
        )


@number("2.2")
@weight(0.5)
def test_convolution_leaves_its_arguments_alone(student):
    """The arguments x and dout are the same after a call."""
    dout = RNG.normal(size=(2, 4, 6, 8))
    layer = student.layers.Conv2D(3, 4, 3, padding=1)
    after = given(student, "numpy_layers.py").arguments_after(layer, X, dout, weight=KERNELS, bias=BIAS)
    assert_keys(after, ["x", "dout"], what="the arguments")
    assert_close(after["x"], X, what="x after the call")
    assert_close(after["dout"], dout, what="dout after the call")


LOOPS = 500_000
# Small kernels on many pixels, so that loops show. Measured on a busy machine in loops of 500,000 additions,
# forward and backward: windows and one matrix product 0.1 to 0.4, a loop over the k * k places 0.1 to 0.4,
# one over channels too 0.1 to 1.4, one over pixels 11 to 41; five loops 14 to 48 in forward alone.
FACTOR = 3


@number("2.2")
@weight(1)
@limits(seconds=20)
def test_convolution_is_fast(student):
    """Forward and backward on 4 images of 104x104 pixels need no Python loop over examples or pixels."""
    rng = np.random.default_rng(0)
    x, kernels = rng.normal(size=(4, 2, 104, 104)), rng.normal(size=(5, 2, 3, 3))
    dout = rng.normal(size=(4, 5, 102, 102))
    tools = given(student, "numpy_layers.py")
    _, one_loop = seconds(lambda: tools.loops(LOOPS))  # before the student's file has run
    layer = student.layers.Conv2D(2, 5, 3)
    _, taken = seconds(lambda: tools.timed_pair(layer, x, dout, weight=kernels, bias=np.zeros(5)))
    assert_that(
        taken < FACTOR * one_loop,
        f"Forward and backward took {taken / one_loop:.1f} times as long as a loop of {LOOPS:,} additions; "
        f"{FACTOR} times is the limit.",
        hint="Remove the Python loops over examples, over output rows and columns, and over channels. One "
        "over the k * k places in the kernel is fast enough: slices handle all pixels at once.",
    )
