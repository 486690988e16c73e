import pytest
import torch
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import assert_close, assert_keys, given


def check(student, rng, x_shape, outputs, k, *, stride=1, padding=0):
    """Output and all gradients of one convolution against torch in float64."""
    x, bias = rng.normal(size=x_shape), rng.normal(size=outputs)
    kernels = rng.normal(size=(outputs, x_shape[1], k, k))
    leaves = [torch.tensor(value, requires_grad=True) for value in (x, kernels, bias)]
    out = torch.nn.functional.conv2d(*leaves, stride=stride, padding=padding)
    dout = rng.normal(size=tuple(out.shape))
    out.backward(torch.tensor(dout))
    layer = student.layers.Conv2D(x_shape[1], outputs, k, stride=stride, padding=padding)
    found = given(student, "numpy_layers.py").there_and_back(layer, x, dout, weight=kernels, bias=bias)
    assert_keys(found, ["out", "returned", "dx", "dw", "db"], what="the results of Conv2D")
    assert_close(found["out"], out.detach().numpy(), what="out")
    for name, leaf in zip(("dx", "dw", "db"), leaves, strict=True):
        assert_close(found[name], leaf.grad.numpy(), what=name, rtol=1e-5)


@number("2.2")
@weight(2)
@pytest.mark.parametrize(
    ("size", "k", "steps"),
    [((7, 10), 3, (2, 0)), ((8, 11), 4, (3, 1)), ((5, 9), 2, (4, 0)), ((6, 7), 5, (3, 2))],
    ids=str,
)
def test_kernels_that_do_not_tile_the_image(student, rng, size, k, steps):
    """What the kernel does not reach at the edges does not count, forwards and backwards."""
    check(student, rng, (3, 2, *size), 4, k, stride=steps[0], padding=steps[1])


@number("2.2")
@weight(1.5)
@pytest.mark.parametrize(("k", "stride"), [(2, 3), (1, 2), (3, 5)], ids=str)
def test_strides_larger_than_the_kernel(student, rng, k, stride):
    """Gaps between the windows get no gradient."""
    check(student, rng, (2, 3, 11, 9), 5, k, stride=stride)


@number("2.2")
@weight(1)
def test_kernels_of_one_pixel(student, rng):
    """A 1x1 kernel mixes the channels of each pixel."""
    check(student, rng, (3, 4, 5, 2), 6, 1)


@number("2.2")
@weight(1)
def test_one_image_one_channel_one_kernel(student, rng):
    """No axis of length 1 is lost."""
    check(student, rng, (1, 1, 4, 6), 1, 3, padding=1)


@number("2.2")
@weight(2)
@pytest.mark.parametrize(
    ("shape", "k", "padding"), [((2, 5, 3, 8), 3, 3), ((3, 2, 4, 5), 6, 2), ((2, 4, 3, 6), 3, 0)], ids=str
)
def test_padding_of_any_width(student, rng, shape, k, padding):
    """Wide padding, a kernel larger than the image, and one exactly as high as the image."""
    check(student, rng, shape, 7, k, padding=padding)


@number("2.2")
@weight(1.5)
def test_convolutions_share_nothing(student, rng):
    """Two layers in one network keep their own inputs and gradients."""
    x = rng.normal(size=(2, 3, 6, 5))
    kernels, bias = rng.normal(size=(4, 3, 2, 2)), rng.normal(size=4)
    leaves = [torch.tensor(value, requires_grad=True) for value in (x, kernels, bias)]
    out = torch.nn.functional.conv2d(*leaves)
    dout, other = rng.normal(size=tuple(out.shape)), rng.normal(size=(2, 2, 4, 3))
    out.backward(torch.tensor(dout))
    layer = student.layers.Conv2D(3, 4, 2)
    neighbour = student.layers.Conv2D(3, 2, 3)
    found = given(student, "numpy_layers.py").side_by_side(
        layer, neighbour, x, dout, other, weight=kernels, bias=bias
    )
    assert_keys(found, ["dx", "dw", "db"], what="the results of Conv2D")
    for name, leaf in zip(("dx", "dw", "db"), leaves, strict=True):
        assert_close(found[name], leaf.grad.numpy(), what=name, rtol=1e-5)
