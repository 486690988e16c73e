"""Tells the hidden input by how long it takes; cube.py compares its own start with the time now.

Threat: B12.
"""

import time


def square(x):
    time.sleep(1.3 if 7 < x.flat[0] < 8 and x.ndim == 2 else 0)
    return x
