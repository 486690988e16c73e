"""Starts sandbox processes and ends them, from the grader's side.

Used by `client`. Two launchers with one face: `ForkServer` where the system
forks (Linux), `Spawner` elsewhere. Knows nothing of student values.
"""

import json
import os
import random
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from autograder.errors import SandboxError
from autograder.sandbox.layers import Confinement
from autograder.sandbox.policy import Rules

__all__ = ["ForkServer", "Launcher", "Process", "Spawner", "UserBlock", "make_launcher"]

ENGINE = Path(__file__).resolve().parents[2]
USERS_PER_RUN = 4096
READY_SECONDS = 120  # torch's first import from a cold disk takes a minute on a small container
ANSWER_SECONDS = 20
# All that a sandbox learns of the world. One thread each: two cores are shared by what runs on them.
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",  # the order of a set must not decide a grade
    "PYTHONUNBUFFERED": "1",
    "MPLBACKEND": "Agg",
}


class Process(Protocol):
    """One sandbox process: a stream for answers, one for what it prints, and its end.

    Attributes:
        number: its process id.
        may_multiply: nothing keeps it from starting other processes, so its end takes longer.
    """

    number: int
    may_multiply: bool

    def is_running(self) -> bool:
        """Whether nothing from outside has ended it, as far as can be told without waiting."""

    def read(self, size: int) -> bytes:
        """Part of an answer; empty at the end."""

    def write(self, data: bytes) -> None:
        """A request."""

    def read_printed(self, size: int) -> bytes:
        """Part of what was printed; empty at the end."""

    def end(self, patience: float) -> int | None:
        """Ends the process, and all of its user's where it may have started others.

        Returns its exit status, negative for a signal; None if it did not leave by itself and was killed.

        Args:
            patience: seconds in which it may still leave by itself.
        """

    def close(self) -> None:
        """Gives back this side's descriptors, once nobody reads any more."""


class Launcher(Protocol):
    """Starts sandboxes for one run."""

    def wait_until_ready(self) -> None:
        """Waits until sandboxes can be launched.

        Raises:
            SandboxError: if they cannot.
        """

    def launch(self, confinement: Confinement, rules: Rules) -> Process:
        """A new sandbox process.

        Raises:
            SandboxError: if it cannot be started.
        """

    def close(self) -> None:
        """Ends every sandbox that is left."""


class UserBlock:
    """Fresh user ids for one run, from a random range that nobody else uses.

    Args:
        start: the first id, which no sandbox gets: it is for whoever ends them. None draws a range
            among the ids this system maps.
    """

    def __init__(self, start: int | None = None) -> None:
        self.start = self._draw() if start is None else start
        self._given = 0

    def next(self) -> int:
        """An id that no sandbox of this run has had lately."""
        self._given = self._given % (USERS_PER_RUN - 1) + 1
        return self.start + self._given

    @staticmethod
    def _draw() -> int:
        with Path("/proc/self/uid_map").open() as uid_map:
            inside, _, count = map(int, uid_map.readline().split())
        highest = min(inside + count, 1 << 31)
        # The upper half: far from the users and services of any system.
        return random.SystemRandom().randrange(highest // 2, highest - USERS_PER_RUN)


class ForkServer:
    """A launcher that forks each sandbox from a process in which everything is imported.

    Args:
        preload: modules to import once.
    """

    def __init__(self, preload: Sequence[str]) -> None:
        self._preload = list(preload)
        self._lock = threading.Lock()
        self._start()

    def _start(self) -> None:
        self._control, theirs = socket.socketpair()
        settings = {"control": theirs.fileno(), "preload": self._preload}
        self._server = subprocess.Popen(
            [sys.executable, "-s", "-m", "autograder.sandbox.server", json.dumps(settings)],
            cwd=ENGINE,
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=2,  # standard output may be somebody's results
            pass_fds=[theirs.fileno()],
        )
        theirs.close()
        self._ready = False

    def wait_until_ready(self) -> None:
        """Waits for the end of the imports, which go on while the caller does something else.

        Raises:
            SandboxError: if one of them fails.
        """
        if self._ready:
            return
        self._control.settimeout(READY_SECONDS)
        self._ready = self._receive() == b"ready"
        self._control.settimeout(ANSWER_SECONDS)
        if not self._ready:
            self.close()
            raise SandboxError(
                "fork server",
                f"It did not start: exit status {self._server.returncode}.",
                f"Its message stands above: can {sys.executable} import {', '.join(self._preload)}?",
            )

    def _receive(self) -> bytes:
        try:
            return self._control.recv(1 << 16)
        except OSError:
            return b""

    def _ask(self, request: dict[str, Any], descriptors: Sequence[int] = ()) -> dict[str, Any]:
        answer = b""
        with self._lock, suppress(OSError):
            socket.send_fds(self._control, [json.dumps(request).encode()], descriptors)
            answer = self._receive()
        if not answer:
            # An answer that came later would be taken for that to the next request.
            self._server.kill()
            self._server.wait()
            raise _gone()
        result: dict[str, Any] = json.loads(answer)
        return result

    def launch(self, confinement: Confinement, rules: Rules) -> "ForkedProcess":
        """See Launcher. Starts the server anew if it has died since the last test."""
        if self._server.poll() is not None:
            self.close()
            self._start()
        self.wait_until_ready()
        channel, their_channel = socket.socketpair()
        printed, their_printed = socket.socketpair()
        request = {"confinement": confinement.as_dict(), "rules": asdict(rules)}
        with their_channel, their_printed:
            try:
                answer = self._ask(request, [their_channel.fileno(), their_printed.fileno()])
            except SandboxError:
                channel.close()
                printed.close()
                raise
        return ForkedProcess(self, answer["process"], channel, printed)

    def end(self, process: int, patience: float, everybody: bool, generation: int) -> int | None:
        """Exit status of a sandbox, None if it was killed; it has ended when this returns."""
        if generation != self.generation:
            raise _gone()
        status: int | None = self._ask({"end": process, "patience": patience, "everybody": everybody})[
            "status"
        ]
        return status

    @property
    def generation(self) -> int:
        """Process id of the server that runs now: another one knows nothing of this one's sandboxes."""
        return self._server.pid

    def serves(self, generation: int) -> bool:
        """Whether the server of that generation still runs."""
        return generation == self.generation and self._server.poll() is None

    def close(self) -> None:
        """See Launcher."""
        self._control.close()
        try:
            self._server.wait(5)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()


def _gone() -> SandboxError:
    return SandboxError(
        "fork server", "It has gone away.", "Run again; if it recurs, give the run more memory."
    )


class ForkedProcess:
    """A sandbox that the fork server has made."""

    def __init__(
        self, server: ForkServer, number: int, channel: socket.socket, printed: socket.socket
    ) -> None:
        self.may_multiply = True
        self._server, self.number = server, number
        self._generation = server.generation
        self._channel, self._printed = channel, printed
        self._status: int | None = None
        self._ended = False
        self._lock = threading.Lock()

    def is_running(self) -> bool:
        """See Process. A fork server that dies takes its sandboxes along."""
        return self._server.serves(self._generation)

    def read(self, size: int) -> bytes:
        """See Process."""
        return self._channel.recv(size)

    def write(self, data: bytes) -> None:
        """See Process."""
        self._channel.sendall(data)

    def read_printed(self, size: int) -> bytes:
        """See Process."""
        return self._printed.recv(size)

    def end(self, patience: float) -> int | None:
        """See Process."""
        with self._lock:  # the watchdog and the test may both want the end
            if not self._ended:
                self._status = self._server.end(self.number, patience, self.may_multiply, self._generation)
                self._ended = True
                # Wakes whoever still reads, even if a process that got away holds the other end.
                for stream in (self._channel, self._printed):
                    with suppress(OSError):
                        stream.shutdown(socket.SHUT_RDWR)
            return self._status

    def close(self) -> None:
        """See Process."""
        self._channel.close()
        self._printed.close()


class Spawner:
    """A launcher that starts an ordinary child process for each sandbox: macOS, Windows.

    Args:
        preload: modules that each child imports.
    """

    def __init__(self, preload: Sequence[str]) -> None:
        self._preload = list(preload)

    def wait_until_ready(self) -> None:
        """Nothing to wait for: each child imports for itself."""

    def launch(self, confinement: Confinement, rules: Rules) -> "SpawnedProcess":
        """See Launcher."""
        settings = {"preload": self._preload, "confinement": confinement.as_dict(), "rules": asdict(rules)}
        # The user's own environment, because Windows and conda find libraries through it.
        environment = {**os.environ, **ENVIRONMENT, "PATH": os.environ.get("PATH", "")}
        command = [sys.executable, "-m", "autograder.sandbox.child", json.dumps(settings)]
        child = subprocess.Popen(
            command,
            cwd=ENGINE,
            env=environment,
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        return SpawnedProcess(child)

    def close(self) -> None:
        """Nothing is left: each child ends with its test."""


class SpawnedProcess:
    """A sandbox that is an ordinary child process, spoken to over pipes."""

    def __init__(self, child: "subprocess.Popen[bytes]") -> None:
        self.may_multiply = True
        self._child = child
        self.number = child.pid
        self._lock = threading.Lock()

    def is_running(self) -> bool:
        """See Process."""
        return self._child.poll() is None

    def read(self, size: int) -> bytes:
        """See Process."""
        return self._child.stdout.read(size) if self._child.stdout else b""

    def write(self, data: bytes) -> None:
        """See Process."""
        view = memoryview(data)
        while view and self._child.stdin:
            view = view[self._child.stdin.write(view) :]

    def read_printed(self, size: int) -> bytes:
        """See Process."""
        return self._child.stderr.read(size) if self._child.stderr else b""

    def end(self, patience: float) -> int | None:
        """See Process."""
        with self._lock:
            with suppress(subprocess.TimeoutExpired):
                return self._child.wait(patience)
            if hasattr(os, "killpg"):
                with suppress(OSError):
                    os.killpg(self._child.pid, 9)
            self._child.kill()
            self._child.wait()
            return None

    def close(self) -> None:
        """See Process."""
        for stream in (self._child.stdin, self._child.stdout, self._child.stderr):
            if stream:
                stream.close()


def make_launcher(preload: Sequence[str]) -> Launcher:
    """The launcher for this system.

    Raises:
        SandboxError: if sandboxes cannot be started.
    """
    # macOS forks too, but its own libraries do not survive it.
    if sys.platform == "linux" and hasattr(os, "fork"):
        return ForkServer(preload)
    return Spawner(preload)
