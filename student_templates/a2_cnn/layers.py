"""Parts 2.1, 2.2 and 2.3: the layers of a convolutional network, in NumPy alone.

A layer has `forward(x)`, which remembers what the way back needs, and `backward(dout)`, which takes
the gradient of the loss by the layer's last output, sets `dx` (and `dw` and `db`, where there are
parameters) and returns `dx`. A network of layers is in convnet.py, its training in optimizers.py.

Letters: N examples; C input channels, O output channels; images of height H and width W, outputs of
height P and width Q; k the side of a window. Arrays are float64 unless a test says otherwise.
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["Conv2D", "Linear", "MaxPooling", "ReLU", "SoftmaxCrossEntropy"]

Array = NDArray[np.floating]


class Linear:
    """A linear layer: out = flat(x) @ weight + bias.

    Attributes:
        weight: (in_features, out_features).
        bias: (out_features,).
        dx, dw, db: set by `backward`, of the shapes of the input, of `weight` and of `bias`.

    Both parameters are read at the time of a call, and a test may replace them.
    """

    def __init__(self, in_features: int, out_features: int, *, seed: int = 0) -> None:
        """Draw the weights: normal with standard deviation 1/sqrt(in_features), biases 0.

        Args:
            in_features: numbers in one example.
            out_features: numbers that come out.
            seed: equal seeds give equal weights, different seeds different ones.
        """
        rng = np.random.default_rng(seed)
        self.weight: Array = rng.normal(0.0, in_features**-0.5, (in_features, out_features))
        self.bias: Array = np.zeros(out_features)

    def forward(self, x: Array) -> Array:
        """Apply the layer.

        Args:
            x: (N, ...) with in_features numbers in each example: an image is flattened in the order
                in which it is stored. Unchanged.

        Returns:
            (N, out_features).
        """
        raise NotImplementedError("Linear.forward is not written yet")

    def backward(self, dout: Array) -> Array:
        """Gradients of the loss by input, weight and bias.

        They are sums over the examples, not means: the 1/N is the loss's own. Each call sets them
        anew, nothing is added up.

        Args:
            dout: (N, out_features), the gradient by the last output. Unchanged.

        Returns:
            `dx`, of the shape of the last input, also where that was an image.
        """
        raise NotImplementedError("Linear.backward is not written yet")


class ReLU:
    """The rectifier, entry by entry: out = max(x, 0).

    Attributes:
        dx: set by `backward`.
    """

    def forward(self, x: Array) -> Array:
        """Apply the rectifier.

        Args:
            x: of any shape. Unchanged.

        Returns:
            An array of the shape of x.
        """
        raise NotImplementedError("ReLU.forward is not written yet")

    def backward(self, dout: Array) -> Array:
        """Gradient by the last input: dout where that was positive, 0 elsewhere, and 0 where it was 0.

        Args:
            dout: of the shape of the last output. Unchanged.

        Returns:
            `dx`, of that shape.
        """
        raise NotImplementedError("ReLU.backward is not written yet")


class SoftmaxCrossEntropy:
    """Softmax, then the mean cross-entropy over the examples: the end of a network.

    Attributes:
        dx: set by `backward`.
    """

    def forward(self, scores: Array, labels: NDArray[np.integer]) -> tuple[Array, float]:
        """Probabilities of the classes, and the loss.

        Args:
            scores: (N, K) for K >= 1 classes, all finite and of any size. Unchanged.
            labels: (N,) integers in 0, ..., K - 1. Unchanged.

        Returns:
            (probabilities, loss): probabilities (N, K), each row sums to 1; the loss is the mean of
            -log(probability of the label) in nats, finite for all finite scores.
        """
        raise NotImplementedError("SoftmaxCrossEntropy.forward is not written yet")

    def backward(self) -> Array:
        """Gradient of the loss by the scores.

        Returns:
            `dx` (N, K), with the 1/N of the mean in it. A second call gives the same.
        """
        raise NotImplementedError("SoftmaxCrossEntropy.backward is not written yet")


class Conv2D:
    """A convolution as networks compute it: a cross-correlation, the kernel is not flipped.

        out[n, o, p, q] = bias[o] + sum over c, i, j of
                          weight[o, c, i, j] * padded[n, c, p * stride + i, q * stride + j]

    where `padded` is the input with `padding` rows and columns of zeros on each of the four sides.
    The output has P = (H + 2 * padding - k) // stride + 1 rows, and columns likewise: what the kernel
    does not reach at the right and lower edge does not count, and its gradient is 0.

    Attributes:
        weight: (O, C, k, k).
        bias: (O,).
        stride, padding: whole numbers.
        dx, dw, db: set by `backward`, of the shapes of the input, of `weight` and of `bias`.

    Both parameters are read at the time of a call, and a test may replace them.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        padding: int = 0,
        *,
        seed: int = 0,
    ) -> None:
        """Draw the weights: normal with standard deviation 1/sqrt(C * k * k), biases 0.

        Args:
            in_channels: C.
            out_channels: O.
            kernel_size: k >= 1, the side of the square kernel.
            stride: at least 1; it may exceed k.
            padding: at least 0, zeros on each side.
            seed: equal seeds give equal weights, different seeds different ones.
        """
        rng = np.random.default_rng(seed)
        shape = (out_channels, in_channels, kernel_size, kernel_size)
        self.weight: Array = rng.normal(0.0, (in_channels * kernel_size**2) ** -0.5, shape)
        self.bias: Array = np.zeros(out_channels)
        self.stride = stride
        self.padding = padding

    def forward(self, x: Array) -> Array:
        """Apply the layer.

        No Python loop over examples, channels or pixels is needed; one over the k * k places in the
        kernel is fast enough.

        Args:
            x: (N, C, H, W), H and W may differ, each at least k - 2 * padding. Unchanged.

        Returns:
            (N, O, P, Q).
        """
        raise NotImplementedError("Conv2D.forward is not written yet")

    def backward(self, dout: Array) -> Array:
        """Gradients of the loss by input, weight and bias.

        They are sums over the examples, not means. Each call sets them anew, nothing is added up.

        Args:
            dout: (N, O, P, Q), the gradient by the last output. Unchanged.

        Returns:
            `dx`, of the shape of the last input, without the padding.
        """
        raise NotImplementedError("Conv2D.backward is not written yet")


class MaxPooling:
    """The largest entry of each window, channel by channel.

    The output has P = (H - k) // stride + 1 rows, and columns likewise: windows that do not fit are
    left out. Nothing is padded. Windows may overlap or leave gaps.

    Attributes:
        kernel_size, stride: whole numbers.
        dx: set by `backward`.
    """

    def __init__(self, kernel_size: int, stride: int | None = None) -> None:
        """Keep the settings.

        Args:
            kernel_size: k >= 1, the side of the square window.
            stride: at least 1; None means k.
        """
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride

    def forward(self, x: Array) -> Array:
        """Apply the layer.

        Args:
            x: (N, C, H, W), H and W may differ, each at least k; of any sign. Unchanged.

        Returns:
            (N, C, P, Q).
        """
        raise NotImplementedError("MaxPooling.forward is not written yet")

    def backward(self, dout: Array) -> Array:
        """Gradient by the last input.

        Each window passes its gradient to one entry, its largest. Of equal ones that is the first, row
        by row from the upper left corner. An entry that wins in several windows gets the sum.

        Args:
            dout: (N, C, P, Q), the gradient by the last output. Unchanged.

        Returns:
            `dx`, of the shape of the last input.
        """
        raise NotImplementedError("MaxPooling.backward is not written yet")
