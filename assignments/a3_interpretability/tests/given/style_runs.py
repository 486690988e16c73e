"""Calls the functions of style_transfer.py and differentiates what they return."""

import torch


def gradient(function, at, arguments):
    """Value and gradient by one tensor of a loss: `function(*arguments)` with the tensor among them.

    Args:
        function: the student's loss.
        at: array, the tensor that gradients are taken by; it takes the place of "AT".
        arguments: in their order; one of them is "AT" or a list that holds it.
    """
    x = torch.tensor(at, requires_grad=True)
    value = function(*[_put(argument, x) for argument in arguments])
    value.sum().backward()
    return {"value": value, "shape": tuple(value.shape), "gradient": x.grad}


def _put(argument, x):
    """The argument with the tensor in the place of "AT", and arrays as tensors."""
    if isinstance(argument, str) and argument == "AT":
        return x
    if isinstance(argument, list):
        return [_put(item, x) for item in argument]
    return torch.from_numpy(argument) if hasattr(argument, "dtype") else argument


def gram_of_views(function, features):
    """Gram matrices of the same features (N, C, H, W), which lie in memory in three other orders."""
    x = torch.from_numpy(features)
    last = x.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2)  # as images in files: channels last
    transposed = x.transpose(2, 3).contiguous().transpose(2, 3)
    strided = x.repeat_interleave(2, dim=3)[..., ::2]
    return [function(view, True) for view in (last, transposed, strided)]


def transfer(function, network, content, style, global_seed=None, **options):
    """What style_transfer returns, and the two images after the call.

    Args:
        function: style_transfer.
        network: a handle of `feature_networks`.
        content: array (1, C, H, W).
        style: array (1, C, H', W').
        global_seed: of torch's global generator; None leaves it alone.
        options: the other arguments, by their names.
    """
    images = [torch.from_numpy(content).clone(), torch.from_numpy(style).clone()]
    if global_seed is not None:
        torch.manual_seed(global_seed)
    answer = function(network, *images, **options)
    return {"answer": answer, "content": images[0], "style": images[1]}
