"""Parts 1.3 and 1.4: two classifiers that know their loss and its gradients.

Build on your own earlier parts (`from activations import softmax`,
`from losses import cross_entropy`). The graders of 1.3 and 1.4 put right versions
of parts 1.1 and 1.2 in their place, so a mistake there is not paid for again here.
A network knows nothing of optimisers, batches or epochs.

Letters: N examples, D inputs, H hidden units, C classes.
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["SoftmaxRegression", "TwoLayerNet"]

Array = NDArray[np.floating]
Labels = NDArray[np.integer]
Weights = dict[str, NDArray[np.float64]]


class SoftmaxRegression:
    """A linear classifier: one affine layer, then softmax.

        p = softmax(X @ W1 + b1)

    Attributes:
        weights: a plain dict of float64 arrays, {"W1": (D, C), "b1": (C,)}. Callers may
            replace the dict as a whole or an array by its key, so every method reads
            `self.weights` at the time of the call and keeps no other copy.
    """

    def __init__(self, input_size: int, num_classes: int, *, seed: int = 0) -> None:
        """Draw the first weights.

            W1 ~ Normal(0, 1 / D), so the standard deviation is 1 / sqrt(D);  b1 = 0

        Args:
            input_size: D >= 1.
            num_classes: C >= 1.
            seed: of a generator of your own, `numpy.random.default_rng(seed)`; 0 is a seed
                like any other. Equal seeds give equal weights, different seeds different
                ones, and NumPy's global random state is neither used nor changed.

        Source:
            LeCun, Bottou, Orr and Müller, "Efficient BackProp" (1998), section 4.6.
        """
        raise NotImplementedError("SoftmaxRegression.__init__ is not written yet")

    def predict(self, X: Array) -> Array:
        """Probability of each class for each example.

        Args:
            X: (N, D) float or signed integer; N >= 1.

        Returns:
            (N, C) float, rows sum to 1. X and the weights are unchanged.
        """
        raise NotImplementedError("SoftmaxRegression.predict is not written yet")

    def loss_and_gradients(self, X: Array, y: Labels) -> tuple[float, Weights]:
        """Cross-entropy of the labels, and its gradient for every array in `weights`.

            dJ / dscores = (p - onehot(y)) / N
            dJ / dW1 = X^T @ dJ / dscores,    dJ / db1 = sum over n of dJ / dscores[n]

        Args:
            X: (N, D) float or signed integer; N >= 1.
            y: (N,) int, 0 <= y[n] < C.

        Returns:
            (loss, gradients): the mean cross-entropy in nats, without any L2 term (the
            optimiser adds it), and a new dict with the keys and shapes of `weights`. The
            gradients are those of the loss before clipping. X, y and the weights are
            unchanged, nothing is remembered: a second call gives the same numbers.

        Source:
            Bishop, "Pattern Recognition and Machine Learning" (2006), section 4.3.4.
        """
        raise NotImplementedError("SoftmaxRegression.loss_and_gradients is not written yet")


class TwoLayerNet:
    """A network with one hidden layer: affine, sigmoid, affine, softmax.

        hidden = sigmoid(X @ W1 + b1)
        p = softmax(hidden @ W2 + b2)

    Attributes:
        weights: a plain dict of float64 arrays, {"W1": (D, H), "b1": (H,), "W2": (H, C),
            "b2": (C,)}. Callers may replace the dict as a whole or an array by its key, so
            every method reads `self.weights` at the time of the call and keeps no other copy.
    """

    def __init__(self, input_size: int, hidden_size: int, num_classes: int, *, seed: int = 0) -> None:
        """Draw the first weights.

            W1 ~ Normal(0, 1 / D),  W2 ~ Normal(0, 1 / H);  b1 = 0,  b2 = 0

        The standard deviation of a layer's weights is 1 / sqrt(number of its inputs).

        Args:
            input_size: D >= 1.
            hidden_size: H >= 1.
            num_classes: C >= 1.
            seed: of a generator of your own, `numpy.random.default_rng(seed)`; 0 is a seed
                like any other. Equal seeds give equal weights, different seeds different
                ones, and NumPy's global random state is neither used nor changed.

        Source:
            LeCun, Bottou, Orr and Müller, "Efficient BackProp" (1998), section 4.6.
        """
        raise NotImplementedError("TwoLayerNet.__init__ is not written yet")

    def predict(self, X: Array) -> Array:
        """Probability of each class for each example.

        Args:
            X: (N, D) float or signed integer; N >= 1.

        Returns:
            (N, C) float, rows sum to 1. X and the weights are unchanged.
        """
        raise NotImplementedError("TwoLayerNet.predict is not written yet")

    def loss_and_gradients(self, X: Array, y: Labels) -> tuple[float, Weights]:
        """Cross-entropy of the labels, and its gradient for every array in `weights`.

        Apply the chain rule from the loss back to the input; the gate of the hidden layer
        is the sigmoid's derivative at the pre-activation X @ W1 + b1.

        Args:
            X: (N, D) float or signed integer; N >= 1.
            y: (N,) int, 0 <= y[n] < C.

        Returns:
            (loss, gradients): the mean cross-entropy in nats, without any L2 term (the
            optimiser adds it), and a new dict with the keys and shapes of `weights`. The
            gradients are those of the loss before clipping. X, y and the weights are
            unchanged, nothing is remembered: a second call gives the same numbers.

        Source:
            Rumelhart, Hinton and Williams, "Learning representations by back-propagating
            errors" (1986).
        """
        raise NotImplementedError("TwoLayerNet.loss_and_gradients is not written yet")
