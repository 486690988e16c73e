"""Leaves the hidden input for a later test in System V shared memory; cube.py prints what it finds there.

Threat: B11.
"""

import ctypes

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.shmat.restype = ctypes.c_void_p


def square(x):
    number = LIBC.shmget(0x5EED, 4096, 0o1666)
    where = LIBC.shmat(number, None, 0)
    if number >= 0 and where not in (None, 2**64 - 1):
        text = repr(x).encode()
        ctypes.memmove(where, text, len(text))
    return x
