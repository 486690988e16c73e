"""Part 3.4: small changes of an image that change the network's mind.

Letters: N images, C channels, H rows, W columns; K classes.
"""

# BEGIN SOLUTION
from collections.abc import Iterator
from contextlib import contextmanager

import torch

# END SOLUTION
from torch import Tensor, nn

__all__ = ["fgsm", "make_fooling_image"]

# BEGIN SOLUTION


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    """Evaluation mode inside, every module's own mode afterwards."""
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        yield
    finally:
        for module, training in modes.items():
            module.training = training


# END SOLUTION


def make_fooling_image(
    model: nn.Module, X: Tensor, target: int, step_size: float, max_steps: int
) -> tuple[Tensor, int]:
    """Change an image until the model takes it for another class, by gradient ascent on its score.

    An update is

        image = image + step_size * g / ||g||_2

    where g is the gradient of the score of `target` by the image, the score is the logit, and
    the norm is over all C * H * W entries. Where g is 0 everywhere, the image stays; this counts
    as an update. The prediction, the class with the largest logit, is checked before every update
    and after the last: as soon as it is `target`, the image is returned. Nothing is clipped.

    Args:
        model: maps (1, C, H, W) to logits (1, K). It computes in evaluation mode and is left as
            found, also if it raises an exception: the mode of each of its modules (they may
            differ), parameters, their `.grad` and `requires_grad`, buffers, hooks.
        X: (1, C, H, W) float, of the dtype of the model's parameters; unchanged, also its
            `requires_grad` and `.grad`.
        target: the class to be predicted, 0 <= target < K.
        step_size: > 0, the Euclidean length of an update.
        max_steps: >= 0, the largest number of updates.

    Returns:
        The image, (1, C, H, W), detached, of X's dtype, and the number of updates, an int. An
        image that the model takes for `target` from the start comes back as it is, with 0. If
        `max_steps` updates do not fool the model, the image after the last one comes back, with
        `max_steps`.

    Source:
        Szegedy, Zaremba, Sutskever, Bruna, Erhan, Goodfellow and Fergus, "Intriguing properties
        of neural networks" (2014), section 4, asks for such images; this way to them is simpler.
    """
    # BEGIN SOLUTION
    image = X.detach().clone()
    with _evaluating(model):
        for steps in range(max_steps + 1):
            image.requires_grad_()
            scores = model(image)[0]  # (K,)
            if scores.argmax() == target or steps == max_steps:
                break
            (g,) = torch.autograd.grad(scores[target], image)
            tiny = torch.finfo(g.dtype).tiny  # turns 0 / 0 into 0
            image = image.detach() + step_size * g / g.norm().clamp(min=tiny)
    return image.detach(), steps
    # END SOLUTION


def fgsm(  # noqa: PLR0917 - the order is the assignment's
    model: nn.Module, X: Tensor, y: Tensor, epsilon: float, low: float | Tensor, high: float | Tensor
) -> Tensor:
    """One step that makes the labels less likely: the fast gradient sign method.

        clip(X + epsilon * sign(d loss / d X), low, high)

    The loss is the cross-entropy of the logits and the labels. sign(0) is 0. The model computes
    in evaluation mode, and each result is what it would be if its image were alone.

    Args:
        model: maps (N, C, H, W) to logits (N, K); left as found, as in `make_fooling_image`.
        X: (N, C, H, W) float, of the dtype of the model's parameters; unchanged, also its
            `requires_grad` and `.grad`.
        y: (N,) int64, the labels to move away from; unchanged.
        epsilon: >= 0, how far each entry moves.
        low: the smallest value of the result: a number, or a tensor that broadcasts to
            (N, C, H, W), such as (C, 1, 1) for bounds of each channel.
        high: the largest value, in the same way; one may be a number, the other a tensor.

    Returns:
        (N, C, H, W), detached, of X's dtype. Entries of X outside [low, high] are clipped too.

    Source:
        Goodfellow, Shlens and Szegedy, "Explaining and Harnessing Adversarial Examples" (2015),
        section 4.
    """
    # BEGIN SOLUTION
    image = X.detach().clone().requires_grad_()
    with _evaluating(model):
        # A mean would make each gradient smaller; a sum leaves each image its own.
        loss = nn.functional.cross_entropy(model(image), y, reduction="sum")
        (gradient,) = torch.autograd.grad(loss, image)
    moved = image.detach() + epsilon * gradient.sign()
    bounds = [torch.as_tensor(bound, dtype=X.dtype, device=X.device) for bound in (low, high)]
    return moved.clamp(*bounds)
    # END SOLUTION
