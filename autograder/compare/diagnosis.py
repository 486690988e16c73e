"""Which relation is told: the first that holds, the most specific first. For `mismatch` only."""

import numpy as np

from autograder.compare import factors, places
from autograder.compare.case import Case, Relation

__all__ = ["diagnose"]

_SCALARS: tuple[Relation, ...] = (
    factors.known_wrong,
    factors.equals_input,
    factors.off_by_term,
    factors.named_factor,
    factors.offset,
    factors.function_of,
    factors.whole_factor,
    factors.nearly_right,
)
_NUMBERS: tuple[Relation, ...] = (
    factors.known_wrong,
    places.not_finite,
    factors.equals_input,
    factors.all_zero,
    factors.off_by_term,
    factors.named_factor,
    places.permuted_axes,
    places.reversed_axes,
    factors.function_of,
    factors.offset,
    factors.all_equal,
    factors.whole_factor,
    factors.any_factor,
    places.shifted,
    places.permuted_rows,
    places.one_slice,
    factors.factor_per_slice,
    places.only_zeros_wrong,
    places.wrong_ones_are_zero,
    factors.wrong_by_one,
    factors.nearly_right,
)
_BOOLS: tuple[Relation, ...] = (
    factors.known_wrong,
    places.inverted,
    factors.equals_input,
    places.all_alike,
    places.permuted_axes,
    places.reversed_axes,
    places.shifted,
    places.permuted_rows,
    places.one_slice,
)
# A sample of an array has no rows, columns or neighbours.
_PLACES = {
    places.permuted_axes,
    places.reversed_axes,
    places.shifted,
    places.permuted_rows,
    places.one_slice,
    factors.factor_per_slice,
}


def diagnose(case: Case, *, bools: bool) -> str:
    """One clause that explains the difference, "" where no known relation holds."""
    relations = _BOOLS if bools else _NUMBERS if case.actual.ndim else _SCALARS
    with np.errstate(all="ignore"):
        for relation in relations:
            clause = "" if relation in _PLACES and not case.places else relation(case)
            if clause:
                return clause
    return ""
