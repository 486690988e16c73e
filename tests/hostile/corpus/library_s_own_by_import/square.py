"""Imports NumPy's own function inside of a function that looks as if it were never called.

Threat: C19.
"""


def square(x):
    from numpy import square as product
    return product(x)
