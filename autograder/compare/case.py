"""A wrong result beside the right one, and what the test knows about it. For `compare` only."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

__all__ = ["Case", "Floats", "Known", "Relation", "close", "constant", "index_of"]

Floats = NDArray[np.float64]
_SAMPLE = 1000  # entries looked at first: most relations fail there, and a huge array costs little


@dataclass(frozen=True)
class Known:
    """What the test knows about wrong answers.

    Attributes:
        sizes: letters for factors, such as {"N": 3, "C": 5}.
        inputs: float64 arrays that the student's function was given, by name.
        wrong: well-known wrong answers, float64 arrays by name.
        terms: what may be missing or counted twice, float64 arrays by name.
    """

    sizes: Mapping[str, int] = field(default_factory=dict)
    inputs: Mapping[str, Floats] = field(default_factory=dict)
    wrong: Mapping[str, Floats] = field(default_factory=dict)
    terms: Mapping[str, Floats] = field(default_factory=dict)


def close(actual: Floats, expected: Floats, rtol: float, atol: float) -> NDArray[np.bool_]:
    """True where |a - e| <= atol + rtol * |e|; an infinity or nan matches only its like."""
    with np.errstate(all="ignore"):
        near = np.abs(actual - expected) <= atol + rtol * np.abs(expected)
        alike = (actual == expected) | (np.isnan(actual) & np.isnan(expected))
    return np.asarray(np.where(np.isfinite(expected), near, alike), dtype=bool)


@dataclass(frozen=True)
class Case:
    """A wrong result beside the right one, of equal shape, as float64.

    Attributes:
        bad: True where the two differ.
        rtol: relative tolerance of a relation, at most 1e-4 however loose the test.
        atol: absolute tolerance of a relation, small beside the largest entry.
        whole: both hold whole numbers only.
        places: indices are places in the array (not so for a sample of it).
    """

    actual: Floats
    expected: Floats
    bad: NDArray[np.bool_]
    rtol: float
    atol: float
    whole: bool
    known: Known
    places: bool = True

    @property
    def each(self) -> str:
        """Start of a clause about all entries."""
        return "every entry is " if self.actual.ndim else ""

    def same(self, candidate: Floats, actual: Floats | None = None) -> bool:
        """True where a candidate explains every entry of the actual value."""
        actual = self.actual if actual is None else actual
        if candidate.shape != actual.shape:
            return False
        if actual.size > 10 * _SAMPLE:
            step = actual.size // _SAMPLE
            if not close(actual.flat[::step], candidate.flat[::step], self.rtol, self.atol).all():
                return False
        return bool(close(actual, candidate, self.rtol, self.atol).all())


def constant(values: Floats) -> bool:
    """True where all entries are equal."""
    return bool(np.all(values == values.flat[0]))


def index_of(mask: NDArray[np.bool_]) -> list[int]:
    """Index of the first True."""
    return [int(i) for i in np.unravel_index(int(np.argmax(mask)), mask.shape)]


Relation = Callable[[Case], str]
