import numpy as np
import pytest
import torch
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import assert_close, assert_keys, given


def check(student, rng, x, size, stride):
    """Output and gradient of one pooling against torch in float64, where no two entries are equal."""
    leaf = torch.tensor(x, requires_grad=True)
    out = torch.nn.functional.max_pool2d(leaf, size, stride=stride)
    dout = rng.normal(size=tuple(out.shape))
    out.backward(torch.tensor(dout))
    layer = student.layers.MaxPooling(size, stride)
    found = given(student, "numpy_layers.py").there_and_back(layer, x, dout)
    assert_keys(found, ["out", "returned", "dx"], what="the results of MaxPooling")
    assert_close(found["out"], out.detach().numpy(), what="out")
    assert_close(found["dx"], leaf.grad.numpy(), what="dx")


@number("2.3")
@weight(2)
@pytest.mark.parametrize(
    ("shape", "size", "stride"),
    [((3, 2, 7, 5), 2, 2), ((1, 4, 5, 8), 3, 3), ((2, 1, 9, 4), 4, 2), ((2, 3, 3, 6), 3, 1)],
    ids=str,
)
def test_pooling_of_odd_sizes(student, rng, shape, size, stride):
    """Rows and columns that no window reaches do not count; images need not be square."""
    check(student, rng, rng.normal(size=shape), size, stride)


@number("2.3")
@weight(1)
@pytest.mark.parametrize(("size", "stride"), [(1, 2), (2, 3), (2, 5)], ids=str)
def test_pooling_with_gaps(student, rng, size, stride):
    """A stride larger than the window leaves entries out: they get no gradient."""
    check(student, rng, rng.normal(size=(2, 3, 8, 11)), size, stride)


@number("2.3")
@weight(1)
def test_pooling_ties_in_overlapping_windows(student, rng):
    """Whole numbers with many ties, in windows that overlap."""
    x = rng.integers(-2, 2, size=(2, 3, 6, 7)) * 1.0
    dout = rng.normal(size=(2, 3, 4, 5))
    expected = np.zeros_like(x)
    for n, c, p, q in np.ndindex(dout.shape):
        i, j = divmod(x[n, c, p : p + 3, q : q + 3].argmax(), 3)
        expected[n, c, p + i, q + j] += dout[n, c, p, q]
    found = given(student, "numpy_layers.py").there_and_back(student.layers.MaxPooling(3, 1), x, dout)
    assert_keys(found, ["out", "returned", "dx"], what="the results of MaxPooling")
    assert_close(found["dx"], expected, what="dx")


@number("2.3")
@weight(1)
def test_pooling_remembers_the_last_forward(student, rng):
    """Each backward belongs to the forward before it, and starts from zeros."""
    first, x = rng.normal(size=(2, 2, 4, 6)), rng.normal(size=(2, 2, 4, 6))
    dout = rng.normal(size=(2, 2, 2, 3))
    leaf = torch.tensor(x, requires_grad=True)
    torch.nn.functional.max_pool2d(leaf, 2).backward(torch.tensor(dout))
    found = given(student, "numpy_layers.py").twice(student.layers.MaxPooling(2), (first, -dout), (x, dout))
    assert_keys(found, ["out", "returned", "dx"], what="the results of MaxPooling")
    assert_close(found["dx"], leaf.grad.numpy(), what="dx")
