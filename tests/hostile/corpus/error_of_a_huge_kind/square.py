"""Reports an error whose kind is a text of 60 MiB that takes a gigabyte to quote in a message.

Threat: A8, D24.
"""

import os


def text(data, more=0):
    return b"s" + (len(data) + more).to_bytes(8, "little") + data


def square(x):
    rest = 60 << 20
    entry = b"d" + (1).to_bytes(8, "little") + text(b"kind") + text("\U0001f600".encode(), rest)
    start = b"Vt" + (2).to_bytes(8, "little") + text(b"error") + entry
    os.write(3, (len(start) + rest).to_bytes(8, "little") + start)
    while rest:
        rest -= os.write(3, b"\x01" * min(rest, 1 << 20))
    return x
