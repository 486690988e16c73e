"""A few photographs for a network that was trained on ImageNet, with their labels.

Source: O. Russakovsky et al., "ImageNet Large Scale Visual Recognition Challenge" (2015): 25 images
of its validation set, from a file that your course hands out. There is no download. Where the file
is absent: the two sample photographs that scikit-learn embeds.
Licence: ImageNet's terms, for research; of scikit-learn's photographs CC BY, as it states it.
Checksum: none; the file must hold arrays of the right kinds.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_sample_image

from .arrays import read_arrays
from .errors import DatasetError
from .folders import chosen_folder

__all__ = ["Photographs", "load_imagenet25"]

ARRAYS = "imagenet25.npz"
CLASSES = 1_000
# ImageNet has neither class; these are the nearest that it has: palace, daisy.
NEAREST = {"china.jpg": 698, "flower.jpg": 985}


class Photographs(NamedTuple):
    """Square colour pictures and their classes.

    Attributes:
        name: what the collection is called in titles.
        images: (N, H, H, 3) uint8; red, green, blue.
        labels: (N,) int64, 0 <= label < 1000, in torchvision's order of ImageNet's classes.
    """

    name: str
    images: NDArray[np.uint8]
    labels: NDArray[np.int64]


def load_imagenet25(folder: Path | str | None = None) -> Photographs:
    """25 photographs of ImageNet, 224 x 224 pixels, or two others of 427 x 427.

    Args:
        folder: where `imagenet25.npz` lies. None: `$DATASETS_DIR` if that variable is set. Where
            no folder is given, and that one has no such file, scikit-learn's photographs of a
            palace and of a flower; their labels are the nearest classes that ImageNet has.

    Raises:
        DatasetError: if a folder is given that has no such file, or if the file is damaged.
    """
    place = chosen_folder(folder, ".")
    if place is None or (folder is None and not (place / ARRAYS).is_file()):
        return _samples()
    return _checked(place / ARRAYS)


def _checked(path: Path) -> Photographs:
    """Both arrays, if they are images and as many labels."""
    content, empty = read_arrays(path), np.empty(0)
    images, labels = content.get("images", empty), content.get("labels", empty)
    pictures = images.dtype == np.uint8 and images.ndim == 4 and images.shape[3] == 3
    classes = np.issubdtype(labels.dtype, np.integer) and labels.shape == images.shape[:1]
    if not (pictures and classes and np.all((labels >= 0) & (labels < CLASSES))):
        raise DatasetError(
            path,
            f"images is {images.dtype} of shape {images.shape}, labels is {labels.dtype} of shape "
            f"{labels.shape}, expected uint8 (N, H, H, 3) and whole numbers (N,) from 0 to {CLASSES - 1}.",
            "Delete the file and fetch it again.",
        )
    return Photographs("25 images of ImageNet", images, labels.astype(np.int64))


def _samples() -> Photographs:
    """The middle squares of scikit-learn's photographs."""
    images = [load_sample_image(name) for name in NEAREST]
    squares = np.stack([image[:, (image.shape[1] - len(image)) // 2 :][:, : len(image)] for image in images])
    return Photographs("sample photographs", squares, np.array(list(NEAREST.values()), dtype=np.int64))
