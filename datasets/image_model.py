"""A trained network with all that is needed to ask it about pictures.

It knows no particular network: `squeezenet.py` and `small_cnn.py` make them.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

__all__ = ["ImageModel"]


@dataclass(frozen=True)
class ImageModel:
    """A network, the names of its classes, and the way from a picture to its input and back.

    Attributes:
        name: what the network is called in titles.
        network: maps (N, 3, side, side) to logits (N, C), in evaluation mode. Its `features` are
            an `nn.Sequential` and take images of any size.
        class_names: the name of class c at index c.
        side: height and width in pixels of the images that it was trained on.
        mean, std: of each channel, subtracted from and divided into values in [0, 1].
        layer: dotted name of the last layer whose output still has a place in the image, which
            is the one for GradCAM.
    """

    name: str
    network: nn.Module
    class_names: tuple[str, ...]
    side: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    layer: str

    def preprocess(self, images: Iterable[NDArray[np.uint8]], side: int | None = None) -> Tensor:
        """Pictures as the network takes them.

        Each is resized until its shorter side is `side`, then the middle square is cut out. A
        square of the right size is not resampled.

        Args:
            images: (H, W, 3) uint8 each, red, green, blue, of any sizes; (N, H, W, 3) is such too.
            side: of the result, in pixels. None: the network's own.

        Returns:
            (N, 3, side, side) float32, normalised: about mean 0 and standard deviation 1.
        """
        squares = torch.cat([_square(image, side or self.side) for image in images])
        return (squares - self._of_channels(self.mean)) / self._of_channels(self.std)

    def deprocess(self, X: Tensor) -> Tensor:
        """Pictures to look at, from what the network takes: `preprocess` undone, but for the size.

        Args:
            X: (N, 3, H, W), normalised.

        Returns:
            (N, 3, H, W) in [0, 1], detached; values beyond black and white are clipped.
        """
        return (X.detach() * self._of_channels(self.std) + self._of_channels(self.mean)).clamp(0, 1)

    def valid_range(self) -> tuple[Tensor, Tensor]:
        """Black and white as the network takes them: two tensors (3, 1, 1), one value a channel."""
        mean, std = self._of_channels(self.mean), self._of_channels(self.std)
        return -mean / std, (1 - mean) / std

    @staticmethod
    def _of_channels(values: tuple[float, float, float]) -> Tensor:
        return torch.tensor(values).view(3, 1, 1)


def _square(image: NDArray[np.uint8], side: int) -> Tensor:
    """The middle of one picture, (1, 3, side, side) in [0, 1]."""
    picture = torch.tensor(np.asarray(image)).permute(2, 0, 1)[None] / 255  # (1, 3, H, W)
    H, W = picture.shape[2:]
    scale = side / min(H, W)
    size = [round(H * scale), round(W * scale)]
    if size != [H, W]:
        picture = nn.functional.interpolate(
            picture, size, mode="bilinear", antialias=True, align_corners=False
        )
    top, left = (size[0] - side) // 2, (size[1] - side) // 2
    return picture[:, :, top : top + side, left : left + side]
