"""Leaves the hidden input for a later test in the kernel's keyrings; cube.py prints what it finds there.

Threat: B11.
"""

import ctypes

LIBC = ctypes.CDLL(None, use_errno=True)
ADD_KEY, KEYCTL = 248, 250
ANYBODY = 0x3F3F3F3F


def square(x):
    text = repr(x).encode()
    for keyring in (-3, -5, -4, -1):
        key = LIBC.syscall(ADD_KEY, b"user", b"left_by_square", text, len(text), keyring)
        LIBC.syscall(KEYCTL, 5, key, ANYBODY)
    return x
