"""Parts 1.3 and 1.4: two classifiers that know their loss and its gradients.

Build on your own earlier parts (`from activations import softmax`,
`from losses import cross_entropy`). The graders of 1.3 and 1.4 put right versions
of parts 1.1 and 1.2 in their place, so a mistake there is not paid for again here.
A network knows nothing of optimisers, batches or epochs.

Letters: N examples, D inputs, H hidden units, C classes.
"""

import numpy as np
from numpy.typing import NDArray

# BEGIN SOLUTION
from activations import sigmoid, sigmoid_gradient, softmax
from losses import cross_entropy

# END SOLUTION

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
        # BEGIN SOLUTION
        rng = np.random.default_rng(seed)
        self.weights: Weights = {
            "W1": rng.normal(0.0, 1.0 / np.sqrt(input_size), (input_size, num_classes)),
            "b1": np.zeros(num_classes),
        }
        # END SOLUTION

    def predict(self, X: Array) -> Array:
        """Probability of each class for each example.

        Args:
            X: (N, D) float or signed integer; N >= 1.

        Returns:
            (N, C) float, rows sum to 1. X and the weights are unchanged.
        """
        # BEGIN SOLUTION
        return softmax(X @ self.weights["W1"] + self.weights["b1"])
        # END SOLUTION

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
        # BEGIN SOLUTION
        probabilities = self.predict(X)  # (N, C)
        dscores = _score_gradient(probabilities, y)  # (N, C)
        gradients = {"W1": X.T @ dscores, "b1": dscores.sum(axis=0)}
        return cross_entropy(probabilities, y), gradients
        # END SOLUTION


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
        # BEGIN SOLUTION
        rng = np.random.default_rng(seed)
        self.weights: Weights = {
            "W1": rng.normal(0.0, 1.0 / np.sqrt(input_size), (input_size, hidden_size)),
            "b1": np.zeros(hidden_size),
            "W2": rng.normal(0.0, 1.0 / np.sqrt(hidden_size), (hidden_size, num_classes)),
            "b2": np.zeros(num_classes),
        }
        # END SOLUTION

    def predict(self, X: Array) -> Array:
        """Probability of each class for each example.

        Args:
            X: (N, D) float or signed integer; N >= 1.

        Returns:
            (N, C) float, rows sum to 1. X and the weights are unchanged.
        """
        # BEGIN SOLUTION
        weights = self.weights
        hidden = sigmoid(X @ weights["W1"] + weights["b1"])  # (N, H)
        return softmax(hidden @ weights["W2"] + weights["b2"])
        # END SOLUTION

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
        # BEGIN SOLUTION
        weights = self.weights
        preactivation = X @ weights["W1"] + weights["b1"]  # (N, H)
        hidden = sigmoid(preactivation)
        probabilities = softmax(hidden @ weights["W2"] + weights["b2"])  # (N, C)

        dscores = _score_gradient(probabilities, y)  # (N, C)
        dhidden = dscores @ weights["W2"].T  # (N, H)
        dpreactivation = dhidden * sigmoid_gradient(preactivation)
        gradients = {
            "W1": X.T @ dpreactivation,
            "b1": dpreactivation.sum(axis=0),
            "W2": hidden.T @ dscores,
            "b2": dscores.sum(axis=0),
        }
        return cross_entropy(probabilities, y), gradients
        # END SOLUTION


# BEGIN SOLUTION
def _score_gradient(probabilities: Array, y: Labels) -> Array:
    """Gradient of the mean cross-entropy with respect to the scores before softmax, (N, C)."""
    N, C = probabilities.shape
    return (probabilities - np.eye(C)[y]) / N


# END SOLUTION
