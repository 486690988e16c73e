"""Stops itself with SIGSTOP, so that the grader waits for an answer that cannot come.

Threat: A2.
"""

import signal


def square(x):
    signal.raise_signal(signal.SIGSTOP)
    return x
