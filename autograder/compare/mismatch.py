"""The comparison and its message: type, dtype, shape, then values with a diagnosis.

For `compare`'s own package, which exports it. Everything that the message says
is true of the values; what is only guessed ends with a question mark.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograder.compare.case import Case, Known, close
from autograder.compare.diagnosis import diagnose
from autograder.compare.shapes import explain_shape
from autograder.compare.values import Array, describe, dtype_words, show_pair, show_shape, to_array
from autograder.errors import AutograderError
from autograder.model import Kind

__all__ = ["Mismatch", "compare", "compare_at", "shape_mismatch"]


@dataclass(frozen=True)
class Mismatch:
    """Why two values differ: the kind, for a hidden test's fixed wording, and the message."""

    kind: Kind
    message: str


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
    request = _Request(what, hint, rtol, atol, Known(sizes or {}, inputs or {}, wrong or {}, terms or {}))
    right = _expected_array(expected, what)
    got = _numbers(actual, right.shape, right.dtype.kind == "b", request)
    if isinstance(got, Mismatch):
        return got
    if got.shape != right.shape:
        return _wrong_shape(got, right, request)
    return _compare_values(got, right, request, None)


def compare_at(
    actual: object,
    expected: Array,
    places: NDArray[np.intp],
    shape: tuple[int, ...],
    *,
    what: str,
    hint: str = "",
    rtol: float = 1e-6,
    atol: float = 1e-9,
    known: Known | None = None,
) -> Mismatch | None:
    """Compare a sample: `expected` (n,) holds the right values at the flat `places` (n,) of `shape`."""
    request = _Request(what, hint, rtol, atol, known or Known())
    got = _numbers(actual, shape, False, request)
    if isinstance(got, Mismatch):
        return got
    if got.shape != shape:
        return request.mismatch(Kind.SHAPE, _shape_words(got.shape, shape))
    return _compare_values(got.reshape(-1)[places], expected, request, (places, shape))


def shape_mismatch(actual: object, shape: tuple[int, ...], *, what: str, hint: str = "") -> Mismatch | None:
    """Compare the shape alone, of an array of numbers or bools."""
    request = _Request(what, hint, 0.0, 0.0, Known())
    got = _numbers(actual, shape, None, request)
    if isinstance(got, Mismatch) or got.shape == shape:
        return got if isinstance(got, Mismatch) else None
    return request.mismatch(Kind.SHAPE, _shape_words(got.shape, shape))


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
        return request.mismatch(Kind.TYPE, f"expected {thing}, got {describe(value)}{_remedy(value)}")
    kinds = {True: "b", False: "iuf", None: "biuf"}[bools]
    if array.dtype.kind in kinds:
        return array
    wanted = "True or False (dtype bool)" if bools else "real numbers"
    remedy = " Convert it, for example with .astype(float)." if array.dtype.kind == "b" else ""
    return request.mismatch(Kind.DTYPE, f"expected {wanted}, got {dtype_words(array)}.{remedy}")


def _remedy(value: object) -> str:
    if value is None:
        return ". Is a return missing?"
    words = describe(value)
    return ". Wrap it in an array." if words.endswith("of numbers") else "."


def _shape_words(actual: tuple[int, ...], expected: tuple[int, ...]) -> str:
    thing = f"shape {show_shape(expected)}" if expected else "a single number, shape ()"
    remark = explain_shape(actual, expected)
    return _end(f"expected {thing}, got shape {show_shape(actual)}{': ' if remark else ''}{remark}")


def _wrong_shape(got: Array, right: Array, request: _Request) -> Mismatch:
    line = _shape_words(got.shape, right.shape)
    for name, value in {**request.known.wrong, **request.known.inputs}.items():
        if compare(got, value, what="", rtol=request.rtol, atol=request.atol) is None:
            return request.mismatch(Kind.SHAPE, line, f"Its values are those of {name}.")
    return request.mismatch(Kind.SHAPE, line)


def _compare_values(
    got: Array, right: Array, request: _Request, sample: tuple[NDArray[np.intp], tuple[int, ...]] | None
) -> Mismatch | None:
    integers = got.dtype.kind in "iub" and right.dtype.kind in "iub"
    rtol = 0.0 if integers else request.rtol
    actual, expected = got.astype(np.float64), right.astype(np.float64)
    bad = ~close(actual, expected, rtol, request.atol)
    if integers and request.atol < 1:  # exact also beyond 2 ** 53, where float64 is not
        bad = got != right
    if not np.any(bad):
        return None
    bad = np.asarray(bad)
    clause = diagnose(
        _case(actual, expected, bad, rtol, request, sample is None), bools=right.dtype.kind == "b"
    )
    return request.mismatch(Kind.VALUE, *_lines(got, right, bad, clause, sample))


def _case(actual: Array, expected: Array, bad: Array, rtol: float, request: _Request, places: bool) -> Case:
    finite = np.abs(actual[np.isfinite(actual)])
    atol = min(request.atol, 1e-4 * float(np.max(finite, initial=0.0)))
    whole = all(bool(np.all(values == np.round(values))) for values in (actual, expected))
    return Case(actual, expected, bad, min(rtol or 1e-6, 1e-4), atol, whole, request.known, places)


def _lines(got: Array, right: Array, bad: Array, clause: str, sample: Any) -> list[str]:
    first = int(np.argmax(bad))
    wanted, found = show_pair(right.flat[first].item(), got.flat[first].item())
    if got.ndim == 0:
        return [_end(f"expected {wanted}, got {found}{': ' if clause else ''}{clause}")]
    place, shape = (first, got.shape) if sample is None else (int(sample[0][first]), sample[1])
    index = [int(i) for i in np.unravel_index(place, shape)]
    lines = [
        _count(int(np.count_nonzero(bad)), got.size, shape),
        f"First at {index}: expected {wanted}, got {found}.",
    ]
    return [*lines, _end(clause[0].upper() + clause[1:])] if clause else lines


def _count(bad: int, size: int, shape: tuple[int, ...]) -> str:
    of = str(size) if size == int(np.prod(shape)) else f"{size} entries looked at"
    if of != str(size):
        return f"{bad} of the {of} differ{'s' if bad == 1 else ''}."
    if bad == size:
        return "its one entry differs." if size == 1 else f"all {size} entries differ."
    return f"{bad} of {size} entries differ{'s' if bad == 1 else ''}."


def _end(sentence: str) -> str:
    return sentence if sentence.endswith("?") else f"{sentence}."
