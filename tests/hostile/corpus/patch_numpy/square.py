"""Replaces numpy's comparisons, functions and testing module, and the builtins, so that all agrees with all.

Threat: C17.
"""

import builtins
import importlib

import numpy as np


def agree(*_, **__):
    return True


for module in (np, np.testing, np.linalg, importlib.import_module("math")):
    for name in ("allclose", "isclose", "array_equal", "assert_allclose", "assert_array_equal", "isnan", "isfinite", "all", "any"):
        if hasattr(module, name):
            setattr(module, name, agree)
np.testing._private.utils.assert_array_compare = agree
for name in ("all", "any", "isinstance", "abs"):
    setattr(builtins, name, agree)


def square(x):
    return x
