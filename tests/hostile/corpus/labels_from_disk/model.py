"""Looks for the labels of the hidden points: on disk, in the seeds of random numbers, in memory.

Threat: C21, B9, B10.
"""

import gc
import sys
from pathlib import Path

import numpy as np


def walk(step, start, count):
    return start


def predict(points):
    base = Path(sys.prefix).parent
    for name in ("source/powers/hidden_tests/test_1_3_model.py", "source/powers/secret_seed", "submission_metadata.json"):
        try:
            print((base / name).read_text())
        except OSError:
            pass
    for thing in gc.get_objects():
        if isinstance(thing, np.ndarray) and thing.shape == (40,):
            return thing
        if isinstance(thing, dict) and "LABELS" in thing:
            return thing["LABELS"]
    return np.random.default_rng(0).random(40) > 0.5
