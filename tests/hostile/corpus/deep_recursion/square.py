"""Recurses until the stack ends: for the vector in Python, for the matrix in C, past Python's own limit.

Threat: D24.
"""

import sys


def descend(n):
    return descend(n + 1)


def square(x):
    sys.setrecursionlimit(10**9)
    if x.ndim == 1:
        return descend(0)
    nested = []
    for _ in range(10**6):
        nested = [nested]
    return repr(nested)
