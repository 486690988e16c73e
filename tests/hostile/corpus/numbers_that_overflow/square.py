"""Returns whole numbers of 8000 bits, lists without a common shape, and a list that mixes all kinds.

Threat: C15, A8.
"""


def square(x):
    huge = 1 << 8000
    return [huge, -huge, huge] if x.ndim == 1 else [[1.0, [2.0]], {"a": huge}, b"", "", None, 1j, float("nan"), True]
