"""Tiny networks from a description and plain numbers, and calls that look into them.

A network is a dict of layers, which run in the dict's order. A layer is a dict again (a block), or a
tuple that starts with what it is:

    ("conv", kernels (F, C, kh, kw), shifts (F,))
    ("batch norm", scale (F,), shift (F,), mean (F,), variance (F,))
    ("relu",), ("relu in place",)
    ("max pool", side), ("mean",) over rows and columns
    ("dropout", probability), ("flatten",)
    ("linear", weight (K, D), bias (K,))
    ("skip", {...}): x plus what the block makes of it
    ("again", name): the layer of this name of the same block, a second time

Parameters are in the dtype of their arrays.
"""

import torch
from torch import nn
from torch.nn.modules import module as registry


class Row(nn.Module):
    """Layers that run one after the other."""

    def __init__(self, layers):
        super().__init__()
        self.order = []
        for name, layer in layers.items():
            again = not isinstance(layer, dict) and layer[0] == "again"
            if not again:
                self.add_module(name, _layer(layer))
            self.order.append(layer[1] if again else name)

    def forward(self, x):
        """What the last layer gives."""
        for name in self.order:
            x = getattr(self, name)(x)
        return x


class Skip(Row):
    """The same, plus its input."""

    def forward(self, x):
        """What the last layer gives, plus x."""
        return x + super().forward(x)


class Mean(nn.Module):
    """(N, F, h, w) to (N, F)."""

    def forward(self, x):
        """The mean over rows and columns."""
        return x.mean(dim=(2, 3))


def build(layers, *, training=False):
    """The network, in evaluation or in training mode."""
    return Row(layers).train(training)


def unsettle(network):
    """As a network may be found: modes mixed, the first parameter frozen, gradients in the others."""
    for i, module in enumerate(network.modules()):
        module.training = i % 3 != 1
    for i, parameter in enumerate(network.parameters()):
        parameter.requires_grad = i > 0
        parameter.grad = torch.full_like(parameter, i + 0.5) if i else None


def freeze(network):
    """No parameter requires a gradient any more."""
    network.requires_grad_(False)


def ask(function, network, *arguments):
    """Calls function(network, *arguments), with arrays as tensors.

    Returns:
        "value": what came back; "attached": whether it still requires gradients; "arguments":
        the arrays after the call; "arguments changed": whether one of them requires gradients
        now, or has one.
    """
    held = [_tensor(argument) for argument in arguments]
    value = function(network, *held)
    tensors = [argument for argument in held if isinstance(argument, torch.Tensor)]
    return {
        "value": value,
        "attached": any(bool(getattr(part, "requires_grad", False)) for part in _parts(value)),
        "arguments": [tensor.detach() for tensor in tensors],
        "arguments changed": any(tensor.requires_grad or tensor.grad is not None for tensor in tensors),
    }


def state(network):
    """What must be the same before and after a call, as plain values that can be compared."""
    modules, parameters = list(network.modules()), list(network.parameters())
    return {
        "modules": [(name, id(module)) for name, module in network.named_modules(remove_duplicate=False)],
        "modes": [module.training for module in modules],
        "forward methods": ["forward" in vars(module) for module in modules],
        "hooks": [_hooks(part) for part in (*modules, *parameters)] + _global_hooks(),
        "parameters": [parameter.tolist() for parameter in parameters],
        "buffers": [buffer.tolist() for buffer in network.buffers()],
        "gradients": [None if p.grad is None else p.grad.tolist() for p in parameters],
        "requires_grad": [p.requires_grad for p in parameters],
    }


def _tensor(value):
    return torch.from_numpy(value.copy()) if hasattr(value, "dtype") else value


def _parts(value):
    return value if isinstance(value, tuple) else (value,)


def _hooks(part):
    """How many hooks a module or a parameter has, of all kinds."""
    kinds = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return sum(len(getattr(part, kind, None) or ()) for kind in kinds)


def _global_hooks():
    """The same of the hooks for all modules at once."""
    kinds = ("forward_hooks", "forward_pre_hooks", "backward_hooks", "backward_pre_hooks")
    return [len(getattr(registry, f"_global_{kind}")) for kind in kinds]


def _layer(layer):
    """One layer of the description."""
    if isinstance(layer, dict):
        return Row(layer)
    kind, *numbers = layer
    return _MAKERS[kind](*numbers)


def _conv(kernels, shifts):
    return _filled(nn.Conv2d(*kernels.shape[1::-1], kernels.shape[2:]), kernels, shifts)


def _linear(weight, bias):
    return _filled(nn.Linear(*weight.shape[::-1]), weight, bias)


def _batch_norm(scale, shift, mean, variance):
    norm = _filled(nn.BatchNorm2d(len(scale)), scale, shift)
    norm.running_mean, norm.running_var = torch.from_numpy(mean.copy()), torch.from_numpy(variance.copy())
    return norm


def _filled(module, weight, bias):
    module.weight = nn.Parameter(torch.from_numpy(weight.copy()))
    module.bias = nn.Parameter(torch.from_numpy(bias.copy()))
    return module


_MAKERS = {
    "conv": _conv,
    "batch norm": _batch_norm,
    "relu": nn.ReLU,
    "relu in place": lambda: nn.ReLU(inplace=True),
    "max pool": nn.MaxPool2d,
    "mean": Mean,
    "dropout": nn.Dropout,
    "flatten": nn.Flatten,
    "linear": _linear,
    "skip": Skip,
}
