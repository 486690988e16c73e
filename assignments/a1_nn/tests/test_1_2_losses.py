from functools import partial

import numpy as np
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import assert_close, assert_raises, assert_type, fetch, send, vary


def varied(rng, p):
    """Probabilities near p, of which each row sums to 1."""
    shares = vary(rng, p)
    return shares / shares.sum(axis=1, keepdims=True)


def costs(p, labels):
    """-log p of each label."""
    return -np.log(p[np.arange(len(labels)), labels])


@number("1.2")
@weight(1.5)
def test_cross_entropy_by_hand(student, rng):
    """Labels with probabilities near 1/2, 1/4 and 1/8 cost about (1 + 2 + 3) / 3 times log 2 nats."""
    p = np.array([[1 / 8, 1 / 2, 1 / 8, 1 / 4], [1 / 4, 1 / 4, 3 / 8, 1 / 8], [1 / 8, 3 / 8, 3 / 8, 1 / 8]])
    p, labels = varied(rng, p), np.array([1, 0, 3])

    nats = costs(p, labels)
    assert_close(
        student.losses.cross_entropy(p, labels),
        nats.mean(),
        what="cross_entropy of 3 examples, 4 classes",
        hint="The loss is a mean over the examples, with the natural logarithm.",
        sizes={"N": 3, "C": 4},
        wrong={
            "the sum over the examples instead of the mean": nats.sum(),
            "the mean over all N * C entries of a one-hot array": nats.sum() / 12,
            "in bits (log2) instead of nats": nats.mean() / np.log(2),
            "without the minus sign": -nats.mean(),
        },
    )


@number("1.2")
@weight(1)
def test_cross_entropy_is_finite_for_an_impossible_label(student, rng):
    """A label with probability 0, or 1e-20, costs -log(1e-12) nats: finite."""
    p = np.array([[1.0, 0.0, 0.0], [1e-20, 0.5, 0.5], *varied(rng, np.array([[0.2, 0.5, 0.3]]))])

    assert_close(
        student.losses.cross_entropy(p, np.array([2, 0, 1])),
        (-2 * np.log(1e-12) - np.log(p[2, 1])) / 3,
        what="cross_entropy of 3 labels, of which two have a probability of (nearly) 0",
        hint="Clip the probabilities to [1e-12, 1] before the logarithm.",
    )


@number("1.2")
@weight(0.5)
def test_cross_entropy_looks_only_at_the_labels(student, rng):
    """Only the probability of the label counts: zeros elsewhere in the row change nothing."""
    p, labels = varied(rng, np.array([[0.5, 0.5, 0.0], [0.0, 0.25, 0.75]])), np.array([0, 1])

    assert_close(
        student.losses.cross_entropy(p, labels),
        costs(p, labels).mean(),
        what="cross_entropy where entries beside the label are 0",
        hint="Pick one entry from each row. 0 * log 0 is nan.",
    )


@number("1.2")
@weight(0.5)
def test_cross_entropy_refuses_a_label_that_is_no_class(student, rng):
    """Labels from 0 to C - 1 have a cost; -1 or C is a ValueError: NumPy would count -1 from the end."""
    p, labels = varied(rng, np.full((2, 3), 1 / 3)), np.array([0, 2])
    loss = student.losses.cross_entropy(p, labels)
    assert_close(loss, costs(p, labels).mean(), what="cross_entropy with the labels 0 and 2 and 3 classes")

    for label in (-1, 3):
        call = partial(student.losses.cross_entropy, p, np.array([0, label]))
        assert_raises("ValueError", call, what=f"cross_entropy with the label {label} and 3 classes")


def some_guesses(rng, N):
    """Probabilities (N, 3), labels of which more than half are the most probable class, and their share."""
    p = rng.dirichlet(np.ones(3), N)
    right = rng.permutation(N) < rng.integers(N // 2 + 1, N)
    best = p.argmax(axis=1)
    return p, np.where(right, best, (best + 1) % 3), right.mean()


@number("1.2")
@weight(1)
def test_accuracy_by_hand(student, rng):
    """Two right guesses out of five are an accuracy of 0.4; a fraction is also right for 51 examples."""
    p = np.array([[0.7, 0.2, 0.1], [0.8, 0.1, 0.1], [0.1, 0.1, 0.8], [0.2, 0.3, 0.5], [0.5, 0.4, 0.1]])
    labels = np.array([0, 1, 2, 0, 2])

    assert_close(
        student.losses.accuracy(p, labels),
        0.4,
        what="accuracy of 5 examples, 3 classes",
        sizes={"N": 5, "C": 3},
        wrong={
            "a count instead of a fraction": 2.0,
            "a percentage": 40.0,
            "the fraction of wrong guesses": 0.6,
        },
    )
    p, labels, share = some_guesses(rng, 51)
    assert_close(student.losses.accuracy(p, labels), share, what="accuracy of 51 examples, 3 classes")


@number("1.2")
@weight(0.5)
def test_losses_leave_their_inputs_alone(student, rng):
    """Neither the probabilities nor the labels change during a call that gives the right number."""
    p, labels = varied(rng, np.array([[1.0, 1e-20], [0.3, 0.7], [1e-20, 1.0]])), np.array([0, 0, 1])
    probabilities_sent, labels_sent = send(student, p), send(student, labels)

    loss = student.losses.cross_entropy(probabilities_sent, labels_sent)
    accuracy = student.losses.accuracy(probabilities_sent, labels_sent)

    assert_type(loss, float, what="the loss")
    assert_close(loss, costs(p, labels).mean(), what="the loss")
    assert_close(accuracy, 2 / 3, what="the accuracy")
    assert_close(fetch(probabilities_sent), p, what="the probabilities, after the calls", atol=0.0)
    assert_close(fetch(labels_sent), labels, what="the labels, after the calls")
