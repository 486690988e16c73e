"""Part 1.2: how wrong predictions are, as a loss to minimise and as a fraction to report.

Both functions take probabilities, however they came about, and leave their
arguments as they are. This module knows nothing of networks.
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["accuracy", "cross_entropy"]


def cross_entropy(probabilities: NDArray[np.floating], labels: NDArray[np.integer]) -> float:
    """Mean negative log-likelihood of the labels, in nats per example.

        loss = -(1 / N) * sum_n log p[n, labels[n]]

    Args:
        probabilities: (N, C) float, rows sum to 1; an entry may be exactly 0. Only the N
            entries that belong to the labels matter.
        labels: (N,) int, 0 <= labels[n] < C. Some classes may occur often, others never.

    Returns:
        The loss in nats, one number. A uniform guess scores log(C). Finite even where the
        probability of a label is 0: probabilities are clipped to [1e-12, 1].

    Raises:
        ValueError: if N is 0, `labels` does not have the shape (N,), or a label is outside
            [0, C); a negative label is outside, although NumPy would count from the end.

    Source:
        Goodfellow, Bengio and Courville, "Deep Learning" (2016), section 6.2.2.3.
    """
    raise NotImplementedError("cross_entropy is not written yet")


def accuracy(probabilities: NDArray[np.floating], labels: NDArray[np.integer]) -> float:
    """Fraction of the examples whose most probable class is their label.

        accuracy = (1 / N) * #{n : argmax_c p[n, c] = labels[n]}

    Args:
        probabilities: (N, C) float. Of several largest entries in a row, the one with the
            smallest index counts as the prediction.
        labels: (N,) int.

    Returns:
        A fraction in [0, 1], one number: not a percentage and not a count.

    Raises:
        ValueError: if N is 0 or `labels` does not have the shape (N,).

    Source:
        Goodfellow, Bengio and Courville, "Deep Learning" (2016), section 5.1.2.
    """
    raise NotImplementedError("accuracy is not written yet")
