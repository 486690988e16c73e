"""Calls a function on arrays that lie in memory in another order than their rows."""

import numpy as np


def on_a_transposed_view(function, x):
    """The result for x, handed over as a view with its columns contiguous."""
    return function(np.ascontiguousarray(np.asarray(x).T).T)


def on_every_second_row(function, x, *others):
    """The result for x, handed over as every second row of a larger array."""
    padded = np.repeat(np.asarray(x), 2, axis=0)
    return function(padded[::2], *others)
