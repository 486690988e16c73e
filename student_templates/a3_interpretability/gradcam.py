"""Part 3.3: which regions of the image speak for a class, by the features of a deep layer.

Letters: N images, C channels, H rows, W columns; K classes. A layer gives F features of h x w.
"""

from torch import Tensor, nn

__all__ = ["grad_cam", "guided_grad_cam", "normalise", "upsample"]


def grad_cam(model: nn.Module, layer: str, X: Tensor, y: Tensor) -> Tensor:
    """Where the features of a layer speak for the class of each image.

        G = d score[n, y[n]] / d A, with A (N, F, h, w) the output of the layer
        weight[n, f] = mean over i, j of G[n, f, i, j]
        map[n, i, j] = max(0, sum over f of weight[n, f] * A[n, f, i, j])

    The score is the logit of class y[n]. The model computes in evaluation mode, and each map is
    what it would be if its image were alone.

    A is the output as it left the layer, and G its gradient there, also where an in-place ReLU
    comes next and overwrites that tensor.

    Args:
        model: maps (N, C, H, W) to logits (N, K), and uses the layer once. Its parameters may
            all be frozen (`requires_grad` False). It is left as found, also if it raises an
            exception: the mode of each of its modules (they may differ), parameters, their
            `.grad` and `requires_grad`, buffers, hooks.
        layer: the dotted name of a module, at any depth: "features.3". Its output is (N, F, h, w).
        X: (N, C, H, W) float, of the dtype of the model's parameters; unchanged, also its
            `requires_grad` and `.grad`.
        y: (N,) int64, the class to explain for each image; unchanged.

    Returns:
        (N, h, w), detached, of X's dtype: not normalised, not resized.

    Source:
        Selvaraju, Cogswell, Das, Vedantam, Parikh and Batra, "Grad-CAM: Visual Explanations from
        Deep Networks via Gradient-based Localization" (2017), section 3.
    """
    raise NotImplementedError("grad_cam is not written yet")


def upsample(cam: Tensor, size: tuple[int, int]) -> Tensor:
    """Maps in another size, interpolated bilinearly.

    As `torch.nn.functional.interpolate` does with mode "bilinear" and `align_corners=False`: the
    outer edges of both pictures coincide, not the centres of their corner pixels. No
    antialiasing, where the new size is the smaller one.

    Args:
        cam: (N, h, w) float; unchanged.
        size: (H, W), the new rows and columns, each >= 1.

    Returns:
        (N, H, W), of cam's dtype.
    """
    raise NotImplementedError("upsample is not written yet")


def normalise(cam: Tensor) -> Tensor:
    """Each map scaled to [0, 1] by itself.

        (x - min) / (max - min), with minimum and maximum of the image's own map

    Nothing is added to the denominator: the largest entry becomes 1, in a map of tiny numbers
    too. A constant map becomes zeros.

    Args:
        cam: (N, h, w) float, of any sign; unchanged.

    Returns:
        (N, h, w), of cam's dtype.
    """
    raise NotImplementedError("normalise is not written yet")


def guided_grad_cam(model: nn.Module, layer: str, X: Tensor, y: Tensor) -> Tensor:
    """The fine lines of guided backpropagation, where GradCAM looks.

        guided_backprop(model, X, y)[n, c] * upsample(grad_cam(model, layer, X, y), (H, W))[n]

    for each channel c. `guided_backprop` is yours of part 3.2, imported by its name.

    Args:
        model: as in `grad_cam` and `guided_backprop`; left as found.
        layer: as in `grad_cam`.
        X: (N, C, H, W) float; unchanged.
        y: (N,) int64, the class to explain for each image; unchanged.

    Returns:
        (N, C, H, W), detached, of X's dtype, with its sign; the map is not normalised.

    Source:
        As `grad_cam`.
    """
    raise NotImplementedError("guided_grad_cam is not written yet")
