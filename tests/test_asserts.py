"""The assertions of a grader: what passes, what fails and with which words."""

import numpy as np
import pytest
import torch

from autograder.compare import GradingFailure
from autograder.errors import AutograderError
from autograder.grading.asserts import (
    assert_close,
    assert_dtype,
    assert_keys,
    assert_length,
    assert_raises,
    assert_shape,
    assert_that,
    assert_type,
    check_gradient,
)
from autograder.model import Kind
from autograder.sandbox.verdicts import StudentError

X = np.array([[0.5, -1.5, 2.0], [1.25, 0.75, -0.25]])


def failure(check, *arguments: object, **options: object) -> GradingFailure:
    """Catch the failure that the check must raise."""
    with pytest.raises(GradingFailure) as caught:
        check(*arguments, **options)
    assert isinstance(caught.value, AssertionError)
    return caught.value


def told(check, *arguments: object, **options: object) -> str:
    """Read what the check says about a value called y."""
    return str(failure(check, *arguments, what="y", **options))


def test_close():
    """All that a grader knows reaches the comparison."""
    assert_close(X, X.tolist(), what="y")
    failed = failure(
        assert_close,
        2 * X,
        X,
        what="scores",
        hint="once is enough.",
        sizes={"N": 2},
        inputs={"x": X + 9},
        wrong={"the cube": X**3},
        terms={"the bias": X**2},
        rtol=1e-3,
        atol=1e-3,
    )
    assert failed.kind is Kind.VALUE
    assert str(failed) == (
        "scores: all 6 entries differ.\n"
        "First at [0, 0]: expected 0.5, got 1.\n"
        "Every entry is exactly 2 times too large, and N = 2.\n"
        "Hint: once is enough."
    )


def test_shape():
    """A shape must be exactly as asked, of numbers or bools."""
    assert_shape(X, (2, 3), what="y")
    assert_shape(torch.ones(2, 3) > 0, (2, 3), what="y")
    assert told(assert_shape, X[0], (2, 3)) == "y: expected shape (2, 3), got shape (3,): axis 0 is missing."
    assert told(assert_shape, "text", (2, 3)) == "y: expected an array of shape (2, 3), got text (a str)."


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (X, "float"),
        (X, np.float64),
        (X.astype("f4"), "number"),
        (1.5, "float64"),
        (3, "int"),
        (np.uint8(3), "number"),
        (X > 0, "bool"),
        (torch.ones(2), torch.float32),
        (torch.ones(2), np.dtype("float32")),
        (torch.ones(2, dtype=torch.bfloat16), "float"),
        (torch.ones(2, dtype=torch.bfloat16), torch.bfloat16),
        (torch.ones(2) > 0, torch.bool),
    ],
)
def test_dtype_passes(value, dtype):
    """Kinds, NumPy's and torch's dtypes are understood."""
    assert_dtype(value, dtype, what="y")


@pytest.mark.parametrize(
    ("value", "dtype", "kind", "text"),
    [
        (X, "int", Kind.DTYPE, "y: expected a dtype of kind int, got float64.\nHint: h"),
        (X > 0, "number", Kind.DTYPE, "y: expected a dtype of kind number, got bool.\nHint: h"),
        (X, np.float32, Kind.DTYPE, "y: expected dtype float32, got float64.\nHint: h"),
        (X, torch.float32, Kind.DTYPE, "y: expected dtype float32, got float64.\nHint: h"),
        (X + 0j, "number", Kind.DTYPE, "y: expected a dtype of kind number, got complex128.\nHint: h"),
        (True, "int", Kind.DTYPE, "y: expected a dtype of kind int, got bool.\nHint: h"),
        ([1.0], "float", Kind.TYPE, "y: expected an array, got a list of numbers.\nHint: h"),
    ],
)
def test_dtype_fails(value, dtype, kind, text):
    """Another dtype is told by name."""
    failed = failure(assert_dtype, value, dtype, what="y", hint="h")
    assert (failed.kind, str(failed)) == (kind, text)


@pytest.mark.parametrize(
    ("value", "types"),
    [
        (1.5, float),
        (3, float),
        (np.float32(3), float),
        (np.array(3.0), float),
        (torch.tensor(3.0), float),
        (np.int64(3), int),
        (np.bool_(True), bool),
        (X, np.ndarray),
        (torch.ones(1), torch.Tensor),
        ({}, (list, dict)),
        (None, None),
        (None, (type(None), float)),
    ],
)
def test_type_passes(value, types):
    """Scalars are interchangeable."""
    assert_type(value, types, what="y")


@pytest.mark.parametrize(
    ("value", "types", "text"),
    [
        (True, int, "y: expected int, got a bool."),
        (True, float, "y: expected float, got a bool."),
        (1.5, int, "y: expected int, got a number."),
        (np.array([1.5]), float, "y: expected float, got an array of shape (1,)."),
        ("x", (float, None), "y: expected float or None, got text (a str)."),
        (None, np.ndarray, "y: expected ndarray, got None."),
        ((), list, "y: expected list, got an empty tuple."),
        (X, torch.Tensor, "y: expected Tensor, got an array of shape (2, 3)."),
    ],
)
def test_type_fails(value, types, text):
    """A bool is no number, and a number in an array no scalar."""
    assert failure(assert_type, value, types, what="y").kind is Kind.TYPE
    assert told(assert_type, value, types) == text


def test_keys():
    """The keys must be exactly those, and a student's keys are shown with care."""
    assert_keys({"b1": 0, "W1": 1}, ["W1", "b1"], what="y")
    assert told(assert_keys, {"W1": 1, "w2\n": 2, 7: 0, None: 0}, ["W1", "b1"]) == (
        "y: expected the keys W1, b1; missing b1; not asked for w2?, 7, None."
    )
    assert (
        told(assert_keys, None, {"W1"}, hint="h") == "y: expected a dict with the keys W1, got None.\nHint: h"
    )
    many = told(assert_keys, {f"k{i}": 0 for i in range(50)}, ())
    assert many == "y: expected the keys ; not asked for k0, k1, k2, k3, k4, k5 and 44 more."


def test_length():
    """Only lists and tuples have a length here."""
    assert_length([1, 2], 2, what="y")
    assert_length((), 0, what="y")
    assert told(assert_length, [1, 2], 1) == "y: expected 1 item, got 2."
    assert told(assert_length, (1, 2), 3, hint="h") == "y: expected 3 items, got 2.\nHint: h"
    assert told(assert_length, "ab", 2) == "y: expected a list or tuple of length 2, got text (a str)."
    assert (
        told(assert_length, X, 2) == "y: expected a list or tuple of length 2, got an array of shape (2, 3)."
    )
    assert failure(assert_length, [], 1, what="y").kind is Kind.SHAPE


@pytest.mark.parametrize("condition", [True, np.True_, np.array(True), torch.tensor(True)])
def test_that_passes(condition):
    """True in each of its guises."""
    assert_that(condition, "no")


@pytest.mark.parametrize(
    "condition", [False, None, 1, "yes", [True], object(), np.ones(2), X > -9, np.array([True])]
)
def test_that_only_true_is_true(condition):
    """What merely counts as true fails."""
    assert str(failure(assert_that, condition, "The rows sum to 1.", "normalise.")) == (
        "The rows sum to 1.\nHint: normalise."
    )


def raiser(error: Exception):
    """A call that raises the error."""

    def call() -> None:
        raise error

    return call


def test_raises():
    """The exception's name decides."""
    assert_raises(
        "ValueError", raiser(StudentError(Kind.RAISED, "ValueError: no rows", "ValueError")), what="y"
    )
    other = StudentError(Kind.RAISED, "KeyError: 0", "KeyError")
    assert told(assert_raises, "ValueError", raiser(other)) == "y: expected a ValueError, got a KeyError."
    assert told(assert_raises, "ValueError", lambda: 3, hint="N = 0?") == (
        "y: expected a ValueError, but nothing was raised.\nHint: N = 0?"
    )


@pytest.mark.parametrize("kind", [Kind.TIMEOUT, Kind.NOT_IMPLEMENTED, Kind.CRASHED])
def test_raises_leaves_other_verdicts_alone(kind):
    """A time-out is no ValueError, and says so itself."""
    error = StudentError(kind, "its own sentence", "")
    with pytest.raises(StudentError, match="its own sentence"):
        assert_raises("ValueError", raiser(error), what="y")


def test_raises_does_not_take_the_graders_own_exception():
    """Only student code can satisfy the check."""
    with pytest.raises(ValueError, match="mine"):
        assert_raises("ValueError", raiser(ValueError("mine")), what="y")


# Gradients.


def cubes(w: np.ndarray) -> float:
    """A loss whose gradient is 1.5 w^2."""
    return float(np.sum(w**3)) / 2


def test_gradient_passes():
    """Right gradients pass, also of numbers, large slopes and large losses."""
    check_gradient(cubes, X, 1.5 * X**2, what="y")
    check_gradient(cubes, 2.0, 6.0, what="y")
    check_gradient(lambda w: float(np.exp(w).sum()), X + 5, np.exp(X + 5), what="y")
    check_gradient(lambda w: 1e6 + float(np.sin(w).sum()), X, np.cos(X), what="y")


def test_gradient_leaves_the_point_alone():
    """Neither the check nor the loss can change the point."""
    at = X.copy()

    def greedy(w: np.ndarray) -> float:
        value = cubes(w)
        w[:] = 0
        return value

    check_gradient(greedy, at, 1.5 * X**2, what="y")
    assert np.array_equal(at, X)


def test_gradient_fails_with_a_recipe():
    """The message says how to measure the entry oneself."""
    text = told(check_gradient, cubes, X, 3 * X**2, sizes={"N": 2}, hint="the mean over N.")
    assert text == (
        "y: all 6 entries differ.\n"
        "First at [0, 0]: expected 0.375, got 0.75.\n"
        "Every entry is exactly 2 times too large, and N = 2.\n"
        "Expected is measured: (loss(w + h) - loss(w - h)) / (2 h), one entry moved by h = 6e-06.\n"
        "Hint: the mean over N."
    )


def test_gradient_of_another_shape_needs_no_recipe():
    """Type and shape come before numbers."""
    assert told(check_gradient, cubes, X, X.T) == "y: expected shape (2, 3), got shape (3, 2): transposed?"
    assert told(check_gradient, cubes, X, None).endswith("got None. Is a return missing?")


def test_gradient_knows_terms_and_wrong_answers():
    """What the grader knows is told here too."""
    term = 0.1 * X[::-1]
    assert "Exactly T too little" in told(check_gradient, cubes, X, 1.5 * X**2 - term, terms={"T": term})
    assert "That is the cube." in told(check_gradient, cubes, X, X**3, wrong={"the cube": X**3})


def test_gradient_with_one_wrong_entry_in_a_small_array():
    """Every entry of a small array is checked."""
    claimed = 1.5 * X**2
    claimed[1, 2] *= 1.001
    assert "First at [1, 2]" in told(check_gradient, cubes, X, claimed)


def test_gradient_of_a_large_array_is_sampled():
    """At most 200 entries of a large one are, and the message says so."""
    large = np.linspace(-2, 2, 30 * 41).reshape(30, 41)
    calls = []

    def counted(w: np.ndarray) -> float:
        calls.append(1)
        return cubes(w)

    check_gradient(counted, large, 1.5 * large**2, what="y")
    assert len(calls) <= 401
    text = told(check_gradient, cubes, large, -1.5 * large**2, sizes={"N": 30})
    assert text.startswith("y: 200 of 200 entries looked at differ.\nFirst at [0, 0]: expected 6, got -6.")
    assert "the sign is flipped" in text


def test_gradient_where_the_loss_is_not_finite_is_the_graders_fault():
    """A grader that leaves the loss's domain is told so."""
    with pytest.raises(AutograderError) as caught:
        check_gradient(lambda w: float("nan"), X, X, what="gradient of W1")
    assert str(caught.value) == (
        "gradient of W1: the grader's own loss is nan or infinite near the point. "
        "Check the gradient at a point where the loss is finite."
    )
