"""Leaves the hidden input for a later test, in every folder that it can write to; cube.py prints what it finds.

Threat: B11.
"""

import os
from pathlib import Path


def square(x):
    shared = ("/tmp", "/var/tmp", "/dev/shm", "/run", "/run/lock", "/var/lock", "/dev/mqueue", "/var/crash", "/dev", "/proc/self")
    for place in (*shared, os.getcwd(), str(Path.cwd().parent), os.path.expanduser("~"), "/root", "/home", "/mnt", "/opt"):
        for name in ("left_by_square", "left_by_square.d/file", "autograder-run-left_by_square"):
            try:
                path = Path(place, name)
                path.parent.mkdir(exist_ok=True)
                path.write_text(repr(x))
                path.chmod(0o666)
            except OSError:
                pass
    return x
