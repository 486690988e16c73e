"""The assertions of a grader. `grading` exports them; they turn a Mismatch into a failed test.

They know what a student's value may be, not how it was obtained. A failed one
raises GradingFailure, whose message is written for the student.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograder.compare import (
    GradingFailure,
    Mismatch,
    clean,
    compare,
    compare_at,
    describe,
    dtype_name,
    shape_mismatch,
    to_array,
)
from autograder.errors import AutograderError
from autograder.model import Kind
from autograder.sandbox.verdicts import StudentError

__all__ = [
    "assert_close",
    "assert_dtype",
    "assert_keys",
    "assert_length",
    "assert_raises",
    "assert_shape",
    "assert_that",
    "assert_type",
    "check_gradient",
]

_MOST_COORDINATES = 200
_STEP = 6e-6  # about the cube root of float64's epsilon: the smallest error of a central difference


def assert_close(
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
) -> None:
    """Fail unless |actual - expected| <= atol + rtol * |expected| at every entry.

    Args:
        actual: the student's value, whatever it is. Shapes must be equal; numbers must be
            real; nan and infinities must stand where they are expected, and nowhere else.
            A whole-number result passes where a float is expected; a list does not.
        expected: number, array, tensor or nested list; bools where bools are expected.
        what: name of the value, as the message starts: "softmax of 3 examples, 5 classes".
        hint: last line of the message, for a mistake that is likely.
        rtol: relative tolerance; it does not count between whole numbers.
        atol: absolute tolerance.
        sizes: letters for factors: {"N": 3, "C": 5}.
        inputs: arrays that the function was given, by name: {"x": X}.
        wrong: well-known wrong answers, by name: {"softmax over the columns": array}.
        terms: what may be missing or counted twice: {"the L2 term l2 * W1": array}.

    Raises:
        GradingFailure: if the values differ; the message says where, and why if that is known.
        AutograderError: if what the grader gives holds no numbers.
    """
    __tracebackhide__ = True
    _fail_on(
        compare(
            actual,
            expected,
            what=what,
            hint=hint,
            rtol=rtol,
            atol=atol,
            sizes=sizes,
            inputs=inputs,
            wrong=wrong,
            terms=terms,
        )
    )


def assert_shape(actual: object, shape: tuple[int, ...], *, what: str, hint: str = "") -> None:
    """Fail unless `actual` is an array or tensor of real numbers or bools with exactly this shape.

    A number has shape ().
    """
    __tracebackhide__ = True
    _fail_on(shape_mismatch(actual, tuple(shape), what=what, hint=hint))


_KINDS = {
    "float": ("float", "bfloat"),
    "int": ("int", "uint"),
    "number": ("float", "bfloat", "int", "uint"),
    "bool": ("bool",),
}


def assert_dtype(actual: object, kind_or_dtype: Any, *, what: str, hint: str = "") -> None:
    """Fail unless the dtype is as asked.

    Args:
        actual: array, tensor or number; a Python float is float64, an int int64.
        kind_or_dtype: "float", "int", "number" (either) or "bool", or a dtype of NumPy or
            torch, as itself or by name ("float32").
        what: name of the value.
        hint: last line of the message.
    """
    __tracebackhide__ = True
    kind = kind_or_dtype if isinstance(kind_or_dtype, str) else ""
    name = dtype_name(actual)
    if not name:
        _fail(Kind.TYPE, f"{what}: expected an array, got {describe(actual)}.", hint)
    if kind in _KINDS:
        if not name.startswith(_KINDS[kind]):
            _fail(Kind.DTYPE, f"{what}: expected a dtype of kind {kind}, got {clean(name)}.", hint)
    elif name != (wanted := _dtype_of(kind_or_dtype)):
        _fail(Kind.DTYPE, f"{what}: expected dtype {wanted}, got {clean(name)}.", hint)


def _dtype_of(dtype: Any) -> str:
    text = str(dtype)
    return text.removeprefix("torch.") if text.startswith("torch.") else np.dtype(dtype).name


def assert_type(actual: object, type_or_types: Any, *, what: str, hint: str = "") -> None:
    """Fail unless the value has one of the types.

    Scalars are interchangeable: `float` takes any real number (Python's, NumPy's, an array or
    tensor of shape ()), `int` any whole-number one, `bool` any bool, and a bool is no number.
    """
    __tracebackhide__ = True
    types = type_or_types if isinstance(type_or_types, tuple) else (type_or_types,)
    if not any(_has_type(actual, kind) for kind in types):
        names = " or ".join("None" if kind in (None, type(None)) else kind.__name__ for kind in types)
        _fail(Kind.TYPE, f"{what}: expected {names}, got {describe(actual)}.", hint)


_SCALAR_KINDS = {float: "fiu", int: "iu", bool: "b"}


def _has_type(value: object, kind: Any) -> bool:
    if kind in _SCALAR_KINDS:
        array = to_array(value)
        return array is not None and array.ndim == 0 and array.dtype.kind in _SCALAR_KINDS[kind]
    return value is None if kind is None else kind in type(value).__mro__


def assert_keys(actual: object, keys: Collection[Any], *, what: str, hint: str = "") -> None:
    """Fail unless `actual` is a dict with exactly these keys, in any order."""
    __tracebackhide__ = True
    if type(actual) is not dict:
        _fail(
            Kind.TYPE, f"{what}: expected a dict with the keys {_listed(keys)}, got {describe(actual)}.", hint
        )
    assert isinstance(actual, dict)  # for the type checker
    missing = [key for key in keys if key not in actual]
    extra = [key for key in actual if key not in keys]
    parts = [
        f"{word} {_listed(some)}" for word, some in (("missing", missing), ("not asked for", extra)) if some
    ]
    if parts:
        _fail(Kind.VALUE, f"{what}: expected the keys {_listed(keys)}; {'; '.join(parts)}.", hint)


def _listed(keys: Collection[Any]) -> str:
    """At most six keys, as text; what is no text or number is told by its type."""
    texts = [
        clean(key) if type(key) is str else str(key) if type(key) is int else describe(key) for key in keys
    ]
    return ", ".join(texts[:6]) + (f" and {len(texts) - 6} more" if len(texts) > 6 else "")


def assert_length(actual: object, n: int, *, what: str, hint: str = "") -> None:
    """Fail unless `actual` is a list or tuple of this length."""
    __tracebackhide__ = True
    if type(actual) not in (list, tuple):
        _fail(Kind.TYPE, f"{what}: expected a list or tuple of length {n}, got {describe(actual)}.", hint)
    if len(actual) != n:  # type: ignore[arg-type]  # a list or tuple: checked above
        found = len(actual)  # type: ignore[arg-type]  # the same
        _fail(Kind.SHAPE, f"{what}: expected {n} {'item' if n == 1 else 'items'}, got {found}.", hint)


def assert_that(condition: object, message: str, hint: str = "") -> None:
    """Fail with the message unless the condition is True.

    Only a bool (Python's, NumPy's, or an array or tensor of shape ()) is True: an object, a
    list or an array that merely counts as true fails.
    """
    __tracebackhide__ = True
    array = to_array(condition)
    if array is None or array.ndim or array.dtype.kind != "b" or not array.item():
        _fail(Kind.VALUE, message, hint)


def assert_raises(exception_name: str, call: Callable[[], object], *, what: str, hint: str = "") -> None:
    """Fail unless the student's code, called by `call`, raises an exception of this type's name.

    A student's code that is not written yet, runs too long or dies keeps its own verdict.
    """
    __tracebackhide__ = True
    try:
        call()
    except StudentError as error:
        if error.exception == exception_name:
            return
        if error.kind is not Kind.RAISED:
            raise
        _fail(Kind.RAISED, f"{what}: expected a {exception_name}, got a {clean(error.exception)}.", hint)
    _fail(Kind.VALUE, f"{what}: expected a {exception_name}, but nothing was raised.", hint)


def check_gradient(
    loss: Callable[[NDArray[np.float64]], float],
    at: Any,
    claimed: object,
    *,
    what: str,
    hint: str = "",
    rtol: float = 1e-5,
    sizes: Mapping[str, int] | None = None,
    wrong: Mapping[str, Any] | None = None,
    terms: Mapping[str, Any] | None = None,
) -> None:
    """Fail unless the student's gradient agrees with central differences in float64.

        gradient[i] = (loss(at + h e_i) - loss(at - h e_i)) / (2 h),  h = 6e-6 * max(1, |at[i]|)

    All coordinates are checked up to 200; of a larger array 200, evenly spread. The loss must
    be smooth within h of `at`: choose no point on a kink. Rounding of the loss is allowed for:
    the absolute tolerance is 1e-8 * max(1, |loss(at)|).

    Args:
        loss: the grader's own function of an array like `at`, to a number. Never student code.
        at: array of any shape, or a number.
        claimed: the student's gradient, whatever it is. It must have the shape of `at`.
        what: name of the gradient: "gradient of W1".
        hint: last line of the message.
        rtol: relative tolerance.
        sizes: letters for factors, as in assert_close.
        wrong: well-known wrong gradients by name, of the shape of `at`.
        terms: terms of the gradient that may be missing, by name.

    Raises:
        GradingFailure: if the gradients differ.
        AutograderError: if the loss is nan or infinite near the point: the grader's fault.
    """
    __tracebackhide__ = True
    point = np.array(at, dtype=np.float64)
    places = np.unique(np.linspace(0, point.size - 1, min(point.size, _MOST_COORDINATES)).astype(np.intp))
    slopes = np.array([_slope(loss, point, place, what) for place in places])
    atol = 1e-8 * max(1.0, abs(float(loss(point.copy()))))
    known: dict[str, Any] = {"sizes": sizes, "wrong": wrong, "terms": terms}
    options: dict[str, Any] = {"what": what, "rtol": rtol, "atol": atol, **known}
    if places.size == point.size:
        mismatch = compare(claimed, slopes.reshape(point.shape), **options)
    else:
        mismatch = compare_at(claimed, slopes, places, point.shape, **options)
    _fail_on(_with_recipe(mismatch, hint))


def _slope(loss: Callable[[NDArray[np.float64]], float], point: Any, place: int, what: str) -> float:
    h = _STEP * max(1.0, abs(point.flat[place]))
    ends = []
    for sign in (1, -1):
        moved = point.copy()
        moved.flat[place] += sign * h
        ends.append((moved.flat[place], float(loss(moved))))
    slope = (ends[0][1] - ends[1][1]) / (ends[0][0] - ends[1][0])
    if not np.isfinite(slope):
        remedy = "Check the gradient at a point where the loss is finite."
        raise AutograderError(what, "the grader's own loss is nan or infinite near the point.", remedy)
    return float(slope)


def _with_recipe(mismatch: Mismatch | None, hint: str) -> Mismatch | None:
    if mismatch is None:
        return None
    lines = [mismatch.message]
    if mismatch.kind is Kind.VALUE:
        lines.append(
            f"Expected is measured: (loss(w + h) - loss(w - h)) / (2 h), one entry moved by h = {_STEP:.0e}."
        )
    return Mismatch(mismatch.kind, "\n".join([*lines, *([f"Hint: {hint}"] if hint else [])]))


def _fail_on(mismatch: Mismatch | None) -> None:
    __tracebackhide__ = True
    if mismatch is not None:
        raise GradingFailure(mismatch.kind, mismatch.message)


def _fail(kind: Kind, message: str, hint: str) -> None:
    __tracebackhide__ = True
    raise GradingFailure(kind, f"{message}\nHint: {hint}" if hint else message)
