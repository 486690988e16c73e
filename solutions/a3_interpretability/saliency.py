"""Part 3.1: which pixels would change the score most if they changed a little?

Letters: N images, C channels, H rows, W columns; K classes.
"""

# BEGIN SOLUTION
import torch

# END SOLUTION
from torch import Tensor, nn

__all__ = ["compute_saliency_maps"]


def compute_saliency_maps(model: nn.Module, X: Tensor, y: Tensor) -> Tensor:
    """How strongly the score of an image's class depends on each of its pixels.

        map[n, h, w] = max over c of |d score[n, y[n]] / d X[n, c, h, w]|

    The score is the logit of class y[n], as it leaves the model: no softmax, no loss. The model
    computes in evaluation mode, and each map is what it would be if its image were alone.

    Args:
        model: maps (N, C, H, W) to logits (N, K). It is left as found, also if it raises an
            exception: the mode of each of its modules (they may differ), parameters, their
            `.grad` and `requires_grad`, buffers, hooks.
        X: (N, C, H, W) float, of the dtype of the model's parameters; unchanged, also its
            `requires_grad` and `.grad`.
        y: (N,) int64, the class to explain for each image, right or wrong; unchanged.

    Returns:
        (N, H, W), detached, of X's dtype. No entry is negative; nothing is normalised.

    Source:
        Simonyan, Vedaldi and Zisserman, "Deep Inside Convolutional Networks" (2014), section 3.
    """
    # BEGIN SOLUTION
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        image = X.detach().clone().requires_grad_()
        scores = model(image).gather(1, y[:, None])  # (N, 1)
        # Image n acts on row n alone, so the sum's gradient holds each score's own.
        (gradient,) = torch.autograd.grad(scores.sum(), image)  # (N, C, H, W)
    finally:
        for module, training in modes.items():
            module.training = training
    return gradient.abs().amax(dim=1)
    # END SOLUTION
