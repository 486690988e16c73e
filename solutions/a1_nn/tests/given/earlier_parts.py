"""Right versions of parts 1.1 and 1.2, put in the place of the student's.

The graders of a later part load this in the sandbox before they touch the student's
file for that part, so a mistake in an earlier part is paid for once. Everything else
in the student's `activations.py` and `losses.py` stays, and neither has to exist.
"""

import importlib
import sys
from types import ModuleType

import numpy as np


def softmax(scores):
    """Probabilities of each row, shifted by its maximum."""
    powers = np.exp(scores - np.max(scores, axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def sigmoid(x):
    """The logistic function, by way of tanh, which cannot overflow."""
    return 0.5 + 0.5 * np.tanh(0.5 * np.asarray(x))


def sigmoid_gradient(x):
    """The logistic function's slope at x."""
    return 0.25 / np.cosh(np.clip(0.5 * np.asarray(x), -350.0, 350.0)) ** 2


def relu(x):
    """The positive part of x."""
    return np.where(np.asarray(x) > 0, x, 0.0)


def relu_gradient(x):
    """The rectifier's slope at x, 0 at x = 0."""
    return np.where(np.asarray(x) > 0, 1.0, 0.0)


def cross_entropy(probabilities, labels):
    """Mean negative log-likelihood in nats, clipped at 1e-12."""
    p = np.asarray(probabilities)[np.arange(len(labels)), labels]
    return float(np.mean(-np.log(np.maximum(p, 1e-12))))


def accuracy(probabilities, labels):
    """Fraction of right guesses."""
    return float(np.mean(np.argmax(probabilities, axis=1) == labels))


def _module(name):
    try:
        return importlib.import_module(name)
    except BaseException:  # missing or broken: that costs its own part, and not this one
        sys.modules[name] = ModuleType(name)
        return sys.modules[name]


for _function in (softmax, sigmoid, sigmoid_gradient, relu, relu_gradient):
    setattr(_module("activations"), _function.__name__, _function)
for _function in (cross_entropy, accuracy):
    setattr(_module("losses"), _function.__name__, _function)
