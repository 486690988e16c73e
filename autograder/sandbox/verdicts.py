"""A sentence for every way in which student code can fail to answer.

Used by `transport`, `client` and the graders' assertions. What a sandbox says of an
error is an enemy's word: only plain text of limited length is taken from it.
"""

import signal
from dataclasses import dataclass
from typing import Any

from autograder.model import Kind

__all__ = ["Allowance", "NoLengthError", "StudentError", "death", "described", "garbled"]

MAX_TEXT = 2000  # characters of a student's message that are passed on


class StudentError(Exception):
    """The student's code did not give an answer.

    Attributes:
        kind: which way it failed.
        message: one sentence for the student, and the lines of their files that led there.
        exception: type name of the exception that the code raised, "" if it raised none.
    """

    def __init__(self, kind: Kind, message: str, exception: str = "") -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.exception = exception


class NoLengthError(StudentError, TypeError):
    """`len` of an object that has none. Only a TypeError lets `list(handle)` iterate all the same."""


@dataclass(frozen=True)
class Allowance:
    """What one test may use, kept from outside the sandbox."""

    seconds: float
    memory_mb: int
    disk_mb: int
    output_kb: int


def death(stopped_for: Kind | None, status: int, allowance: Allowance) -> StudentError:
    """The verdict on a sandbox that has ended before its answer.

    Args:
        stopped_for: what the watchdog stopped it for, None if it did not.
        status: exit status, negative for a signal.
        allowance: what it was allowed.
    """
    if stopped_for is None and status < 0 and -status == getattr(signal, "SIGXCPU", 0):
        stopped_for = Kind.TIMEOUT
    sentences = {
        Kind.TIMEOUT: f"did not finish within {allowance.seconds:g} s. "
        "Look for a loop that never ends, or that NumPy could do in one call.",
        Kind.PRINTED: f"printed more than {allowance.output_kb} KiB. Remove the print calls.",
        Kind.DISK: f"wrote more than {allowance.disk_mb} MiB to disk.",
    }
    if stopped_for is not None:
        return StudentError(stopped_for, f"Your code {sentences[stopped_for]}")
    if status >= 0:
        text = (
            f"ended the process itself, with exit status {status}. Remove the call of exit, quit or os._exit."
        )
    elif status == -9:
        return StudentError(
            Kind.MEMORY,
            "Your code was ended by the system, most likely for its memory: "
            f"a test may use {allowance.memory_mb} MiB.",
        )
    else:
        text = f"crashed with signal {-status} ({_signal_name(-status)})."
    return StudentError(Kind.CRASHED, f"Your code {text}")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"


def garbled(detail: str = "") -> StudentError:
    """The verdict on an answer that is none."""
    return StudentError(
        Kind.PROTOCOL,
        f"Your code disturbed the line to the grader: the answer could not be read. {detail}".strip(),
    )


def described(label: str, report: dict[Any, Any], memory_mb: int) -> StudentError:
    """The verdict behind an error that the student's side has described."""
    try:
        kind = Kind(_text(report["kind"], 100))
        exception, message, frames = (report[key] for key in ("exception", "message", "frames"))
        plain = [frame for frame in frames[-6:] if type(frame) is tuple] if type(frames) is list else []
        places = [_place(*frame) for frame in plain]
        exception, message = _text(exception, 100), _text(message, MAX_TEXT).strip()
    except (ArithmeticError, LookupError, TypeError, ValueError):
        return garbled()
    where = f" ({places[-1][0]}, line {places[-1][1]})" if places else ""
    sentences = {
        Kind.NOT_IMPLEMENTED: f"{message or label + ' is not written yet'}{where}.",
        Kind.MEMORY: f"{label} ran out of memory{where}: a test may use {memory_mb} MiB.",
        Kind.SYNTAX: f"Python cannot read your file{where}: {message}.",
        Kind.MISSING_FILE: f"{message}{where}.",
        Kind.MISSING_NAME: f"{message}.",
        Kind.TYPE: f"{label} gave a value that cannot be read: {message}",
        Kind.POLICY: message,
    }
    raised = f"{label} raised {exception}{': ' + message if message else ''}"
    lines = [f"  {file}, line {line}, in {name}: {text}" for file, line, name, text in places if name]
    if kind in sentences:
        return StudentError(kind, sentences[kind], exception)
    return StudentError(
        Kind.RAISED, "\n".join([raised + ("" if raised.endswith(".") else "."), *lines]), exception
    )


def _place(file: object, line: object, name: object, text: object) -> tuple[str, int, str, str]:
    if type(line) is not int:
        raise TypeError(line)
    return _text(file, 80), line, _text(name, 80), _text(text, 200)


def _text(value: object, limit: int) -> str:
    """A string and nothing else: to write a thousand arrays as text would take the grader a minute."""
    if type(value) is not str:
        raise TypeError(value)
    return value[:limit]
