"""Part 2.7: what to do when some classes are rare.

Two answers at the loss, weights for the classes and a focus on hard examples, and the means to
try them: a balanced data set made imbalanced.

Letters: N examples, C classes.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

__all__ = ["FocalLoss", "class_balanced_weights", "imbalanced_indices"]


def class_balanced_weights(
    counts: Sequence[int] | NDArray[np.integer] | torch.Tensor, beta: float
) -> torch.Tensor:
    """Weight of each class by its effective number of examples.

        E(n) = (1 - beta ** n) / (1 - beta)
        w[c] = C * (1 / E(counts[c])) / sum_k (1 / E(counts[k]))

    beta = 0 gives a weight of 1 to every class; towards beta = 1 the weights approach the inverse
    frequencies.

    Args:
        counts: C >= 1 whole numbers, the training examples of each class: a list, an array or
            a tensor. Unchanged.
        beta: 0 <= beta < 1.

    Returns:
        A float64 tensor (C,) on the CPU that sums to C.

    Raises:
        ValueError: if a count is below 1, or beta is outside [0, 1).

    Source:
        Cui, Jia, Lin, Song and Belongie, "Class-Balanced Loss Based on Effective Number of
        Samples" (2019), section 4.
    """
    raise NotImplementedError("class_balanced_weights is not written yet")


class FocalLoss(nn.Module):
    """Cross-entropy that counts an example less, the better it is predicted already.

        p = softmax(logits[n])[y[n]]
        loss = (1 / N) * sum_n weight[y[n]] * (1 - p) ** gamma * -log p

    p is the softmax of the logits alone: the class's weight is no part of it. The mean is over
    the N examples, whatever their weights: with gamma 0 it is the weighted cross-entropy, but
    divided by N and not, as in `nn.CrossEntropyLoss`, by the sum of the examples' weights.
    """

    def __init__(self, weight: torch.Tensor | None = None, gamma: float = 0.0) -> None:
        """Keep the settings.

        Args:
            weight: (C,) float tensor of any floating dtype; None means 1 for every class. Unchanged.
            gamma: 0, or at least 1.
        """
        super().__init__()
        raise NotImplementedError("FocalLoss.__init__ is not written yet")

    def forward(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Mean focal loss of a batch.

        Args:
            logits: (N, C) float, finite. Unchanged.
            labels: (N,) int64, 0 <= labels[n] < C.

        Returns:
            The loss in nats, 0-dimensional. It is differentiable in the logits through both of
            its factors. Loss and gradient are finite for logits of +-10,000, in float32 too.

        Source:
            Lin, Goyal, Girshick, He and Dollár, "Focal Loss for Dense Object Detection" (2017),
            section 3.
        """
        raise NotImplementedError("FocalLoss.forward is not written yet")


def imbalanced_indices(labels: NDArray[np.integer], factor: float, *, seed: int = 0) -> NDArray[np.int64]:
    """Choose examples so that the classes become rarer and rarer, exponentially.

        keep[c] = max(1, floor(n_max * factor ** (c / (C - 1))))

    where C is the largest label plus 1 and n_max the number of examples of the most frequent class.
    Class 0 keeps up to n_max, class C - 1 about factor times as many. A class that has keep[c]
    examples or fewer keeps all that it has. With C = 1 all examples are kept.

    Args:
        labels: (N,) int, N >= 1, every label at least 0. Unchanged.
        factor: 0 < factor <= 1.
        seed: of a generator of your own, `numpy.random.default_rng(seed)`, which chooses the examples
            of each class at random, each at most once. Equal seeds give equal choices, different
            seeds different ones. NumPy's global random state is neither used nor changed.

    Returns:
        (M,) int64 indices into labels, sorted.

    Source:
        Cui et al. (2019), section 5.1: "long-tailed CIFAR".
    """
    raise NotImplementedError("imbalanced_indices is not written yet")
