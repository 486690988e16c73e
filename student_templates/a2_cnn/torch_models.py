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
        raise NotImplementedError("TwoLayerNet.__init__ is not written yet")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits of each example.

        Args:
            x: (N, D) or (N, channels, height, width) with channels * height * width = D:
                an image is flattened in the order in which it is stored. Unchanged.

        Returns:
            (N, C), no softmax, differentiable.
        """
        raise NotImplementedError("TwoLayerNet.forward is not written yet")


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
        raise NotImplementedError("VanillaCNN.__init__ is not written yet")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits of each image.

        Args:
            x: (N, in_channels, image_size, image_size). Unchanged.

        Returns:
            (N, C), no softmax, differentiable.
        """
        raise NotImplementedError("VanillaCNN.forward is not written yet")


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
        raise NotImplementedError("MyModel.__init__ is not written yet")

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
        raise NotImplementedError("MyModel.forward is not written yet")


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
    raise NotImplementedError("copy_numpy_convnet is not written yet")
