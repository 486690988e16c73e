"""Landlock: the kernel refuses every file outside a list of paths.

Runs inside a new sandbox, before any student code. A few direct system calls,
because no maintained binding is on the package index. Linux 5.13 and later;
elsewhere `restrict` says that it is not available.

Source: https://docs.kernel.org/userspace-api/landlock.html
"""

import ctypes
import os
import struct
from collections.abc import Iterable
from pathlib import Path

__all__ = ["restrict"]

# The numbers are the same on every architecture.
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
RULE_PATH_BENEATH = 1
VERSION = 1

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
REFER, TRUNCATE, IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
# File rights that each version of the interface knows; naming an unknown one is an error.
RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
FILE_RIGHTS = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
READ = READ_FILE | READ_DIR
TCP_BIND_AND_CONNECT = 0b11  # since version 4
SCOPE_SOCKETS_AND_SIGNALS = 0b11  # since version 6


def restrict(readable: Iterable[Path], writable: Iterable[Path]) -> bool:
    """Leaves this process and its children only the given paths.

    Args:
        readable: files and folders that may be read; one that does not exist is left out.
        writable: folders and files in which everything may be done, except to execute.

    Returns:
        True if the kernel now enforces it, False where it does not offer Landlock.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(CREATE_RULESET, None, 0, VERSION)
    if version < 1:
        return False
    handled = max(rights for since, rights in RIGHTS.items() if since <= version)
    attributes = struct.pack(
        "<QQQ",
        handled,
        TCP_BIND_AND_CONNECT if version >= 4 else 0,
        SCOPE_SOCKETS_AND_SIGNALS if version >= 6 else 0,
    )
    size = 8 if version < 4 else 16 if version < 6 else 24
    ruleset = libc.syscall(CREATE_RULESET, attributes, size, 0)
    if ruleset < 0:
        return False
    try:
        for path in readable:
            _allow(libc, ruleset, path, READ & handled)
        for path in writable:
            _allow(libc, ruleset, path, handled & ~EXECUTE)
        return bool(libc.syscall(RESTRICT_SELF, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def _allow(libc: ctypes.CDLL, ruleset: int, path: Path, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # a system without this file needs no rule for it
    try:
        if not path.is_dir():
            rights &= FILE_RIGHTS
        rule = struct.pack("<Qi", rights, descriptor)
        libc.syscall(ADD_RULE, ruleset, RULE_PATH_BENEATH, rule, 0)
    finally:
        os.close(descriptor)
