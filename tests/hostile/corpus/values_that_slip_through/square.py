"""Returns values that a sloppy comparison lets pass: an empty array for the vector, nan for the matrix.

Threat: C15.
"""

import numpy as np


def square(x):
    return np.empty(0) if x.ndim == 1 else np.full(x.shape, np.nan)
