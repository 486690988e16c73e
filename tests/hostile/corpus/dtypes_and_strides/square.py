"""Returns the numbers as objects, as texts, as a structure, over strides that are negative or 0, and as one number for all.

Threat: C15.
"""

import numpy as np


def square(x):
    if x.ndim == 1:
        return np.array([number * number for number in x.tolist()], dtype=object)
    return [np.lib.stride_tricks.as_strided(x, (2, 2), (0, 0))[::-1], np.array(["1.0", "2.0"]), np.zeros(2, dtype="i4,f8"), 1.0]
