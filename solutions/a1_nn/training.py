"""Part 1.6: batches, one epoch of training, and evaluation.

Works with every network that has `weights`, `predict(X)` and `loss_and_gradients(X, y)`,
and with every optimiser that has `step(weights, gradients)`. The graders bring a
network and an optimiser of their own, so a mistake in an earlier part is not paid
for again here.
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

# BEGIN SOLUTION
from losses import accuracy, cross_entropy

# END SOLUTION

__all__ = ["evaluate", "minibatches", "train_epoch"]

Array = NDArray[np.floating]
Labels = NDArray[np.integer]
Arrays = dict[str, NDArray[np.float64]]


class Network(Protocol):
    """What this part needs of a network: `networks.py` has two that fit."""

    weights: Arrays

    def predict(self, X: Array) -> Array:
        """Probabilities (N, C)."""

    def loss_and_gradients(self, X: Array, y: Labels) -> tuple[float, Arrays]:
        """Mean cross-entropy in nats, and its gradients by name."""


class Optimizer(Protocol):
    """What this part needs of an optimiser: `optimizers.py` has one that fits."""

    def step(self, weights: Arrays, gradients: Arrays) -> None:
        """Put new values into `weights`."""


def minibatches(
    X: Array, y: Labels, batch_size: int, shuffle: bool = False, *, seed: int = 0
) -> list[tuple[Array, Labels]]:
    """Cut the examples into batches.

        order = numpy.random.default_rng(seed).permutation(N)    if shuffle, else 0, 1, ..., N - 1

    Batch k holds the examples order[k * batch_size], order[k * batch_size + 1], ...

    Args:
        X: (N, D) float or integer; N >= 1.
        y: (N,) int: y[n] belongs to X[n], in the batches too.
        batch_size: at least 1. The last batch is shorter where batch_size does not divide
            N; a batch_size above N gives one batch of N.
        shuffle: whether to use the permutation, one for X and y alike.
        seed: of the permutation. Without `shuffle` it does nothing. NumPy's global random
            state is neither used nor changed.

    Returns:
        A list of tuples (X_batch, y_batch) that together hold every example exactly once.
        The batches may share memory with X and y, which are unchanged.

    Raises:
        ValueError: if batch_size is below 1, or X and y have different lengths.

    Source:
        Goodfellow, Bengio and Courville, "Deep Learning" (2016), section 8.1.3.
    """
    # BEGIN SOLUTION
    N = len(X)
    if batch_size < 1:
        raise ValueError(f"batch_size is {batch_size}, but a batch needs at least 1 example")
    if len(y) != N:
        raise ValueError(f"{N} examples cannot be paired with {len(y)} labels")
    order = np.random.default_rng(seed).permutation(N) if shuffle else np.arange(N)
    batches = [order[start : start + batch_size] for start in range(0, N, batch_size)]
    return [(X[rows], y[rows]) for rows in batches]
    # END SOLUTION


def train_epoch(
    network: Network, optimizer: Optimizer, X: Array, y: Labels, batch_size: int, *, seed: int = 0
) -> tuple[float, float]:
    """Take one optimiser step per batch of `minibatches(X, y, batch_size, shuffle=True, seed=seed)`.

    Each batch in turn: measure its loss and accuracy with the weights as they are, then
    call `optimizer.step(network.weights, gradients)` once.

        loss = (1 / N) * sum over all n of -log p[n, y[n]]
        accuracy = (1 / N) * #{n : argmax_c p[n, c] = y[n]}

    where p[n] is the prediction just before the update of the batch that n is in.

    Args:
        network: as described at the top; its weights change.
        optimizer: as described at the top.
        X: (N, D) float; unchanged.
        y: (N,) int; unchanged.
        batch_size: at least 1.
        seed: of this epoch's order; another seed gives another order.

    Returns:
        (loss, accuracy): nats without any L2 term, and a fraction in [0, 1]. Both are means
        over the N examples and not over the batches: a short batch weighs less.

    Source:
        Goodfellow, Bengio and Courville, "Deep Learning" (2016), section 8.3.1.
    """
    # BEGIN SOLUTION
    total_loss = total_correct = 0.0
    for X_batch, y_batch in minibatches(X, y, batch_size, shuffle=True, seed=seed):
        loss, gradients = network.loss_and_gradients(X_batch, y_batch)
        total_loss += loss * len(y_batch)
        total_correct += accuracy(network.predict(X_batch), y_batch) * len(y_batch)
        optimizer.step(network.weights, gradients)
    return total_loss / len(y), total_correct / len(y)
    # END SOLUTION


def evaluate(network: Network, X: Array, y: Labels, batch_size: int) -> tuple[float, float]:
    """Measure a network on all examples without changing it.

    Args:
        network: as described at the top; its weights are unchanged.
        X: (N, D) float; unchanged. The network never sees more than batch_size examples at
            a time, so that a large test set fits into memory.
        y: (N,) int; unchanged.
        batch_size: at least 1; the result does not depend on it.

    Returns:
        (loss, accuracy): the cross-entropy in nats and the fraction of right predictions,
        means over the N examples and not over the batches.

    Source:
        Goodfellow, Bengio and Courville, "Deep Learning" (2016), section 5.1.2.
    """
    # BEGIN SOLUTION
    total_loss = total_correct = 0.0
    for X_batch, y_batch in minibatches(X, y, batch_size):
        probabilities = network.predict(X_batch)
        total_loss += cross_entropy(probabilities, y_batch) * len(y_batch)
        total_correct += accuracy(probabilities, y_batch) * len(y_batch)
    return total_loss / len(y), total_correct / len(y)
    # END SOLUTION
