"""Takes memory without end: bytes, arrays, anonymous maps, and keeps on when it is refused.

Threat: D24.
"""

import mmap

import numpy as np


def square(x):
    kept = []
    for size in [1 << 34, 1 << 30, *[1 << 24] * 1000]:
        for make in (bytearray, lambda n: np.ones(n // 8), lambda n: mmap.mmap(-1, n)):
            try:
                kept.append(make(size))
            except (MemoryError, OSError):
                pass
    return np.concatenate([np.ones(1 << 24) for _ in range(100)])
