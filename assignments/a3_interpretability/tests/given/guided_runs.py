"""Runs GuidedReLU forwards and backwards, and asks a model for its true gradient."""

import torch


def through(function, x, gradient):
    """What comes out on both sides, and what has become of what went in.

    Args:
        function: GuidedReLU.
        x: array.
        gradient: array of x's shape, what arrives at the output.
    """
    x, gradient = torch.from_numpy(x.copy()).requires_grad_(), torch.from_numpy(gradient.copy())
    output = function.apply(x)
    (found,) = torch.autograd.grad(output, x, gradient)
    return {"output": output, "gradient": found, "x": x.detach(), "arrived": gradient}


def true_gradient(network, X, y):
    """The gradient of each image's class score, as the model's own layers have it."""
    X = torch.from_numpy(X.copy()).requires_grad_()
    scores = network(X)[torch.arange(len(y)), torch.from_numpy(y)]
    (found,) = torch.autograd.grad(scores.sum(), X)
    return found
