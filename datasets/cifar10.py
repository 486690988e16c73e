"""CIFAR-10: 60,000 colour photographs of 32 x 32 pixels in ten classes, official or as JPEGs.

Source: A. Krizhevsky, "Learning multiple layers of features from tiny images" (2009),
https://www.cs.toronto.edu/~kriz/cifar.html.
Licence: none is stated with the files.
Checksums: torchvision's, of the official archive and of the files in it. A folder of JPEGs has
none: it is checked for the right number of images in each class, each of the right size.
"""

import hashlib
import io
import os
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path, PurePath
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from .dataset import Dataset, Split
from .download import cache_folder, fetch
from .errors import DatasetError
from .folders import ENVIRONMENT, chosen_folder

__all__ = ["load_cifar10"]

JPEGS = "cifar10_jpegs.tar.gz"
OFFICIAL = "cifar-10-python.tar.gz"
UNPACKED = "cifar-10-batches-py"
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
PER_CLASS = {"train": 5_000, "test": 1_000}  # images
SIDE = 32  # pixels
VALIDATION = 5_000  # examples at the end of the shuffled training images
SEED = 0  # of the order of the images: the files have them class by class


class Pictures(NamedTuple):
    """Decoded images (N, 3, 32, 32) uint8 and their labels (N,) int64."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]


def load_cifar10(folder: Path | str | None = None) -> Dataset:
    """CIFAR-10 as 45,000 training, 5,000 validation and 10,000 test examples.

    The validation examples come from the official training images, the test examples are the
    official ones. Their order is shuffled, in the same way every time.

    Args:
        folder: where the images lie, as one of
            - `cifar10_jpegs.tar.gz`, which holds `train/<class>/<name>.jpg` and `test/...`;
            - the folders `train` and `test` of the same, unpacked;
            - the official `cifar-10-python.tar.gz`, or it unpacked.
            None: `$DATASETS_DIR/cifar10` if that variable is set, else a cache folder, into
            which the official archive is downloaded (170 MB). JPEGs are decoded once: the cache
            folder keeps the arrays (184 MB).

    Returns:
        X is (N, 3072) float32 in [0, 1], y is (N,) int64 from 0 to 9, images are 3 x 32 x 32.

    Raises:
        DatasetError: if images are missing, damaged or others, or cannot be downloaded, or if a
            package that reads them is not installed.
    """
    train, test = _read(chosen_folder(folder, "cifar10"))
    rng = np.random.default_rng(SEED)
    order = rng.permutation(len(train.labels))
    return Dataset(
        name="CIFAR-10",
        train=_split(train, order[:-VALIDATION]),
        validation=_split(train, order[-VALIDATION:]),
        test=_split(test, rng.permutation(len(test.labels))),
        class_names=CLASSES,
        image_shape=(3, SIDE, SIDE),
    )


def _split(pictures: Pictures, chosen: NDArray[np.int64]) -> Split:
    """Some of the pictures as flattened rows in [0, 1]."""
    X = pictures.images[chosen].reshape(len(chosen), -1) / np.float32(255)
    return Split(X, pictures.labels[chosen])


def _read(place: Path | None) -> tuple[Pictures, Pictures]:
    """Training and test images from whatever is in the folder."""
    if place is None:
        return _read_official(_download())
    if (place / JPEGS).is_file():
        return _read_jpegs(place / JPEGS, [place / JPEGS])
    if all((place / split).is_dir() for split in PER_CLASS):
        return _read_jpegs(place, sorted(path for split in PER_CLASS for path in place.glob(f"{split}/*/*")))
    if (place / OFFICIAL).is_file() or (place / UNPACKED).is_dir():
        return _read_official(place)
    raise DatasetError(
        place,
        f"here is no {JPEGS}, no {OFFICIAL}, and there are no folders train and test.",
        f"Put one of them there, or unset {ENVIRONMENT} and give no folder to download the images.",
    )


def _module(name: str, package: str, place: object) -> ModuleType:
    """A module that only one way of reading needs, imported when it is needed."""
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise DatasetError(
            place,
            f"reading it needs {package}, which is not installed.",
            f"Run: python -m pip install {package}",
        ) from error


# The official archive, through torchvision.


def _download() -> Path:
    """The folder that holds the official archive, whole and with the right sum."""
    folder = cache_folder("cifar10")
    official = _module("torchvision.datasets", "torchvision", folder).CIFAR10
    # torchvision's own download starts from byte 0 after a break; this one goes on.
    fetch(OFFICIAL, [official.url], official.tgz_md5, folder)
    return folder


def _read_official(folder: Path) -> tuple[Pictures, Pictures]:
    """Training and test images; torchvision checks the sum of each file that it reads."""
    official = _module("torchvision.datasets", "torchvision", folder).CIFAR10
    try:
        if not (folder / UNPACKED).is_dir():
            _check_sum(folder / OFFICIAL, official.tgz_md5)
            official(folder, download=True)  # finds the archive, so it unpacks and downloads nothing
        train, test = (official(folder, train=train) for train in (True, False))
    except (RuntimeError, OSError) as error:
        raise DatasetError(
            folder / UNPACKED,
            f"torchvision cannot read the images ({error}).",
            f"Delete this folder, and {OFFICIAL} beside it, and fetch that file again.",
        ) from error
    return _from_torchvision(train), _from_torchvision(test)


def _check_sum(path: Path, expected: str) -> None:
    found = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
    if found != expected:
        raise DatasetError(
            path,
            f"the file has the md5 sum {found}, expected {expected}.",
            "Delete the file and fetch it again.",
        )


def _from_torchvision(data: Any) -> Pictures:
    images = np.asarray(data.data).transpose(0, 3, 1, 2)  # (N, 3, 32, 32)
    return Pictures(images, np.asarray(data.targets, dtype=np.int64))


# JPEGs, through Pillow.


def _read_jpegs(place: Path, files: list[Path]) -> tuple[Pictures, Pictures]:
    """Training and test images, from the cache if it was made from these very files.

    Args:
        place: the archive, or the folder that holds `train` and `test`.
        files: the archive alone, or all images.
    """
    cache = cache_folder("cifar10") / "jpegs.npz"
    stamp = _stamp(files)
    pictures = _from_cache(cache, stamp)
    if pictures is None:
        pictures = _decode(place, _in_folder(place, files) if place.is_dir() else _in_archive(place))
        _to_cache(cache, stamp, *pictures)
    return pictures


def _stamp(files: list[Path]) -> str:
    """A sum that changes when a file is added, removed, or written again."""
    total = hashlib.sha256()
    for path in files:
        status = path.stat()
        total.update(f"{path.absolute()} {status.st_size} {status.st_mtime_ns}\n".encode())
    return total.hexdigest()


def _from_cache(cache: Path, stamp: str) -> tuple[Pictures, Pictures] | None:
    """None where there is no cache, or that of other files, or a damaged one."""
    try:
        with cache.open("rb") as file, np.load(file) as arrays:
            if arrays["stamp"] != stamp:
                return None
            train, test = (
                Pictures(arrays[f"{split}_images"], arrays[f"{split}_labels"]) for split in PER_CLASS
            )
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile):
        return None
    return train, test


def _to_cache(cache: Path, stamp: str, train: Pictures, test: Pictures) -> None:
    """Keep the arrays; a disk that is full or read-only costs only the time to decode again."""
    part = cache.with_suffix(f".{os.getpid()}.part")
    try:
        cache.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            np.savez(
                file,
                stamp=stamp,
                train_images=train.images,
                train_labels=train.labels,
                test_images=test.images,
                test_labels=test.labels,
            )
        part.replace(cache)
    except OSError:
        with suppress(OSError):
            part.unlink()


def _in_folder(place: Path, files: list[Path]) -> Iterator[tuple[PurePath, bytes]]:
    """Name in the folder and content of each image."""
    for path in files:
        yield path.relative_to(place), path.read_bytes()


def _in_archive(path: Path) -> Iterator[tuple[PurePath, bytes]]:
    """Name in the archive and content of each file; nothing is unpacked onto the disk."""
    try:
        with tarfile.open(path, "r|gz") as archive:
            for member in archive:
                content = archive.extractfile(member) if member.isfile() else None
                if content is not None:
                    yield PurePath(member.name), content.read()
    except (EOFError, OSError, tarfile.TarError, zlib.error) as error:
        raise DatasetError(
            path, f"this is no sound gzipped tar ({error}).", "Delete the file and fetch it again."
        ) from error


def _decode(place: Path, files: Iterator[tuple[PurePath, bytes]]) -> tuple[Pictures, Pictures]:
    """All images, sorted by name; a file that is not in a class's folder is passed over."""
    pillow = _module("PIL.Image", "pillow", place)
    found: dict[str, dict[tuple[str, str], NDArray[np.uint8]]] = {split: {} for split in PER_CLASS}
    total = len(CLASSES) * sum(PER_CLASS.values())
    with tqdm(desc="decoding CIFAR-10", total=total, unit="image") as bar:
        for name, content in files:
            split, kind = name.parts[-3:-1] if len(name.parts) >= 3 else ("", "")
            if split in PER_CLASS and kind in CLASSES:
                found[split][kind, name.name] = _pixels(pillow, content, f"{place}, {name.as_posix()}")
                bar.update()
    train, test = (_stack(place, split, found[split]) for split in PER_CLASS)
    return train, test


def _pixels(pillow: ModuleType, content: bytes, place: str) -> NDArray[np.uint8]:
    """One image, (3, 32, 32)."""
    try:
        image = np.asarray(pillow.open(io.BytesIO(content)).convert("RGB"))  # (32, 32, 3)
    except (OSError, SyntaxError, ValueError) as error:  # Pillow reports damage with any of them
        raise DatasetError(
            place, f"this is no sound image ({error}).", "Delete it and fetch the images again."
        ) from error
    if image.shape != (SIDE, SIDE, 3):
        height, width, _ = image.shape
        raise DatasetError(
            place,
            f"this image is {width} x {height} pixels, expected {SIDE} x {SIDE}.",
            "Are these the CIFAR-10 images?",
        )
    pixels: NDArray[np.uint8] = image.transpose(2, 0, 1)
    return pixels


def _stack(place: Path, split: str, found: dict[tuple[str, str], NDArray[np.uint8]]) -> Pictures:
    """The arrays of one split, if each class has all its images."""
    names = sorted(found)
    labels = np.array([CLASSES.index(kind) for kind, _ in names], dtype=np.int64)
    counts = np.bincount(labels, minlength=len(CLASSES))
    for kind, count in zip(CLASSES, counts, strict=True):
        if count != PER_CLASS[split]:
            raise DatasetError(
                place,
                f"{split}/{kind} has {count} images, expected {PER_CLASS[split]}.",
                "Delete it and fetch the images again: they were not copied whole.",
            )
    return Pictures(np.stack([found[name] for name in names]), labels)
