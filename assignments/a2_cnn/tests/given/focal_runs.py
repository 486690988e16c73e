"""Runs a loss on the student's side and brings value and gradient back."""

import torch


def run(loss_class, weight, gamma, logits, labels):
    """Value, and gradient by the logits, None where the value does not depend on them.

    Args:
        loss_class: the student's FocalLoss.
        weight: (C,) array or None.
        gamma: a number.
        logits: (N, C) array; its dtype is that of the tensor.
        labels: (N,) array.
    """
    loss = loss_class(None if weight is None else torch.from_numpy(weight), gamma)
    held, y = torch.from_numpy(logits).requires_grad_(), torch.from_numpy(labels)
    value = loss(held, y)
    differentiable = isinstance(value, torch.Tensor) and value.requires_grad and value.numel() == 1
    if differentiable:
        value.sum().backward()
    return {"value": value, "gradient": held.grad}


def untouched(loss_class, weight, logits, labels):
    """The arrays, after a loss and its gradient were computed from tensors that share their memory."""
    run(loss_class, weight, 2.0, logits, labels)
    return {"weight": weight, "logits": logits, "labels": labels}
