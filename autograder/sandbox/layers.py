"""What a sandbox gives up before it sees student code.

Runs inside the new process. Each layer stands alone: where one cannot be had,
the others still hold, and `shed` says which are on.
"""

import ctypes
import os
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from autograder.sandbox import landlock, seccomp

__all__ = ["LAYERS", "Confinement", "shed"]

LAYERS = ("own user", "no new privileges", "limits", "own network", "landlock", "seccomp")

PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38
CLONE_NEWNET = 0x40000000
SIGKILL = 9

# What an interpreter and its libraries read while they run. Lazily imported
# modules come from the last three; torch reads the processor's description.
SYSTEM_FILES = (
    "/dev/null", "/dev/zero", "/dev/urandom", "/dev/random", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat",
    "/proc/self", "/sys/devices/system", "/sys/fs/cgroup", "/etc/ld.so.cache", "/etc/localtime",
    "/usr/share/zoneinfo", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/lib", "/lib64",
)  # fmt: skip


@dataclass(frozen=True)
class Confinement:
    """What one sandbox may do. Plain numbers, so that it can be sent to the fork server.

    Attributes:
        folder: the private folder: the student's files, working and temporary folder in one.
        uid: the user to become, None to stay who we are.
        killer_uid: a user whom no process has, as whom whoever ends the sandbox comes; None only with
            `uid`.
        memory_mb: MiB that may be mapped on top of what is mapped already.
        file_mb: largest file, in MiB.
        off: layers that are left out on purpose, to prove that the others hold.
    """

    folder: str
    uid: int | None = None
    killer_uid: int | None = None
    memory_mb: int = 256
    file_mb: int = 16
    open_files: int = 64
    threads: int = 16
    cpu_seconds: int = 20
    off: tuple[str, ...] = field(default=())

    def as_dict(self) -> dict[str, Any]:
        """For JSON; `Confinement(**d)` is the way back."""
        return asdict(self)


def shed(confinement: Confinement) -> dict[str, bool]:
    """Gives up all that is not needed, for good.

    Returns:
        For each layer, whether it is on.

    Raises:
        OSError: if the process is root and cannot become another user: student code never runs as root.
    """
    on = dict.fromkeys(LAYERS, False)
    on["limits"] = _limit(confinement)
    if sys.platform != "linux":
        return on
    libc = ctypes.CDLL(None, use_errno=True)
    on["no new privileges"] = libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
    if "own network" not in confinement.off:  # one that reaches nothing; only a mighty root may have it
        on["own network"] = libc.unshare(CLONE_NEWNET) == 0
    on["own user"] = _become(confinement.uid)
    # Changing the user clears this, so it comes after.
    libc.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)
    if "landlock" not in confinement.off:
        on["landlock"] = landlock.restrict(_readable(), [Path(confinement.folder), Path("/dev/null")])
    if "seccomp" not in confinement.off:
        on["seccomp"] = seccomp.restrict()
    return on


def _become(uid: int | None) -> bool:
    if uid is None:
        if os.geteuid() == 0:
            raise PermissionError("student code never runs as root, and no other user was named")
        return False
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    return True


def _limit(confinement: Confinement) -> bool:
    try:
        import resource  # noqa: PLC0415  POSIX only, and students have Windows too
    except ImportError:
        return False
    mib = 1024 * 1024
    wanted = {
        "RLIMIT_CORE": 0,
        "RLIMIT_FSIZE": confinement.file_mb * mib,
        "RLIMIT_NOFILE": confinement.open_files,
        "RLIMIT_MEMLOCK": mib,
        "RLIMIT_MSGQUEUE": 0,
        # The wall clock is kept from outside; this ends a process that outlives even that.
        "RLIMIT_CPU": confinement.cpu_seconds,
    }
    if confinement.uid is not None:  # it counts all processes of a user, a student's own desktop included
        wanted["RLIMIT_NPROC"] = confinement.threads
    if sys.platform == "linux":  # elsewhere what is mapped already is not known
        wanted["RLIMIT_AS"] = _mapped() + confinement.memory_mb * mib
    for name, value in wanted.items():
        if hasattr(resource, name):
            _lower(resource, getattr(resource, name), value)
    return True


def _lower(resource: Any, which: int, value: int) -> None:
    _, hard = resource.getrlimit(which)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(which, (value, value))


def _mapped() -> int:
    """Bytes of address space in use: torch maps gigabytes that it never touches."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _readable() -> list[Path]:
    """The system's files above, this interpreter's library and installed packages.

    The engine's own folder, beside which graders lie, has left `sys.path` by now.
    """
    interpreter = {sys.prefix, sys.base_prefix, *(entry for entry in sys.path if entry)}
    return [Path(entry) for entry in (*SYSTEM_FILES, *sorted(interpreter))]
