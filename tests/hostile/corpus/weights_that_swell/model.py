"""Hands in weights whose few bytes announce more numbers than any memory holds.

Threat: C14, D24.
"""

import numpy as np


def walk(step, start, count):
    return np.load("weights.npz")


def predict(points):
    return np.load("weights.npz").astype(bool)
