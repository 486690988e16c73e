"""Part 3.2: backpropagation with one more condition at each ReLU.

Letters: N images, C channels, H rows, W columns; K classes.
"""

from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["GuidedReLU", "guided_backprop"]


class GuidedReLU(torch.autograd.Function):
    """A ReLU whose way back lets a gradient through where input and gradient are positive.

    Used as `GuidedReLU.apply(x)`.

    Source:
        Springenberg, Dosovitskiy, Brox and Riedmiller, "Striving for Simplicity: The All
        Convolutional Net" (2015), section 3.4.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        """max(x, 0), entry by entry.

        Args:
            ctx: keeps what `backward` needs: `ctx.save_for_backward`.
            x: float, any shape; unchanged.

        Returns:
            A new tensor of x's shape.
        """
        # BEGIN SOLUTION
        ctx.save_for_backward(x)
        return x.clamp(min=0)
        # END SOLUTION

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        """The gradient where x > 0 and gradient > 0, else 0; both conditions are strict.

        Args:
            ctx: what `forward` has kept: `ctx.saved_tensors`.
            gradient: of x's shape, what arrives at the output; unchanged, since other paths of
                the network may be given the same tensor.

        Returns:
            A new tensor of x's shape: what is handed on to x.
        """
        # BEGIN SOLUTION
        (x,) = ctx.saved_tensors
        return gradient.where((x > 0) & (gradient > 0), 0)
        # END SOLUTION


def guided_backprop(model: nn.Module, X: Tensor, y: Tensor) -> Tensor:
    """The gradient of each image's class score, with the rule of `GuidedReLU` at each ReLU.

    Every `nn.ReLU` module of the model follows the rule: inside blocks at any depth, in place or
    not, and each time it is used if a module is used more than once. All other layers
    backpropagate as always, and so do ReLUs that are no modules: calls of `torch.relu` or
    `F.relu` in a `forward` are out of reach. No path of the model but the ReLU's own reads what
    an in-place ReLU overwrites, so it makes no difference whether it works in place.

    The score is the logit of class y[n]. The model computes in evaluation mode, and each result
    is what it would be if its image were alone.

    Args:
        model: maps (N, C, H, W) to logits (N, K). It is left as found, also if it raises an
            exception: its modules and their `forward`, the mode of each of them (they may
            differ), parameters, their `.grad` and `requires_grad`, buffers, hooks.
        X: (N, C, H, W) float, of the dtype of the model's parameters; unchanged, also its
            `requires_grad` and `.grad`.
        y: (N,) int64, the class to explain for each image; unchanged.

    Returns:
        (N, C, H, W), detached, of X's dtype, with its sign: no absolute value, no maximum over
        channels, nothing normalised, and no ReLU at the image itself.

    Source:
        As `GuidedReLU`.
    """
    # BEGIN SOLUTION
    modes = {module: module.training for module in model.modules()}
    relus = [module for module in modes if isinstance(module, nn.ReLU)]
    model.eval()
    try:
        for relu in relus:
            relu.forward = GuidedReLU.apply  # hides the class's own, until it is deleted
        image = X.detach().clone().requires_grad_()
        scores = model(image).gather(1, y[:, None])  # (N, 1)
        (gradient,) = torch.autograd.grad(scores.sum(), image)  # (N, C, H, W)
    finally:
        for relu in relus:
            del relu.forward
        for module, training in modes.items():
            module.training = training
    return gradient
    # END SOLUTION
