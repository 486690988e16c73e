"""Answers with handles that nobody has given: of other owners, other sandboxes, huge and negative numbers, false types.

Threat: A8, C13.
"""

import os
from importlib import import_module

wire = import_module("autograder.wire")


def square(x):
    owner = "grader" if x.ndim == 1 else "sandbox"
    names = ("ndarray", "module", "x" * 200, "float64")
    for number in (0, 1, 2**32, 2**64 - 1):
        value = ("value", [wire.Ref(owner, number, name) for name in names])
        frame = b"V" + wire.encode(value if number != 1 else ("value", wire.Ref(owner, 1, "ndarray")), lambda ref: ref)
        os.write(3, len(frame).to_bytes(8, "little") + frame)
    return x
