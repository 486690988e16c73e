"""The fork server: imports the heavy libraries once, then forks a sandbox per test.

Runs as a process of its own, started before any grader or hidden file is read,
so its memory, which every sandbox inherits, holds nothing secret. Obeys only
the control socket, which no sandbox keeps. Single-threaded: a fork copies one
thread only. Linux.
"""

import ctypes
import gc
import json
import os
import signal
import socket
import sys
import time
from contextlib import suppress
from typing import Any

from autograder.sandbox import child, layers, pages, seccomp
from autograder.sandbox.policy import Rules

__all__ = ["main"]

MAX_REQUEST = 1 << 16
CHANNEL = 3  # the sandbox's only descriptor besides input, output and error


class Server:
    """Forks and ends sandboxes on request.

    A request is one line of JSON, with two descriptors (channel, output) where a
    sandbox is to be forked; the answer is one line of JSON.
    """

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._sandboxes: dict[int, layers.Confinement] = {}  # by process id

    def serve(self) -> None:
        """Answers until the grader hangs up; then ends every sandbox that is left."""
        while True:
            line, descriptors, _, _ = socket.recv_fds(self._control, MAX_REQUEST, 2)
            if not line:
                break
            answer = self._answer(json.loads(line), descriptors)
            self._control.sendall(json.dumps(answer).encode())
        for process in list(self._sandboxes):
            self._end(process, patience=0, everybody=True)

    def _answer(self, request: dict[str, Any], descriptors: list[int]) -> dict[str, int | None]:
        if "end" in request:
            return {"status": self._end(request["end"], request["patience"], request["everybody"])}
        confinement = layers.Confinement(**request["confinement"])
        process = os.fork()
        if process == 0:
            _become_sandbox(confinement, Rules(**request["rules"]), *descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        self._sandboxes[process] = confinement
        return {"process": process}

    def _end(self, process: int, patience: float, everybody: bool) -> int | None:
        """Exit status of a sandbox if it leaves within `patience` seconds; else it is killed: None.

        With `everybody`, whatever else runs as its user is killed too.
        """
        deadline = time.monotonic() + patience
        ended, status = os.waitpid(process, os.WNOHANG)
        while not ended and time.monotonic() < deadline:
            time.sleep(0.002)
            ended, status = os.waitpid(process, os.WNOHANG)
        if not ended:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
        confinement = self._sandboxes.pop(process)
        uid, killer = confinement.uid, confinement.killer_uid
        if everybody and uid is not None and killer is not None:
            _kill_user(uid, killer)
        return os.waitstatus_to_exitcode(status) if ended else None


def _kill_user(uid: int, killer: int) -> None:
    """Ends whatever still runs as this user: one signal to all, which no fork bomb outruns."""
    helper = os.fork()
    if helper == 0:
        # It may signal that user, which needs its effective id; the user may not signal it back, which
        # would need its real or saved one.
        os.setresuid(killer, uid, killer)
        with suppress(OSError):
            os.kill(-1, signal.SIGKILL)
        os._exit(0)
    os.waitpid(helper, 0)


def _become_sandbox(confinement: layers.Confinement, rules: Rules, channel: int, output: int) -> None:
    """The rest of a forked process's life; does not return."""
    status = 70
    try:
        os.setsid()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        _keep_only(channel, output)
        child.start(child.Descriptors(CHANNEL, CHANNEL), confinement, rules)
        status = 0
    except BaseException as error:
        os.write(2, f"the sandbox could not start: {type(error).__name__}: {error}".encode())
    finally:
        os._exit(status)


def _keep_only(channel: int, output: int) -> None:
    # Above the numbers that are about to be assigned, whatever they are now.
    channel, output = (_above(descriptor) for descriptor in (channel, output))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.dup2(channel, CHANNEL)
    os.closerange(CHANNEL + 1, 1 << 16)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115  they live as long as the process
    sys.stdout = open(1, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115


def _above(descriptor: int) -> int:
    import fcntl  # noqa: PLC0415  POSIX only, like this whole process

    return fcntl.fcntl(descriptor, fcntl.F_DUPFD, 64)


def main() -> None:
    """`python -m autograder.sandbox.server SETTINGS`, with the control socket's descriptor in them."""
    settings = json.loads(sys.argv[1])
    ctypes.CDLL(None).prctl(layers.PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the grader's to handle
    child.preload(settings["preload"])
    seccomp.prepare()
    child.forget_engine()
    gc.collect()
    gc.freeze()  # what is here now is never garbage: sandboxes need not touch it, so they share it
    pages.make_huge()
    control = socket.socket(fileno=settings["control"])
    control.sendall(b"ready")
    Server(control).serve()


if __name__ == "__main__":
    main()
