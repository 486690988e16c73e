"""Answers each request with an object that must be asked about, without end.

Threat: A8.
"""

import os

from importlib import import_module

wire = import_module("autograder.wire")


def square(x):
    frame = b"V" + wire.encode(wire.Ref("sandbox", 1, "tuple"), lambda ref: ref)
    frame = len(frame).to_bytes(8, "little") + frame
    while True:
        os.write(3, frame)
