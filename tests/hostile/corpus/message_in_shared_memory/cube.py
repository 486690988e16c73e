"""Prints what an earlier test has left, and cubes."""

import ctypes

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.shmat.restype = ctypes.c_void_p


def cube(x):
    number = LIBC.shmget(0x5EED, 4096, 0o666)
    where = LIBC.shmat(number, None, 0)
    if number >= 0 and where not in (None, 2**64 - 1):
        print(ctypes.string_at(where, 200).rstrip(b"\0"))
    return x * x * x
