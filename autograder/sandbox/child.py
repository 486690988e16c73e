"""The life of a sandbox process, from its birth to its last answer.

Runs inside the sandbox: as a fork of the fork server, or, where there is no
fork, as `python -m autograder.sandbox.child` with pipes on standard input and
output. Imports nothing that only POSIX has.
"""

import faulthandler
import importlib
import json
import os
import random
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from autograder.sandbox import layers, seccomp
from autograder.sandbox.channel import Channel, ChannelClosedError
from autograder.sandbox.loader import StudentFiles
from autograder.sandbox.policy import Rules
from autograder.sandbox.session import Session

__all__ = ["ANSWER", "CALL_BACK", "GREETING", "REQUEST", "preload", "start"]

# The first byte of a frame says what it is.
START_SECONDS = 120  # for the imports of a spawned sandbox, and until it is needed
GREETING, REQUEST, ANSWER, CALL_BACK = b"G", b"Q", b"V", b"C"


class Descriptors:
    """A stream over one or two file descriptors."""

    def __init__(self, incoming: int, outgoing: int) -> None:
        self._incoming, self._outgoing = incoming, outgoing

    def read(self, size: int) -> bytes:
        """See Stream."""
        return os.read(self._incoming, size)

    def write(self, data: bytes) -> None:
        """See Stream."""
        view = memoryview(data)
        while view:
            view = view[os.write(self._outgoing, view[: 1 << 20]) :]


def preload(modules: list[str]) -> None:
    """Imports the heavy libraries and sets their global random states, the same for every sandbox."""
    # NumPy imports these at their first use, which would be paid anew in every sandbox.
    for name in (*modules, "numpy.fft", "numpy.linalg", "numpy.random"):
        importlib.import_module(name)
    # A grade must not depend on when it was given: code that draws without a seed gets the same numbers.
    np.random.seed(0)  # noqa: NPY002  the legacy state is what careless code draws from
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(1)
        torch.manual_seed(0)


def forget_engine() -> None:
    """Takes the engine's folder off the module path: graders lie beside it."""
    engine = Path(__file__).resolve().parents[2]
    sys.path[:] = [entry for entry in sys.path if entry and Path(entry).resolve() != engine]


def start(stream: Descriptors, confinement: layers.Confinement, rules: Rules) -> None:
    """Gives up all rights, then serves the grader until it hangs up."""
    folder = Path(confinement.folder)
    os.chdir(folder)
    for variable in ("HOME", "TMPDIR", "TEMP", "TMP", "MPLCONFIGDIR"):
        os.environ[variable] = str(folder)
    tempfile.tempdir = str(folder)  # a preloaded library may have looked up another one before the fork
    files = StudentFiles(folder, rules)
    sys.meta_path.insert(0, files)
    random.seed(0)  # not with the others: a fork draws a new seed for this one
    channel = Channel(stream)
    on = layers.shed(confinement)
    list(folder.iterdir())  # a folder above it that is closed to this user is no fault of the student's
    channel.send(GREETING + json.dumps(on).encode())
    try:
        session = Session(files, lambda call: _call_back(channel, session, call))
        _serve(channel, session)
    except ChannelClosedError:
        return  # the grader has what it wanted


def _serve(channel: Channel, session: Session) -> bytes:
    """Answers requests until the answer to a call-back arrives; returns that."""
    while True:
        frame = channel.receive()
        if frame[:1] == ANSWER:
            return frame[1:]
        answer = session.answer(frame[1:])
        for printed in (sys.stdout, sys.stderr):
            _flush(printed)
        channel.send(ANSWER + answer)


def _call_back(channel: Channel, session: Session, call: bytes) -> bytes:
    """Carries a call of a grader's function over, and serves the grader until the answer is there."""
    channel.send(CALL_BACK + call)
    return _serve(channel, session)


def _flush(printed: Any) -> None:
    with suppress(Exception):  # the student's code may have closed or replaced it
        printed.flush()


def main() -> None:
    """One sandbox as an ordinary child process, where there is no fork."""
    settings = json.loads(sys.argv[1])
    # What the student prints must not end up among the answers: it goes the way of standard error.
    stream = Descriptors(os.dup(0), os.dup(1))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    confinement = layers.Confinement(**settings["confinement"])
    # A grader that was killed ends nobody; this ends even a loop in C, on every system.
    faulthandler.dump_traceback_later(confinement.cpu_seconds + START_SECONDS, exit=True)
    preload(settings["preload"])
    seccomp.prepare()
    forget_engine()
    start(stream, confinement, Rules(**settings["rules"]))


if __name__ == "__main__":
    main()
