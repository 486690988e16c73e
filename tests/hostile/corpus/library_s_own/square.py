"""Calls NumPy's own function under another name, where code of one's own is asked for.

Threat: C19.
"""

import numpy as np

multiply = np
short = multiply.square


def square(x):
    return short(x)
