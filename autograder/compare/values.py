"""What a value is, and how it is shown: numbers, arrays, tensors, and everything else.

For `compare` and `grading`. A value may come from a hostile student: types are
compared exactly, no method of an unknown object is called, its repr is never
asked for, and every text has a limit.
"""

import math
import sys
from collections.abc import Sequence
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Array",
    "clean",
    "describe",
    "dtype_name",
    "dtype_words",
    "show",
    "show_pair",
    "show_shape",
    "to_array",
]

Array: TypeAlias = NDArray[Any]

_SCALARS = frozenset(np.sctypeDict.values())
_WORDS = {
    "b": "True or False (dtype bool)",
    "c": "complex numbers",
    "O": "Python objects (dtype object)",
    "U": "text",
    "S": "bytes",
    "T": "text",
    "M": "dates",
    "m": "time spans",
    "V": "records (a structured dtype)",
}
_PLAIN = {
    type(None): "None",
    bool: "a bool",
    int: "a number",
    float: "a number",
    complex: "a complex number",
    str: "text (a str)",
    bytes: "bytes",
    dict: "a dict",
}


def to_array(value: object) -> Array | None:
    """The value as an array, or None where it is no number, array or tensor.

    Exact types only: a subclass of ndarray may answer anything when it is used.
    A Python int too large for 64 bits becomes a float, inf where even that overflows.
    """
    if type(value) is np.ndarray:
        return value
    if type(value) is int and value.bit_length() > 63:
        return np.asarray(float(value) if value.bit_length() < 1024 else math.inf if value > 0 else -math.inf)
    if type(value) in (bool, int, float, complex) or type(value) in _SCALARS:
        return np.asarray(value)
    return _from_torch(value)


def _is_tensor(value: object) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and type(value) in (torch.Tensor, torch.nn.Parameter)


def _from_torch(value: Any) -> Array | None:
    if not _is_tensor(value):
        return None
    try:
        if value.is_floating_point() and value.element_size() < 4:
            value = value.float()  # NumPy knows neither bfloat16 nor float8
        array: Array = value.numpy(force=True)
    except (RuntimeError, TypeError, NotImplementedError):  # sparse, quantised or without data
        return None
    return array


def dtype_name(value: object) -> str:
    """Name of the dtype as NumPy spells it, such as "float64"; "" where there is none."""
    if _is_tensor(value):
        return str(getattr(value, "dtype", "")).removeprefix("torch.")
    array = to_array(value)
    return "" if array is None else array.dtype.name


def dtype_words(array: Array) -> str:
    """What the entries are, in words: "complex numbers", "dtype float64"."""
    return _WORDS.get(array.dtype.kind, f"dtype {array.dtype.name}")


def describe(value: object) -> str:
    """What a value is, in words: "None", "a list of numbers", "an array of shape (3, 5)"."""
    kind = type(value)
    if kind in _PLAIN:
        return _PLAIN[kind]
    if kind is list or kind is tuple:
        return _describe_sequence(value)  # type: ignore[arg-type]  # narrowed by the exact type
    if _is_tensor(value):
        return f"a tensor of shape {show_shape(tuple(value.shape))}"  # type: ignore[attr-defined]  # a tensor
    array = to_array(value)
    if array is None:
        return f"an object of type {_type_name(value)}"
    return f"an array of shape {show_shape(array.shape)}" if array.ndim else "a number"


def _describe_sequence(value: Sequence[object]) -> str:
    name, entry = type(value).__name__, cast("Any", value)
    if not value:
        return f"an empty {name}"
    for _ in range(8):  # nested deeper than any array here: no walk without an end
        if type(entry) not in (list, tuple) or not entry:
            break
        entry = entry[0]
    return f"a {name} of numbers" if type(entry) in (int, float) else f"a {name} of length {len(value)}"


def _type_name(value: object) -> str:
    """The type's name; of a handle, the name of the type that stayed in the sandbox."""
    try:
        name = object.__getattribute__(object.__getattribute__(value, "_ref"), "type_name")
    except Exception:  # no handle, or whatever a property of a student's class raises
        name = None
    return clean(name if type(name) is str else type.__getattribute__(type(value), "__name__"))


def clean(text: str, limit: int = 40) -> str:
    """The text on one line, without control characters, cut to a limit."""
    head = "".join(c if c.isprintable() else "?" for c in text[: limit + 1])
    return head if len(head) <= limit else f"{head[:limit]}..."


def show_shape(shape: Sequence[int]) -> str:
    """A shape as Python writes a tuple, cut after eight axes."""
    if len(shape) > 8:
        return f"({', '.join(map(str, shape[:8]))}, ...)"
    return str(tuple(int(n) for n in shape))


def show(number: Any, digits: int = 4) -> str:
    """A number with so many significant digits; whole numbers below 1e15 in full."""
    if isinstance(number, bool | int | np.bool_ | np.integer):
        return str(number)
    if not math.isfinite(number):
        return str(float(number))
    if number == int(number) and abs(number) < 1e15:
        return str(int(number))
    whole = len(str(int(abs(number)))) if abs(number) < 1e7 else 0
    return f"{float(number):.{max(digits, whole)}g}"


def show_pair(expected: Any, actual: Any) -> tuple[str, str]:
    """Both numbers with four digits, or as many as it takes to see that they differ."""
    for digits in range(4, 16):
        pair = show(expected, digits), show(actual, digits)
        if pair[0] != pair[1]:
            return pair
    return show(expected), f"{show(actual)} (off by {float(actual) - float(expected):.1g})"
