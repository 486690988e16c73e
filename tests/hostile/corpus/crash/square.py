"""Reads address 0 for the vector and calls abort for the matrix.

Threat: A2.
"""

import ctypes
import os


def square(x):
    return ctypes.string_at(0) if x.ndim == 1 else os.abort()
