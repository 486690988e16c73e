"""A small convolutional network that comes with this package, trained on `shapes.py`.

It has what large ones have (blocks inside blocks, skip connections, ReLUs that work in place), so
every method for looking into networks works on it, in milliseconds.

Source: this repository. `python tests/train_small_cnn.py` makes `small_cnn.safetensors` again, from
nothing but seeds; it took 12 minutes on one core of a busy machine, and reached a test accuracy of
1.000. Licence: the project's. Checksum: none, nothing is downloaded.
"""

from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from .errors import DatasetError
from .image_model import ImageModel
from .shapes import OUTLINES, SIDE

__all__ = ["SmallCNN", "load_small_cnn"]

WEIGHTS = Path(__file__).with_name("small_cnn.safetensors")
MEAN, STD = (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)


class Block(nn.Module):
    """Two convolutions with a way around them: (N, C, H, W) to the same shape.

    relu(x + conv(relu(conv(x))))
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.main = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, 3, padding=1),
        )
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """The block's output."""
        output: Tensor = self.relu(x + self.main(x))
        return output


class SmallCNN(nn.Module):
    """Maps images (N, 3, 32, 32), normalised, to the logits (N, 10) of the shapes.

    The last layers are a 1x1 convolution and a mean over the image. So the logit of class c is
    the mean of a map, sum over k of w[c, k] * features[k, h, w], plus a bias: the network is one
    for which class activation maps were invented.
    """

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 32, 5, padding=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),
            Block(32),
            nn.Conv2d(32, 48, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),
            Block(48),
        )
        self.classifier = nn.Sequential(
            nn.Conv2d(48, len(OUTLINES), 1), nn.AdaptiveAvgPool2d(1), nn.Flatten()
        )

    def forward(self, x: Tensor) -> Tensor:
        """The logits."""
        logits: Tensor = self.classifier(self.features(x))
        return logits


def load_small_cnn() -> ImageModel:
    """The network with its trained weights, for images of 32 x 32 pixels. It needs no network.

    Raises:
        DatasetError: if the file of weights is missing or another one.
    """
    network = SmallCNN()
    try:
        network.load_state_dict(load_file(WEIGHTS))
    except (OSError, RuntimeError, SafetensorError) as error:
        reason = " ".join(str(error).split())[:200]
        raise DatasetError(
            WEIGHTS,
            f"the weights cannot be read ({reason}).",
            "Take the file again from where the package came from.",
        ) from error
    return ImageModel(
        name="small CNN",
        network=network.eval(),
        class_names=tuple(OUTLINES),
        side=SIDE,
        mean=MEAN,
        std=STD,
        layer="features.7",
    )
