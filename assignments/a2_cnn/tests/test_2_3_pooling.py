import numpy as np
import pytest
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import assert_close, assert_keys, given, vary


@pytest.fixture
def image(rng):
    """A 4x4 image whose entries all differ."""
    return rng.permutation(16).reshape(1, 1, 4, 4) * 1.0


def windows_of(x, size, stride):
    """All windows of images (N, C, H, W) by the place (p, q) they belong to."""
    rows, columns = ((side - size) // stride + 1 for side in x.shape[2:])
    return {
        (p, q): x[:, :, p * stride : p * stride + size, q * stride : q * stride + size]
        for p in range(rows)
        for q in range(columns)
    }


def largest(x, size, stride):
    """What pooling gives, (N, C, P, Q)."""
    windows = windows_of(x, size, stride)
    rows, columns = (last + 1 for last in max(windows))
    maxima = np.array([window.max(axis=(2, 3)) for window in windows.values()])
    return maxima.reshape(rows, columns, *x.shape[:2]).transpose(2, 3, 0, 1)


def gradient(x, dout, size, stride):
    """What the way back gives: each number of dout goes to the first of its window's largest entries."""
    dx = np.zeros_like(x)
    windows, ways_back = windows_of(x, size, stride), windows_of(dx, size, stride)
    for n, c, p, q in np.ndindex(dout.shape):
        winner = np.unravel_index(windows[p, q][n, c].argmax(), (size, size))
        ways_back[p, q][n, c][winner] += dout[n, c, p, q]
    return dx


def pooled(student, x, dout, size, stride=None):
    """What the student's layer computes there and back."""
    layer = student.layers.MaxPooling(size) if stride is None else student.layers.MaxPooling(size, stride)
    found = given(student, "numpy_layers.py").there_and_back(layer, x, dout)
    assert_keys(found, ["out", "returned", "dx"], what="what MaxPooling leaves behind")
    return found


def forward(student, x, size, stride=None):
    """The student's output alone."""
    layer = student.layers.MaxPooling(size) if stride is None else student.layers.MaxPooling(size, stride)
    return given(student, "numpy_layers.py").forward(layer, x)


@number("2.3")
@weight(1.5)
def test_pooling_by_hand(student, image):
    """The largest of each 2x2 window; without a stride the windows lie side by side."""
    assert_close(
        forward(student, image, 2),
        largest(image, 2, 2),
        what="the output for a 4x4 image and windows 2x2",
        hint="stride=None means the kernel size.",
        inputs={"x": image},
        wrong={"the means of the windows": image.reshape(1, 1, 2, 2, 2, 2).mean(axis=(3, 5))},
    )


@number("2.3")
@weight(1)
def test_pooling_with_overlapping_windows(student, rng):
    """Windows of 3x3 that move by 1 overlap; each example and channel is pooled by itself."""
    x = rng.permutation(2 * 3 * 4 * 5).reshape(2, 3, 4, 5) * 1.0
    assert_close(
        forward(student, x, 3, 1),
        largest(x, 3, 1),
        what="the output for 2 images with 3 channels of 4 x 5, windows 3 x 3, stride 1",
        hint="The window at (p, q) starts at row p * stride and column q * stride.",
    )


@number("2.3")
@weight(1)
def test_pooling_of_negative_images(student, rng):
    """The largest of negative numbers is negative: nothing is padded with zeros."""
    x = -1.0 - rng.permutation(2 * 5 * 5).reshape(1, 2, 5, 5)
    assert_close(
        forward(student, x, 3, 2),
        largest(x, 3, 2),
        what="the output for negative images",
        hint="Start from the window's own entries, not from an array of zeros.",
        wrong={"zeros win": np.zeros((1, 2, 2, 2))},
    )


@number("2.3")
@weight(1.5)
def test_pooling_gradient_by_hand(student, rng, image):
    """Each window's gradient goes to its largest entry, all others get 0; backward returns dx."""
    dout = vary(rng, np.array([[[[1.0, 2.0], [3.0, 4.0]]]]))
    found = pooled(student, image, dout, 2)
    for name, what in (("dx", "dx"), ("returned", "what backward returns")):
        assert_close(
            found[name],
            gradient(image, dout, 2, 2),
            what=what,
            hint="Remember in forward which entry of each window was the largest.",
            wrong={
                "dout given to all entries of a window": np.kron(dout, np.ones((2, 2))),
                "dout shared by all entries of a window": np.kron(dout, np.full((2, 2), 0.25)),
            },
        )


@number("2.3")
@weight(1)
def test_pooling_gradient_on_ties(student, rng):
    """Of equal entries the first one wins, row by row, and it alone."""
    high, low = vary(rng, np.array([2.0, 1.0]))
    x = np.array([[[[high, high, 0.0, low], [high, high, low, low]]]])
    dout = vary(rng, np.array([[[[6.0, -3.0]]]]))
    everybody = np.where(x > 0, np.kron(dout, np.ones((2, 2))), 0.0)
    last = np.zeros_like(x)
    last[..., 1, 1::2] = dout[..., 0, :]
    assert_close(
        pooled(student, x, dout, 2)["dx"],
        gradient(x, dout, 2, 2),
        what="dx of windows with equal entries",
        hint="argmax gives the first of equals; a comparison with the maximum gives all of them.",
        wrong={
            "all equal entries win": everybody,
            "equal entries share": everybody / np.array([4.0, 4.0, 3.0, 3.0]),
            "the last one wins": last,
        },
    )


@number("2.3")
@weight(0.5)
def test_pooling_gradients_of_overlapping_windows_add_up(student, rng):
    """An entry that wins in several windows gets the sum of their gradients."""
    x = np.zeros((1, 1, 3, 3))
    x[0, 0, 1, 1] = 5.0
    dout = vary(rng, np.array([[[[1.0, 2.0], [4.0, 8.0]]]]))
    last = np.zeros((1, 1, 3, 3))
    last[0, 0, 1, 1] = dout[0, 0, 1, 1]
    assert_close(
        pooled(student, x, dout, 2, 1)["dx"],
        gradient(x, dout, 2, 1),
        what="dx where one entry wins in all four windows",
        hint="With several equal indices, dx[indices] += dout counts one of them; numpy.add.at counts all.",
        wrong={"the last window's gradient alone": last},
    )


@number("2.3")
@weight(0.5)
def test_pooling_leaves_its_arguments_alone(student, rng, image):
    """The arguments x and dout are the same after a call that gives the right gradient."""
    dout = rng.normal(size=(1, 1, 2, 2))
    after = given(student, "numpy_layers.py").arguments_after(student.layers.MaxPooling(2), image, dout)
    assert_keys(after, ["x", "dout", "returned"], what="the arguments and dx")
    assert_close(after["returned"], gradient(image, dout, 2, 2), what="dx")
    assert_close(after["x"], image, what="x after the call")
    assert_close(after["dout"], dout, what="dout after the call")
