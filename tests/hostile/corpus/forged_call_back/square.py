"""Calls functions of the grader that were never handed to it, with arguments that do not fit, without end.

Threat: A8.
"""

import os

from importlib import import_module

wire = import_module("autograder.wire")


def square(x):
    for call in ((0, (), {}), (-1, (1,), {}), ("eval", ("1",), {}), (0, 5, 5), ()):
        frame = b"C" + wire.encode(call, None)
        os.write(3, len(frame).to_bytes(8, "little") + frame)
    return x
