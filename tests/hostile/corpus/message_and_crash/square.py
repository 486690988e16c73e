"""Leaves the hidden input in files, names it in the exception, and crashes while that is told; cube.py looks for it.

Threat: B11, A2.
"""

import ctypes
from pathlib import Path


class Crash(Exception):
    def __init__(self, x):
        self.x = x

    def __str__(self):
        for place in ("/tmp", "/dev/shm", "/var/tmp", "."):
            try:
                (Path(place) / f"left_by_square_{self.x.flat[0]}").write_text(repr(self.x))
            except OSError:
                pass
        print(self.x)
        return repr(self.x) + str(ctypes.string_at(0))


def square(x):
    raise Crash(x)
