"""Raises its limits, asks for privileges and turns off what the kernel keeps it in.

Threat: D24.
"""

import ctypes
import os
import resource

LIBC = ctypes.CDLL(None, use_errno=True)


def square(x):
    gained = []
    for name in ("RLIMIT_AS", "RLIMIT_NPROC", "RLIMIT_FSIZE", "RLIMIT_CPU", "RLIMIT_NOFILE"):
        try:
            resource.setrlimit(getattr(resource, name), (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            gained.append(name)
        except (OSError, ValueError):
            pass
    for act in (lambda: os.setuid(0), lambda: os.setresuid(0, 0, 0), lambda: os.setgroups([0]), lambda: os.chroot("."), lambda: os.nice(-20)):
        try:
            act()
            gained.append("identity")
        except OSError:
            pass
    for arguments in ((38, 0, 0, 0, 0), (22, 0, 0, 0, 0), (8, 1, 0, 0, 0), (24, 0, 0, 0, 0), (1, 0, 0, 0, 0)):
        if LIBC.prctl(*arguments) == 0 and arguments[0] in (38, 22):
            gained.append(arguments)
    if LIBC.unshare(0x10000000) == 0:
        gained.append("name space")
    print("gained", gained)
    return x
