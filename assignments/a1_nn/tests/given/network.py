"""A small network and an optimiser that learns nothing: both write down how they are used."""

import numpy as np


class SmoothedShares:
    """Each class gets its share of x + w; it counts and remembers what it is shown.

        p[n, c] = (x[n, c] + w[c]) / sum_k (x[n, k] + w[k])

    Attributes:
        weights: {"W1": (C,)}, as many as an example has numbers; every x + w is positive.
        shown: first column of X of each call of `loss_and_gradients`, as lists.
        sizes: number of examples in each call of either method.
    """

    def __init__(self, W1):
        self.weights = {"W1": np.array(W1, dtype=np.float64)}
        self.shown = []
        self.sizes = []

    def predict(self, X):
        """Probabilities (N, C)."""
        self.sizes.append(len(X))
        smoothed = np.asarray(X) + self.weights["W1"]
        return smoothed / smoothed.sum(axis=1, keepdims=True)

    def loss_and_gradients(self, X, y):
        """Mean cross-entropy of the shares in nats, and its gradient."""
        self.shown.append([float(value) for value in X[:, 0]])
        self.sizes.append(len(X))
        smoothed = np.asarray(X) + self.weights["W1"]
        loss, gradient = 0.0, np.zeros(smoothed.shape[1])
        for row, label in zip(smoothed, y, strict=True):
            loss += np.log(row.sum() / row[label]) / len(y)
            gradient += 1 / row.sum() / len(y)
            gradient[label] -= 1 / row[label] / len(y)
        return loss, {"W1": gradient}


class Stride:
    """Moves W1 by the same amount in each step, wherever its gradient points.

    Attributes:
        steps: number of steps so far.
        shown: the gradients of each step.
    """

    def __init__(self, move):
        self.move = move
        self.steps = 0
        self.shown = []

    def step(self, weights, gradients):
        """Take one step; a move of 0 freezes the network."""
        self.steps += 1
        self.shown.append(dict(gradients))
        weights["W1"] = weights["W1"] + self.move
