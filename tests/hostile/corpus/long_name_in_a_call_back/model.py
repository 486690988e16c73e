"""Calls the grader's function with a keyword of 7 MiB, so that the error about it fills memory and log.

Threat: A8, D24.
"""

import os
import time

from importlib import import_module

wire = import_module("autograder.wire")


def walk(step, start, count):
    frame = b"C" + wire.encode((0, (8.0,), {"\x01" * (7 << 20): None}), None)
    rest = memoryview(len(frame).to_bytes(8, "little") + frame)
    while rest:
        rest = rest[os.write(3, rest) :]
    answer = b"V" + wire.encode(("value", None), None)
    os.write(3, len(answer).to_bytes(8, "little") + answer)
    time.sleep(30)


def predict(points):
    return points
