import numpy as np
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import (
    assert_close,
    assert_dtype,
    assert_length,
    assert_shape,
    assert_that,
    given,
    replace,
)

MOVE = np.array([1.0, 4.0, 2.0])
FROZEN = np.zeros(3)


def case(N):
    """N examples of 3 numbers, labels of 3 classes, and weights; the first column of X counts the rows."""
    n = np.arange(float(N))
    X = np.column_stack([n, 4.0 + 4.0 * np.cos(n), 8.0 * np.sin(n) ** 2])
    return X, np.arange(N) * 2 % 3, np.array([0.5, 0.25, 1.0])


def assert_rows(probabilities, labels):
    """Fail unless they are (N, C) and (N,): the student's code may call the functions below with anything."""
    what = "the probabilities in a call of cross_entropy or accuracy"
    assert_dtype(probabilities, "number", what=what)
    assert_that(np.ndim(probabilities) == 2 and np.size(probabilities) > 0, f"{what}: expected (N, C).")
    what = "the labels in a call of cross_entropy or accuracy"
    assert_dtype(labels, "int", what=what)
    assert_shape(labels, probabilities.shape[:1], what=what)
    classes = probabilities.shape[1]
    assert_that(((labels >= 0) & (labels < classes)).all(), f"{what}: one of them is no class.")


def costs_of(probabilities, labels):
    """-log p of each label, clipped at 1e-12."""
    return -np.log(np.clip(probabilities[np.arange(len(labels)), labels], 1e-12, 1.0))


def cross_entropy(probabilities, labels):
    """Mean negative log-likelihood in nats."""
    assert_rows(probabilities, labels)
    return costs_of(probabilities, labels).mean()


def accuracy(probabilities, labels):
    """Fraction of right guesses."""
    assert_rows(probabilities, labels)
    return (probabilities.argmax(axis=1) == labels).mean()


def training_of(student):
    """The student's training.py, for which part 1.2 is the grader's."""
    replace(student, "losses", cross_entropy=cross_entropy, accuracy=accuracy)
    return student.training


def network_and_stride(student, W1, move):
    """A small network and an optimiser, which live in the sandbox."""
    helpers = given(student, "network.py")
    return helpers.SmoothedShares(W1), helpers.Stride(move)


def probabilities(X, W1):
    """What the given network predicts."""
    return (X + W1) / (X + W1).sum(axis=1, keepdims=True)


def measures(X, y, W1):
    """-log p of each label, and whether each guess is right."""
    p = probabilities(X, W1)
    return costs_of(p, y), p.argmax(axis=1) == y


@number("1.6")
@weight(1)
def test_minibatches_of_any_size(student):
    """Batch sizes that divide N, exceed it, or equal 1 or N give all examples once and no empty batch."""
    for N, size in ((6, 3), (4, 9), (1, 1), (5, 5), (5, 1), (8, 5)):
        X, y, _ = case(N)

        batches = training_of(student).minibatches(X, y, size)

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
        network, stride = network_and_stride(student, W1, FROZEN)
        training_of(student).train_epoch(network, stride, X, y, 5, seed=seed)
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
    network, stride = network_and_stride(student, W1, MOVE)

    result = training_of(student).train_epoch(network, stride, X, y, 3, seed=6)

    batches = np.split(np.random.default_rng(6).permutation(9), 3)
    hits = sum(measures(X[rows], y[rows], W1 + step * MOVE)[1].sum() for step, rows in enumerate(batches))
    assert_length(result, 2, what="what train_epoch returns")
    assert_close(result[1], hits / 9, what="the accuracy of an epoch in which the weights change")


@number("1.6")
@weight(0.5)
def test_train_epoch_of_any_size(student):
    """One example, a batch size above N and batches that fit exactly are all right."""
    for N, size in ((1, 4), (9, 2), (4, 4)):
        X, y, W1 = case(N)
        network, stride = network_and_stride(student, W1, FROZEN)

        result = training_of(student).train_epoch(network, stride, X, y, size, seed=1)

        costs, hits = measures(X, y, W1)
        assert_length(result, 2, what="what train_epoch returns")
        assert_close(result[0], costs.mean(), what=f"the loss of an epoch of {N} examples")
        assert_close(result[1], hits.mean(), what=f"the accuracy of an epoch of {N} examples")
        assert_close(stride.steps, -(-N // size), what="the number of optimiser steps")


@number("1.6")
@weight(1)
def test_evaluate_does_not_depend_on_the_batch_size(student):
    """Loss and accuracy are the same for every batch size, and no batch is larger than it."""
    X, y, W1 = case(11)
    costs, hits = measures(X, y, W1)
    for size in (1, 2, 5, 11, 100):
        network, _ = network_and_stride(student, W1, FROZEN)

        result = training_of(student).evaluate(network, X, y, size)

        assert_length(result, 2, what="what evaluate returns")
        assert_close(result[0], costs.mean(), what=f"the loss of 11 examples in batches of {size}")
        assert_close(result[1], hits.mean(), what=f"the accuracy of 11 examples in batches of {size}")
        largest = max(network.sizes, default=0)
        assert_that(largest <= size, "The network was shown more examples at a time than the batch size.")
