"""Runs a module whose parameters the grader has set, and brings plain numbers back."""

import torch
from torch import nn


def is_module(model):
    """Whether it is an `nn.Module`."""
    return isinstance(model, nn.Module)


def shapes(model):
    """The shapes of the parameters, in their order."""
    return [tuple(p.shape) for p in model.parameters()]


def fill(model, arrays):
    """Puts an array into each parameter, in their order."""
    with torch.no_grad():
        for parameter, array in zip(model.parameters(), arrays, strict=True):
            parameter.copy_(torch.from_numpy(array))


def values(model):
    """The numbers in the parameters, in their order."""
    return list(model.parameters())


def logits(model, x, training=False):
    """What the model gives for x, in evaluation or training mode."""
    model.train(training)
    with torch.no_grad():
        return model(torch.from_numpy(x))


def gradients(model, x, output_gradient):
    """The gradient of sum(output * output_gradient) by each parameter, None where there is none."""
    model.zero_grad()
    (model(torch.from_numpy(x)) * torch.from_numpy(output_gradient)).sum().backward()
    return [p.grad for p in model.parameters()]
