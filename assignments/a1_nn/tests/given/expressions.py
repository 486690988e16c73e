"""Evaluates an expression on the student's tensors and brings back its gradients."""

import numpy as np


def evaluate(tensor, expression, variables, constants, output_gradient=None):
    """Value of the expression, and what `backward` has left in `grad` of each variable.

    Args:
        tensor: the student's Tensor.
        expression: text of the grader, such as "(a @ b).sum()".
        variables: name to array: becomes a Tensor.
        constants: name to array or number: stays what it is.
        output_gradient: for `backward`; None calls it without an argument.
    """
    tensors = {name: tensor(value) for name, value in variables.items()}
    # The text is the grader's own and runs on the student's side, with the student's rights.
    result = eval(expression, {"np": np, **constants, **tensors})
    result.backward() if output_gradient is None else result.backward(output_gradient)
    return {"value": result.data, "gradients": {name: t.grad for name, t in tensors.items()}}


def chain(tensor, start, length):
    """`start` plus `length` times 1, one addition after another: its value, and its gradient by `start`."""
    first = last = tensor(start)
    for _ in range(length):
        last = last + 1.0
    last.backward()
    return {"value": last.data, "gradient": first.grad}


def doubled(tensor, start, times):
    """`start` doubled by adding it to itself, `times` times: its gradient by `start`."""
    first = last = tensor(start)
    for _ in range(times):
        last = last + last
    last.backward()
    return first.grad


def before_and_after(tensor, start, factor):
    """`grad` of a leaf and of a result, the sum of factor * leaf: before `backward`, and after."""
    leaf = tensor(start)
    result = (leaf * factor).sum()
    before = [np.array(leaf.grad), np.array(result.grad)]  # copies: backward may add in place
    result.backward()
    return {"before": before, "after": [leaf.grad, result.grad]}


def inner_gradients(tensor, start, calls):
    """`grad` of x, y = 2 x and z = sum of y * y after so many calls of `z.backward()`."""
    x = tensor(start)
    y = x * 2.0
    z = (y * y).sum()
    for _ in range(calls):
        z.backward()
    return {"x": x.grad, "y": y.grad, "z": z.grad}


def two_graphs(tensor, start):
    """`grad` of a leaf of two separate results, 2 x and 3 x, after `backward` of both."""
    x = tensor(start)
    first, second = (x * 2.0).sum(), (x * 3.0).sum()
    first.backward()
    second.backward()
    return x.grad


def untouched(tensor, a, b, output_gradient):
    """After `backward`: `data` of all tensors of a graph, and the arrays that were handed in."""
    arrays = [np.array(a), np.array(b), np.array(output_gradient)]
    x, y = tensor(arrays[0]), tensor(arrays[1])
    product = x * y
    result = product.relu() + x
    result.backward(arrays[2])
    return {"data": [x.data, y.data, product.data, result.data], "arrays": arrays}


def two_layer_loss(tensor, weights, X, targets):
    """Mean cross-entropy of a two-layer network, written with tensors: loss and gradients by name.

    Args:
        tensor: the student's Tensor.
        weights: W1 (D, H), b1 (H,), W2 (H, C), b2 (C,).
        X: (N, D).
        targets: (N, C), a one in the column of each example's label.
    """
    w = {name: tensor(value) for name, value in weights.items()}
    hidden = (X @ w["W1"] + w["b1"]).sigmoid()  # (N, H)
    scores = hidden @ w["W2"] + w["b2"]  # (N, C)
    log_normaliser = scores.exp().sum(axis=1, keepdims=True).log()  # (N, 1)
    loss = -((scores - log_normaliser) * targets).sum(axis=1).mean()
    loss.backward()
    return {"loss": loss.data, "gradients": {name: t.grad for name, t in w.items()}}
