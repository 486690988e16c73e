"""Fills recurrent modules with the grader's numbers, runs them, and brings back plain values."""

import random

import numpy as np
import torch
from torch import nn


def look(module):
    """What the module is made of: whether it is one, and its parameters by name."""
    if not isinstance(module, nn.Module):
        return {"is a module": False, "values": {}, "learns": {}}
    named = dict(module.named_parameters())
    return {
        "is a module": True,
        "values": {name: parameter.detach() for name, parameter in named.items()},
        "learns": {name: parameter.requires_grad for name, parameter in named.items()},
    }


def fill(module, values):
    """Sets parameters, in the dtype of the values.

    Args:
        module: of the student's.
        values: arrays by the parameters' names.
    """
    for name, value in values.items():
        parameter = module.get_parameter(name)
        if parameter.shape != value.shape:
            raise ValueError(f"{name} is {tuple(parameter.shape)}, and should be {value.shape}")
        parameter.data = torch.from_numpy(value.copy())
        module.to(parameter.dtype)


def run(module, *arguments):
    """What the module returns, detached, and its arguments after the call.

    Args:
        module: of the student's.
        arguments: of its forward; arrays become tensors, also in tuples.
    """
    held = _tensors(arguments)
    return {"result": module(*held), "arguments": held}


def unroll(module, xs, h):
    """Calls a single step for each step of a sequence, and passes the state on.

    Args:
        module: returns a prediction and the new state.
        xs: inputs (N, T, I).
        h: the first state (N, H).

    Returns:
        The predictions, a list of T, and the last state.
    """
    return _unrolled(module, torch.from_numpy(xs), torch.from_numpy(h))


def unrolled_gradients(module, xs, h, factors):
    """The gradients of sum(factors * predictions) over all steps of `unroll`.

    Args:
        module: as in `unroll`.
        xs: inputs (N, T, I).
        h: the first state (N, H).
        factors: (N, T, O).

    Returns:
        By "x", by "h" and by each parameter's name; None where none arrives.
    """
    leaves = {"x": _leaf(xs), "h": _leaf(h)}
    predictions, _ = _unrolled(module, leaves["x"], leaves["h"])
    (torch.stack(predictions, dim=1) * torch.from_numpy(factors)).sum().backward()
    return _gradients(module, leaves)


def sequence_gradients(module, x, state, factors):
    """The gradients of sum(factors * result), over the outputs and both states.

    Args:
        module: returns the outputs and the pair (h, c).
        x: inputs (N, T, I).
        state: the pair of first states, each (N, H), or None.
        factors: three arrays, for the outputs, h and c; None leaves that one out.

    Returns:
        By "x", by "h" and "c" if there are any, and by each parameter's name.
    """
    leaves = {"x": _leaf(x)}
    if state is not None:
        leaves |= {"h": _leaf(state[0]), "c": _leaf(state[1])}
    outputs, (h, c) = module(leaves["x"], None if state is None else (leaves["h"], leaves["c"]))
    parts = zip((outputs, h, c), factors, strict=True)
    sum((part * torch.from_numpy(factor)).sum() for part, factor in parts if factor is not None).backward()
    return _gradients(module, leaves)


def moves_randomness(module, *arguments):
    """Whether a call moves or seeds one of the generators that everybody shares."""
    before = _random_states()
    module(*_tensors(arguments))
    return before != _random_states()


def _unrolled(module, xs, h):
    predictions = []
    for t in range(xs.shape[1]):
        prediction, h = module(xs[:, t], h)
        predictions.append(prediction)
    return predictions, h


def _gradients(module, leaves):
    """Of the inputs and the parameters, by name."""
    named = leaves | dict(module.named_parameters())
    return {name: None if leaf.grad is None else leaf.grad for name, leaf in named.items()}


def _leaf(array):
    return torch.from_numpy(array.copy()).requires_grad_()


def _tensors(value):
    if isinstance(value, (tuple, list)):
        return tuple(_tensors(part) for part in value)
    return torch.from_numpy(value.copy()) if hasattr(value, "dtype") else value


def _random_states():
    legacy = np.random.get_state()  # noqa: NPY002 - the global generator is what this is about
    return random.getstate(), legacy[1].tolist(), legacy[2:], torch.get_rng_state().tolist()
