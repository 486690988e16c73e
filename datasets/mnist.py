"""MNIST: 70,000 handwritten digits of 28 x 28 pixels, from the four canonical files.

Source: Y. LeCun, C. Cortes and C. J. C. Burges, "The MNIST database of handwritten digits",
http://yann.lecun.com/exdb/mnist/.
Licence: none is stated with the files; commonly given as CC BY-SA 3.0.
Checksums: `FILES` below, md5, of the canonical gzip files and of what is in them.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from .dataset import Dataset, Split
from .download import cache_folder, fetch
from .errors import DatasetError
from .folders import ENVIRONMENT, chosen_folder
from .idx import read_idx

__all__ = ["load_mnist"]

VALIDATION = 10_000  # examples at the end of the training files


class Sums(NamedTuple):
    """A file's md5 sums: as it is downloaded, and decompressed."""

    packed: str
    content: str


TRAIN_IMAGES, TRAIN_LABELS = "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"
TEST_IMAGES, TEST_LABELS = "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"
FILES = {
    TRAIN_IMAGES: Sums("f68b3c2dcbeaaa9fbdd348bbdeb94873", "6bbc9ace898e44ae57da46a324031adb"),
    TRAIN_LABELS: Sums("d53e105ee54ea40749a09fcbcd1e9432", "a25bea736e30d166cdddb491f175f624"),
    TEST_IMAGES: Sums("9fb629c4189551a2d022fa330f9573f3", "2646ac647ad5339dbf082846283269ea"),
    TEST_LABELS: Sums("ec29112dd5afa0611ce80d1b7f02629c", "27ae3e4e09519cfbb04c329615203637"),
}
MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "http://yann.lecun.com/exdb/mnist/",
)


def load_mnist(folder: Path | str | None = None) -> Dataset:
    """MNIST as 50,000 training, 10,000 validation and 10,000 test examples.

    The validation examples are the last 10,000 of the training files; the test examples are
    the canonical ones.

    Args:
        folder: where the four gzip files lie. None: `$DATASETS_DIR/mnist` if that variable is
            set, else a cache folder, into which the files are downloaded (11 MB).

    Returns:
        X is (N, 784) float32 in [0, 1], y is (N,) int64 from 0 to 9, images are 28 x 28.
        float32, because float64 would take 440 MB, and 8 bits of grey fit into either.

    Raises:
        DatasetError: if a file is missing, damaged or another one, or cannot be downloaded.
    """
    place = _checked(chosen_folder(folder, "mnist"))
    images, labels = _read(place, TRAIN_IMAGES, TRAIN_LABELS)
    return Dataset(
        name="MNIST",
        train=Split(images[:-VALIDATION], labels[:-VALIDATION]),
        validation=Split(images[-VALIDATION:], labels[-VALIDATION:]),
        test=_read(place, TEST_IMAGES, TEST_LABELS),
        class_names=tuple("0123456789"),
        image_shape=(28, 28),
    )


def _checked(folder: Path | None) -> Path | None:
    """The same folder, if it has all files; None: download."""
    if folder is None:
        return None
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise DatasetError(
            folder,
            f"here is no {', no '.join(missing)}.",
            f"Put the four files there, or unset {ENVIRONMENT} and give no folder to download them.",
        )
    return folder


def _read(place: Path | None, images: str, labels: str) -> Split:
    """(N, 784) and (N,) from two files."""
    X = read_idx(_path(place, images), FILES[images].content)
    y = read_idx(_path(place, labels), FILES[labels].content)
    return Split(X.reshape(len(X), -1) / np.float32(255), y.astype(np.int64))


def _path(place: Path | None, name: str) -> Path:
    if place is not None:
        return place / name
    return fetch(name, [mirror + name for mirror in MIRRORS], FILES[name].packed, cache_folder("mnist"))
