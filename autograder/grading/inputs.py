"""Inputs that nobody knows before the run. Used by graders through `autograder.grading`."""

from collections.abc import Mapping
from typing import TypeVar, cast

import numpy as np
from numpy.typing import NDArray

__all__ = ["vary"]

Input = TypeVar("Input", NDArray[np.floating], dict[str, NDArray[np.floating]])


def vary(rng: np.random.Generator, value: Input, by: float = 0.1) -> Input:
    """The same input with each number a little larger or smaller, so that no table of answers fits it.

    A test keeps the case that its author picked: zeros and signs stay, and by default so does the
    order of two numbers of which one is a quarter larger.

    Args:
        rng: the fixture `rng`.
        value: an array of floats, or a dict of such arrays.
        by: the largest change, as a share of each number.

    Returns:
        New arrays of the same shapes and dtypes.
    """
    if isinstance(value, Mapping):
        return cast(Input, {name: vary(rng, array, by) for name, array in value.items()})
    return cast(Input, (value * rng.uniform(1 - by, 1 + by, value.shape)).astype(value.dtype))
