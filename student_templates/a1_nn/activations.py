"""Part 1.1: the functions that turn scores into activations, and their derivatives.

Every function takes an array, leaves it as it is, and returns a new one. This
module knows nothing of networks: `networks.py` builds on it.
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["relu", "relu_gradient", "sigmoid", "sigmoid_gradient", "softmax"]

Array = NDArray[np.floating]


def softmax(scores: Array) -> Array:
    """Turn each example's scores into probabilities.

        softmax(z)[n, c] = exp(z[n, c]) / sum_k exp(z[n, k])

    Args:
        scores: (N, C) float or signed integer, any finite values; N >= 1, C >= 1.
            Rows may lie far apart, such as 1000 in one and -1000 in the next.

    Returns:
        (N, C) float, a new array; every entry is finite and in [0, 1], every row sums to 1.
        Computed without a NumPy warning: shift each row by its own maximum first.

    Source:
        Goodfellow, Bengio and Courville, "Deep Learning" (2016), sections 4.1 and 6.2.2.3.
    """
    raise NotImplementedError("softmax is not written yet")


def sigmoid(x: Array) -> Array:
    """Squash every entry into [0, 1] with the logistic function.

        sigmoid(x) = 1 / (1 + exp(-x))

    Args:
        x: any shape, float or signed integer, any finite values.

    Returns:
        Float, a new array of x's shape. Right to an absolute error of 1e-9 (1e-4 if x is
        float32) and without a NumPy warning for every |x| <= 1000.

    Source:
        Goodfellow, Bengio and Courville, "Deep Learning" (2016), section 3.10.
    """
    raise NotImplementedError("sigmoid is not written yet")


def sigmoid_gradient(x: Array) -> Array:
    """Differentiate the sigmoid, entry by entry.

        d sigmoid(x) / dx = sigmoid(x) * (1 - sigmoid(x))

    Args:
        x: any shape, float or signed integer: the pre-activation, which is the sigmoid's
            input and not its output.

    Returns:
        Float, a new array of x's shape; 0.25 at x = 0, near 0 at both ends. Finite and
        without a NumPy warning for every |x| <= 1000.

    Source:
        Goodfellow, Bengio and Courville, "Deep Learning" (2016), section 3.10.
    """
    raise NotImplementedError("sigmoid_gradient is not written yet")


def relu(x: Array) -> Array:
    """Keep what is positive and replace the rest by 0.

        relu(x) = max(x, 0)

    Args:
        x: any shape, float or signed integer.

    Returns:
        A new array of x's shape, of any numeric dtype; x itself is unchanged.

    Source:
        Goodfellow, Bengio and Courville, "Deep Learning" (2016), section 6.3.1.
    """
    raise NotImplementedError("relu is not written yet")


def relu_gradient(x: Array) -> Array:
    """Differentiate the rectifier, entry by entry.

        d relu(x) / dx = 1 where x > 0, and 0 elsewhere

    At x = 0 the derivative does not exist; here it is 0.

    Args:
        x: any shape, float or signed integer: the pre-activation.

    Returns:
        Zeros and ones in a new array of x's shape, of any numeric dtype. A boolean mask is
        not numeric: NumPy refuses to subtract one.

    Source:
        Goodfellow, Bengio and Courville, "Deep Learning" (2016), section 6.3.1.
    """
    raise NotImplementedError("relu_gradient is not written yet")
