"""Answers with a dict whose 4,096 long keys all have one hash, so that to read it takes twenty seconds.

Threat: A8, D22.
"""

import itertools
import os


def sized(tag, data, count=None):
    return tag + (len(data) if count is None else count).to_bytes(8, "little") + data


def square(x):
    filler = sized(b"b", bytes(15_000))
    # -1 and -2 have the same hash.
    numbers = [sized(b"i", number.to_bytes(1, "little", signed=True)) for number in (-1, -2)]
    keys = (sized(b"t", filler + b"".join(key), 13) for key in itertools.product(numbers, repeat=12))
    entries = b"".join(key + b"N" for key in keys)
    frame = b"V" + sized(b"t", sized(b"s", b"value") + sized(b"d", entries, 4096), 2)
    rest = memoryview(len(frame).to_bytes(8, "little") + frame)
    while rest:
        rest = rest[os.write(3, rest) :]
    return x
