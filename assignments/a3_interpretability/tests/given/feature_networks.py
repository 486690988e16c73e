"""Tiny networks whose parameters are the grader's numbers."""

from collections import OrderedDict

import torch
from torch import nn


def classifier(parameters, *, training=False, dropout=0.0, inplace=False):
    """A convolution, a ReLU and a linear layer; the first two are nested in "block".

    Args:
        parameters: "kernels" (F, C, k, k), "shifts" (F,), "weight" (K, F * h * w), "bias" (K,).
        training: the mode that the network starts in.
        dropout: the probability that a feature is dropped, in training mode.
        inplace: whether the ReLU works in place.
    """
    conv = nn.Conv2d(*parameters["kernels"].shape[1::-1], parameters["kernels"].shape[2])
    fc = nn.Linear(*parameters["weight"].shape[::-1])
    _set(conv, parameters["kernels"], parameters["shifts"])
    _set(fc, parameters["weight"], parameters["bias"])
    block = nn.Sequential(OrderedDict(conv=conv, relu=nn.ReLU(inplace=inplace)))
    layers = OrderedDict(block=block, drop=nn.Dropout(dropout), flat=nn.Flatten(), fc=fc)
    return nn.Sequential(layers).train(training)


def linear(weight):
    """Scores weight @ pixels, without a bias; weight (K, C * H * W)."""
    fc = nn.Linear(*weight.shape[::-1], bias=False)
    fc.weight = nn.Parameter(torch.from_numpy(weight).clone())
    return nn.Sequential(nn.Flatten(), fc).eval()


def stack(layers, *, inplace=False):
    """Convolutions with a ReLU after each: 2 * len(layers) layers in a row.

    Args:
        layers: pairs of kernels (F, C, k, k) and shifts (F,).
        inplace: whether the ReLUs work in place.
    """
    modules = []
    for kernels, shifts in layers:
        conv = nn.Conv2d(*kernels.shape[1::-1], kernels.shape[2])
        _set(conv, kernels, shifts)
        modules += [conv, nn.ReLU(inplace=inplace)]
    return nn.Sequential(*modules).eval()


def state(network):
    """What a network must look like after a call as it did before: plain values."""
    return {
        "modes": [module.training for module in network.modules()],
        "parameters": [p.detach().numpy().tolist() for p in network.parameters()],
        "gradients": [p.grad is not None for p in network.parameters()],
        "requires_grad": [p.requires_grad for p in network.parameters()],
        "hooks": [
            len(hooks)
            for module in network.modules()
            for hooks in (module._forward_hooks, module._forward_pre_hooks, module._backward_hooks)
        ],
    }


def _set(module, weight, bias):
    """Arrays as parameters, in the arrays' own dtype."""
    module.weight = nn.Parameter(torch.from_numpy(weight).clone())
    module.bias = nn.Parameter(torch.from_numpy(bias).clone())
