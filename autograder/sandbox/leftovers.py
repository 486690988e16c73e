"""Removes what a sandbox leaves behind: its folder, its files in shared folders, its messages.

Used by `workshop`, and by the run for what a killed grader could not remove. Knows nothing of sandboxes.
"""

import ctypes
import os
import shutil
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

__all__ = ["remove_all_of", "remove_folder", "remove_messages_of"]

# Where any user may write. What a sandbox leaves there would be a message to the next one.
SHARED_FOLDERS = ("/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue", "/run/lock")

IPC_RMID = 0


def remove_folder(folder: Path) -> None:
    """Removes a folder with all that a submission may have left in it, as far as it can be removed."""
    with suppress(RecursionError):
        shutil.rmtree(folder, ignore_errors=True)
    if folder.exists() and os.name == "posix":  # nested too deep for Python, which a student can arrange
        subprocess.run(["rm", "-rf", "--", str(folder)], check=False, stderr=subprocess.DEVNULL)


def remove_all_of(uid: int) -> None:
    """Removes a user's files from the folders that everybody can write to."""
    for shared in SHARED_FOLDERS:
        with suppress(OSError):
            for entry in Path(shared).iterdir():
                if entry.lstat().st_uid != uid:
                    continue
                if entry.is_dir() and not entry.is_symlink():
                    remove_folder(entry)
                else:
                    entry.unlink(missing_ok=True)


def remove_messages_of(uid: int) -> None:
    """Removes a user's System V memory, queues and semaphores, which outlive every process."""
    libc = ctypes.CDLL(None)
    removers: dict[str, Callable[[int], int]] = {
        "shm": lambda number: libc.shmctl(number, IPC_RMID, None),
        "msg": lambda number: libc.msgctl(number, IPC_RMID, None),
        "sem": lambda number: libc.semctl(number, 0, IPC_RMID),
    }
    for kind, remove in removers.items():
        with suppress(OSError):
            head, *lines = Path(f"/proc/sysvipc/{kind}").read_text().splitlines()
            for line in lines:
                entry = dict(zip(head.split(), map(int, line.split()), strict=True))
                if uid in (entry["uid"], entry["cuid"]):
                    remove(next(value for name, value in entry.items() if name.endswith("id")))
