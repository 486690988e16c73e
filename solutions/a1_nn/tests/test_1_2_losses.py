from functools import partial

import numpy as np
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import assert_close, assert_raises


@number("1.2")
@weight(1)
def test_cross_entropy_of_any_labels(student):
    """One example, one class, labels that repeat and labels that never occur are all right."""
    for labels, C in (([2], 5), ([0, 0, 0], 1), ([1, 1, 1, 1], 6), ([3, 0, 3, 0, 3], 4), ([0, 1, 2], 3)):
        N = len(labels)
        p = 1.0 + np.arange(N * C).reshape(N, C)
        p /= p.sum(axis=1, keepdims=True)

        loss = student.losses.cross_entropy(p, np.array(labels))

        expected = -sum(np.log(p[n, label]) for n, label in enumerate(labels)) / N
        assert_close(loss, expected, what=f"cross_entropy of {N} examples, {C} classes")


@number("1.2")
@weight(0.5)
def test_losses_refuse_what_is_no_set_of_examples(student):
    """Two labels for two examples are right; no examples, a label too many or too few are a ValueError."""
    p, labels = np.array([[0.5, 0.3, 0.2], [0.1, 0.6, 0.3]]), np.array([0, 2])
    assert_close(student.losses.cross_entropy(p, labels), -np.log(0.15) / 2, what="cross_entropy")
    assert_close(student.losses.accuracy(p, labels), 0.5, what="accuracy")
    cases = {
        "no examples": (np.ones((0, 3)), np.zeros(0, dtype=int)),
        "a label too many": (p, np.array([0, 1, 2])),
        "a label too few": (p, np.array([1])),
    }
    for what, (probabilities, labels) in cases.items():
        for name in ("cross_entropy", "accuracy"):
            function = getattr(student.losses, name)
            call = partial(function, probabilities, labels)
            assert_raises("ValueError", call, what=f"{name} with {what}")


@number("1.2")
@weight(1)
def test_accuracy_takes_the_first_of_equals(student):
    """Of several largest entries in a row the one with the smallest index is the prediction."""
    p = np.array([[0.5, 0.5], [0.5, 0.5], [0.4, 0.6]])

    assert_close(student.losses.accuracy(p, np.array([0, 1, 0])), 1 / 3, what="accuracy of rows with ties")


@number("1.2")
@weight(0.5)
def test_accuracy_of_any_labels(student):
    """Accuracy is right for one class, one example, and labels that repeat or never occur."""
    for labels, C, expected in (([0, 0], 1, 1.0), ([4], 5, 0.0), ([1, 1, 1, 0], 7, 0.25)):
        p = np.zeros((len(labels), C))
        p[:, 0] = 1.0

        accuracy = student.losses.accuracy(p, np.array(labels))

        assert_close(accuracy, expected, what=f"accuracy of {len(labels)} examples, {C} classes")
