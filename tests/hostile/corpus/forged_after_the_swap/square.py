"""Swaps the line and its output, forges the reply that the grader expects next, and leaves before the real one.

Threat: A7, A8.
"""

import os
import threading
from importlib import import_module

wire = import_module("autograder.wire")


def square(x):
    line = os.dup(3)
    os.dup2(1, 3)
    os.dup2(line, 1)
    frame = b"V" + wire.encode(("value", wire.Ref("grader", 0, "ndarray")), lambda ref: ref)
    frame += b"V" + wire.encode(("value", True), None)
    os.write(1, len(frame).to_bytes(8, "little") + frame)
    threading.Timer(0.05, os._exit, (0,)).start()
    return x
