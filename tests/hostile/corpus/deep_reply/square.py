"""Replies with a list that is nested a million deep, as an object and as forged bytes.

Threat: A8.
"""

import os


def square(x):
    if x.ndim == 1:
        nested = []
        for _ in range(1_000_000):
            nested = [nested]
        return nested
    frame = b"V" + (b"l" + (1).to_bytes(8, "little")) * 1_000_000 + b"N"
    frame = len(frame).to_bytes(8, "little") + frame
    while frame:
        frame = frame[os.write(3, frame) :]
    os._exit(0)
