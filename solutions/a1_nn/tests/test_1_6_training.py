import numpy as np
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import assert_close, assert_length, assert_that, given


def case(N):
    """N examples of 2 numbers, labels of 3 classes, and weights; the first column of X counts the rows."""
    X = np.column_stack([np.arange(float(N)), np.cos(np.arange(N))])
    return X, np.arange(N) * 2 % 3, np.array([[0.1, -0.2, 0.05], [1.0, 0.5, -1.5]])


def network_and_descent(student, W1, learning_rate):
    """A right network and a right optimiser, which live in the sandbox; so do right losses."""
    given(student, "earlier_parts.py")
    helpers = given(student, "network.py")
    return helpers.LinearClassifier(W1), helpers.Descent(learning_rate)


def probabilities(X, W1):
    """What the given network predicts."""
    scores = X @ W1
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def measures(X, y, W1):
    """-log p of each label, and whether each guess is right."""
    p = probabilities(X, W1)
    return -np.log(p[np.arange(len(y)), y]), p.argmax(axis=1) == y


@number("1.6")
@weight(1)
def test_minibatches_of_any_size(student):
    """Batch sizes that divide N, exceed it, or equal 1 or N give all examples once and no empty batch."""
    for N, size in ((6, 3), (4, 9), (1, 1), (5, 5), (5, 1), (8, 5)):
        X, y, _ = case(N)

        batches = student.training.minibatches(X, y, size)

        starts = range(0, N, size)
        assert_length(batches, len(starts), what=f"the batches of {N} examples, {size} in each")
        for batch, start in zip(batches, starts, strict=True):
            assert_length(batch, 2, what="a batch")
            assert_close(batch[0], X[start : start + size], what="X of a batch")
            assert_close(batch[1], y[start : start + size], what="y of a batch")


@number("1.6")
@weight(1)
def test_train_epoch_follows_the_order_of_its_seed(student):
    """Another seed gives another order, and the order is that of `minibatches` with the same seed."""
    X, y, W1 = case(8)

    for seed in (0, 3, 11):
        network, descent = network_and_descent(student, W1, 0.0)
        student.training.train_epoch(network, descent, X, y, 5, seed=seed)
        order = np.random.default_rng(seed).permutation(8)
        shown = network.shown
        assert_length(shown, 2, what="the batches that the network was trained on")
        for rows, expected in zip(shown, (order[:5], order[5:]), strict=True):
            assert_close(np.array(rows), expected * 1.0, what="the examples of a training batch, in order")


@number("1.6")
@weight(1)
def test_train_epoch_measures_the_accuracy_before_each_update(student):
    """The accuracy of a batch is that of the weights before its update."""
    X, y, W1 = case(9)
    learning_rate = 2.0

    network, descent = network_and_descent(student, W1, learning_rate)
    result = student.training.train_epoch(network, descent, X, y, 3, seed=6)

    W, hits = W1, 0.0
    order = np.random.default_rng(6).permutation(9)
    for rows in (order[0:3], order[3:6], order[6:9]):
        hits += measures(X[rows], y[rows], W)[1].sum()
        W = W - learning_rate * X[rows].T @ (probabilities(X[rows], W) - np.eye(3)[y[rows]]) / len(rows)
    assert_length(result, 2, what="what train_epoch returns")
    assert_close(result[1], hits / 9, what="the accuracy of an epoch in which the weights change")


@number("1.6")
@weight(0.5)
def test_train_epoch_of_any_size(student):
    """One example, a batch size above N and batches that fit exactly are all right."""
    for N, size in ((1, 4), (9, 2), (4, 4)):
        X, y, W1 = case(N)
        network, descent = network_and_descent(student, W1, 0.0)

        result = student.training.train_epoch(network, descent, X, y, size, seed=1)

        costs, hits = measures(X, y, W1)
        assert_length(result, 2, what="what train_epoch returns")
        assert_close(result[0], costs.mean(), what=f"the loss of an epoch of {N} examples")
        assert_close(result[1], hits.mean(), what=f"the accuracy of an epoch of {N} examples")
        assert_close(descent.steps, -(-N // size), what="the number of optimiser steps")


@number("1.6")
@weight(1)
def test_evaluate_does_not_depend_on_the_batch_size(student):
    """Loss and accuracy are the same for every batch size, and no batch is larger than it."""
    X, y, W1 = case(11)
    costs, hits = measures(X, y, W1)
    for size in (1, 2, 5, 11, 100):
        network, _ = network_and_descent(student, W1, 0.0)

        result = student.training.evaluate(network, X, y, size)

        assert_length(result, 2, what="what evaluate returns")
        assert_close(result[0], costs.mean(), what=f"the loss of 11 examples in batches of {size}")
        assert_close(result[1], hits.mean(), what=f"the accuracy of 11 examples in batches of {size}")
        largest = max(network.sizes, default=0)
        assert_that(largest <= size, "The network was shown more examples at a time than the batch size.")
