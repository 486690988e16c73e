"""Fills the disk with files that have neither a name nor a descriptor any more, only a page in memory.

Threat: D24.
"""

import mmap
import os
import time


def square(x):
    kept = []
    for _ in range(8):
        file = os.open("gone", os.O_RDWR | os.O_CREAT)
        for _ in range(13):
            os.write(file, bytes(1 << 20))
        kept.append(mmap.mmap(file, mmap.PAGESIZE))
        os.closerange(4, 64)
        os.unlink("gone")
    time.sleep(0.5)
    return x
