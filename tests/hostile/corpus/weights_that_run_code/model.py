"""Hands in weights that are a pickle, which writes the results and leaves, where they are loaded.

Threat: C14, A1.
"""

import numpy as np


def walk(step, start, count):
    return np.load("weights.npz", allow_pickle=True)


def predict(points):
    return np.load("weights.npz", allow_pickle=True)
