"""The best trained network at hand: SqueezeNet, or else the small one that is always there."""

import warnings

from .errors import DatasetError
from .image_model import ImageModel
from .small_cnn import load_small_cnn
from .squeezenet import find_squeezenet, load_squeezenet

__all__ = ["load_pretrained"]


def load_pretrained(*, download: bool = False) -> ImageModel:
    """SqueezeNet if its weights are here or can be downloaded, else the small CNN.

    Args:
        download: whether to ask the network for SqueezeNet's weights where neither
            `$DATASETS_DIR/squeezenet` nor the cache folder has them. A download that fails is
            told in a warning.

    Returns:
        Either model; its `name` tells which.

    Raises:
        DatasetError: if there is a file of weights, but a damaged one.
    """
    if find_squeezenet():
        return load_squeezenet()
    if download:
        try:
            return load_squeezenet()
        except DatasetError as error:
            warnings.warn(f"{error} Until then this is the small CNN.", stacklevel=2)
    return load_small_cnn()
