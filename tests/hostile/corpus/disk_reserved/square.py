"""Reserves two gigabytes of disk for a file that stays empty.

Threat: D24.
"""

import ctypes
import os
import sys
import time

KEEP_SIZE = 1


def square(x):
    file = os.open("empty", os.O_RDWR | os.O_CREAT)
    if sys.platform == "linux":
        ctypes.CDLL(None).fallocate(file, KEEP_SIZE, ctypes.c_long(0), ctypes.c_long(2 << 30))
    time.sleep(0.5)
    raise ValueError(f"reserved {os.fstat(file).st_blocks // 2048} MiB")
