"""Pictures for style transfer: one that gives the content, and some that give a style.

Source: a folder of pictures, one of them named `tubingen` (a photograph, the content); else a
photograph that scikit-learn embeds, and patterns that this file draws.
Licence: of the patterns the project's; of scikit-learn's photograph CC BY, as it states it.
Checksum: none, nothing is downloaded: no address is known that serves the same bytes for good.
"""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps
from sklearn.datasets import load_sample_image

from .errors import DatasetError
from .folders import ENVIRONMENT, chosen_folder

__all__ = ["StylePictures", "load_style", "read_picture"]

Array: TypeAlias = NDArray[np.floating[Any]]
Picture: TypeAlias = NDArray[np.uint8]

CONTENT = "tubingen"
SUFFIXES = (".jpg", ".jpeg", ".png")
LONGEST = 640  # pixels: a network looks at less
SIDE = 256  # pixels, of the patterns


class StylePictures(NamedTuple):
    """A content and the styles to give it.

    Attributes:
        content: (H, W, 3) uint8; red, green, blue.
        styles: name to picture, (H', W', 3) uint8, each of its own size.
    """

    content: Picture
    styles: dict[str, Picture]


def load_style(folder: Path | str | None = None) -> StylePictures:
    """A photograph and pictures of other styles, paintings if you have some.

    Args:
        folder: where the pictures lie, as .jpg or .png: `tubingen` is the content, all others are
            styles, in the order of their names. None: `$DATASETS_DIR/style` if there is such a
            folder, else scikit-learn's photograph of a palace and four drawn patterns, which are
            the same in every run.

    Returns:
        Pictures of at most 640 pixels a side; larger ones are reduced.

    Raises:
        DatasetError: if a folder has no content or no style, or if a picture is damaged.
    """
    place = chosen_folder(folder, "style")
    if place is None or (folder is None and not place.is_dir()):
        patterns = {name: draw() for name, draw in PATTERNS.items()}
        return StylePictures(load_sample_image("china.jpg"), patterns)
    paths = {path.stem: path for path in sorted(place.glob("*")) if path.suffix.lower() in SUFFIXES}
    if CONTENT not in paths or len(paths) == 1:
        missing = "picture named tubingen" if CONTENT not in paths else "picture beside tubingen"
        raise DatasetError(
            place,
            f"here is no {missing}.",
            f"Put a .jpg or .png there, or unset {ENVIRONMENT} and give no folder to use drawn patterns.",
        )
    content = read_picture(paths.pop(CONTENT))
    return StylePictures(content, {name: read_picture(path) for name, path in paths.items()})


def read_picture(path: Path | str) -> Picture:
    """A picture file as (H, W, 3) uint8, red, green, blue, at most 640 pixels a side.

    Args:
        path: of a file in any format that Pillow knows. A larger picture is reduced.

    Raises:
        DatasetError: if there is no such file, or it is no sound picture.
    """
    if not Path(path).is_file():
        raise DatasetError(path, "there is no such file.", "Put it there, or name another file.")
    try:
        with Image.open(path) as file:
            upright = ImageOps.exif_transpose(file).convert("RGB")  # cameras turn pictures by a note
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DatasetError(
            path, f"this is no sound picture ({error}).", "Take another file, for example a .jpg."
        ) from error
    upright.thumbnail((LONGEST, LONGEST))
    picture: Picture = np.array(upright)
    return picture


# The patterns: each is drawn from seeds of its own.


def _waves() -> Picture:
    """Strokes that swirl around a few centres, in blues with some yellow."""
    rng = np.random.default_rng(1)
    row, column = _pixels()
    turn = 0.02 * row + 0.015 * column
    for y, x in rng.uniform(0, SIDE, (5, 2)):
        away = np.hypot(row - y, column - x)
        turn = turn + 3 * np.exp(-((away / 60) ** 2)) * np.sin(away / 5)
    light = 0.5 + 0.5 * np.sin(2 * math.pi * turn + 0.3 * _noise(rng, 3))
    light = 0.8 * light + 0.2 * (0.5 + 0.5 * _noise(rng, 1))
    return _colours(light, [(12, 20, 70), (30, 75, 160), (110, 165, 215), (245, 215, 95)])


def _mosaic() -> Picture:
    """Stones of warm and cold colours with dark seams: the cells around random points."""
    rng = np.random.default_rng(2)
    row, column = _pixels()
    points = rng.uniform(0, SIDE, (120, 2))
    away = np.hypot(row[..., None] - points[:, 0], column[..., None] - points[:, 1])  # (SIDE, SIDE, 120)
    nearest = away.argmin(axis=-1)
    first, second = np.partition(away, 1, axis=-1)[..., :2].transpose(2, 0, 1)
    palette = np.array([(200, 60, 40), (235, 160, 50), (245, 225, 180), (40, 110, 120), (120, 30, 60)])
    stones = palette[rng.integers(len(palette), size=len(points))] + rng.normal(0, 12, (len(points), 3))
    seam = ((second - first) / 2.5).clip(0, 1)[..., None]
    return _picture(seam * stones[nearest] + (1 - seam) * np.array([35, 28, 30]))


def _dots() -> Picture:
    """Dots of a coarse print: red on cream, larger and smaller in turn."""
    row, column = _pixels()
    y, x = (row + column) / 14, (row - column) / 14  # a grid that is turned by 45 degrees
    size = 0.22 + 0.14 * np.sin(row / 23) * np.cos(column / 31)
    away = np.hypot(y - np.rint(y), x - np.rint(x))
    inside = ((size - away) * 10 + 0.5).clip(0, 1)[..., None]
    return _picture(inside * np.array([205, 30, 45]) + (1 - inside) * np.array([250, 238, 205]))


def _hatching() -> Picture:
    """Pencil lines in two directions, black on white, denser where it is dark."""
    rng = np.random.default_rng(3)
    row, column = _pixels()
    dark = 0.5 + 0.5 * _noise(rng, 24)
    lines = [
        np.sin(0.9 * (a * row + b * column) + 1.5 * _noise(rng, 6)) for a, b in ((0.7, 0.7), (0.75, -0.65))
    ]
    ink = np.maximum(lines[0] - 1.2 + 1.5 * dark, lines[1] - 2.0 + 2.0 * dark)
    return _colours((0.6 - ink).clip(0, 1), [(25, 25, 35), (150, 150, 155), (252, 250, 245)])


PATTERNS: dict[str, Callable[[], Picture]] = {
    "waves": _waves,
    "mosaic": _mosaic,
    "dots": _dots,
    "hatching": _hatching,
}


def _pixels() -> tuple[Array, Array]:
    """Row and column of each pixel, (SIDE, SIDE)."""
    row, column = np.mgrid[:SIDE, :SIDE].astype(np.float64)
    return row, column


def _noise(rng: np.random.Generator, radius: int) -> Array:
    """Random values (SIDE, SIDE) from about -1 to 1 that change over about `radius` pixels."""
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(SIDE), np.fft.fftfreq(SIDE), indexing="ij"))
    spectrum = np.fft.fft2(rng.standard_normal((SIDE, SIDE))) * np.exp(-((math.pi * radius * frequency) ** 2))
    values = np.fft.ifft2(spectrum).real
    noise: Array = (values / (2 * values.std())).clip(-1, 1)
    return noise


def _colours(light: Array, palette: list[tuple[int, int, int]]) -> Picture:
    """Values in [0, 1] as colours between those of a palette, from dark to light."""
    places = np.linspace(0, 1, len(palette))
    channels = [np.interp(light, places, channel) for channel in zip(*palette, strict=True)]
    return _picture(np.stack(channels, axis=-1))


def _picture(values: Array) -> Picture:
    """Colours from 0 to 255 as whole numbers."""
    picture: Picture = np.rint(values.clip(0, 255)).astype(np.uint8)
    return picture
