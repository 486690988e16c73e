"""Relations between the numbers: named wrong answers, terms, factors, offsets, functions.

For `diagnosis` only. Each relation gives a clause, or "" where it does not hold.
It is claimed where it holds at every entry within the tolerance and says
something: that actual and expected differ is known.
"""

import math
from collections.abc import Callable, Iterator
from itertools import combinations, permutations

import numpy as np

from autograder.compare.case import Case, Floats, constant
from autograder.compare.values import show

__all__ = [
    "all_equal",
    "all_zero",
    "any_factor",
    "equals_input",
    "factor_per_slice",
    "function_of",
    "known_wrong",
    "named_factor",
    "nearly_right",
    "off_by_term",
    "offset",
    "whole_factor",
    "wrong_by_one",
]


def known_wrong(case: Case) -> str:
    """A well-known wrong answer, told by name."""
    for name, value in case.known.wrong.items():
        if case.same(value):
            return f"that is {name}"
    return ""


def equals_input(case: Case) -> str:
    """An input handed back. A constant array says too little to be claimed."""
    for name, value in case.known.inputs.items():
        if case.same(value) and (value.ndim == 0 or not constant(value)):
            return f"it equals the input {name}"
    return ""


_TERM_CLAUSES = {
    1.0: "exactly {} too much: added twice, or where it does not belong?",
    -1.0: "exactly {} too little: is it missing?",
    2.0: "exactly twice {} too much",
    -2.0: "exactly twice {} too little: subtracted instead of added?",
    0.5: "exactly half of {} too much",
    -0.5: "exactly half of {} too little",
}


def off_by_term(case: Case) -> str:
    """A named term missing, too much, or half or twice as large as it should be."""
    for name, term in case.known.terms.items():
        if term.ndim and term.shape != case.actual.shape[-term.ndim :]:
            continue
        for times, clause in _TERM_CLAUSES.items():
            if np.any(np.abs(term) > case.atol) and case.same(case.expected + times * term):
                return clause.format(name)
    return ""


def named_factor(case: Case) -> str:
    """A factor that has a name: a size, its inverse, 2, 1/2 or -1."""
    factor = _factor(case)
    if factor is None:
        return ""
    if factor == -1:
        return f"{case.each}exactly the negative: the sign is flipped"
    times, names = _times(factor), _names_of(_times(factor), case)
    by_one = case.whole and np.all(np.abs(case.actual - case.expected) == 1)  # 2 for 1: one more or twice?
    return f"{_factor_clause(case, factor)}{names}" if names or (times == 2 and not by_one) else ""


def whole_factor(case: Case) -> str:
    """A factor that is a whole number, or one divided by it; whole numbers alike have one by chance."""
    factor = _factor(case)
    if factor is None or not _times(factor).is_integer() or (case.whole and constant(case.expected)):
        return ""
    return _factor_clause(case, factor)


def any_factor(case: Case) -> str:
    """Any factor, where at least three entries that are not all alike agree on it."""
    factor = _factor(case)
    told = case.expected[np.abs(case.expected) > case.atol]
    if factor is None or abs(factor - 1) < 1e-3 or told.size < 3 or constant(np.abs(told)):
        return ""
    return f"{case.each}{show(factor)} times the expected one"


def _factor(case: Case) -> float | None:
    """The factor between actual and expected, rounded to the nearest one that is simple."""
    expected = np.where(np.isfinite(case.expected), case.expected, 0.0)
    if np.count_nonzero(np.abs(expected) > case.atol) < min(2, expected.size):
        return None
    largest = int(np.argmax(np.abs(expected)))
    factor = float(case.actual.flat[largest]) / float(expected.flat[largest])
    if not 1e-6 < abs(factor) < 1e6:
        return None
    factor = _simple(factor, case)
    return factor if case.same(case.expected * factor) else None


def _simple(factor: float, case: Case) -> float:
    times, near = _times(factor), max(10 * case.rtol, 1e-9)
    for value in [*(value for value, _ in _sizes(case)), float(round(times))]:
        if abs(times - value) <= near * times:
            return math.copysign(value if abs(factor) > 1 else 1 / value, factor)
    return factor


def _times(factor: float) -> float:
    """How many times too large or too small; a rounding error beside a whole number is dropped."""
    times = max(abs(factor), 1 / abs(factor))
    return float(round(times)) if times < 1e6 and abs(times - round(times)) < 1e-9 * times else times


def _factor_clause(case: Case, factor: float) -> str:
    direction = "large" if abs(factor) > 1 else "small"
    sign = " and of the wrong sign" if factor < 0 else ""
    times = _times(factor)
    exactly = "exactly " if times.is_integer() else ""
    return f"{case.each}{exactly}{show(times)} times too {direction}{sign}"


def _names_of(times: float, case: Case) -> str:
    """The end of a clause, such as ", and N = 3"; all sizes that fit, or the first number made of them."""
    names = [name for value, name in _sizes(case) if abs(value - times) <= 1e-9 * times]
    told = [name for name in names if name in case.known.sizes] or names[:1]
    return f", and {' = '.join(told)} = {show(times)}" if told else ""


def _sizes(case: Case) -> Iterator[tuple[float, str]]:
    """Numbers above 1 that have a name: N, then N * C, sqrt(N), N / C and N / (N - 1)."""
    sizes = {name: float(n) for name, n in case.known.sizes.items() if n > 1}
    yield from ((n, name) for name, n in sizes.items())
    if case.whole:  # small whole numbers are products and ratios of each other by chance
        return
    yield from ((sizes[a] * sizes[b], f"{a} * {b}") for a, b in combinations(sizes, 2))
    yield from ((n**0.5, f"sqrt({name})") for name, n in sizes.items())
    yield from ((sizes[a] / sizes[b], f"{a} / {b}") for a, b in permutations(sizes, 2) if sizes[a] > sizes[b])
    yield from ((n / (n - 1), f"{name} / ({name} - 1)") for name, n in sizes.items() if n > 2)


def factor_per_slice(case: Case) -> str:
    """Each row, or each column, right up to a factor of its own: normalised wrongly."""
    if case.actual.ndim != 2 or case.whole:
        return ""
    for axis, word in ((1, "row"), (0, "column")):
        if np.min(np.count_nonzero(np.abs(case.expected) > case.atol, axis=axis)) < 3:
            continue
        norm = np.sum(case.expected**2, axis=axis, keepdims=True)
        factor = np.sum(case.actual * case.expected, axis=axis, keepdims=True) / norm
        if np.all(np.abs(factor) > 1e-3) and case.same(case.expected * factor):
            return f"each {word} is right up to a factor of its own: wrongly normalised?"
    return ""


def offset(case: Case) -> str:
    """One constant too much at every entry; for a single number, only by one and only if whole."""
    step = float(np.median(case.actual - case.expected))
    if not math.isfinite(step):
        return ""
    step = float(round(step)) if abs(step - round(step)) <= case.atol else step
    if not case.same(case.expected + step):
        return ""
    by_one = case.whole and abs(step) == 1
    if not by_one and (case.actual.size < 3 or constant(case.expected)):
        return ""
    return f"{case.each}exactly {show(abs(step))} too {'large' if step > 0 else 'small'}"


def wrong_by_one(case: Case) -> str:
    """Whole numbers that are wrong by one in one direction, as with floor and ceiling."""
    difference = case.actual[case.bad] - case.expected[case.bad]
    if not case.whole or difference.size < 2 or not np.all(difference == difference[0]):
        return ""
    return {1: "each wrong entry is 1 too large", -1: "each wrong entry is 1 too small"}.get(
        difference[0], ""
    )


_FUNCTIONS: tuple[tuple[str, Callable[[Floats], Floats]], ...] = (
    ("the absolute value of the expected one", np.abs),
    ("the expected one with negative numbers cut to 0", lambda e: np.maximum(e, 0)),
    ("the square of the expected one", np.square),
    ("the square root of the expected one", np.sqrt),
    ("the logarithm of the expected one", np.log),
    ("the exponential of the expected one", np.exp),
    ("1 minus the expected one", lambda e: 1 - e),
)


def function_of(case: Case) -> str:
    """A well-known function of the expected value. A whole number alone is one too often by chance."""
    if case.whole and constant(case.expected):
        return ""
    for words, function in _FUNCTIONS:
        if case.same(function(case.expected)):
            return f"{case.each}{words}"
    if case.actual.ndim and case.same(np.abs(case.expected), np.abs(case.actual)):
        return "right but for the sign of some entries"
    return ""


def all_zero(case: Case) -> str:
    """Nothing but zeros where other numbers are expected."""
    return "every entry is 0" if not case.actual.any() else ""


def all_equal(case: Case) -> str:
    """One number everywhere, told as 1 / C where it is."""
    value = float(case.actual.flat[0])
    if case.actual.size < 3 or not constant(case.actual) or constant(case.expected):
        return ""
    name = _names_of(_times(value), case).removeprefix(", and ").rpartition(" = ")[0]
    if value < 0 or not name:
        return f"every entry is the same, {show(value)}"
    return f"every entry is the same, {show(value)}, which is {'' if value > 1 else '1 / '}{name}"


def nearly_right(case: Case) -> str:
    """Close everywhere, as with a forgotten or another epsilon, or with less precision."""
    actual, expected = case.actual[case.bad], case.expected[case.bad]
    error = float(np.max(np.abs(actual - expected) / np.abs(expected)))
    if case.whole or not error < 1e-3:
        return ""
    subject = "no entry is off by more than about" if case.actual.ndim else "off by about"
    return f"close, but not equal: {subject} {error * 100:.1g} %"
