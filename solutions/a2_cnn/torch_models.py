"""Part 2.5: three networks in PyTorch, and the twin of a network of your own in NumPy.

A model here is an `nn.Module` that gives logits: scores before softmax, which is what
`nn.CrossEntropyLoss` takes. It knows nothing of losses, optimisers or data sets.

Letters: N examples, D inputs, H hidden units, C classes.
"""

from typing import Any

import torch
from torch import nn

__all__ = ["MyModel", "TwoLayerNet", "VanillaCNN", "copy_numpy_convnet"]


class TwoLayerNet(nn.Module):
    """A network with one hidden layer: linear, sigmoid, linear.

        logits = sigmoid(x @ W1^T + b1) @ W2^T + b2

    Its parameters are, in the order of `parameters()`, W1 (H, D), b1 (H,), W2 (C, H) and
    b2 (C,): two `nn.Linear`, under any names. Their first values are your choice.
    """

    def __init__(self, input_size: int, hidden_size: int, num_classes: int) -> None:
        """Make the two layers.

        Args:
            input_size: D >= 1, numbers in one example.
            hidden_size: H >= 1.
            num_classes: C >= 1.
        """
        super().__init__()
        # BEGIN SOLUTION
        self.hidden = nn.Linear(input_size, hidden_size)
        self.output = nn.Linear(hidden_size, num_classes)
        # END SOLUTION

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits of each example.

        Args:
            x: (N, D) or (N, channels, height, width) with channels * height * width = D:
                an image is flattened in the order in which it is stored. Unchanged.

        Returns:
            (N, C), no softmax, differentiable.
        """
        # BEGIN SOLUTION
        flat = x.flatten(start_dim=1)  # (N, D)
        return self.output(torch.sigmoid(self.hidden(flat)))
        # END SOLUTION


class VanillaCNN(nn.Module):
    """A small convolutional network: convolution, ReLU, max pooling, linear.

    32 filters of 7x7 with stride 1 and without padding, ReLU, max pooling 2x2 with stride 2,
    which drops the last row and column of an odd size, then one linear layer on all that is left.

    Its parameters are, in the order of `parameters()`, the filters (32, in_channels, 7, 7),
    their biases (32,), the linear layer's weight (C, 32 * s * s) with s = (image_size - 6) // 2,
    and its bias (C,): an `nn.Conv2d` and an `nn.Linear`, under any names. Their first values
    are your choice.
    """

    def __init__(self, in_channels: int, num_classes: int, image_size: int) -> None:
        """Make the two layers that have parameters.

        Args:
            in_channels: channels of an image, at least 1.
            num_classes: C >= 1.
            image_size: side of a square image, at least 8.
        """
        super().__init__()
        # BEGIN SOLUTION
        self.convolution = nn.Conv2d(in_channels, 32, kernel_size=7)
        side = (image_size - 6) // 2
        self.output = nn.Linear(32 * side * side, num_classes)
        # END SOLUTION

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits of each image.

        Args:
            x: (N, in_channels, image_size, image_size). Unchanged.

        Returns:
            (N, C), no softmax, differentiable.
        """
        # BEGIN SOLUTION
        maps = torch.relu(self.convolution(x))  # (N, 32, image_size - 6, image_size - 6)
        pooled = nn.functional.max_pool2d(maps, kernel_size=2)  # (N, 32, s, s)
        return self.output(pooled.flatten(start_dim=1))
        # END SOLUTION


class MyModel(nn.Module):
    """Your own network, which the leaderboard measures.

    Build what you like out of torch, with at most 2,000,000 parameters for 10 classes. Train
    it on your machine, then write its weights beside this file and hand both in:

        safetensors.torch.save_file(model.state_dict(), "my_model.safetensors")

    The graders make MyModel(10), load these weights, which must fit by name and shape, switch
    to evaluation mode and ask for the classes of images that nobody has seen. At most
    2,000,000 numbers may be in the file, running statistics of batch normalisation included,
    and all of them must be finite. A file in half precision is taken: loading converts it.
    """

    def __init__(self, num_classes: int) -> None:
        """Make the layers.

        Args:
            num_classes: C >= 1.
        """
        super().__init__()
        # BEGIN SOLUTION
        self.features = nn.Sequential(
            _block(3, 16, pool=2), _block(16, 32, pool=2), _block(32, 64, pool=1), _block(64, 64, pool=1)
        )
        self.output = nn.Linear(64, num_classes)
        # END SOLUTION

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits of each image.

        In evaluation mode the logits of an image depend on nothing but the image: not on the
        others of the batch, and not on chance.

        Args:
            x: (N, 3, 32, 32) float32, values in [0, 1]: centring and scaling are part of the
                model. Unchanged.

        Returns:
            (N, C), no softmax, differentiable.
        """
        # BEGIN SOLUTION
        maps = self.features(2 * x - 1)  # (N, 64, 8, 8)
        return self.output(maps.amax(dim=(2, 3)))
        # END SOLUTION


def copy_numpy_convnet(convnet: Any) -> nn.Module:
    """The PyTorch twin of a network made of your NumPy layers.

    `twin(x)` are the scores that the last layer of the network gives for x (the loss and its
    softmax are no part of the twin), so the gradients of the same loss agree too.

    Args:
        convnet: has a list `layers`. A layer is known by the name of its class, and these of
            its attributes are read:
                Linear: weight (in, out), bias (out,); its input is flattened first
                ReLU: none
                Conv2D: weight (O, C, k, k), bias (O,), and the numbers stride, padding
                MaxPooling: the numbers kernel_size, stride
            The arrays are float64 and are unchanged.

    Returns:
        A float64 module that applies the layers in their order. Its parameters are, in the order of
        `parameters()`, weight and bias of each layer that has them; they require gradients and
        are copies: to train the twin changes nothing in the network.

    Raises:
        ValueError: if a layer's class has another name.

    Source:
        PyTorch's documentation of `nn.Linear`, whose weight is (out, in), and of `nn.Conv2d`.
    """
    # BEGIN SOLUTION
    return nn.Sequential(*(_twin(layer) for layer in convnet.layers)).double()
    # END SOLUTION


# BEGIN SOLUTION
def _block(inputs: int, outputs: int, pool: int) -> nn.Sequential:
    """A 3x3 convolution, max pooling, batch normalisation and ReLU: what comes after the pooling is cheap."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel_size=3, padding=1, bias=False),
        nn.MaxPool2d(pool),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )


def _twin(layer: Any) -> nn.Module:
    match type(layer).__name__:
        case "Linear":
            return nn.Sequential(
                nn.Flatten(), _filled(nn.Linear(*layer.weight.shape), layer.weight.T, layer.bias)
            )
        case "ReLU":
            return nn.ReLU()
        case "Conv2D":
            outputs, inputs, size, _ = layer.weight.shape
            twin = nn.Conv2d(inputs, outputs, size, stride=layer.stride, padding=layer.padding)
            return _filled(twin, layer.weight, layer.bias)
        case "MaxPooling":
            return nn.MaxPool2d(layer.kernel_size, stride=layer.stride)
    raise ValueError(f"a {type(layer).__name__} has no twin")


def _filled(twin: nn.Linear | nn.Conv2d, weight: Any, bias: Any) -> nn.Module:
    """The module in float64, with copies of these arrays as its parameters."""
    twin.double()
    with torch.no_grad():
        twin.weight.copy_(torch.as_tensor(weight))
        twin.bias.copy_(torch.as_tensor(bias))
    return twin


# END SOLUTION
