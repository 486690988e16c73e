"""The shape that every data set for classification has. It knows no particular one."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Dataset", "Split"]


class Split(NamedTuple):
    """Examples and their labels: `X, y = data.train`.

    Attributes:
        X: (N, D) float, one flattened image a row, values in [0, 1].
        y: (N,) int64, 0 <= y[n] < number of classes.
    """

    X: NDArray[np.floating[Any]]
    y: NDArray[np.int64]


@dataclass(frozen=True)
class Dataset:
    """Three disjoint splits: learn on `train`, choose on `validation`, report `test` once.

    Attributes:
        name: what the set is called in titles and tables.
        class_names: the name of label c at index c.
        image_shape: the shape of one image: `X[n].reshape(image_shape)` is a picture.
    """

    name: str
    train: Split
    validation: Split
    test: Split
    class_names: tuple[str, ...]
    image_shape: tuple[int, ...]
