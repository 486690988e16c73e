"""Part 3.6: the content of one image in the style of another.

Content is what the features of a layer are; style is how often the channels of a layer occur
together, wherever that is. Both are losses of the image, and the image is what is trained.

Letters: N images, C channels, H rows, W columns.
"""

from collections.abc import Sequence

import torch
from torch import nn

__all__ = [
    "content_loss",
    "extract_features",
    "gram_matrix",
    "style_loss",
    "style_transfer",
    "total_variation_loss",
]


def extract_features(network: nn.Sequential, image: torch.Tensor) -> list[torch.Tensor]:
    """What each layer of a network gives, in their order; given.

    Args:
        network: layers in a row, such as `squeezenet.features`, in the mode that they are in.
        image: (N, C, H, W) float.

    Returns:
        As many tensors as the network has layers, differentiable in the image. Each is as it
        left its layer, also where a ReLU that works in place follows.
    """
    features = []
    for layer in network:
        image = layer(image)
        features.append(image)
        image = image.clone()  # an in-place layer writes into the copy
    return features


def content_loss(weight: float, current: torch.Tensor, original: torch.Tensor) -> torch.Tensor:
    """How far the features of an image are from those of the content image.

        loss = weight * sum((current - original) ** 2)

    Args:
        weight: >= 0.
        current: (N, C, H, W), features of the image that is trained.
        original: (N, C, H, W), features of the content image.

    Returns:
        Tensor of shape (), differentiable in `current`: a sum, no mean.

    Source:
        Gatys, Ecker and Bethge, "Image Style Transfer Using Convolutional Neural Networks"
        (2016), equation 1, whose factor 1/2 the weight takes in.
    """
    # BEGIN SOLUTION
    return weight * ((current - original) ** 2).sum()
    # END SOLUTION


def gram_matrix(features: torch.Tensor, normalize: bool = True) -> torch.Tensor:
    """How strongly each pair of channels occurs together, for each image on its own.

        gram[n, c, d] = sum_hw features[n, c, h, w] * features[n, d, h, w]

    and, if `normalize`, divided by C * H * W.

    Args:
        features: (N, C, H, W) float, contiguous in memory or not (a transposed or strided view);
            unchanged.
        normalize: whether to divide.

    Returns:
        (N, C, C), differentiable in the features.

    Source:
        Gatys, Ecker and Bethge (2016), equation 3; the divisor is that of Johnson, Alahi and
        Fei-Fei, "Perceptual Losses for Real-Time Style Transfer" (2016), equation 3.
    """
    # BEGIN SOLUTION
    _, C, H, W = features.shape
    rows = features.flatten(2)  # (N, C, H * W)
    gram = rows @ rows.transpose(1, 2)  # (N, C, C)
    return gram / (C * H * W) if normalize else gram
    # END SOLUTION


def style_loss(
    features: Sequence[torch.Tensor],
    layers: Sequence[int],
    targets: Sequence[torch.Tensor],
    weights: Sequence[float],
) -> torch.Tensor:
    """How far the Gram matrices of some layers are from those of the style image.

        loss = sum_i weights[i] * sum((gram_matrix(features[layers[i]]) - targets[i]) ** 2)

    with normalised Gram matrices.

    Args:
        features: the features of every layer, (N, C, H, W) each; C, H and W differ from layer
            to layer.
        layers: the layers that count, as indices into `features`, in any order. There may be none.
        targets: one for each entry of `layers`, not for each entry of `features`: (N, C, C) with
            the C of that layer.
        weights: >= 0, one for each entry of `layers`.

    Returns:
        Tensor of shape (), differentiable in the features; 0 if `layers` is empty.

    Source:
        Gatys, Ecker and Bethge (2016), equations 4 and 5.
    """
    # BEGIN SOLUTION
    loss = torch.zeros((), dtype=features[0].dtype, device=features[0].device)
    for layer, target, weight in zip(layers, targets, weights, strict=True):
        loss = loss + weight * ((gram_matrix(features[layer]) - target) ** 2).sum()
    return loss
    # END SOLUTION


def total_variation_loss(image: torch.Tensor, weight: float) -> torch.Tensor:
    """How much neighbouring pixels differ.

        loss = weight * (sum of (image[n, c, h + 1, w] - image[n, c, h, w]) ** 2
                       + sum of (image[n, c, h, w + 1] - image[n, c, h, w]) ** 2)

    Args:
        image: (N, C, H, W) float. The border has no neighbours on the other side.
        weight: >= 0.

    Returns:
        Tensor of shape (), differentiable in the image: a sum over the whole batch, no mean. An
        image of one row has no vertical differences; they count as 0.

    Source:
        Johnson, Alahi and Fei-Fei (2016), section 3.2; Mahendran and Vedaldi, "Understanding
        Deep Image Representations by Inverting Them" (2015), section 3, with beta = 2.
    """
    # BEGIN SOLUTION
    vertical = image[:, :, 1:] - image[:, :, :-1]  # (N, C, H - 1, W)
    horizontal = image[:, :, :, 1:] - image[:, :, :, :-1]  # (N, C, H, W - 1)
    return weight * ((vertical**2).sum() + (horizontal**2).sum())
    # END SOLUTION


def style_transfer(
    network: nn.Sequential,
    content: torch.Tensor,
    style: torch.Tensor,
    *,
    content_layer: int,
    content_weight: float,
    style_layers: Sequence[int],
    style_weights: Sequence[float],
    tv_weight: float,
    steps: int,
    learning_rate: float,
) -> tuple[torch.Tensor, list[float]]:
    """Change the content image until it has the style of another.

        loss(image) = content_loss(content_weight, features of image, features of content)
                                                                        at content_layer
                    + style_loss(features of image, style_layers,
                                 Gram matrices of style, style_weights)
                    + total_variation_loss(image, tv_weight)

    The image starts as a copy of the content image and is trained by `torch.optim.Adam` with
    its default betas: `steps` updates. Features come from `extract_features`; the targets are
    computed once, before the first update. Nothing is random, and nothing is clipped.

    Args:
        network: layers in a row, used in the mode that it is in. It is left as found: its
            parameters, their `.grad` and their `requires_grad`.
        content: (1, C, H, W) float; unchanged.
        style: (1, C, H', W') float, of any other size; unchanged.
        content_layer: index of the layer whose features are the content.
        content_weight: >= 0.
        style_layers: indices of the layers whose Gram matrices are the style.
        style_weights: >= 0, one for each style layer.
        tv_weight: >= 0.
        steps: number of updates, >= 0.
        learning_rate: of Adam, about the most that a pixel changes in an update.

    Returns:
        The image after the last update, (1, C, H, W), detached and of the content's dtype; and
        a list of `steps` floats, the whole loss before each update.

    Source:
        Gatys, Ecker and Bethge (2016), section 2.
    """
    # BEGIN SOLUTION
    with torch.no_grad():
        original = extract_features(network, content)[content_layer]
        style_features = extract_features(network, style)
        targets = [gram_matrix(style_features[layer]) for layer in style_layers]
    image = content.clone().requires_grad_()
    optimizer = torch.optim.Adam([image], lr=learning_rate)
    losses = []
    for _ in range(steps):
        features = extract_features(network, image)
        loss = content_loss(content_weight, features[content_layer], original)
        loss = loss + style_loss(features, style_layers, targets, style_weights)
        loss = loss + total_variation_loss(image, tv_weight)
        # Not loss.backward(): that would leave gradients in the network's parameters.
        (image.grad,) = torch.autograd.grad(loss, image)
        optimizer.step()
        losses.append(loss.item())
    return image.detach(), losses
    # END SOLUTION
