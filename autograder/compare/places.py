"""Relations between places: right numbers elsewhere, and where the wrong ones stand.

For `diagnosis` only; the rules of `factors` hold here too.
"""

from itertools import combinations, permutations

import numpy as np
from numpy.typing import NDArray

from autograder.compare.case import Case, Floats, close, constant, index_of

__all__ = [
    "all_alike",
    "inverted",
    "not_finite",
    "one_slice",
    "only_zeros_wrong",
    "permuted_axes",
    "permuted_rows",
    "reversed_axes",
    "shifted",
    "wrong_ones_are_zero",
]

_MAX_PAIRS = 1_000_000  # entries compared to find rows in another order


def permuted_axes(case: Case) -> str:
    """The transpose of a square matrix, and its like up to four axes."""
    ndim = case.actual.ndim
    if not 2 <= ndim <= 4:
        return ""
    for order in list(permutations(range(ndim)))[1:]:
        moved = case.expected.transpose(order)
        if case.same(moved):
            return (
                "the right values, transposed"
                if ndim == 2
                else f"the right values, axes in the order {order}"
            )
    return ""


def reversed_axes(case: Case) -> str:
    """Reversed along one or two axes, as with a flipped kernel."""
    ndim = case.actual.ndim
    if not 1 <= ndim <= 4:
        return ""
    axes: list[tuple[int, ...]] = [(k,) for k in range(ndim)]
    axes += combinations(range(ndim), 2)
    for some in axes:
        if case.same(np.flip(case.expected, some)):
            return _reversed_clause(ndim, some)
    return ""


def _reversed_clause(ndim: int, axes: tuple[int, ...]) -> str:
    if ndim == 1:
        return "the right values in reverse order"
    if ndim == 2 and len(axes) == 1:
        return f"the right {('rows', 'columns')[axes[0]]} in reverse order"
    return f"the right values, reversed along axis {' and axis '.join(map(str, axes))}"


def shifted(case: Case) -> str:
    """All but the border found one place further along an axis, where that moves anything."""
    for axis in range(min(case.actual.ndim, 4)):
        if case.actual.shape[axis] < 3:
            continue
        actual, expected = np.moveaxis(case.actual, axis, 0), np.moveaxis(case.expected, axis, 0)
        if case.same(expected[1:], expected[:-1]):
            continue
        for sign, moved, right in (("+", actual[1:], expected[:-1]), ("-", actual[:-1], expected[1:])):
            if _tells(right) and case.same(right, moved):
                return _shifted_clause(case.actual.ndim, axis, sign)
    return ""


def _tells(values: Floats) -> bool:
    """Enough entries that they hardly agree by chance."""
    return values.size >= 8 or np.unique(values).size >= 3


def _shifted_clause(ndim: int, axis: int, sign: str) -> str:
    word = "index" if ndim > 2 else _word(ndim, axis)
    along = f" along axis {axis}" if ndim > 2 else ""
    return f"shifted by one{along}: the right {word} i is your {word} i {sign} 1"


def permuted_rows(case: Case) -> str:
    """The right rows in another order, where at least three differ."""
    n = case.actual.shape[0]
    if n < 3 or n * case.actual.size > _MAX_PAIRS:
        return ""
    actual, expected = case.actual.reshape(n, -1), case.expected.reshape(n, -1)
    alike = np.all(close(actual[:, None], expected[None], case.rtol, case.atol), axis=2)
    if len(np.unique(expected, axis=0)) < 3 or not _matching(alike):
        return ""
    return f"the right {'rows' if case.actual.ndim > 1 else 'values'} in another order"


def _matching(alike: NDArray[np.bool_]) -> bool:
    """True where each row can be given a column of its own."""
    free = np.ones(len(alike), dtype=bool)
    for row in alike:
        fits = np.flatnonzero(row & free)
        if fits.size == 0:
            return False
        free[fits[0]] = False
    return True


def _word(ndim: int, axis: int) -> str:
    return "entry" if ndim == 1 else ("row", "column")[axis]


def not_finite(case: Case) -> str:
    """Where nan or an infinity stands and should not, and whether the rest is right."""
    odd = case.bad & ~np.isfinite(case.actual)
    count = int(np.count_nonzero(odd))
    if count == 0:
        return ""
    words = _odd_words(case.actual[odd])
    if count == case.actual.size:
        return f"every entry is {words}"
    rest = "" if np.any(case.bad & ~odd) else "; all others are right"
    place = "" if not case.places else f", the first at {index_of(odd)}"
    return f"{count} {'entry is' if count == 1 else 'entries are'} {words}{place if count > 1 else ''}{rest}"


def _odd_words(values: Floats) -> str:
    if np.isnan(values).all():
        return "nan"
    return "nan or infinite" if np.isnan(values).any() else "infinite"


def only_zeros_wrong(case: Case) -> str:
    """Wrong only where 0 is expected."""
    zero = case.expected == 0
    if zero.all() or np.count_nonzero(case.bad) < 2 or np.any(case.bad & ~zero):
        return ""
    return "right wherever the expected value is not 0"


def wrong_ones_are_zero(case: Case) -> str:
    """Some entries never filled in."""
    if np.count_nonzero(case.bad) < 2 or np.any(case.actual[case.bad]):
        return ""
    return "every wrong entry is 0"


def one_slice(case: Case) -> str:
    """Only one row or column wrong, where there are others and more than one entry is wrong."""
    if case.actual.ndim < 2 or np.count_nonzero(case.bad) < 2:
        return ""
    for axis in range(case.actual.ndim):
        others = tuple(k for k in range(case.actual.ndim) if k != axis)
        wrong = np.flatnonzero(case.bad.any(axis=others))
        if wrong.size == 1 and case.actual.shape[axis] > 1:
            return _slice_clause(case.actual.ndim, axis, int(wrong[0]), case.actual.shape[axis])
    return ""


def _slice_clause(ndim: int, axis: int, index: int, length: int) -> str:
    place = ", the first," if index == 0 else ", the last," if index == length - 1 else ""
    return (
        f"only {_word(ndim, axis)} {index}{place} is wrong"
        if ndim == 2
        else (f"only index {index} of axis {axis}{place} is wrong")
    )


def inverted(case: Case) -> str:
    """True where False is expected, everywhere."""
    return "exactly inverted" if case.same(1 - case.expected) else ""


def all_alike(case: Case) -> str:
    """True everywhere, or False everywhere."""
    if case.actual.size < 2 or not constant(case.actual):
        return ""
    return f"every entry is {bool(case.actual.flat[0])}"
