"""Writes the reply "passed" straight to the line, before the grader has asked for it.

Threat: A7, A8.
"""

import os

from importlib import import_module

wire = import_module("autograder.wire")


def square(x):
    for value in (("value", True), ("value", "passed"), ("passed", None), ("value", {"score": 10.0}), "passed"):
        frame = b"V" + wire.encode(value, None)
        os.write(3, len(frame).to_bytes(8, "little") + frame)
    return x
