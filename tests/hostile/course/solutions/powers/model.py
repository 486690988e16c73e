"""The second part that hostile submissions replace: a model, and the weights that are handed in with it."""

from pathlib import Path

import numpy as np


def walk(step, start, count):
    """Where `count` steps lead: step(step(...(start)))."""
    # BEGIN SOLUTION
    for _ in range(count):
        start = step(start)
    return start
    # END SOLUTION


def predict(points):
    """The class of each point, (N, 2) -> (N,): whether w . x > 0; w may lie in weights.npz."""
    # BEGIN SOLUTION
    file = Path("weights.npz")
    weights = np.load(file)["w"] if file.exists() else np.array([1.0, -1.0])
    return points @ weights > 0
    # END SOLUTION
