"""Calls a function with every NumPy warning turned into an error."""

import warnings

import numpy as np


def call(function, *arguments):
    """What the function returns, if NumPy finds nothing to complain about."""
    # A number too small to be told from 0 is no trouble: NumPy itself is silent about it.
    with warnings.catch_warnings(), np.errstate(all="raise", under="ignore"):
        warnings.simplefilter("error")
        return function(*arguments)
