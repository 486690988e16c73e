"""A container's limits through control groups, and the processes that a run has started.

`local` imports it. It knows nothing of Gradescope. What the system does not offer is
not an error: `Limits.missing` says it in a sentence. Linux; nothing here is imported
from a module that other systems lack.
"""

import ctypes
import os
import signal
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["Family", "Limits"]

CGROUPS = Path("/sys/fs/cgroup")
PROC = Path("/proc")
_PERIOD = 100_000  # microseconds over which the kernel counts processor time
_PR_SET_CHILD_SUBREAPER, _PR_GET_CHILD_SUBREAPER = 36, 37

Settings = dict[str, str]  # name of a control file -> what is written to it; the first must be there


class Limits:
    """A control group with a memory and a processor limit, as far as they can be had.

    Args:
        memory_mb: MiB for all processes together, page cache included.
        cpus: processors' worth of time, such as 0.5.

    Attributes:
        missing: a sentence for each limit that does not hold.
    """

    def __init__(self, memory_mb: int, cpus: float) -> None:
        memory, quota = str(memory_mb * 1024 * 1024), str(int(cpus * _PERIOD))
        self._groups: list[Path] = []
        self._unified: Path | None = None
        self.missing: list[str] = []
        self._add(
            f"The memory limit of {memory_mb} MiB does not hold: no control group for it can be made here.",
            "memory",
            {"memory.limit_in_bytes": memory, "memory.memsw.limit_in_bytes": memory},
            {"memory.max": memory, "memory.swap.max": "0"},
        )
        self._add(
            f"The limit of {cpus:g} CPUs does not hold: no control group for it can be made here.",
            "cpu",
            {"cpu.cfs_quota_us": quota, "cpu.cfs_period_us": str(_PERIOD)},
            {"cpu.max": f"{quota} {_PERIOD}"},
        )

    @property
    def doors(self) -> list[Path]:
        """Files that take in the process whose id is written to them."""
        return [group / "cgroup.procs" for group in self._groups]

    def out_of_memory(self) -> int:
        """Number of processes that were killed at the memory limit."""
        for group in self._groups:
            for name in ("memory.oom_control", "memory.events"):
                with suppress(OSError):
                    counts = dict(line.split() for line in (group / name).read_text().splitlines())
                    return int(counts.get("oom_kill", 0))
        return 0

    def close(self) -> None:
        """Remove the groups, once their processes are gone."""
        for group in self._groups:
            for _ in range(50):
                with suppress(OSError):
                    group.rmdir()
                    break
                time.sleep(0.02)

    def _add(self, sentence: str, controller: str, first: Settings, second: Settings) -> None:
        """Set a limit by version 1 or 2 of control groups; a process is in one group of version 2 only."""
        group = _make_group(_parents(controller), first)
        if group is None and self._unified is None:
            group = self._unified = _make_group(_parents(""), second)
        elif group is None and self._unified and _set(self._unified, second):
            return
        if group:
            self._groups.append(group)
        else:
            self.missing.append(sentence)


def _parents(controller: str) -> Iterator[Path]:
    """Where a group may be made: below our own, beside it, or at the top. "" stands for version 2."""
    for mount in [CGROUPS / controller] if controller else [CGROUPS, CGROUPS / "unified"]:
        for line in (PROC / "self" / "cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controller in controllers.split(","):
                own = mount / path.lstrip("/")
                yield from dict.fromkeys([own, own.parent, mount])


def _make_group(parents: Iterable[Path], settings: Settings) -> Path | None:
    for parent in parents:
        group = parent / f"autograder-{os.getpid()}-{time.monotonic_ns()}"
        with suppress(OSError):
            group.mkdir()
            if _set(group, settings):
                return group
            group.rmdir()
    return None


def _set(group: Path, settings: Settings) -> bool:
    """Write the settings; true if the first, the limit itself, could be written."""
    written = [_write(group / name, value) for name, value in settings.items()]
    return written[0]


def _write(file: Path, value: str) -> bool:
    with suppress(OSError), file.open("r+") as opened:  # a control file that is missing must not be made
        opened.write(value)
        opened.flush()
        return True
    return False


class Family:
    """The processes that this one has started since `watch`, and all that those have started.

    A process whose parent has died is handed to us instead of to init, so that none is lost.
    """

    def __init__(self) -> None:
        self._others = set(_children(_statuses(), os.getpid()))

    @classmethod
    @contextmanager
    def watch(cls) -> Iterator["Family"]:
        """Watch until the end of the block, and kill what is left then."""
        libc = ctypes.CDLL(None)
        before = ctypes.c_int()
        libc.prctl(_PR_GET_CHILD_SUBREAPER, ctypes.byref(before), 0, 0, 0)
        libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        family = cls()
        try:
            yield family
        finally:
            family.end()
            libc.prctl(_PR_SET_CHILD_SUBREAPER, before.value, 0, 0, 0)

    def alive(self) -> list[int]:
        """Ids of the living, each after its parent."""
        statuses = _statuses()
        found = [pid for pid in _children(statuses, os.getpid()) if pid not in self._others]
        for pid in found:
            found += _children(statuses, pid)
        return [pid for pid in found if statuses[pid][0] != "Z"]

    def memory_mb(self) -> float:
        """Their memory in MiB: pages that several share are divided among them."""
        return sum(_proportional_kb(pid) for pid in self.alive()) / 1024

    def names(self) -> tuple[str, ...]:
        """The living, as a person can find them again."""
        return tuple(name for pid in self.alive() if (name := _name(pid)))

    def end(self) -> None:
        """Kill all of them and collect those that are our own children."""
        for _ in range(1000):  # a process that waits for a broken disk cannot be killed
            living = self.alive()
            for pid in living:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self._collect()
            if not living:
                break
            time.sleep(0.01)

    def _collect(self) -> None:
        for pid in _children(_statuses(), os.getpid()):
            if pid not in self._others:
                with suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)


def _statuses() -> dict[int, tuple[str, int]]:
    """State letter and parent's id of each process."""
    found = {}
    for folder in PROC.iterdir():
        if folder.name.isdecimal():
            with suppress(OSError):
                # The name in brackets may hold anything; what follows it does not.
                state, parent = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()[:2]
                found[int(folder.name)] = (state, int(parent))
    return found


def _children(statuses: dict[int, tuple[str, int]], parent: int) -> list[int]:
    return [pid for pid, (_, its_parent) in statuses.items() if its_parent == parent]


def _proportional_kb(pid: int) -> int:
    with suppress(OSError):
        for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0


def _name(pid: int) -> str:
    with suppress(OSError):
        name = (PROC / str(pid) / "comm").read_text(errors="replace").strip()
        return f"{name} (process {pid} of user {(PROC / str(pid)).stat().st_uid})"
    return ""
