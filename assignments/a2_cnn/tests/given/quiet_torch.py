"""Finds out whether a call leaves the global random state alone, torch's included."""

import random

import numpy as np
import torch


def changes_global_randomness(function, *arguments, **options):
    """Whether the call moves or seeds one of the generators that everybody shares."""
    before = _states()
    function(*arguments, **options)
    return before != _states()


def _states():
    legacy = np.random.get_state()  # noqa: NPY002 - the global generator is what this is about
    return random.getstate(), legacy[1].tolist(), legacy[2:], torch.get_rng_state().tolist()
