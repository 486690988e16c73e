"""SqueezeNet 1.0, trained on ImageNet: 1.2 million parameters that tell 1,000 classes apart.

Source: F. N. Iandola, S. Han, M. W. Moskewicz, K. Ashraf, W. J. Dally and K. Keutzer, "SqueezeNet:
AlexNet-level accuracy with 50x fewer parameters and <0.5MB model size" (2016). Network, weights
and class names are torchvision's, `SqueezeNet1_0_Weights.IMAGENET1K_V1`.
Licence: torchvision's, BSD 3-Clause; ImageNet itself is for research.
Checksum: of torchvision's file the first eight digits of the sha256 sum, which torchvision puts
into its name. A file of weights in NumPy's format has none: it must hold the right keys and shapes.
"""

import hashlib
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .arrays import read_arrays
from .download import cache_folder
from .errors import DatasetError
from .folders import ENVIRONMENT, chosen_folder
from .image_model import ImageModel

__all__ = ["find_squeezenet", "load_squeezenet"]

ARRAYS = "squeezenet1_0_imagenet.npz"
OFFICIAL = "squeezenet1_0-b66bff10.pth"
LAST_FIRE = "features.12"  # gives (N, 512, 13, 13) of images of 224 x 224
FETCH_AGAIN = "Delete the file and fetch it again."


def load_squeezenet(folder: Path | str | None = None) -> ImageModel:
    """SqueezeNet 1.0 with the weights that torchvision publishes, or with those of a folder.

    Its logits leave a ReLU and then a mean over the image: none is negative, and a logit that is
    0 has no gradient.

    Args:
        folder: where the weights lie, as one of
            - `squeezenet1_0_imagenet.npz`: arrays under torchvision's names, nothing pickled;
            - `squeezenet1_0-b66bff10.pth`: torchvision's own file.
            None: `$DATASETS_DIR/squeezenet` if that variable is set, else a cache folder, into
            which torchvision's file is downloaded (5 MB). A download that breaks off starts anew.

    Raises:
        DatasetError: if the weights are missing, damaged or others, or cannot be downloaded, or
            if torchvision is not installed.
    """
    place = chosen_folder(folder, "squeezenet")
    path = find_squeezenet(place)
    if path is None and place is not None:
        raise DatasetError(
            place,
            f"here is no {ARRAYS} and no {OFFICIAL}.",
            f"Put one of them there, or unset {ENVIRONMENT} and give no folder to download the weights.",
        )
    models = _torchvision(place or cache_folder("squeezenet"))
    published = models.SqueezeNet1_0_Weights.IMAGENET1K_V1
    path = path or _download(published.url)
    network = models.squeezenet1_0()
    try:
        network.load_state_dict(_arrays(path) if path.name == ARRAYS else _official(path))
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:200]  # torch lists every tensor that does not fit
        raise DatasetError(path, f"these are other weights ({reason}).", FETCH_AGAIN) from error
    return ImageModel(
        name="SqueezeNet",
        network=network.eval(),
        class_names=tuple(published.meta["categories"]),
        side=224,
        mean=tuple(published.transforms().mean),
        std=tuple(published.transforms().std),
        layer=LAST_FIRE,
    )


def find_squeezenet(folder: Path | str | None = None) -> Path | None:
    """The file of weights that `load_squeezenet` reads without a download, if there is one."""
    place = chosen_folder(folder, "squeezenet") or cache_folder("squeezenet")
    return next((place / name for name in (ARRAYS, OFFICIAL) if (place / name).is_file()), None)


def _torchvision(place: Path) -> Any:
    """The module with the network; torchvision publishes no types."""
    try:
        return import_module("torchvision.models")
    except ModuleNotFoundError as error:
        raise DatasetError(
            place,
            "SqueezeNet needs torchvision, which is not installed.",
            "Run: python -m pip install torchvision",
        ) from error


def _download(url: str) -> Path:
    """The path of torchvision's file, which appears under its name only when its sum is right."""
    path = cache_folder("squeezenet") / OFFICIAL
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        torch.hub.download_url_to_file(url, str(path), hash_prefix=_sum_in_the_name(path))
    except (OSError, RuntimeError) as error:  # of the network or the disk; of the sum
        raise DatasetError(
            path,
            f"the download failed ({url} said: {error}).",
            f"Check the network and run this again, or put {OFFICIAL} there yourself.",
        ) from error
    return path


def _sum_in_the_name(path: Path) -> str:
    return path.stem.rpartition("-")[2]


def _official(path: Path) -> dict[str, Tensor]:
    """The tensors of torchvision's file."""
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    expected = _sum_in_the_name(path)
    if not found.startswith(expected):
        raise DatasetError(
            path, f"the sha256 sum starts with {found[: len(expected)]}, expected {expected}.", FETCH_AGAIN
        )
    state: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return state


def _arrays(path: Path) -> dict[str, Tensor]:
    """The tensors of a file in NumPy's format."""
    return {name: torch.from_numpy(array) for name, array in read_arrays(path).items()}
