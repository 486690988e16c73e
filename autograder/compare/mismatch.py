"""The comparison and its message: type, dtype, shape, then values with a diagnosis.

For `compare`'s own package, which exports it. Everything that the message says
is true of the values; what is only guessed ends with a question mark.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograder.compare.case import Case, Floats, Known, close
from autograder.compare.diagnosis import diagnose
from autograder.compare.shapes import explain_shape
from autograder.compare.values import Array, describe, dtype_words, show_pair, show_shape, to_array
from autograder.errors import AutograderError
from autograder.model import Kind

__all__ = ["GradingFailure", "Mismatch", "compare", "compare_at", "shape_mismatch"]


@dataclass(frozen=True)
class Mismatch:
    """Why two values differ: the kind, for a hidden test's fixed wording, and the message."""

    kind: Kind
    message: str


class GradingFailure(AssertionError):  # noqa: N818  # an outcome, which blames no program
    """A student's value is not what was asked for.

    Attributes:
        kind: why, for a hidden test's fixed wording; str() is the message for the student.
    """

    def __init__(self, kind: Kind, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True)
class _Request:
    """What a comparison is about: its subject, its hint, its tolerances and what the test knows."""

    what: str
    hint: str
    rtol: float
    atol: float
    known: Known

    def mismatch(self, kind: Kind, *lines: str) -> Mismatch:
        hint = [f"Hint: {self.hint}"] if self.hint else []
        return Mismatch(kind, "\n".join([f"{self.what}: {lines[0]}", *lines[1:], *hint]))


def compare(
    actual: object,
    expected: object,
    *,
    what: str,
    hint: str = "",
    rtol: float = 1e-6,
    atol: float = 1e-9,
    sizes: Mapping[str, int] | None = None,
    inputs: Mapping[str, Any] | None = None,
    wrong: Mapping[str, Any] | None = None,
    terms: Mapping[str, Any] | None = None,
) -> Mismatch | None:
    """Compare a student's value with the right one: |actual - expected| <= atol + rtol * |expected|.

    Between whole-number dtypes rtol does not count: they do not round. nan and
    infinities must stand exactly where they are expected. Shapes must be equal;
    a Python number, a NumPy scalar and an array of shape () are the same.

    Args:
        actual: anything. Only numbers, arrays and tensors can pass.
        expected: number, array, tensor or nested list; True or False where bools are expected.
        what: name of the value, as the message starts.
        hint: last line of the message, "" for none.
        rtol: relative tolerance.
        atol: absolute tolerance.
        sizes: letters for factors, such as {"N": 3, "C": 5}.
        inputs: arrays that the student's function was given, by name.
        wrong: well-known wrong answers, by name: "that is NAME".
        terms: what may be missing or counted twice, by name: "exactly NAME too little".

    Returns:
        None where the values agree.

    Raises:
        AutograderError: if expected holds no numbers, which is the test's fault.
    """
    known = Known(sizes or {}, _arrays(inputs, what), _arrays(wrong, what), _arrays(terms, what))
    request = _Request(what, hint, rtol, atol, known)
    right = _expected_array(expected, what)
    got = _numbers(actual, right.shape, right.dtype.kind == "b", request)
    if isinstance(got, Mismatch):
        return got
    if got.shape != right.shape:
        return _wrong_shape(got, right, request)
    return _compare_values(got, right, request, None)


def compare_at(
    actual: object,
    expected: Floats,
    places: NDArray[np.intp],
    shape: tuple[int, ...],
    *,
    what: str,
    hint: str = "",
    rtol: float = 1e-6,
    atol: float = 1e-9,
    sizes: Mapping[str, int] | None = None,
    wrong: Mapping[str, Any] | None = None,
    terms: Mapping[str, Any] | None = None,
) -> Mismatch | None:
    """Compare a sample: `expected` (n,) holds the right values at the flat `places` (n,) of `shape`.

    As `compare`, but relations between neighbours, rows and axes are not looked for.
    """
    samples = [
        {
            name: value.reshape(-1)[places]
            for name, value in _arrays(known, what).items()
            if value.shape == shape
        }
        for known in (wrong, terms)
    ]
    request = _Request(what, hint, rtol, atol, Known(sizes or {}, {}, *samples))
    got = _numbers(actual, shape, False, request)
    if isinstance(got, Mismatch):
        return got
    if got.shape != shape:
        return request.mismatch(Kind.SHAPE, _shape_words(got.shape, shape))
    return _compare_values(got.reshape(-1)[places], expected, request, _Sample(places, shape))


def shape_mismatch(actual: object, shape: tuple[int, ...], *, what: str, hint: str = "") -> Mismatch | None:
    """Compare the shape alone, of an array of numbers or bools."""
    request = _Request(what, hint, 0.0, 0.0, Known())
    got = _numbers(actual, shape, None, request)
    if isinstance(got, Mismatch) or got.shape == shape:
        return got if isinstance(got, Mismatch) else None
    return request.mismatch(Kind.SHAPE, _shape_words(got.shape, shape))


def _arrays(known: Mapping[str, Any] | None, what: str) -> dict[str, Floats]:
    """What the test knows, as float64: read before it is needed, so that a slip shows at once."""
    return {name: _expected_array(value, what).astype(np.float64) for name, value in (known or {}).items()}


def _expected_array(expected: object, what: str) -> Array:
    array = to_array(expected)
    if array is None:
        try:
            array = np.asarray(expected)
        except (TypeError, ValueError):  # a list whose rows have different lengths
            array = np.asarray("no numbers")
    if array.dtype.kind not in "biuf":
        raise AutograderError(
            what,
            "the expected value holds no real numbers.",
            "Compare with a number, an array, a tensor or a nested list of numbers.",
        )
    return array


def _numbers(
    value: object, shape: tuple[int, ...], bools: bool | None, request: _Request
) -> Array | Mismatch:
    """The value as an array of numbers or bools (None: either), or why it is none."""
    array = to_array(value)
    if array is None:
        thing = f"an array of shape {show_shape(shape)}" if shape else "a number"
        return request.mismatch(Kind.TYPE, f"expected {thing}, got {describe(value)}{_remedy(value, shape)}")
    kinds = {True: "b", False: "iuf", None: "biuf"}[bools]
    if array.dtype.kind in kinds:
        return array
    wanted = "True or False (dtype bool)" if bools else "real numbers"
    remedy = " Convert it, for example with .astype(float)." if array.dtype.kind == "b" else ""
    return request.mismatch(Kind.DTYPE, f"expected {wanted}, got {dtype_words(array)}.{remedy}")


def _remedy(value: object, shape: tuple[int, ...]) -> str:
    if value is None:
        return ". Is a return missing?"
    return ". Return an array instead." if shape and describe(value).endswith("of numbers") else "."


def _shape_words(actual: tuple[int, ...], expected: tuple[int, ...]) -> str:
    thing = f"shape {show_shape(expected)}" if expected else "a single number, shape ()"
    remark = explain_shape(actual, expected)
    return _end(f"expected {thing}, got shape {show_shape(actual)}{': ' if remark else ''}{remark}")


def _wrong_shape(got: Array, right: Array, request: _Request) -> Mismatch:
    line = _shape_words(got.shape, right.shape)

    def equal(expected: Array) -> bool:
        if got.shape != expected.shape:  # first: a huge array without data must not be copied
            return False
        return bool(close(got.astype(np.float64), expected, request.rtol, request.atol).all())

    for name, value in {**request.known.wrong, **request.known.inputs}.items():
        if equal(value):
            return request.mismatch(Kind.SHAPE, line, f"Its values are those of {name}.")
    if any(equal(moved) for moved in _rearranged(right.astype(np.float64), got.shape)):
        return request.mismatch(Kind.SHAPE, line, "The values are right, only the shape is not.")
    return request.mismatch(Kind.SHAPE, line)


def _rearranged(values: Array, shape: tuple[int, ...]) -> Iterator[Array]:
    if values.size and values.size == math.prod(shape):
        yield values.reshape(shape)
        if values.ndim <= 4:
            yield from (values.transpose(order) for order in permutations(range(values.ndim)))


def _compare_values(got: Array, right: Array, request: _Request, sample: "_Sample | None") -> Mismatch | None:
    integers = got.dtype.kind in "iub" and right.dtype.kind in "iub"
    rtol = 0.0 if integers else request.rtol
    with np.errstate(all="ignore"):  # a long double need not fit
        actual, expected = got.astype(np.float64), right.astype(np.float64)
    bad = ~close(actual, expected, rtol, request.atol)
    if integers and request.atol < 1:  # exact also beyond 2 ** 53, where float64 is not
        bad = np.asarray(got != right)
    if not bad.any():
        return None
    atol = min(request.atol, 1e-4 * _largest(actual, expected))
    whole = _whole(actual) and _whole(expected)
    case = Case(actual, expected, bad, min(request.rtol, 1e-4), atol, whole, request.known, sample is None)
    clause = diagnose(case, bools=right.dtype.kind == "b")
    return request.mismatch(Kind.VALUE, *_lines(got, right, bad, clause, sample))


def _largest(*arrays: Array) -> float:
    return max(float(np.max(np.abs(array[np.isfinite(array)]), initial=0.0)) for array in arrays)


def _whole(values: Array) -> bool:
    return bool(np.all(values == np.round(values)))


@dataclass(frozen=True)
class _Sample:
    """Where the compared entries stand in the whole array."""

    places: NDArray[np.intp]
    shape: tuple[int, ...]


def _lines(got: Array, right: Array, bad: Array, clause: str, sample: _Sample | None) -> list[str]:
    first, count = int(np.argmax(bad)), int(np.count_nonzero(bad))
    wanted, found = show_pair(right.flat[first].item(), got.flat[first].item())
    if got.ndim == 0:
        return [_end(f"expected {wanted}, got {found}{': ' if clause else ''}{clause}")]
    place, shape = (int(sample.places[first]), sample.shape) if sample else (first, got.shape)
    index = [int(i) for i in np.unravel_index(place, shape)]
    lines = [_count(count, got.size, sample), f"First at {index}: expected {wanted}, got {found}."]
    return [*lines, _end(clause[0].upper() + clause[1:])] if clause else lines


def _count(bad: int, size: int, sample: _Sample | None) -> str:
    differ = "differs" if bad == 1 else "differ"
    if sample:
        return f"{bad} of {size} entries looked at {differ}."
    if bad == size:
        return "its one entry differs." if size == 1 else f"all {size} entries differ."
    return f"{bad} of {size} entries {differ}."


def _end(sentence: str) -> str:
    return sentence if sentence.endswith("?") else f"{sentence}."
