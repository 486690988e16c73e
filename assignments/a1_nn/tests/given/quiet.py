"""Finds out whether a call leaves the global random state alone and prints nothing."""

import contextlib
import io
import random

import numpy as np


def uses_global_randomness(function, *arguments, **options):
    """Whether the call changes a global generator, or its result depends on one."""
    before = [random.getstate(), repr(np.random.get_state())]
    function(*arguments, **options)
    return before != [random.getstate(), repr(np.random.get_state())]


def printed(function, *arguments, **options):
    """What the call writes to the standard output."""
    with contextlib.redirect_stdout(io.StringIO()) as output:
        function(*arguments, **options)
    return output.getvalue()
