import numpy as np
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import assert_close, assert_keys, given

RNG = np.random.default_rng(23)
# A 4x4 image whose entries all differ.
IMAGE = np.array(
    [[[[1.0, 5.0, 2.0, 8.0], [4.0, 3.0, 7.0, 6.0], [9.0, 0.0, 12.0, 10.0], [11.0, 13.0, 15.0, 14.0]]]]
)


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
def test_pooling_by_hand(student):
    """The largest of each 2x2 window; without a stride the windows lie side by side."""
    assert_close(
        forward(student, IMAGE, 2),
        [[[[5.0, 8.0], [13.0, 15.0]]]],
        what="the output for a 4x4 image and windows 2x2",
        hint="stride=None means the kernel size.",
        wrong={"the means of the windows": IMAGE.reshape(1, 1, 2, 2, 2, 2).mean(axis=(3, 5))},
    )


@number("2.3")
@weight(1)
def test_pooling_with_overlapping_windows(student):
    """Windows of 3x3 that move by 1 overlap; each example and channel is pooled by itself."""
    x = RNG.permutation(2 * 3 * 4 * 5).reshape(2, 3, 4, 5) * 1.0
    windows = [[x[:, :, p : p + 3, q : q + 3].max(axis=(2, 3)) for q in range(3)] for p in range(2)]
    assert_close(
        forward(student, x, 3, 1),
        np.array(windows).transpose(2, 3, 0, 1),
        what="the output for 2 images with 3 channels of 4 x 5, windows 3 x 3, stride 1",
        hint="The window at (p, q) starts at row p * stride and column q * stride.",
    )


@number("2.3")
@weight(1)
def test_pooling_of_negative_images(student):
    """The largest of negative numbers is negative: nothing is padded with zeros."""
    x = -1.0 - RNG.permutation(2 * 5 * 5).reshape(1, 2, 5, 5)
    assert_close(
        forward(student, x, 3, 2),
        np.array(
            [[x[:, :, p : p + 3, q : q + 3].max(axis=(2, 3)) for q in (0, 2)] for p in (0, 2)]
        ).transpose(2, 3, 0, 1),
        what="the output for negative images",
        hint="Start from the window's own entries, not from an array of zeros.",
        wrong={"zeros win": np.zeros((1, 2, 2, 2))},
    )


@number("2.3")
@weight(1.5)
def test_pooling_gradient_by_hand(student):
    """Each window's gradient goes to its largest entry, all others get 0; backward returns dx."""
    dout = np.array([[[[1.0, 2.0], [3.0, 4.0]]]])
    expected = np.zeros((1, 1, 4, 4))
    expected[0, 0, [0, 0, 3, 3], [1, 3, 1, 2]] = [1.0, 2.0, 3.0, 4.0]
    found = pooled(student, IMAGE, dout, 2)
    for name, what in (("dx", "dx"), ("returned", "what backward returns")):
        assert_close(
            found[name],
            expected,
            what=what,
            hint="Remember in forward which entry of each window was the largest.",
            wrong={
                "dout given to all entries of a window": np.kron(dout, np.ones((2, 2))),
                "dout shared by all entries of a window": np.kron(dout, np.full((2, 2), 0.25)),
            },
        )


@number("2.3")
@weight(1)
def test_pooling_gradient_on_ties(student):
    """Of equal entries the first one wins, row by row, and it alone."""
    x = np.array([[[[2.0, 2.0, 0.0, 1.0], [2.0, 2.0, 1.0, 1.0]]]])
    dout = np.array([[[[6.0, -3.0]]]])
    everybody = np.array([[[[6.0, 6.0, 0.0, -3.0], [6.0, 6.0, -3.0, -3.0]]]])
    assert_close(
        pooled(student, x, dout, 2)["dx"],
        [[[[6.0, 0.0, 0.0, -3.0], [0.0, 0.0, 0.0, 0.0]]]],
        what="dx of windows with equal entries",
        hint="argmax gives the first of equals; a comparison with the maximum gives all of them.",
        wrong={
            "all equal entries win": everybody,
            "equal entries share": everybody / np.array([4.0, 4.0, 3.0, 3.0]),
            "the last one wins": [[[[0.0, 0.0, 0.0, 0.0], [0.0, 6.0, 0.0, -3.0]]]],
        },
    )


@number("2.3")
@weight(0.5)
def test_pooling_gradients_of_overlapping_windows_add_up(student):
    """An entry that wins in several windows gets the sum of their gradients."""
    x = np.zeros((1, 1, 3, 3))
    x[0, 0, 1, 1] = 5.0
    dout = np.array([[[[1.0, 2.0], [4.0, 8.0]]]])
    expected, last = np.zeros((1, 1, 3, 3)), np.zeros((1, 1, 3, 3))
    expected[0, 0, 1, 1], last[0, 0, 1, 1] = 15.0, 8.0
    assert_close(
        pooled(student, x, dout, 2, 1)["dx"],
        expected,
        what="dx where one entry wins in all four windows",
        hint="With several equal indices, dx[indices] += dout counts one of them; numpy.add.at counts all.",
        wrong={"the last window's gradient alone": last},
    )


@number("2.3")
@weight(0.5)
def test_pooling_leaves_its_arguments_alone(student):
    """The arguments x and dout are the same after a call."""
    dout = RNG.normal(size=(1, 1, 2, 2))
    after = given(student, "numpy_layers.py").arguments_after(student.layers.MaxPooling(2), IMAGE, dout)
    assert_keys(after, ["x", "dout"], what="the arguments")
    assert_close(after["x"], IMAGE, what="x after the call")
    assert_close(after["dout"], dout, what="dout after the call")
