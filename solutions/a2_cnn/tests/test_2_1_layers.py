import numpy as np
import pytest
import torch
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import assert_close, assert_keys, assert_length, given


@number("2.1")
@weight(1.5)
@pytest.mark.parametrize("shape", [(1, 1), (5, 3), (2, 3, 1, 4), (3, 1, 2, 2)], ids=str)
def test_linear_of_any_size(student, rng, shape):
    """One example, one number, flat or image: output and all three gradients are right."""
    inputs, outputs = int(np.prod(shape[1:])), 6
    x, dout = rng.normal(size=shape), rng.normal(size=(shape[0], outputs))
    matrix, bias = rng.normal(size=(inputs, outputs)), rng.normal(size=outputs)
    found = given(student, "numpy_layers.py").there_and_back(
        student.layers.Linear(inputs, outputs), x, dout, weight=matrix, bias=bias
    )
    assert_keys(found, ["out", "returned", "dx", "dw", "db"], what="the results of Linear")
    flat = x.reshape(len(x), -1)
    assert_close(found["out"], flat @ matrix + bias, what="out")
    assert_close(found["dw"], flat.T @ dout, what="dw")
    assert_close(found["db"], dout.sum(axis=0), what="db")
    assert_close(found["dx"], (dout @ matrix.T).reshape(shape), what="dx")


@number("2.1")
@weight(1)
@pytest.mark.parametrize("shape", [(3,), (2, 5), (2, 3, 4, 5)], ids=str)
def test_relu_of_any_shape(student, rng, shape):
    """Any number of axes; each backward belongs to the forward before it."""
    first, x = rng.normal(size=shape), rng.normal(size=shape)
    dout = rng.normal(size=shape)
    found = given(student, "numpy_layers.py").twice(student.layers.ReLU(), (first, dout), (x, dout))
    assert_keys(found, ["out", "returned", "dx"], what="the results of ReLU")
    assert_close(found["out"], np.maximum(x, 0), what="out")
    assert_close(found["dx"], np.where(x > 0, dout, 0), what="dx")


@number("2.1")
@weight(1)
@pytest.mark.parametrize(
    ("n", "classes", "scale"), [(1, 1, 1.0), (1, 7, 1.0), (6, 2, 3.0), (5, 4, 1e4)], ids=str
)
def test_softmax_cross_entropy_of_any_size(student, rng, n, classes, scale):
    """One class, one example, labels that never occur, scores of any size: all is finite and right."""
    scores, labels = scale * rng.normal(size=(n, classes)), rng.integers(classes, size=n)
    found = given(student, "numpy_layers.py").criterion(student.layers.SoftmaxCrossEntropy(), scores, labels)
    assert_keys(found, ["answer", "first", "returned", "dx"], what="the criterion's results")
    assert_length(found["answer"], 2, what="what forward returns")
    leaf = torch.tensor(scores, requires_grad=True)
    loss = torch.nn.functional.cross_entropy(leaf, torch.tensor(labels))
    loss.backward()
    assert_close(found["answer"][0], leaf.detach().softmax(dim=1).numpy(), what="the probabilities")
    assert_close(found["answer"][1], loss.item(), what="the loss")
    assert_close(found["returned"], leaf.grad.numpy(), what="the gradient")
