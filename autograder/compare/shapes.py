"""What a wrong shape looks like. For `compare` only; knows shapes, and values where they settle it."""

from itertools import permutations

__all__ = ["explain_shape"]

Shape = tuple[int, ...]


def explain_shape(actual: Shape, expected: Shape) -> str:
    """A remark on how the shapes relate, such as "transposed?", "" where nothing is known."""
    for remark in (_empty, _scalar, _permuted, _ones, _one_axis, _same_size, _lengths):
        text = remark(actual, expected)
        if text:
            return text
    return ""


def _empty(actual: Shape, expected: Shape) -> str:
    return "an empty array" if 0 in actual and 0 not in expected else ""


def _scalar(actual: Shape, expected: Shape) -> str:
    if {*actual, *expected} == {1}:
        return ""
    return "a single number" if not actual else "not reduced to one number?" if not expected else ""


def _permuted(actual: Shape, expected: Shape) -> str:
    if len(actual) > 4 or sorted(actual) != sorted(expected):
        return ""
    if len(actual) == 2:
        return "transposed?"
    orders = [p for p in permutations(range(len(expected))) if tuple(expected[i] for i in p) == actual]
    return f"axes in the order {orders[0]}?" if len(orders) == 1 else "axes in another order?"


def _ones(actual: Shape, expected: Shape) -> str:
    if [n for n in actual if n != 1] != [n for n in expected if n != 1]:
        return ""
    return f"an axis of length 1 {'too many' if len(actual) > len(expected) else 'is missing'}"


def _one_axis(actual: Shape, expected: Shape) -> str:
    """One axis too many or too few, where exactly one place for it is possible."""
    long, short = (actual, expected) if len(actual) > len(expected) else (expected, actual)
    if len(long) != len(short) + 1 or len(long) > 8:
        return ""
    axes = [k for k in range(len(long)) if long[:k] + long[k + 1 :] == short]
    if len(axes) != 1:
        return ""
    return f"axis {axes[0]} {'was not summed or averaged away' if long is actual else 'is missing'}"


def _same_size(actual: Shape, expected: Shape) -> str:
    size = 1
    for n in expected:
        size *= n
    if actual == (size,):
        return "flattened?"
    rest = 1
    for n in actual:
        rest *= n
    return "the same number of entries, arranged otherwise" if rest == size else ""


def _lengths(actual: Shape, expected: Shape) -> str:
    if len(actual) != len(expected):
        return f"{_axes(len(actual))} instead of {len(expected)}"
    wrong = [k for k in range(len(actual)) if actual[k] != expected[k]]
    if len(wrong) > 1 or len(actual) == 1:
        return _by_one(actual[0] - expected[0]) if len(actual) == 1 else ""
    by_one = _by_one(actual[wrong[0]] - expected[wrong[0]])
    return f"axis {wrong[0]} is {by_one}" if by_one else f"only axis {wrong[0]} differs"


def _by_one(difference: int) -> str:
    return {1: "one entry too long", -1: "one entry too short"}.get(difference, "")


def _axes(n: int) -> str:
    return "1 axis" if n == 1 else f"{n} axes"
