"""Shapes: 32 x 32 colour images in ten classes, drawn by a program from a seed.

Each image is one shape of random place, size, turn, colours and texture before a background of
random colour and texture, under noise. All of that is drawn without a look at the label, so
only the outline tells the class.

Source: this file. Licence: the project's. Checksum: none, nothing is downloaded.
It imports NumPy and `dataset.py` only, because graders draw hidden images with it.
"""

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .dataset import Dataset, Split

__all__ = ["generate", "load_shapes"]

Array: TypeAlias = NDArray[np.floating[Any]]

SIDE = 32  # pixels
SEEDS = {"train": (10_000, 101), "validation": (2_000, 102), "test": (2_000, 103)}  # images, seed
BLOCK = 200  # images drawn at once: more would fall out of the processor's cache

RADIUS = (8.0, 12.0)  # pixels
OFFSET = 2.5  # pixels that the shape's middle is away from the image's, at most, in x and in y
CONTRAST = (0.25, 0.75)  # between the two colours, in each channel, of 1
WAVELENGTH = (3.0, 16.0)  # pixels, of the textures
AMPLITUDE = 0.12  # of a texture's wave at most, of 1
NOISE = 0.06  # standard deviation, of 1


def _sides(x: Array, y: Array, corners: int, inner: float) -> list[Array]:
    """How far a point lies beyond each side of a regular polygon, in ascending order."""
    angles = [2 * math.pi * corner / corners for corner in range(corners)]
    return list(np.sort([x * math.sin(a) - y * math.cos(a) - inner for a in angles], axis=0))


def _bar(x: Array, y: Array, width: float, height: float) -> Array:
    beyond: Array = np.maximum(abs(x) - width, abs(y) - height)
    return beyond


def _heart(x: Array, y: Array) -> Array:
    lobes = np.hypot(abs(x) - 0.42, y + 0.3) - 0.5
    tip = np.maximum(0.74 * abs(x) + 0.67 * y - 0.56, -0.3 - y)
    heart: Array = np.minimum(lobes, tip)
    return heart


def _arrow(x: Array, y: Array) -> Array:
    head = np.maximum(0.71 * (abs(x) - y) - 0.64, y + 0.1)
    arrow: Array = np.minimum(head, _bar(x, y - 0.35, 0.22, 0.55))
    return arrow


# Negative inside the shape, about the distance to its edge near it; the shape's radius is about 1.
OUTLINES: dict[str, Callable[[Array, Array], Array]] = {
    "circle": lambda x, y: np.hypot(x, y) - 0.85,
    "ring": lambda x, y: abs(np.hypot(x, y) - 0.7) - 0.2,
    "crescent": lambda x, y: np.maximum(np.hypot(x, y) - 0.95, 0.75 - np.hypot(x - 0.5, y)),
    "square": lambda x, y: _bar(x, y, 0.72, 0.72),
    "triangle": lambda x, y: _sides(x, y, 3, 0.52)[-1],
    "star": lambda x, y: _sides(x, y, 5, 0.36)[-2],  # a point of the star lies beyond one side
    "cross": lambda x, y: np.minimum(_bar(x, y, 0.95, 0.27), _bar(x, y, 0.27, 0.95)),
    "heart": _heart,
    "arrow": _arrow,
    "hourglass": lambda x, y: np.maximum(abs(y) - 0.85, 0.8 * (abs(x) - 0.9 * abs(y)) - 0.05),
}


def generate(count: int, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Draw images; equal arguments give equal images, different seeds different ones.

    Args:
        count: how many, at least 1.
        seed: any whole number >= 0.

    Returns:
        images (count, 3, 32, 32) uint8, red, green and blue in this order, and labels (count,)
        int64 from 0 to 9, in random order, each class as often as any other, up to one.

    Raises:
        ValueError: if count is below 1 or seed below 0.
    """
    if count < 1 or seed < 0:
        raise ValueError(f"count must be at least 1 and seed at least 0, here are {count} and {seed}")
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(count, dtype=np.int64) % len(OUTLINES))
    images = np.empty((count, 3, SIDE, SIDE), dtype=np.uint8)
    for start in range(0, count, BLOCK):
        images[start : start + BLOCK] = _draw(labels[start : start + BLOCK], rng)
    return images, labels


def _draw(labels: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.uint8]:
    """One image for each label, (N, 3, 32, 32)."""
    N = len(labels)
    shape = _coverage(labels, rng)[:, None]  # (N, 1, 32, 32)
    back = _uniform(rng, 0, 1, (N, 3, 1, 1))
    front = (back + _uniform(rng, *CONTRAST, (N, 3, 1, 1))) % 1  # as uniform as `back`, and never close to it
    image = (1 - shape) * (back + _texture(N, rng)) + shape * (front + _texture(N, rng))
    image += NOISE * rng.standard_normal(image.shape, dtype=np.float32)
    pixels: NDArray[np.uint8] = np.rint(255 * image.clip(0, 1)).astype(np.uint8)
    return pixels


def _coverage(labels: NDArray[np.int64], rng: np.random.Generator) -> Array:
    """The part of each pixel that the shape covers, (N, 32, 32) in [0, 1]."""
    N = len(labels)
    turn = _uniform(rng, 0, 2 * math.pi, (N, 1, 1))
    radius = _uniform(rng, *RADIUS, (N, 1, 1))
    away = _uniform(rng, -OFFSET, OFFSET, (2, N, 1, 1))
    row, column = _pixels() - (SIDE - 1) / 2 - away  # (N, 32, 32) each
    x = (np.cos(turn) * column + np.sin(turn) * row) / radius
    y = (np.cos(turn) * row - np.sin(turn) * column) / radius
    distance = np.empty_like(x)
    for label, outline in enumerate(OUTLINES.values()):
        chosen = labels == label
        distance[chosen] = outline(x[chosen], y[chosen])
    covered: Array = (0.5 - radius * distance).clip(0, 1)
    return covered


def _texture(N: int, rng: np.random.Generator) -> Array:
    """Stripes of a random direction, width, strength and colour, (N, 3, 32, 32), around 0."""
    angle, phase = _uniform(rng, 0, 2 * math.pi, (2, N, 1, 1))
    frequency = 2 * math.pi / _uniform(rng, *WAVELENGTH, (N, 1, 1))
    row, column = _pixels()
    wave = np.sin(frequency * (np.cos(angle) * column + np.sin(angle) * row) + phase)
    stripes: Array = _uniform(rng, -AMPLITUDE, AMPLITUDE, (N, 3, 1, 1)) * wave[:, None]  # (N, 3, 32, 32)
    return stripes


def _uniform(rng: np.random.Generator, low: float, high: float, shape: tuple[int, ...]) -> Array:
    """float32: twice as fast as float64, and the picture has 8 bits."""
    return low + (high - low) * rng.random(shape, dtype=np.float32)


def _pixels() -> Array:
    """Rows and columns of the pixels' middles, (2, 1, 32, 32)."""
    return np.mgrid[:SIDE, :SIDE].astype(np.float32)[:, None]


def load_shapes() -> Dataset:
    """Shapes as 10,000 training, 2,000 validation and 2,000 test images, drawn in a few seconds.

    The splits have seeds of their own, so they are the same in every run and share no image.

    Returns:
        X is (N, 3072) float32 in [0, 1], y is (N,) int64 from 0 to 9, images are 3 x 32 x 32.
    """
    train, validation, test = (_split(*size_and_seed) for size_and_seed in SEEDS.values())
    return Dataset(
        name="shapes",
        train=train,
        validation=validation,
        test=test,
        class_names=tuple(OUTLINES),
        image_shape=(3, SIDE, SIDE),
    )


def _split(count: int, seed: int) -> Split:
    images, labels = generate(count, seed)
    return Split(images.reshape(count, -1) / np.float32(255), labels)
