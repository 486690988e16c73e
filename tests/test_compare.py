"""What a failed comparison tells: that it is true, that it is told, and that nothing sloppy passes."""

import time
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograder.compare import (
    Mismatch,
    compare,
    compare_at,
    describe,
    dtype_name,
    shape_mismatch,
    show,
    to_array,
)
from autograder.compare.values import clean, show_pair, show_shape
from autograder.errors import AutograderError
from autograder.model import Kind
from autograder.sandbox.client import Handle
from autograder.wire import Ref

# A matrix whose sides differ, without a zero, a sign or a symmetry of its own.
E = np.array([[0.7, 1.9, -2.3, 0.4], [-1.1, 0.3, 3.7, 2.9], [1.3, -0.8, 0.6, -1.7]])
SQUARE = np.array([[0.7, 1.9, -2.3], [-1.1, 0.3, 3.7], [1.3, -0.8, 0.6]])
POSITIVE = np.array([[0.5, 0.3, 0.2], [0.6, 0.3, 0.1], [0.25, 0.35, 0.4], [0.05, 0.9, 0.05]])
IMAGE = np.arange(1.0, 2 * 3 * 4 * 4 + 1).reshape(2, 3, 4, 4) ** 1.5
MASK = np.tril(np.ones((4, 4), dtype=bool))
SIZES = {"N": 3, "C": 5}


def message(actual: object, expected: object, **options: object) -> str:
    """Text of the mismatch that must be there."""
    mismatch = compare(actual, expected, what="y", **options)
    assert mismatch is not None
    return mismatch.message


def diagnosis(actual: object, expected: object, **options: object) -> str:
    """The line after "First at ...", "" where there is none."""
    lines = message(actual, expected, **options).split("\n")
    assert lines[1].startswith("First at")
    return lines[2] if len(lines) > 2 else ""


def kind(actual: object, expected: object) -> Kind | None:
    """Kind of the mismatch, None where the values agree."""
    mismatch = compare(actual, expected, what="y")
    return mismatch.kind if mismatch else None


def changed(array: np.ndarray, index: object, value: object) -> np.ndarray:
    """A copy with some entries replaced."""
    copy = np.array(array)
    copy[index] = value
    return copy


def handle(type_name: object) -> Handle:
    """An object that stayed in a sandbox, as a grader meets it."""
    return Handle(None, Ref("sandbox", 1, type_name), "net")


# Messages as a student reads them.

NO_BOOL = (
    "y: expected real numbers, got True or False (dtype bool). Convert it, for example with .astype(float)."
)
PAGE = {
    "scalar, named factor": (
        4.158883083,
        1.386294361,
        {"sizes": SIZES, "hint": "the loss is a mean over the N = 3 examples."},
        (
            "y: expected 1.386, got 4.159: exactly 3 times too large, and N = 3.\n"
            "Hint: the loss is a mean over the N = 3 examples."
        ),
    ),
    "scalar, factor without a name": (
        4.158883083,
        1.386294361,
        {},
        "y: expected 1.386, got 4.159: exactly 3 times too large.",
    ),
    "scalar, nothing known": (0.4, 1.5, {}, "y: expected 1.5, got 0.4."),
    "scalar, nan": (np.nan, 1.5, {}, "y: expected 1.5, got nan."),
    "scalar, digits that differ": (
        1.3862,
        1.38629,
        {},
        "y: expected 1.3863, got 1.3862: close, but not equal: off by about 0.006 %.",
    ),
    "transposed, right values": (
        E.T,
        E,
        {"hint": "rows are examples."},
        (
            "y: expected shape (3, 4), got shape (4, 3): transposed?\n"
            "The values are right, only the shape is not.\n"
            "Hint: rows are examples."
        ),
    ),
    "extra axis": (
        np.array([[1.0], [2.0], [4.0]]),
        [1.0, 2.0, 5.0],
        {},
        "y: expected shape (3,), got shape (3, 1): an axis of length 1 too many.",
    ),
    "array, factor": (
        E / 15,
        E,
        {"sizes": SIZES},
        (
            "y: all 12 entries differ.\n"
            "First at [0, 0]: expected 0.7, got 0.04667.\n"
            "Every entry is exactly 15 times too small, and N * C = 15."
        ),
    ),
    "array, one entry": (
        changed(E, (1, 2), 3.8),
        E,
        {},
        "y: 1 of 12 entries differs.\nFirst at [1, 2]: expected 3.7, got 3.8.",
    ),
    "array, nan": (
        changed(E, (slice(1, 3), 2), np.nan),
        E,
        {},
        (
            "y: 2 of 12 entries differ.\n"
            "First at [1, 2]: expected 3.7, got nan.\n"
            "2 entries are nan, the first at [1, 2]; all others are right."
        ),
    ),
    "missing term": (
        E - 0.1 * np.sign(E),
        E,
        {"terms": {"the L1 term": 0.1 * np.sign(E)}},
        (
            "y: all 12 entries differ.\n"
            "First at [0, 0]: expected 0.7, got 0.6.\n"
            "Exactly the L1 term too little: is it missing?"
        ),
    ),
    "None": (None, E, {}, "y: expected an array of shape (3, 4), got None. Is a return missing?"),
    "list": (
        E.tolist(),
        E,
        {},
        "y: expected an array of shape (3, 4), got a list of numbers. Return an array instead.",
    ),
    "bool": (
        E > 0,
        E,
        {},
        NO_BOOL,
    ),
    "list for a number": ([1.5], 1.5, {}, "y: expected a number, got a list of numbers."),
    "object": (handle("Net"), E, {}, "y: expected an array of shape (3, 4), got an object of type Net."),
    "bools expected": (MASK * 1.0, MASK, {}, "y: expected True or False (dtype bool), got dtype float64."),
    "a bool as a number": (
        True,
        1.0,
        {},
        NO_BOOL,
    ),
}


@pytest.mark.parametrize(("actual", "expected", "options", "text"), PAGE.values(), ids=PAGE.keys())
def test_message_reads_as_written(actual, expected, options, text):
    """A page of typical messages, word for word."""
    assert message(actual, expected, **options) == text


# Each relation is claimed where it holds, and not where it only nearly holds.

NUDGE = changed(np.ones_like(E), (2, 3), 1.01)
SQUARE_NUDGE = changed(np.ones_like(SQUARE), (2, 1), 1.01)
LABELS = np.array([0, 2, 1, 4, 1])

RELATIONS = {
    "named wrong answer": (E**3, E, {"wrong": {"the cube": E**3}}, "That is the cube."),
    "input": (NUDGE + E, E, {"inputs": {"x": NUDGE + E}}, "It equals the input x."),
    "zero": (np.zeros_like(E), E, {}, "Every entry is 0."),
    "N": (E * 3, E, {"sizes": SIZES}, "Every entry is exactly 3 times too large, and N = 3."),
    "1 / C": (E / 5, E, {"sizes": SIZES}, "Every entry is exactly 5 times too small, and C = 5."),
    "N = K": (
        E / 3,
        E,
        {"sizes": {"N": 3, "K": 3}},
        "Every entry is exactly 3 times too small, and N = K = 3.",
    ),
    "C / N": (E * 5 / 3, E, {"sizes": SIZES}, "Every entry is 1.667 times too large, and C / N = 1.667."),
    "sqrt(C)": (
        E * 5**0.5,
        E,
        {"sizes": SIZES},
        "Every entry is 2.236 times too large, and sqrt(C) = 2.236.",
    ),
    "Bessel": (E * 1.25, E, {"sizes": SIZES}, "Every entry is 1.25 times too large, and C / (C - 1) = 1.25."),
    "minus N": (
        E * -3,
        E,
        {"sizes": SIZES},
        "Every entry is exactly 3 times too large and of the wrong sign, and N = 3.",
    ),
    "2": (E * 2, E, {"sizes": SIZES}, "Every entry is exactly 2 times too large."),
    "half": (E / 2, E, {}, "Every entry is exactly 2 times too small."),
    "negative": (-E, E, {}, "Every entry is exactly the negative: the sign is flipped."),
    "whole factor": (E * 7, E, {}, "Every entry is exactly 7 times too large."),
    "any factor": (E * 0.77, E, {}, "Every entry is 0.77 times the expected one."),
    "offset": (E + 0.25, E, {}, "Every entry is exactly 0.25 too large."),
    "counted from one": (LABELS + 1, LABELS, {}, "Every entry is exactly 1 too large."),
    "all equal": (np.full_like(E, 0.2), E, {"sizes": SIZES}, "Every entry is the same, 0.2, which is 1 / C."),
    "absolute": (np.abs(E), E, {}, "Every entry is the absolute value of the expected one."),
    "cut at zero": (
        np.maximum(E, 0),
        E,
        {},
        "Every entry is the expected one with negative numbers cut to 0.",
    ),
    "square": (E**2, E, {}, "Every entry is the square of the expected one."),
    "root": (POSITIVE**0.5, POSITIVE, {}, "Every entry is the square root of the expected one."),
    "logarithm": (np.log(POSITIVE), POSITIVE, {}, "Every entry is the logarithm of the expected one."),
    "exponential": (np.exp(E), E, {}, "Every entry is the exponential of the expected one."),
    "complement": (1 - E, E, {}, "Every entry is 1 minus the expected one."),
    "signs": (changed(E, (0, 1), -1.9), E, {}, "Right but for the sign of some entries."),
    "transposed": (SQUARE.T, SQUARE, {}, "The right values, transposed."),
    "axes": (IMAGE.swapaxes(2, 3), IMAGE, {}, "The right values, axes in the order (0, 1, 3, 2)."),
    "rows reversed": (E[::-1], E, {}, "The right rows in reverse order."),
    "columns reversed": (E[:, ::-1], E, {}, "The right columns in reverse order."),
    "vector reversed": (E[0, ::-1], E[0], {}, "The right values in reverse order."),
    "kernel flipped": (
        IMAGE[:, :, ::-1, ::-1],
        IMAGE,
        {},
        "The right values, reversed along axis 2 and axis 3.",
    ),
    "shifted down": (
        np.vstack([E[2:] * 4, E[:2]]),
        E,
        {},
        "Shifted by one: the right row i is your row i + 1.",
    ),
    "shifted image": (
        np.roll(IMAGE, 1, axis=3),
        IMAGE,
        {},
        "Shifted by one along axis 3: the right index i is your index i + 1.",
    ),
    "shifted left": (
        np.hstack([E[:, 1:], E[:, :1]]),
        E,
        {},
        "Shifted by one: the right column i is your column i - 1.",
    ),
    "rows permuted": (E[[1, 0, 2]], E, {}, "The right rows in another order."),
    "entries permuted": (E[0][[1, 0, 2, 3]], E[0], {}, "The right values in another order."),
    "row factors": (
        POSITIVE * [[2.0], [3.0], [0.3], [1.5]],
        POSITIVE,
        {},
        "Each row is right up to a factor of its own: wrongly normalised?",
    ),
    "last row": (changed(E, 2, [5.1, 6.7, 7.2, 8.3]), E, {}, "Only row 2, the last, is wrong."),
    "middle column": (changed(E, (slice(None), 1), [5.1, 6.7, 7.2]), E, {}, "Only column 1 is wrong."),
    "slice": (changed(IMAGE, (slice(None), 1), 0.3), IMAGE, {}, "Only index 1 of axis 1 is wrong."),
    "where zero": (
        changed(np.maximum(E, 0), E < 0, [-1.0, -2.0, -4.0, -8.0]),
        np.maximum(E, 0),
        {},
        "Right wherever the expected value is not 0.",
    ),
    "left empty": (changed(E, ([0, 1, 2], [1, 2, 0]), 0), E, {}, "Every wrong entry is 0."),
    "floor and ceiling": (changed(LABELS, [1, 3], [3, 5]), LABELS, {}, "Each wrong entry is 1 too large."),
    "close": (
        E * (1 + 1e-5 * NUDGE**50),
        E,
        {},
        "Close, but not equal: no entry is off by more than about 0.002 %.",
    ),
    "all nan": (E * np.nan, E, {}, "Every entry is nan."),
    "one inf": (changed(E, (0, 1), np.inf), E, {}, "1 entry is infinite; all others are right."),
    "nan and others wrong": (
        changed(changed(E, (1, slice(1, 3)), np.nan), (0, 0), 9),
        E,
        {},
        "2 entries are nan, the first at [1, 1].",
    ),
    "inf and nan": (
        changed(E, (0, slice(1, 3)), [np.nan, np.inf]),
        E,
        {},
        "2 entries are nan or infinite, the first at [0, 1]; all others are right.",
    ),
    "mask inverted": (~MASK, MASK, {}, "Exactly inverted."),
    "mask transposed": (MASK.T, MASK, {}, "The right values, transposed."),
    "mask off by one": (np.tril(MASK, -1), MASK, {}, "Shifted by one: the right row i is your row i + 1."),
    "no mask": (np.ones_like(MASK), MASK, {}, "Every entry is True."),
}


@pytest.mark.parametrize(("actual", "expected", "options", "claim"), RELATIONS.values(), ids=RELATIONS.keys())
def test_relation_is_told(actual, expected, options, claim):
    """Each relation is told where it holds at every entry."""
    assert diagnosis(actual, expected, **options) == claim


NEAR = {
    "named wrong answer": (E**3 * NUDGE, E, {"wrong": {"the cube": E**3}}),
    "wrong answer of another shape": (E**3, E, {"wrong": {"the first row": E[0]}}),
    "input": (NUDGE + E * NUDGE, E, {"inputs": {"x": NUDGE + E}}),
    "zero": (changed(np.zeros_like(E), (1, 1), 1e-3), E, {}),
    "factor": (E * 3 * NUDGE, E, {"sizes": SIZES}),
    "negative": (-E * NUDGE, E, {}),
    "offset": (E + 0.25 * NUDGE, E, {}),
    "all equal": (changed(np.full_like(E, 0.2), (1, 1), 0.21), E, {"sizes": SIZES}),
    "absolute": (np.abs(E) * NUDGE, E, {}),
    "cut at zero": (np.maximum(E, 0) + NUDGE - 1, E, {}),
    "square": (E**2 * NUDGE, E, {}),
    "logarithm": (np.log(POSITIVE) * changed(np.ones_like(POSITIVE), 0, 1.01), POSITIVE, {}),
    "transposed": (SQUARE.T * SQUARE_NUDGE, SQUARE, {}),
    "axes": (IMAGE.swapaxes(2, 3) + changed(np.zeros_like(IMAGE), (1, 2, 0, 3), 0.5), IMAGE, {}),
    "reversed": (E[::-1] * NUDGE, E, {}),
    "shifted": (np.vstack([E[2:] * 4, E[:2] * NUDGE[1:]]), E, {}),
    "shifted, two entries that agree by chance": (np.array([1, 2, 1]), np.array([2, 1, 1]), {}),
    "permuted": (E[[1, 0, 2]] * NUDGE, E, {}),
    "fewer than three rows that differ": (E[[1, 0, 0, 0, 1]], E[[0, 0, 1, 1, 0]], {}),
    "a row used twice": (E[[1, 1, 2]][[2, 1, 0]], E, {}),
    "row factors": (POSITIVE * [[2.0], [3.0], [0.3], [1.5]] + np.eye(4, 3), POSITIVE, {}),
    "two rows wrong": (changed(E, ([0, 2], [1, 2]), 9.0), E, {}),
    "where zero": (
        changed(np.maximum(E, 0), ([0, 0, 1, 2], [2, 3, 0, 1]), [-1.0, 5.5, -2.0, 9.5]),
        np.maximum(E, 0),
        {},
    ),
    "left empty": (changed(E, ([0, 1, 2], [1, 2, 0]), [0, 0, 0.1]), E, {}),
    "floor and ceiling": (changed(LABELS, [1, 3], [3, 3]), LABELS, {}),
    "close": (E + 1e-2 * SQUARE.ravel()[0] * np.sign(NUDGE - 1.005), E, {}),
    "mask": (changed(~MASK, (0, 0), True), MASK, {}),
}


@pytest.mark.parametrize(("actual", "expected", "options"), NEAR.values(), ids=NEAR.keys())
def test_near_relation_is_not_told(actual, expected, options):
    """One entry that breaks the relation is enough for silence."""
    assert diagnosis(actual, expected, **options) == ""


TERM = 0.1 * E[::-1, ::-1]
TERM_CLAIMS = {
    1: "Exactly T too much: added twice, or where it does not belong?",
    -1: "Exactly T too little: is it missing?",
    2: "Exactly twice T too much.",
    -2: "Exactly twice T too little: subtracted instead of added?",
    0.5: "Exactly half of T too much.",
    -0.5: "Exactly half of T too little.",
}


@pytest.mark.parametrize(("times", "claim"), TERM_CLAIMS.items())
def test_term_is_told(times, claim):
    """A named term that is missing or counted in wrongly is told, in arrays and in single numbers."""
    assert diagnosis(E + times * TERM, E, terms={"T": TERM}) == claim
    assert message(1.5 + times * 0.3, 1.5, terms={"T": 0.3}).endswith(claim[1:])


def test_term_is_not_told_where_it_is_zero_nearly_fits_or_has_another_shape():
    """A term is claimed only where it explains all."""
    for actual, term in ((E + 1.01 * TERM, TERM), (E * NUDGE, 0 * TERM), (E + TERM, TERM[:, :2])):
        assert diagnosis(actual, E, terms={"T": term}) == ""


def test_term_of_a_row_is_added_to_each_row():
    """A bias may be given as the vector that it is."""
    assert diagnosis(E + TERM[0], E, terms={"the bias b": TERM[0]}).startswith("Exactly the bias b too much")


# A number alone fits many relations: only those that say something are told.


@pytest.mark.parametrize(
    ("actual", "expected", "sizes", "end"),
    [
        (5, 4, {}, "got 5: exactly 1 too large."),
        (3, 4, {}, "got 3: exactly 1 too small."),
        (2, 1, {}, "got 2: exactly 1 too large."),
        (6, 4, {"N": 3}, "got 6."),
        (12, 4, {"N": 3}, "got 12: exactly 3 times too large, and N = 3."),
        (12, 4, {}, "got 12."),
        (3, 0.6, {"N": 5}, "got 3: exactly 5 times too large, and N = 5."),
        (0.5, 1.0, {}, "got 0.5: exactly 2 times too small."),
        (-1.5, 1.5, {}, "got -1.5: exactly the negative: the sign is flipped."),
        (0.25, 0.75, {}, "got 0.25: 1 minus the expected one."),
        (3.7, 1.5, {}, "got 3.7."),
        (1.0, 0.0, {"N": 3}, "got 1: exactly 1 too large."),
        (0.0, 1.5, {"N": 3}, "got 0."),
    ],
)
def test_single_number(actual, expected, sizes, end):
    """For a number alone only what can hardly be chance is told."""
    assert message(actual, expected, sizes=sizes).endswith(end)


def test_factor_needs_more_than_one_entry_to_speak():
    """One number beside zeros has every factor."""
    expected = np.array([0.0, 0.0, 1.7, 0.0])
    assert diagnosis(3 * expected, expected, sizes=SIZES) == ""


def test_factor_is_not_named_where_all_expected_entries_are_alike():
    """Between constants a factor and an offset are the same."""
    assert diagnosis(np.full(4, 0.77), np.ones(4)) == ""


def test_shift_is_not_told_where_it_moves_nothing():
    """Rows that are alike look shifted in both directions."""
    rows_alike = np.tile(E[0], (4, 1))
    assert diagnosis(changed(rows_alike, 0, E[1]), rows_alike) == "Only row 0, the first, is wrong."


def test_loose_tolerance_does_not_loosen_the_diagnosis():
    """3.02 is not N = 3, however tolerant the test is."""
    assert diagnosis(E * 3.02, E, rtol=0.5, sizes=SIZES) == "Every entry is 3.02 times the expected one."


def test_constant_whole_numbers_are_off_by_one_and_no_exponential():
    """exp(0) is 1, but that is not what happened."""
    assert diagnosis(np.ones(3), np.zeros(3)) == "Every entry is exactly 1 too large."


def test_a_constant_input_is_not_claimed():
    """An array of ones equals many things."""
    assert diagnosis(np.ones_like(E), E, inputs={"x": np.ones_like(E)}) == "Every entry is the same, 1."


# Shapes.


@pytest.mark.parametrize(
    ("actual", "expected", "remark"),
    [
        ((5, 3), (3, 5), "transposed?"),
        ((2, 4, 4, 3), (2, 3, 4, 4), "axes in another order?"),
        ((4, 2, 3), (2, 3, 4), "axes in the order (2, 0, 1)?"),
        ((3, 1), (3,), "an axis of length 1 too many"),
        ((3,), (1, 3), "an axis of length 1 is missing"),
        ((1,), (), "an axis of length 1 too many"),
        ((3, 5), (5,), "axis 0 was not summed or averaged away"),
        ((3,), (3, 5), "axis 1 is missing"),
        ((15,), (3, 5), "flattened?"),
        ((5, 6), (3, 10), "the same number of entries, arranged otherwise"),
        ((), (3, 5), "a single number"),
        ((3, 5), (), "not reduced to one number?"),
        ((0, 5), (3, 5), "an empty array"),
        ((2, 3, 4, 6), (3, 5), "4 axes instead of 2"),
        ((5,), (3, 4), "1 axis instead of 2"),
        ((3, 4), (3, 5), "axis 1 is one entry too short"),
        ((6,), (5,), "one entry too long"),
        ((9, 5), (3, 5), "only axis 0 differs"),
    ],
)
def test_shape_remark(actual, expected, remark):
    """Each way in which shapes relate has its words."""
    text = message(np.zeros(actual), np.ones(expected))
    assert text.split("\n")[0].rstrip(".").endswith(remark)
    assert compare(np.zeros(actual), np.ones(expected), what="y").kind is Kind.SHAPE


def test_shape_without_a_remark():
    """Shapes that do not relate are only told."""
    assert message(np.zeros((4, 7)), np.ones((3, 5))) == "y: expected shape (3, 5), got shape (4, 7)."
    assert message(np.zeros(9), np.ones(5)) == "y: expected shape (5,), got shape (9,)."


def test_wrong_shape_of_a_known_wrong_answer_is_named():
    """A known wrong answer is named also where its shape is wrong."""
    text = message(E.sum(axis=1), E[0], wrong={"the sum over the wrong axis": E.sum(axis=1)})
    assert text.endswith("Its values are those of the sum over the wrong axis.")


def test_wrong_shape_with_wrong_values_claims_no_right_values():
    """The values are called right only where they are."""
    assert "right" not in message(E.T + 1, E)


def test_shape_mismatch_alone():
    """The shape can be judged without the values."""
    assert shape_mismatch(MASK, (4, 4), what="y") is None
    assert shape_mismatch(1.5, (), what="y") is None
    assert shape_mismatch(E, (4, 3), what="y", hint="h").message == (
        "y: expected shape (4, 3), got shape (3, 4): transposed?\nHint: h"
    )
    assert shape_mismatch("text", (4, 3), what="y").kind is Kind.TYPE
    assert shape_mismatch(E + 0j, (3, 4), what="y").kind is Kind.DTYPE


# What passes and what does not.


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        (3, 3.0),
        (np.float32(0.5), 0.5),
        (np.array(0.5), 0.5),
        (torch.tensor(0.5), 0.5),
        (torch.tensor([0.5, 2.0], dtype=torch.bfloat16), [0.5, 2.0]),
        (torch.nn.Parameter(torch.tensor([0.5, 2.0])), [0.5, 2.0]),
        (0.5, torch.tensor(0.5)),
        (np.array([0, 1], dtype=np.uint8), [0.0, 1.0]),
        (np.array([1.0, np.nan, np.inf]), [1.0, np.nan, np.inf]),
        (E[::-1, ::-2], E[::-1, ::-2].copy()),
        (np.empty((0, 3)), np.empty((0, 3))),
        (1.0 + 1e-7, 1.0),
        (MASK, MASK.tolist()),
        (True, True),
        (2**80, 2.0**80),
    ],
)
def test_passes(actual, expected):
    """What is right in another guise is right."""
    assert compare(actual, expected, what="y") is None


class Equal:
    """Says yes to every comparison and has a value to show."""

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0

    def __repr__(self) -> str:
        raise AssertionError("the repr of an unknown object was asked for")

    def __array__(self, *args: object, **kwargs: object) -> np.ndarray:
        return E

    @property
    def __class__(self):
        return np.ndarray


class Subclass(np.ndarray):
    """May do anything when it is used."""


@pytest.mark.parametrize(
    ("actual", "expected", "why"),
    [
        (np.nan, 1.0, Kind.VALUE),
        (1.0, np.nan, Kind.VALUE),
        ([np.nan], [np.nan], Kind.TYPE),
        (np.array([-np.inf]), [np.inf], Kind.VALUE),
        (np.array([1e308]), [np.inf], Kind.VALUE),
        (np.array([]), E, Kind.SHAPE),
        (np.array(1.0), np.ones(3), Kind.SHAPE),
        (1.0, np.ones((1, 1)), Kind.SHAPE),
        (np.ones((3, 1)), np.ones(3), Kind.SHAPE),
        (np.broadcast_to(np.float64(1), (2**30, 2**29)), np.ones(3), Kind.SHAPE),
        (E + 0j, E, Kind.DTYPE),
        (1j, 1.0, Kind.DTYPE),
        (E.astype(object), E, Kind.DTYPE),
        (E.astype(str), E, Kind.DTYPE),
        (np.ones(3, dtype=bool), np.ones(3), Kind.DTYPE),
        (np.ones(3), np.ones(3, dtype=bool), Kind.DTYPE),
        (np.zeros(3, dtype=[("a", float)]), np.zeros(3), Kind.DTYPE),
        (np.zeros(3, dtype="m8[s]"), np.zeros(3), Kind.DTYPE),
        (Equal(), E, Kind.TYPE),
        (E.view(Subclass), E, Kind.TYPE),
        (np.ma.masked_array(E, mask=True), E, Kind.TYPE),
        (E.tolist(), E, Kind.TYPE),
        (torch.ones(3).to_sparse(), np.ones(3), Kind.TYPE),
        ("1.0", 1.0, Kind.TYPE),
        ({}, 1.0, Kind.TYPE),
        (2**53 + 1, 2**53, Kind.VALUE),
        (10**400, 1.0, Kind.VALUE),
        (-(10**400), np.inf, Kind.VALUE),
        (np.array([1_000_001]), np.array([1_000_000]), Kind.VALUE),
        (1.0 + 1e-5, 1.0, Kind.VALUE),
    ],
)
def test_does_not_pass(actual, expected, why):
    """What a sloppy comparison would let through."""
    assert kind(actual, expected) is why


def test_integers_within_an_absolute_tolerance_that_the_grader_chose():
    """Whole numbers are exact unless the grader says otherwise."""
    assert compare(7, 5, what="y", atol=2) is None
    assert compare(8, 5, what="y", atol=2) is not None


@pytest.mark.parametrize("name", ["expected", "wrong", "inputs", "terms"])
def test_grader_that_gives_no_numbers_is_told_so(name):
    """A slip of the grader shows at once, whatever the student did."""
    given_values = {"expected": E} | ({name: "text"} if name == "expected" else {name: {"x": [[1], [2, 3]]}})
    with pytest.raises(AutograderError) as caught:
        compare(E, what="softmax", **given_values)
    assert str(caught.value) == (
        "softmax: the expected value holds no real numbers. "
        "Compare with a number, an array, a tensor or a nested list of numbers."
    )


# Samples.


def test_sample_names_the_place_in_the_whole_array():
    """The index is that of the whole array."""
    places = np.array([0, 5, 11])
    assert compare_at(E, E.ravel()[places], places, E.shape, what="y") is None
    actual = changed(E, (1, 1), 9.0)
    assert compare_at(actual, E.ravel()[places], places, E.shape, what="y").message == (
        "y: 1 of 3 entries looked at differs.\nFirst at [1, 1]: expected 0.3, got 9."
    )


def test_sample_knows_factors_terms_and_wrong_answers_but_no_neighbours():
    """A sample has no rows and no order to speak of."""
    places = np.array([0, 3, 5, 7, 11])
    right = E.ravel()[places]

    def told(actual: np.ndarray, **known: object) -> str:
        return compare_at(actual, right, places, E.shape, what="y", **known).message.split("\n")[2]

    assert told(E * 3, sizes=SIZES) == "Every entry is exactly 3 times too large, and N = 3."
    assert told(E + TERM, terms={"T": TERM, "another shape": TERM[0]}).startswith("Exactly T too much")
    assert told(E**3, wrong={"the cube": E**3}) == "That is the cube."
    assert told(np.full_like(E, np.nan)) == "Every entry is nan."
    assert len(compare_at(E[::-1], right, places, E.shape, what="y").message.split("\n")) == 2


def test_sample_of_something_else():
    """Type and shape are judged before the sample."""
    places = np.array([0])
    assert compare_at(None, np.ones(1), places, (3, 4), what="y").kind is Kind.TYPE
    assert compare_at(E.T, np.ones(1), places, (3, 4), what="y").message.endswith("transposed?")


# How values are shown.


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1.386294, "1.386"),
        (2 / 3, "0.6667"),
        (3.0, "3"),
        (-0.0, "0"),
        (123456.78, "123457"),
        (1.5e-12, "1.5e-12"),
        (1e300, "1e+300"),
        (np.nan, "nan"),
        (-np.inf, "-inf"),
        (7, "7"),
        (True, "True"),
    ],
)
def test_show(number, text):
    """Four digits, whole numbers in full."""
    assert show(number) == text


def test_pair_has_just_enough_digits():
    """Two numbers are shown so that they look different."""
    assert show_pair(1.0, 1.00002) == ("1", "1.00002")
    assert show_pair(0.1, 0.1 + 1e-16) == ("0.1", "0.1 (off by 1e-16)")


class Rude:
    """Leaves the program when anything at all is asked of it."""

    def __getattribute__(self, name: str) -> object:
        raise SystemExit(name)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "None"),
        (True, "a bool"),
        (2.0, "a number"),
        (np.float32(2), "a number"),
        ("x" * 10**6, "text (a str)"),
        ([], "an empty list"),
        ([[1, 2]], "a list of numbers"),
        ((np.ones(2), 3), "a tuple of length 2"),
        ({}, "a dict"),
        (E, "an array of shape (3, 4)"),
        (torch.ones(2, 3), "a tensor of shape (2, 3)"),
        (handle("TwoLayerNet"), "an object of type TwoLayerNet"),
        (handle("\x1b[31m" + "x" * 99), "an object of type ?[31m" + "x" * 35 + "..."),
        (handle(7), "an object of type Handle"),
        (Equal(), "an object of type Equal"),
    ],
)
def test_describe(value, words):
    """Each kind of value has its words, and none is asked for its repr."""
    assert describe(value) == words


def test_describe_asks_an_object_nothing():
    """No method of an unknown object is called."""
    assert describe(Rude()) == "an object of type Rude"


def test_describe_ends_on_a_list_that_holds_itself():
    """A list that holds itself has an end."""
    loop: list[object] = []
    loop.append(loop)
    assert describe(loop) == "a list of length 1"


def test_small_helpers():
    """Texts have limits, dtypes have names."""
    assert show_shape((1,) * 9) == "(1, 1, 1, 1, 1, 1, 1, 1, ...)"
    assert clean("a\nb") == "a?b"
    assert dtype_name(torch.ones(1, dtype=torch.bfloat16)) == "bfloat16"
    assert dtype_name(1.0) == "float64"
    assert dtype_name("x") == ""
    assert to_array(Equal()) is None


# Properties.

SHAPES = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)
FLOATS = hnp.arrays(np.float64, SHAPES, elements=st.floats(allow_nan=True, allow_infinity=True))
FINITE = hnp.arrays(np.float64, SHAPES, elements=st.floats(-1e6, 1e6))
ANY_ARRAY = hnp.arrays(hnp.scalar_dtypes(), SHAPES)
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.complex_numbers() | st.text() | st.binary()
)
PLAIN = st.recursive(
    SCALARS | ANY_ARRAY | FLOATS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None)
@given(FLOATS | hnp.arrays(hnp.integer_dtypes() | hnp.boolean_dtypes(), SHAPES))
def test_a_value_equals_itself(array):
    """Everything equals itself, with nan, without tolerance, read-only and reversed."""
    assert compare(array, array.copy(), what="y", rtol=0, atol=0) is None
    array.flags.writeable = False
    assert (
        compare(
            array[..., ::-1] if array.ndim else array, array[..., ::-1] if array.ndim else array, what="y"
        )
        is None
    )


@settings(max_examples=150, deadline=None)
@given(FINITE, st.data(), st.sampled_from([2.0, -2.0, np.nan, np.inf]))
def test_a_difference_above_the_tolerance_fails(array, data, push):
    """One entry beyond the tolerance is seen, wherever it is."""
    if array.size == 0:
        return
    place = data.draw(st.integers(0, array.size - 1))
    wrong = array.copy()
    wrong.flat[place] += push * (1e-9 + 1e-6 * abs(array.flat[place]))
    mismatch = compare(wrong, array, what="y")
    assert isinstance(mismatch, Mismatch)
    assert mismatch.kind is Kind.VALUE


@settings(max_examples=200, deadline=None)
@given(PLAIN, FLOATS | hnp.arrays(np.int64, SHAPES) | hnp.arrays(bool, SHAPES))
def test_any_plain_value_gets_an_answer(actual, expected):
    """No plain value breaks the comparison, warns or gets a long message."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mismatch = compare(actual, expected, what="y", sizes={"N": 2, "C": 3}, inputs={"x": expected})
    assert mismatch is None or len(mismatch.message) < 600


@settings(max_examples=200, deadline=None)
@given(st.data(), st.sampled_from([np.float64, np.float32, np.int64, np.bool_]))
def test_any_two_arrays_of_one_shape_get_an_answer(data, dtype):
    """No pair of arrays breaks the diagnosis."""
    shape = data.draw(hnp.array_shapes(min_dims=0, max_dims=4, max_side=4))
    small = st.sampled_from([0, 1, 2, 3]) if dtype is not np.bool_ else st.booleans()
    elements = small if data.draw(st.booleans()) else None
    actual, expected = (data.draw(hnp.arrays(dtype, shape, elements=elements)) for _ in range(2))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mismatch = compare(
            actual, expected, what="y", sizes={"N": 2}, terms={"T": expected}, wrong={"W": expected}
        )
    assert mismatch is None or mismatch.kind is Kind.VALUE


def test_large_arrays_are_explained_in_reasonable_time():
    """Two million entries are explained within seconds."""
    rng = np.random.default_rng(0)
    expected = rng.normal(size=(1000, 2000))
    start = time.perf_counter()
    assert diagnosis(rng.normal(size=(1000, 2000)), expected, sizes=SIZES) == ""
    assert time.perf_counter() - start < 5
    assert (
        diagnosis(expected * 3, expected, sizes=SIZES)
        == "Every entry is exactly 3 times too large, and N = 3."
    )
    assert diagnosis(changed(expected * 3, (7, 7), 0), expected, sizes=SIZES) == ""
