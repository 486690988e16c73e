"""Returns a complex array for the vector, and a broadcast view of one number with a huge shape for the matrix.

Threat: C15.
"""

import numpy as np


def square(x):
    return (x * x).astype(complex) * 1j if x.ndim == 1 else np.broadcast_to(np.float64(1.0), (2**40, 2**20))
