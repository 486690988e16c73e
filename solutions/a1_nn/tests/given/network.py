"""A network and an optimiser that are right, and that write down how they are used."""

import numpy as np


class LinearClassifier:
    """Softmax regression without a bias, which counts and remembers what it is shown.

    Attributes:
        weights: {"W1": (D, C)}.
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
        scores = np.asarray(X) @ self.weights["W1"]
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)

    def loss_and_gradients(self, X, y):
        """Mean cross-entropy in nats, and its gradient."""
        self.shown.append([float(value) for value in X[:, 0]])
        p = self.predict(X)
        rows = np.arange(len(y))
        loss = float(np.mean(-np.log(np.maximum(p[rows, y], 1e-12))))
        p[rows, y] -= 1.0
        return loss, {"W1": np.asarray(X).T @ p / len(y)}


class Descent:
    """Plain gradient descent that counts its steps; a learning rate of 0 freezes the network."""

    def __init__(self, learning_rate):
        self.learning_rate = learning_rate
        self.steps = 0

    def step(self, weights, gradients):
        """Take one step downhill."""
        self.steps += 1
        for name in weights:
            weights[name] = weights[name] - self.learning_rate * gradients[name]
