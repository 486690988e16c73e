"""The handwritten digits that come with scikit-learn: small, real, and there without a network.

Source: E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits" (1998), UCI
Machine Learning Repository, https://doi.org/10.24432/C50P49. scikit-learn embeds the 1,797
images of its test file: 8 x 8 pixels, whole numbers from 0 to 16.
Licence: CC BY 4.0, as the repository states it.
Checksum: none; nothing is downloaded, the file is part of the installed scikit-learn.
"""

import numpy as np
from sklearn.datasets import load_digits as load_embedded
from sklearn.model_selection import train_test_split

from .dataset import Dataset, Split

__all__ = ["load_digits"]

HELD_OUT = 360  # examples in each of validation and test: a fifth of the set
SEED = 0


def load_digits() -> Dataset:
    """The digits as 1,077 training, 360 validation and 360 test examples.

    Each class has the same share of every split, up to rounding. The splits are the same in
    every run: there is no seed to choose, so that two results can be compared.

    Returns:
        X is (N, 64) float64 in [0, 1], y is (N,) int64 from 0 to 9, images are 8 x 8.
    """
    X, y = load_embedded(return_X_y=True)
    X, y = X / 16.0, y.astype(np.int64)
    X, X_test, y, y_test = train_test_split(X, y, test_size=HELD_OUT, stratify=y, random_state=SEED)
    X, X_validation, y, y_validation = train_test_split(
        X, y, test_size=HELD_OUT, stratify=y, random_state=SEED
    )
    return Dataset(
        name="digits",
        train=Split(X, y),
        validation=Split(X_validation, y_validation),
        test=Split(X_test, y_test),
        class_names=tuple("0123456789"),
        image_shape=(8, 8),
    )
