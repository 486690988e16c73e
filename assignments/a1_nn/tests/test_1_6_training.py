import numpy as np
import pytest
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import (
    assert_close,
    assert_dtype,
    assert_keys,
    assert_length,
    assert_raises,
    assert_shape,
    assert_that,
    assert_type,
    check_gradient,
    fetch,
    given,
    replace,
    send,
    vary,
)

# 7 examples in batches of 3: two full ones and a short one. The first column of X tells the row's number.
N, SIZE = 7, 3
NUMBERS = np.arange(7.0)
OTHERS = np.column_stack([NUMBERS**2 % 7, 5.0 - 0.5 * NUMBERS])
Y = np.array([0, 2, 1, 0, 2, 2, 0])
W1 = np.array([0.5, 0.25, 1.0])
MOVE = np.array([0.1, 0.2, -0.1])
FROZEN = np.zeros(3)


@pytest.fixture(name="X")
def examples(rng):
    """The examples: all columns but the first are a little different in every run."""
    return np.column_stack([NUMBERS, vary(rng, OTHERS)])


def batches_of(student, *arguments, **options):
    """The student's batches, once they are known to be a list of pairs."""
    batches = training_of(student).minibatches(*arguments, **options)
    assert_that(isinstance(batches, list), "minibatches returns no list.", "Return a list of tuples (X, y).")
    for batch in batches:
        assert_length(batch, 2, what="a batch", hint="A batch is a tuple (X, y).")
    return batches


def assert_batches(batches, X, order, size):
    """Batches of this size hold the examples of X in this order."""
    expected = [order[start : start + size] for start in range(0, len(order), size)]
    assert_length(batches, len(expected), what=f"the batches of {len(order)} examples, {size} in each")
    for number_, (batch, rows) in enumerate(zip(batches, expected, strict=True)):
        assert_close(batch[0], X[rows], what=f"X of batch {number_}")
        assert_close(batch[1], Y[rows], what=f"y of batch {number_}")


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
    """-log p of each label."""
    return -np.log(probabilities[np.arange(len(labels)), labels])


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


def network_and_stride(student, move):
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


def batch_rows(seed, count=N):
    """The examples of each batch of an epoch, by their numbers."""
    return np.split(np.random.default_rng(seed).permutation(count), range(SIZE, count, SIZE))


def costs_before_updates(X, seed, move):
    """-log p of each label, with the weights that the network has before its batch's update."""
    costs = np.zeros(len(X))
    for step, rows in enumerate(batch_rows(seed, len(X))):
        costs[rows] = measures(X[rows], Y[rows], W1 + step * move)[0]
    return costs


def mean_over_batches(values, batches):
    """The wrong mean, in which a short batch counts as much as a full one."""
    return np.mean([values[rows].mean() for rows in batches])


@number("1.6")
@weight(1.5)
def test_minibatches_keep_the_order_and_the_short_last_batch(student, X):
    """Without shuffling, 7 examples give batches of 3, 3 and 1 in the order of the arrays."""
    assert_batches(batches_of(student, X, Y, SIZE, shuffle=False), X, np.arange(N), SIZE)


@number("1.6")
@weight(0.5)
def test_minibatches_shuffle_by_the_permutation_of_the_seed(student, X, rng):
    """With shuffling, the order is numpy.random.default_rng(seed).permutation(N), for three seeds."""
    for seed in (0, 5, int(rng.integers(1000))):
        batches = batches_of(student, X, Y, SIZE, shuffle=True, seed=seed)
        assert_batches(batches, X, np.random.default_rng(seed).permutation(N), SIZE)


@number("1.6")
@weight(1)
def test_minibatches_keep_examples_and_labels_together(student, X):
    """After shuffling, every example still stands beside its own label, and none is lost or doubled."""
    batches = batches_of(student, X, Y, SIZE, shuffle=True, seed=3)

    seen = []
    for batch_X, batch_y in batches:
        assert_type(batch_X, np.ndarray, what="X of a batch")
        assert_shape(batch_X, (*batch_X.shape[:1], 3), what="X of a batch")
        assert_that(np.isin(batch_X[:, 0], NUMBERS).all(), "A batch holds an example that X does not hold.")
        rows = batch_X[:, 0].astype(int).tolist()
        assert_close(batch_X, X[rows], what="the examples of a shuffled batch")
        assert_close(
            batch_y, Y[rows], what="the labels of a shuffled batch", hint="Use one permutation for X and y."
        )
        seen += rows
    assert_that(sorted(seen) == list(range(N)), "The batches do not hold every example exactly once.")
    assert_that(seen != list(range(N)), "Nothing was shuffled: the examples stand in the order of X.")


@number("1.6")
@weight(0.5)
def test_minibatches_refuse_what_cannot_be_cut(student, X):
    """A batch size of 1 and 7 labels are right; a batch size of 0, or a label too few, is a ValueError."""
    minibatches = training_of(student).minibatches
    assert_batches(batches_of(student, X, Y, 1), X, np.arange(N), 1)
    assert_raises("ValueError", lambda: minibatches(X, Y, 0), what="minibatches with a batch size of 0")
    assert_raises(
        "ValueError", lambda: minibatches(X, Y[:-1], 3), what="minibatches of 7 examples and 6 labels"
    )


@number("1.6")
@weight(0.5)
def test_training_leaves_data_and_global_random_state_alone(student, X):
    """X and y keep their order and values in an epoch, and no global random generator is used or seeded."""
    network, stride = network_and_stride(student, FROZEN)
    X_sent, y_sent = send(student, X), send(student, Y)
    batches = batches_of(student, X_sent, y_sent, SIZE, shuffle=True)
    training = training_of(student)
    training.train_epoch(network, stride, X_sent, y_sent, SIZE)
    result = training.evaluate(network, X_sent, y_sent, SIZE)

    quiet = given(student, "quiet.py").changes_global_randomness
    changed = [
        quiet(training.minibatches, X_sent, y_sent, SIZE, shuffle=True, seed=4),
        quiet(training.train_epoch, network, stride, X_sent, y_sent, SIZE, seed=4),
        quiet(training.evaluate, network, X_sent, y_sent, SIZE),
    ]

    assert_batches(batches, X, np.random.default_rng(0).permutation(N), SIZE)
    assert_close(stride.steps, 6, what="the number of optimiser steps in two epochs")
    assert_length(result, 2, what="what evaluate returns")
    assert_close(result[0], measures(X, Y, W1)[0].mean(), what="the loss that evaluate returns")
    assert_close(fetch(X_sent), X, what="X, after an epoch")
    assert_close(fetch(y_sent), Y, what="y, after an epoch")
    assert_that(
        changed == [False] * 3,
        "The global random state is another one after an epoch.",
        "numpy.random.default_rng(seed) is a generator of your own.",
    )


def result_of_epoch(student, X, seed, move):
    """(loss, accuracy) of the student's epoch, and the network and optimiser that it used."""
    network, stride = network_and_stride(student, move)
    result = training_of(student).train_epoch(network, stride, X, Y[: len(X)], SIZE, seed=seed)
    assert_length(result, 2, what="what train_epoch returns", hint="Return the pair (loss, accuracy).")
    return result, network, stride


def assert_gradients(shown, X, seed):
    """The optimiser was shown the gradients of each batch in turn, at the weights of that moment."""
    batches = batch_rows(seed)
    assert_length(shown, len(batches), what="the gradients that the optimiser was shown")
    for step, (gradients, rows) in enumerate(zip(shown, batches, strict=True)):
        assert_keys(gradients, ["W1"], what=f"the gradients of step {step}")
        check_gradient(
            lambda W, rows=rows: measures(X[rows], Y[rows], W)[0].mean(),
            W1 + step * MOVE,
            gradients["W1"],
            what=f"the gradient of W1 in step {step}",
            hint="One step for each batch of minibatches(X, y, batch_size, shuffle=True, seed=seed).",
        )


@number("1.6")
@weight(1.5)
def test_train_epoch_takes_one_step_per_batch(student, X):
    """An epoch of 7 examples in batches of 3 is three steps, and leaves the weights that they lead to."""
    _, network, stride = result_of_epoch(student, X, 2, MOVE)

    assert_close(stride.steps, 3, what="the number of optimiser steps")
    assert_gradients(stride.shown, X, 2)
    weights = network.weights
    assert_keys(weights, ["W1"], what="the network's weights after an epoch")
    assert_close(
        weights["W1"],
        W1 + 3 * MOVE,
        what="W1 after an epoch of an optimiser that moves it by the same amount in each step",
        hint="Call optimizer.step(network.weights, gradients): it changes the dict, and nobody else does.",
        inputs={"W1 before the epoch": W1},
    )


@number("1.6")
@weight(1.5)
def test_train_epoch_returns_means_over_examples(student, X):
    """With frozen weights, loss and accuracy are means over the 7 examples: the short batch weighs less."""
    result, _, _ = result_of_epoch(student, X, 2, FROZEN)

    costs, hits = measures(X, Y, W1)
    batches = batch_rows(2)
    assert_close(
        result[0],
        costs.mean(),
        what="the loss of an epoch",
        sizes={"N": N, "batch_size": SIZE},
        wrong={"the mean over the batches": mean_over_batches(costs, batches), "a sum": costs.sum()},
    )
    assert_close(
        result[1],
        hits.mean(),
        what="the accuracy of an epoch",
        sizes={"N": N, "batch_size": SIZE},
        wrong={"the mean over the batches": mean_over_batches(hits, batches), "a count": hits.sum()},
    )


@number("1.6")
@weight(1)
def test_train_epoch_measures_the_loss_before_each_update(student, X):
    """The loss of a batch is that of the weights before its update."""
    # Two full batches: how a short one weighs is another test's affair.
    X, y = X[:6], Y[:6]
    result, _, _ = result_of_epoch(student, X, 1, MOVE)

    assert_close(
        result[0],
        costs_before_updates(X, 1, MOVE).mean(),
        what="the loss of an epoch in which the weights change",
        wrong={"the loss of the final weights": measures(X, y, W1 + 2 * MOVE)[0].mean()},
    )


@number("1.6")
@weight(1)
def test_evaluate_returns_means_over_examples(student, X):
    """Loss and accuracy are means over all 7 examples, in batches of 3."""
    network, _ = network_and_stride(student, FROZEN)

    result = training_of(student).evaluate(network, X, Y, SIZE)

    costs, hits = measures(X, Y, W1)
    batches = np.split(np.arange(N), [3, 6])
    assert_length(result, 2, what="what evaluate returns", hint="Return the pair (loss, accuracy).")
    assert_close(
        result[0],
        costs.mean(),
        what="the loss of 7 examples",
        wrong={"the mean over the batches": mean_over_batches(costs, batches)},
    )
    assert_close(
        result[1],
        hits.mean(),
        what="the accuracy of 7 examples",
        wrong={"the mean over the batches": mean_over_batches(hits, batches), "a count": hits.sum()},
    )


@number("1.6")
@weight(0.5)
def test_evaluate_changes_nothing(student, X):
    """The weights are the same after an `evaluate` with the right loss as before."""
    network, _ = network_and_stride(student, FROZEN)

    result = training_of(student).evaluate(network, X, Y, SIZE)

    assert_length(result, 2, what="what evaluate returns")
    assert_close(result[0], measures(X, Y, W1)[0].mean(), what="the loss of 7 examples")
    weights = network.weights
    assert_keys(weights, ["W1"], what="the network's weights after evaluate")
    assert_close(weights["W1"], W1, what="W1 after evaluate")
