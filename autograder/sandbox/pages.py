"""Huge pages for a process that forks often: one entry of its page table stands for 512.

A fork copies the page table, and the end of the child frees it again. After `import torch` that is most
of what a sandbox costs. Linux 6.1 or later; elsewhere nothing happens.
"""

import ctypes
import re
from pathlib import Path

__all__ = ["make_huge"]

HUGE = 2 << 20  # bytes
MADV_COLLAPSE = 25
# Memory of the process's own, which it may write: start and end, and no file behind it.
OWN = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) rw-p 00000000 00:00 0 *(?:\[heap\])?$", re.MULTILINE)


def make_huge() -> None:
    """Moves this process's memory into huge pages where the kernel offers that. What it holds stays."""
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    for start, end in OWN.findall(Path("/proc/self/maps").read_text()):
        first = -(-int(start, 16) // HUGE) * HUGE
        size = int(end, 16) // HUGE * HUGE - first
        if size > 0:
            madvise(first, size, MADV_COLLAPSE)
