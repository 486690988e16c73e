"""Calls attention_weights on arrays, and differentiates what it returns."""

import torch


def run(function, query, keys, mask, score):
    """The weights, and the three arrays after the call.

    Args:
        function: attention_weights.
        query: array (N, H).
        keys: array (N, S, H).
        mask: bool array or None.
        score: its name.
    """
    held = [None if array is None else torch.from_numpy(array.copy()) for array in (query, keys, mask)]
    return {"result": function(*held, score), "arguments": held}


def gradients(function, arrays, score, factors):
    """The gradients of sum(factors * weights) by query and keys.

    Args:
        function: attention_weights.
        arrays: query, keys, and mask or None.
        score: its name.
        factors: array of the weights' shape.
    """
    query, keys = (torch.from_numpy(array.copy()).requires_grad_() for array in arrays[:2])
    mask = None if arrays[2] is None else torch.from_numpy(arrays[2])
    (function(query, keys, mask, score) * torch.from_numpy(factors)).sum().backward()
    return [query.grad, keys.grad]
