"""Part 2.6: training in PyTorch, epoch by epoch.

Works with every `nn.Module` that turns a batch of inputs into logits (N, C), and with every
loader: whatever yields pairs (x, y) of a batch each time it is iterated over, such as a
`torch.utils.data.DataLoader` or a list. The graders bring models and loaders of their own;
the functions are judged one by one, so a mistake in one is not paid for again in another.
"""

from collections.abc import Callable, Iterable, Sequence

import torch
from torch import nn

__all__ = ["fit", "learning_rate", "train_epoch", "validate"]

Loader = Iterable[tuple[torch.Tensor, torch.Tensor]]
Criterion = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def train_epoch(
    model: nn.Module,
    loader: Loader,
    optimizer: torch.optim.Optimizer,
    criterion: Criterion,
    device: str | torch.device = "cpu",
) -> tuple[float, float]:
    """Take one optimiser step for each batch of the loader, in training mode.

    For each batch: move x and y to the device, compute `criterion(model(x), y)` in one forward
    pass, and step along the gradient of this batch alone. Gradients that the parameters
    hold from before the call do not count.

    Args:
        model: lies on the device already. The call puts it into training mode and leaves it there.
        loader: yields (x, y): x (n, ...) float, y (n,) int64, n >= 1 may differ from batch to
            batch. It is iterated over once.
        optimizer: has all the parameters that are to be trained.
        criterion: takes the logits as the model gives them, and labels; returns the mean loss
            of the batch, 0-dimensional.
        device: where the batches are moved to.

    Returns:
        (loss, accuracy): Python floats, the loss in the criterion's unit, the accuracy a
        fraction in [0, 1]. Both are means over the N examples and not over the batches, and
        each batch is measured by the logits of its one forward pass, before its update.

    Source:
        PyTorch's tutorial "Optimizing Model Parameters".
    """
    raise NotImplementedError("train_epoch is not written yet")


def validate(
    model: nn.Module,
    loader: Loader,
    criterion: Criterion,
    num_classes: int,
    device: str | torch.device = "cpu",
) -> tuple[float, float, torch.Tensor]:
    """Measure a model on all examples of a loader, in evaluation mode and without gradients.

    Args:
        model: lies on the device already. Its parameters, their gradients and its buffers are
            unchanged; `model.training` is afterwards what it was before.
        loader: as in `train_epoch`.
        criterion: as in `train_epoch`.
        num_classes: C; labels are in 0, ..., C - 1, and a class may be without examples.
        device: where the batches are moved to.

    Returns:
        (loss, accuracy, per_class): loss and accuracy are Python floats, means over the N
        examples and not over the batches. per_class is a float64 tensor (C,) on the CPU: of
        the examples with label c the fraction that is predicted as c, nan where there is none.

    Source:
        PyTorch's note "Autograd mechanics", section "Evaluation Mode (nn.Module.eval())".
    """
    raise NotImplementedError("validate is not written yet")


def learning_rate(
    epoch: int, base: float, warmup_epochs: int, milestones: Sequence[int], factor: float
) -> float:
    """The learning rate of an epoch: a linear warm-up, then steps down.

        base * (epoch + 1) / warmup_epochs                         if epoch < warmup_epochs
        base * factor ** (number of milestones m with m <= epoch)  else

    Args:
        epoch: counts from 0, also during the warm-up.
        base: the rate after the warm-up, above 0.
        warmup_epochs: at least 0; 0 means no warm-up. The last epoch of a warm-up has `base`.
        milestones: epochs, in any order; from epoch m on, the rate is `factor` times smaller.
            A milestone inside the warm-up counts only once the warm-up is over.
        factor: such as 0.1.

    Returns:
        The rate, a float.

    Source:
        Goyal et al., "Accurate, Large Minibatch SGD" (2017), section 2.2.
    """
    raise NotImplementedError("learning_rate is not written yet")


def fit(
    model: nn.Module,
    train_loader: Loader,
    validation_loader: Loader,
    optimizer: torch.optim.Optimizer,
    criterion: Criterion,
    *,
    num_classes: int,
    epochs: int,
    base: float,
    warmup_epochs: int = 0,
    milestones: Sequence[int] = (),
    factor: float = 0.1,
    device: str | torch.device = "cpu",
) -> dict[str, list[float]]:
    """Train for some epochs, and keep the model that was best on the validation data.

    Each epoch 0, 1, ..., epochs - 1 is, in this order:
        1. `learning_rate(epoch, base, warmup_epochs, milestones, factor)` becomes the "lr" of every
           one of the optimiser's `param_groups`
        2. `train_epoch` on train_loader
        3. `validate` on validation_loader
    with these three functions of this file, each called once an epoch.

    The whole state of the model (`state_dict()`: parameters and buffers) after the epoch with the
    best validation accuracy, the first of equals, is kept, and loaded into the model at the end.

    Args:
        model: lies on the device already.
        train_loader: as in `train_epoch`.
        validation_loader: as in `validate`; nothing is learnt from it but which epoch was best.
        optimizer: its learning rates at the start do not matter.
        criterion: for both, as in `train_epoch`.
        num_classes: C, for `validate`.
        epochs: at least 1.
        base: for `learning_rate`, as are the next three.
        warmup_epochs: see there.
        milestones: see there.
        factor: see there.
        device: for `train_epoch` and `validate`.

    Returns:
        The history: a dict of lists with one float for each epoch, under the keys "learning_rate",
        "train_loss", "train_accuracy", "validation_loss" and "validation_accuracy".

    Source:
        Goodfellow, Bengio and Courville, "Deep Learning" (2016), section 7.8.
    """
    raise NotImplementedError("fit is not written yet")
