"""Relations between the numbers: named wrong answers, terms, factors, offsets, functions.

For `diagnosis` only. Each relation gives a clause, or "" where it does not hold.
It is claimed where it holds at every entry within the tolerance and says
something: that actual and expected differ is known.
"""

from collections.abc import Callable, Iterator
from itertools import combinations, permutations

import numpy as np

from autograder.compare.case import Case, Floats
from autograder.compare.values import Array, show, to_array

__all__ = [
    "all_equal", "all_zero", "any_factor", "equals_input", "factor_per_slice", "function_of", "known_wrong",
    "named_factor", "nearly_right", "off_by_term", "offset", "plain", "whole_factor", "wrong_by_one",
]


def known_wrong(case: Case) -> str:
    for name, value in case.known.wrong.items():
        array = plain(value)
        if array is not None and case.same(array):
            return f"that is {name}"
    return ""


def equals_input(case: Case) -> str:
    for name, value in case.known.inputs.items():
        array = plain(value)
        if array is not None and case.same(array) and (array.ndim == 0 or not _constant(array)):
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
    for name, value in case.known.terms.items():
        term = plain(value)
        if term is None or not np.any(np.abs(term) > case.atol):
            continue
        for times, clause in _TERM_CLAUSES.items():
            if case.same(case.expected + times * term):
                return clause.format(name)
    return ""


def plain(value: object) -> Floats | None:
    """A value of the test's own as float64, None where it holds no numbers."""
    array = to_array(value)
    array = np.asarray(value) if array is None else array
    return array.astype(np.float64) if array.dtype.kind in "biuf" else None


def named_factor(case: Case) -> str:
    """A factor that has a name: a size, its inverse, 2, 1/2 or -1."""
    factor = _factor(case)
    if factor is None:
        return ""
    times, direction = _times(factor)
    names = _names_of(times, case)
    if factor == -1:
        return f"{case.each}exactly the negative: the sign is flipped"
    if not names and times != 2:
        return ""
    return f"{_factor_clause(case, factor, times, direction)}{names}"


def whole_factor(case: Case) -> str:
    """A factor that is a whole number, or one divided by it. Whole numbers often are, by chance."""
    factor = _factor(case)
    if factor is None or (case.whole and case.actual.ndim == 0):
        return ""
    times, direction = _times(factor)
    return _factor_clause(case, factor, times, direction) if times.is_integer() else ""


def any_factor(case: Case) -> str:
    """Any factor, where at least three entries that are not all alike agree on it."""
    factor = _factor(case)
    told = case.expected[np.abs(case.expected) > case.atol]
    if factor is None or told.size < 3 or _constant(np.abs(told)):
        return ""
    return f"{case.each}the expected one times {show(factor)}"


def _factor(case: Case) -> float | None:
    """The factor between actual and expected, rounded to the nearest one that is simple."""
    expected = np.where(np.isfinite(case.expected), case.expected, 0.0)
    largest = int(np.argmax(np.abs(expected)))
    top, got = float(expected.flat[largest]), float(case.actual.flat[largest])
    if abs(top) <= case.atol or abs(got) <= case.atol or not np.isfinite(got):
        return None
    factor = _simple(got / top, case)
    return factor if case.same(case.expected * factor) else None


def _simple(factor: float, case: Case) -> float:
    times, direction = _times(factor)
    near = max(10 * case.rtol, 1e-9)
    for value in [*(value for value, _ in _sizes(case)), round(times)]:
        if abs(times - value) <= near * times and value < 1e6:
            return float(np.sign(factor) * (value if direction == "large" else 1 / value))
    return factor


def _times(factor: float) -> tuple[float, str]:
    """How many times too large or too small; a rounding error beside a whole number is dropped."""
    times = max(abs(factor), 1 / abs(factor))
    times = round(times) if abs(times - round(times)) < 1e-9 * times else times
    return float(times), "large" if abs(factor) > 1 else "small"


def _factor_clause(case: Case, factor: float, times: float, direction: str) -> str:
    sign = " and of the wrong sign" if factor < 0 else ""
    return f"{case.each}exactly {show(times)} times too {direction}{sign}"


def _names_of(times: float, case: Case) -> str:
    """ ", and N = 3": the first kind of name that fits, all of that kind if several do."""
    for value, _ in _sizes(case):
        if value == times or abs(value - times) <= 1e-9 * times:
            names = [name for other, name in _sizes(case) if abs(other - value) <= 1e-9 * times]
            simple = [name for name in names if len(name.split()) == 1] or names[:1]
            return f", and {' = '.join(simple)} = {show(times)}"
    return ""


def _sizes(case: Case) -> Iterator[tuple[float, str]]:
    """Numbers above 1 that have a name: N, then N * C, sqrt(N), N / C and N / (N - 1)."""
    sizes = {name: float(n) for name, n in case.known.sizes.items() if n > 1}
    yield from ((n, name) for name, n in sizes.items())
    if case.whole:  # small whole numbers are products and ratios of each other by chance
        return
    pairs = list(combinations(sizes, 2))
    yield from ((sizes[a] * sizes[b], f"{a} * {b}") for a, b in pairs)
    yield from ((n**0.5, f"sqrt({name})") for name, n in sizes.items())
    yield from ((sizes[a] / sizes[b], f"{a} / {b}") for a, b in permutations(sizes, 2) if sizes[a] > sizes[b])
    yield from ((n / (n - 1), f"{name} / ({name} - 1)") for name, n in sizes.items() if n > 2)


def factor_per_slice(case: Case) -> str:
    """Each row, or each column, right up to a factor of its own: normalised wrongly."""
    if case.actual.ndim != 2 or min(case.actual.shape) < 3 or np.any(~np.isfinite(case.expected)):
        return ""
    for axis, word in ((1, "row"), (0, "column")):
        norm = np.sum(case.expected**2, axis=axis, keepdims=True)
        factor = np.sum(case.actual * case.expected, axis=axis, keepdims=True) / norm
        if np.all(np.abs(factor) > 1e-3) and case.same(case.expected * factor):
            return f"each {word} is right up to a factor of its own: wrongly normalised?"
    return ""


def offset(case: Case) -> str:
    """One constant too much at every entry; for a single number, only by one and only if whole."""
    step = float(np.median(case.actual - case.expected))
    step = float(round(step)) if abs(step - round(step)) <= case.atol else step
    if not np.isfinite(step) or not case.same(case.expected + step):
        return ""
    by_one = case.whole and abs(step) == 1
    if not by_one and (case.actual.size < 3 or _constant(case.expected)):
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
    """A well-known function of the expected value; a single whole number is one too often by chance."""
    if case.actual.ndim == 0 and case.whole:
        return ""
    for words, function in _FUNCTIONS:
        if case.same(function(case.expected)):
            return f"{case.each}{words}"
    if case.same(case.expected, np.abs(case.actual)) and case.actual.ndim:
        return "right but for the signs"
    return ""


def all_zero(case: Case) -> str:
    return "every entry is 0" if not case.actual.any() else ""


def all_equal(case: Case) -> str:
    value = float(case.actual.flat[0])
    if case.actual.size < 3 or not _constant(case.actual) or _constant(case.expected):
        return ""
    times, direction = _times(value)
    name = _names_of(times, case).removeprefix(", and ").rpartition(" = ")[0]
    if value < 0 or not name:
        return f"every entry is the same, {show(value)}"
    return f"every entry is the same, {show(value)}, which is {'' if direction == 'large' else '1 / '}{name}"


def _constant(values: Array) -> bool:
    return values.size > 0 and bool(np.all(values == values.flat[0]))


def nearly_right(case: Case) -> str:
    """Close everywhere, as with a forgotten or another epsilon, or with less precision."""
    error = float(np.max(np.abs(case.actual - case.expected) / np.abs(case.expected), initial=0.0))
    if not 0 < error < 1e-3:
        return ""
    subject = "no entry is off by more than" if case.actual.ndim else "it is off by"
    return f"close, but not equal: {subject} {error * 100:.1g} %"
