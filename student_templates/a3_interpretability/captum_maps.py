"""Part 3.7: the same questions, asked with a library.

Captum has most methods of this assignment ready-made. What is left is to choose: which class,
which layer, which options, and what to show.

Letters: N images, C channels, H rows, W columns; a layer gives (N, F, h, w).
"""

from collections.abc import Mapping

import numpy as np
from captum.attr import (
    GuidedBackprop,
    GuidedGradCam,
    IntegratedGradients,
    LayerActivation,
    LayerConductance,
    LayerGradCam,
    Saliency,
)
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor, nn

__all__ = ["attribute", "attribution_figure"]

# Of Captum; the names are ours.
METHODS = {
    "saliency": Saliency,
    "integrated_gradients": IntegratedGradients,
    "guided_backprop": GuidedBackprop,
    "layer_grad_cam": LayerGradCam,
    "guided_grad_cam": GuidedGradCam,
    "layer_activation": LayerActivation,
    "layer_conductance": LayerConductance,
}
METHODS_OF_A_LAYER = ("layer_grad_cam", "guided_grad_cam", "layer_activation", "layer_conductance")


def attribute(model: nn.Module, method: str, X: Tensor, y: Tensor, layer: str | None = None) -> Tensor:
    """What in the images, or in a layer, speaks for the classes `y`, by a method of Captum.

    | method                 | Captum's class      | options                              | shape        |
    |------------------------|---------------------|--------------------------------------|--------------|
    | "saliency"             | Saliency            | absolute values                      | (N, C, H, W) |
    | "integrated_gradients" | IntegratedGradients | 50 steps, Gauss-Legendre             | (N, C, H, W) |
    | "guided_backprop"      | GuidedBackprop      |                                      | (N, C, H, W) |
    | "layer_grad_cam"       | LayerGradCam        | after a ReLU, not resized            | (N, 1, h, w) |
    | "guided_grad_cam"      | GuidedGradCam       | bilinear interpolation               | (N, C, H, W) |
    | "layer_activation"     | LayerActivation     | does not depend on y                 | (N, F, h, w) |
    | "layer_conductance"    | LayerConductance    | 50 steps, method "riemann_trapezoid" | (N, F, h, w) |

    Everything is of the score, the logit of class y[n], and of the layer's output, not its
    input. The two methods that follow a path (Integrated Gradients and conductance) start from
    an image of zeros. Where no absolute value or ReLU is named, values keep their sign: no other
    normalisation, and no sum over channels. Some of the options are not Captum's defaults. For
    conductance the trapezoid has a reason: its steps include both ends of the path, which the
    default's leave out, so that the sum over the layer comes out as the difference of the scores.

    Args:
        model: maps (N, C, H, W) to logits (N, K). It computes in evaluation mode and is left as
            found: the training mode of each module, parameters, `.grad`, hooks.
        method: one of the seven names.
        X: (N, C, H, W) float; unchanged, also its `requires_grad` and `.grad`.
        y: (N,) int64, the class to explain for each image.
        layer: dotted name of a module ("features.3"), for "layer_..." and "guided_grad_cam".
            The other methods ignore it.

    Returns:
        A detached tensor of the shape in the table. Nothing is printed, and no warning of
        Captum's gets out.

    Raises:
        ValueError: if the method has another name, or needs a layer and `layer` is None.

    Source:
        Captum's reference: https://captum.ai/api/; Sundararajan, Taly and Yan, "Axiomatic
        Attribution for Deep Networks" (2017); Dhamdhere, Sundararajan and Yan, "How Important
        Is a Neuron?" (2019).
    """
    raise NotImplementedError("attribute is not written yet")


def attribution_figure(
    images: NDArray[np.floating] | Tensor, maps: Mapping[str, NDArray[np.floating] | Tensor]
) -> Figure:
    """Every image beside each of its maps, laid over it.

    N rows and 1 + len(maps) columns of axes, row by row. In row n the first column shows image
    n. The others show it again, and over it, half transparent (0 < alpha < 1), the strength of a
    map, in the order of `maps`:

        strength[h, w] = max over the map's channels of |map[n, :, h, w]|

    A map of another size than the image is stretched over the whole image: both are drawn to
    the same extent.

    Args:
        images: (N, C, H, W), C = 1 or 3, values in [0, 1] (undo a normalisation beforehand).
            Unchanged.
        maps: title to map, an array or tensor (N, C', h, w), any C' >= 1. Unchanged.

    Returns:
        A `matplotlib.figure.Figure`, made without pyplot, so that nothing is shown and nothing
        stays registered. No axes shows ticks; those of the first row have titles: "image" and
        the keys of `maps`. No axes beyond these: no colour bar.
    """
    raise NotImplementedError("attribution_figure is not written yet")
