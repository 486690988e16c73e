import numpy as np
import pytest
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import assert_close, assert_raises


@number("1.2")
@weight(1)
@pytest.mark.parametrize(
    ("labels", "C"), [([2], 5), ([0, 0, 0], 1), ([1, 1, 1, 1], 6), ([3, 0, 3, 0, 3], 4), ([0, 1, 2], 3)]
)
def test_cross_entropy_of_any_labels(student, labels, C):
    """One example, one class, labels that repeat and labels that never occur are all right."""
    labels = np.array(labels)
    N = len(labels)
    p = 1.0 + np.arange(N * C).reshape(N, C)
    p /= p.sum(axis=1, keepdims=True)

    loss = student.losses.cross_entropy(p, labels)

    expected = -sum(np.log(p[n, labels[n]]) for n in range(N)) / N
    assert_close(loss, expected, what="cross_entropy", sizes={"N": N, "C": C})


@number("1.2")
@weight(0.5)
@pytest.mark.parametrize("name", ["cross_entropy", "accuracy"])
def test_losses_refuse_what_is_no_set_of_examples(student, name):
    """No examples at all, or more labels than examples, are a ValueError."""
    function = getattr(student.losses, name)

    assert_raises(
        "ValueError", lambda: function(np.ones((0, 3)), np.zeros(0, dtype=int)), what=f"{name} of no examples"
    )
    assert_raises(
        "ValueError", lambda: function(np.full((2, 3), 1 / 3), np.array([0, 1, 2])), what=f"{name} with a label too many"
    )
    assert_raises(
        "ValueError", lambda: function(np.full((2, 3), 1 / 3), np.array([1])), what=f"{name} with a label too few"
    )


@number("1.2")
@weight(0.5)
def test_accuracy_takes_the_first_of_equals(student):
    """Of several largest entries in a row the one with the smallest index is the prediction."""
    p = np.array([[0.5, 0.5], [0.5, 0.5], [0.4, 0.6]])

    assert_close(student.losses.accuracy(p, np.array([0, 1, 0])), 1 / 3, what="accuracy of rows with ties")


@number("1.2")
@weight(0.5)
@pytest.mark.parametrize(("labels", "C", "expected"), [([0, 0], 1, 1.0), ([4], 5, 0.0), ([1, 1, 1, 0], 7, 0.25)])
def test_accuracy_of_any_labels(student, labels, C, expected):
    """Accuracy is right for one class, one example, and labels that repeat or never occur."""
    p = np.zeros((len(labels), C))
    p[:, 0] = 1.0

    accuracy = student.losses.accuracy(p, np.array(labels))

    assert_close(accuracy, expected, what="accuracy", sizes={"N": len(labels), "C": C})
