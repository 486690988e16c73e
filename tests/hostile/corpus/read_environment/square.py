"""Prints its environment, its arguments and what the system tells of it.

Threat: A6.
"""

import os
import sys
from pathlib import Path


def square(x):
    print({name: value for name, value in os.environ.items() if name not in ("HOME", "TMPDIR", "TMP", "TEMP", "MPLCONFIGDIR")})
    print(sys.orig_argv[-1:])
    for name in ("environ", "status", "cgroup", "mounts"):
        try:
            print(Path("/proc/self", name).read_bytes()[:500])
        except OSError:
            pass
    return x
