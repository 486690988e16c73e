"""The way to the student's side and back: a sandbox process with a watchdog, or the same process.

Used by `client` and `workshop`. Knows frames, limits and the end of a process, and
nothing of what a request means.
"""

import errno
import os
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Any, Protocol

from autograder.errors import SandboxError
from autograder.model import Kind
from autograder.sandbox.channel import Channel, ChannelClosedError
from autograder.sandbox.child import ANSWER, CALL_BACK, GREETING, REQUEST
from autograder.sandbox.launch import Process
from autograder.sandbox.verdicts import Allowance, StudentError, death, garbled

__all__ = ["LocalTransport", "RemoteTransport", "Transport"]

KEPT_OUTPUT = 4000  # bytes of a student's output that are passed on, from its end
PATIENCE = 0.5  # seconds for a process that has closed its channel to leave by itself
WATCH_SECONDS = 0.05
START_SECONDS = 120
ENTRY_BYTES = 16 * 1024  # what a file counts at least: a thousand empty ones are not free


class Transport(Protocol):
    """Carries a request to the student's side and the answer back."""

    def exchange(self, request: bytes, on_call: Callable[[bytes], bytes]) -> bytes:
        """The answer to a request; `on_call` answers the calls of grader functions meanwhile.

        Raises:
            StudentError: if the other side ends instead of answering.
        """

    def printed(self) -> str:
        """The end of what the student's code has printed."""

    def close(self) -> None:
        """Ends the other side."""


class LocalTransport:
    """The student's side in the grader's own process, for a debugger (`--here`).

    Args:
        make_session: given the function that carries call-backs, returns a Session.
    """

    def __init__(self, make_session: Callable[[Callable[[bytes], bytes]], Any]) -> None:
        self._on_call: Callable[[bytes], bytes] | None = None
        self._session = make_session(self._call_back)

    def _call_back(self, call: bytes) -> bytes:
        assert self._on_call is not None  # a session calls back only while it answers
        return self._on_call(call)

    def exchange(self, request: bytes, on_call: Callable[[bytes], bytes]) -> bytes:
        """See Transport."""
        self._on_call = on_call
        answer: bytes = self._session.answer(request)
        return answer

    def printed(self) -> str:
        """Nothing: it went straight to the terminal."""
        return ""

    def close(self) -> None:
        """Nothing to end."""


class RemoteTransport:
    """A sandbox process, with a watchdog that ends it when it takes more than it may.

    Args:
        process: a process that has just been launched.
        allowance: what it may use.
        folder: its private folder, to see how much it writes.
    """

    def __init__(self, process: Process, allowance: Allowance, folder: Path) -> None:
        self._process = process
        self._allowance = allowance
        self._folder = folder
        self._channel = Channel(process)
        self._printed = bytearray()
        self._printed_size = 0
        self._stopped_for: Kind | None = None
        self._closed = threading.Event()
        self._death: StudentError | None = None
        self._deadline = time.monotonic() + START_SECONDS
        self._reader = threading.Thread(target=self._collect_printed, daemon=True)
        self._reader.start()
        threading.Thread(target=self._watch, daemon=True).start()

    def greeting(self) -> bytes:
        """The first frame, sent before any student code runs.

        Raises:
            SandboxError: if the sandbox did not come up; it says why.
        """
        with suppress(ChannelClosedError):
            frame = self._channel.receive()
            if frame[:1] == GREETING:
                # Where there is no fork, the import of torch alone can take longer than a test may.
                self._deadline = time.monotonic() + self._allowance.seconds
                return frame[1:]
        self.close()
        raise SandboxError(
            "sandbox", f"It did not start. {self.printed()}", "Run as another user, or see the README."
        )

    def exchange(self, request: bytes, on_call: Callable[[bytes], bytes]) -> bytes:
        """See Transport."""
        if self._death:
            raise self._death
        try:
            self._channel.send(REQUEST + request)
            while (frame := self._channel.receive())[:1] == CALL_BACK:
                self._channel.send(ANSWER + on_call(frame[1:]))
        except ChannelClosedError:
            raise self._post_mortem() from None
        if frame[:1] != ANSWER:
            raise garbled()
        return frame[1:]

    def printed(self) -> str:
        """See Transport."""
        return self._printed[-KEPT_OUTPUT:].decode("utf-8", "replace")

    def close(self) -> None:
        """See Transport."""
        self._closed.set()
        with suppress(SandboxError):  # a fork server that has gone took its sandboxes along
            self._process.end(0)
        self._reader.join(1)
        self._process.close()

    def _post_mortem(self) -> StudentError:
        status = self._process.end(PATIENCE)
        self._closed.set()
        self._reader.join(1)
        if status is None and self._stopped_for is None:  # it lived on behind a line that it had closed
            self._death = garbled()
        else:
            self._death = death(self._stopped_for, status or 0, self._allowance)
        return self._death

    def _watch(self) -> None:
        while not self._closed.wait(WATCH_SECONDS):
            if time.monotonic() > self._deadline:
                self._stop(Kind.TIMEOUT)
            elif self._writes_too_much():
                self._stop(Kind.DISK)

    def _writes_too_much(self) -> bool:
        total, limit = 0, self._allowance.disk_mb << 20
        unnamed = _unnamed(self._process.number, self._folder, limit)
        for size in chain(unnamed, _sizes(self._folder)):
            total += size
            if total > limit:
                return True
        return False

    def _collect_printed(self) -> None:
        with suppress(OSError, ValueError):
            while chunk := self._process.read_printed(1 << 16):
                self._printed_size += len(chunk)
                self._printed = (self._printed + chunk)[-KEPT_OUTPUT:]
                if self._printed_size > self._allowance.output_kb << 10:
                    self._stop(Kind.PRINTED)

    def _stop(self, kind: Kind) -> None:
        if not self._closed.is_set():
            self._stopped_for = self._stopped_for or kind
            self._closed.set()
            with suppress(SandboxError):
                self._process.end(0)


def _sizes(folder: Path) -> Iterator[int]:
    """What each file under a folder takes, in bytes, as far as it can be seen just now."""
    folders = [folder]
    while folders:
        try:
            entries = list(folders.pop().iterdir())
        except OSError as error:
            entries = []
            yield _hidden(error)
        for entry in entries:
            try:
                status = entry.lstat()
            except OSError as error:
                yield _hidden(error)
                continue
            yield max(_taken(status), ENTRY_BYTES)
            if stat.S_ISDIR(status.st_mode):
                folders.append(entry)


def _hidden(error: OSError) -> int:
    """What counts for a file that cannot be looked at: it has gone, or its path is longer than any path."""
    return sys.maxsize if error.errno == errno.ENAMETOOLONG else 0


def _unnamed(process: int, folder: Path, most: int) -> Iterator[int]:
    """What each file takes that a process holds open, or in memory, after it has removed its name.

    Of a file of the folder that is in memory alone the size cannot be seen: it counts a quarter of `most`.
    """
    seen = set()
    with suppress(OSError):
        for descriptor in Path(f"/proc/{process}/fd").iterdir():
            with suppress(OSError):
                status = descriptor.stat()
                if stat.S_ISREG(status.st_mode) and status.st_nlink == 0:
                    seen.add(str(status.st_ino))
                    yield _taken(status)
    with suppress(OSError):
        lines = Path(f"/proc/{process}/maps").read_bytes().splitlines()
        ours = [line for line in lines if line.endswith(b" (deleted)") and os.fsencode(folder) in line]
        removed = {line.split()[4].decode() for line in ours}
        yield from (most // 4 for _ in removed - seen)


def _taken(status: os.stat_result) -> int:
    """Bytes of a file, and of the disk that it has reserved."""
    return max(status.st_size, 512 * getattr(status, "st_blocks", 0))
