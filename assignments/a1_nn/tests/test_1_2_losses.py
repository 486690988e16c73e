from functools import partial

import numpy as np
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import assert_close, assert_raises, assert_type, fetch, send


@number("1.2")
@weight(1.5)
def test_cross_entropy_by_hand(student):
    """Labels with the probabilities 1/2, 1/4 and 1/8 cost (1 + 2 + 3) / 3 times log 2 nats."""
    p = np.array([[1 / 8, 1 / 2, 1 / 8, 1 / 4], [1 / 4, 1 / 4, 3 / 8, 1 / 8], [1 / 8, 3 / 8, 3 / 8, 1 / 8]])
    labels = np.array([1, 0, 3])

    assert_close(
        student.losses.cross_entropy(p, labels),
        2 * np.log(2),
        what="cross_entropy of 3 examples, 4 classes",
        hint="The loss is a mean over the examples, with the natural logarithm.",
        sizes={"N": 3, "C": 4},
        wrong={
            "the sum over the examples instead of the mean": 6 * np.log(2),
            "the mean over all N * C entries of a one-hot array": np.log(2) / 2,
            "in bits (log2) instead of nats": 2.0,
            "without the minus sign": -2 * np.log(2),
        },
    )


@number("1.2")
@weight(1)
def test_cross_entropy_is_finite_for_an_impossible_label(student):
    """A label with probability 0, or 1e-20, costs -log(1e-12) nats: finite."""
    p = np.array([[1.0, 0.0, 0.0], [1e-20, 0.5, 0.5]])

    assert_close(
        student.losses.cross_entropy(p, np.array([2, 0])),
        -np.log(1e-12),
        what="cross_entropy of 2 labels whose probability is (nearly) 0",
        hint="Clip the probabilities to [1e-12, 1] before the logarithm.",
    )


@number("1.2")
@weight(0.5)
def test_cross_entropy_looks_only_at_the_labels(student):
    """Only the probability of the label counts: zeros elsewhere in the row change nothing."""
    p = np.array([[0.5, 0.5, 0.0], [0.0, 0.25, 0.75]])

    assert_close(
        student.losses.cross_entropy(p, np.array([0, 1])),
        1.5 * np.log(2),
        what="cross_entropy where entries beside the label are 0",
        hint="Pick one entry from each row. 0 * log 0 is nan.",
    )


@number("1.2")
@weight(0.5)
def test_cross_entropy_refuses_a_label_that_is_no_class(student):
    """A label of -1 or of C is a ValueError: NumPy alone would count -1 from the end."""
    p = np.full((2, 3), 1 / 3)
    for label in (-1, 3):
        call = partial(student.losses.cross_entropy, p, np.array([0, label]))
        assert_raises("ValueError", call, what=f"cross_entropy with the label {label} and 3 classes")


@number("1.2")
@weight(1)
def test_accuracy_by_hand(student):
    """Two right guesses out of five are an accuracy of 0.4."""
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


@number("1.2")
@weight(0.5)
def test_losses_leave_their_inputs_alone(student):
    """Neither the probabilities nor the labels change during a call."""
    p, labels = np.array([[1.0, 0.0], [0.3, 0.7], [0.0, 1.0]]), np.array([1, 0, 1])
    probabilities_sent, labels_sent = send(student, p), send(student, labels)

    loss = student.losses.cross_entropy(probabilities_sent, labels_sent)
    accuracy = student.losses.accuracy(probabilities_sent, labels_sent)

    assert_type(loss, float, what="the loss")
    assert_type(accuracy, float, what="the accuracy")
    assert_close(fetch(probabilities_sent), p, what="the probabilities, after the calls", atol=0.0)
    assert_close(fetch(labels_sent), labels, what="the labels, after the calls")
