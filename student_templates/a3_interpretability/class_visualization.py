"""Part 3.5: an image that a network takes for a class, made out of noise.

Gradient ascent on the pixels. Nothing says that the result must look like a photograph; an L2
penalty, a jitter and a blur pull it a little that way.

Letters: C channels, H rows, W columns.
"""

import torch
from torch import Tensor, nn

__all__ = ["blur", "visualize_class"]


def blur(image: Tensor, sigma: float = 0.5) -> Tensor:
    """Each channel convolved with a Gaussian; given.

        weight of an offset (dy, dx), each from -2 to 2: exp(-(dy ** 2 + dx ** 2) / (2 * sigma ** 2)),
        divided by the sum of all 25

    Args:
        image: (N, C, H, W) float; unchanged.
        sigma: standard deviation in pixels, > 0.

    Returns:
        (N, C, H, W). Beyond the border the image goes on with its outermost pixels.
    """
    offsets = torch.arange(-2, 3, dtype=image.dtype, device=image.device)
    weights = torch.exp(-(offsets**2) / (2 * sigma**2))
    weights = weights / weights.sum()
    C = image.shape[1]
    padded = nn.functional.pad(image, (2, 2, 2, 2), mode="replicate")
    rows = nn.functional.conv2d(padded, weights.view(1, 1, 5, 1).expand(C, 1, 5, 1), groups=C)
    return nn.functional.conv2d(rows, weights.view(1, 1, 1, 5).expand(C, 1, 1, 5), groups=C)


def visualize_class(  # noqa: PLR0917 - the order is the assignment's
    model: nn.Module,
    target: int,
    shape: tuple[int, int, int],
    steps: int,
    step_size: float,
    l2: float,
    jitter: int,
    blur_every: int,
    generator: torch.Generator,
) -> tuple[Tensor, list[float]]:
    """Raise the score of one class by gradient ascent on the pixels, starting from noise.

    The start is `torch.randn((1, C, H, W), generator=generator)`: float32 on the CPU, before
    anything else is drawn. Then, `steps` times:

        1. jitter: draw two whole numbers (dy, dx), each in [-jitter, jitter] with both ends;
           roll the image by dy rows and dx columns (`torch.roll`: what leaves on one side
           returns on the other)
        2. objective = score - l2 * sum(image ** 2), of the image as it is rolled, where the
           score is the logit of `target`, and g is the gradient of the objective by the image
        3. image = image + step_size * g / ||g||_2; where g is 0 everywhere, image stays
        4. roll the image back by (-dy, -dx)
        5. after updates number blur_every, 2 * blur_every, ...: image = blur(image), sigma 0.5

    The model computes in evaluation mode. Nothing is clipped.

    Args:
        model: maps (1, C, H, W) to logits (1, K), with float32 parameters on the CPU. It is left
            as found: the training mode of each module, its parameters, their `.grad` and their
            `requires_grad`.
        target: the class, 0 <= target < K.
        shape: (C, H, W).
        steps: number of updates, >= 0.
        step_size: >= 0, the Euclidean length of an update.
        l2: >= 0, weight of the penalty.
        jitter: >= 0, largest shift in pixels; 0 for none.
        blur_every: number of updates from one blur to the next; 0 for none.
        generator: on the CPU; the only source of randomness, for the start and for the jitter.
            Torch's global generator is neither used nor changed.

    Returns:
        The image after the last update, (1, C, H, W), detached; and a list of `steps` floats,
        the score before each update: of the image that step 2 sees, without the penalty.

    Source:
        Simonyan, Vedaldi and Zisserman, "Deep Inside Convolutional Networks" (2014), section 2;
        Yosinski, Clune, Nguyen, Fuchs and Lipson, "Understanding Neural Networks Through Deep
        Visualization" (2015), section 3.
    """
    raise NotImplementedError("visualize_class is not written yet")
