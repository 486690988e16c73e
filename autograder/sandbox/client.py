"""One sandbox as the grader sees it: requests, handles, and a verdict for every way to fail.

Used by `grading`. Everything that arrives here comes from an enemy: it is
decoded to plain values, checked, and never executed.
"""

import inspect
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from autograder.errors import SandboxError, WireError
from autograder.model import Kind
from autograder.sandbox.channel import Channel, ChannelClosedError
from autograder.sandbox.child import ANSWER, CALL_BACK, GREETING, REQUEST
from autograder.sandbox.launch import Process
from autograder.sandbox.session import BINARY_OPERATORS, UNARY_OPERATORS
from autograder.wire import Ref, decode, encode

__all__ = ["Allowance", "Handle", "LocalTransport", "RemoteTransport", "Sandbox", "StudentError", "Transport"]

MAX_TEXT = 2000  # characters of a student's message that are passed on
KEPT_OUTPUT = 4000  # bytes of a student's output that are passed on, from its end
PATIENCE = 0.5  # seconds for a process that has closed its channel to leave by itself
WATCH_SECONDS = 0.05
START_SECONDS = 120


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


class _NoLengthError(StudentError, TypeError):
    """`len` of an object that has none. Only a TypeError lets `list(handle)` iterate all the same."""


@dataclass(frozen=True)
class Allowance:
    """What one test may use, kept from outside the sandbox."""

    seconds: float
    memory_mb: int
    disk_mb: int
    output_kb: int


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
            raise _garbled()
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
            self._death = _garbled()
        else:
            self._death = _why_it_died(self._stopped_for, status or 0, self._allowance)
        return self._death

    def _watch(self) -> None:
        while not self._closed.wait(WATCH_SECONDS):
            if time.monotonic() > self._deadline:
                self._stop(Kind.TIMEOUT)
            elif _size(self._folder) > self._allowance.disk_mb << 20:
                self._stop(Kind.DISK)

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


def _size(folder: Path) -> int:
    """Bytes of the files under a folder, as far as they can be seen just now."""
    total = 0
    folders = [folder]
    while folders:
        with suppress(OSError):
            for entry in folders.pop().iterdir():
                status = entry.lstat()
                total += max(status.st_size, 4096)  # a million empty files are not free
                if entry.is_dir() and not entry.is_symlink():
                    folders.append(entry)
    return total


def _why_it_died(stopped_for: Kind | None, status: int, allowance: Allowance) -> StudentError:
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


def _garbled(detail: str = "") -> StudentError:
    return StudentError(
        Kind.PROTOCOL,
        f"Your code disturbed the line to the grader: the answer could not be read. {detail}".strip(),
    )


class Sandbox:
    """Operations on the student's objects, one request each.

    Args:
        transport: the way to the student's side.
        memory_mb: for the sentence about memory.
    """

    def __init__(self, transport: Transport, memory_mb: int) -> None:
        self._transport = transport
        self._memory_mb = memory_mb
        self._functions: list[Callable[..., object]] = []
        self._function_error: BaseException | None = None

    def ask(self, label: str, operation: str, *arguments: object) -> Any:
        """The student's answer to one operation.

        Args:
            label: what is being asked, for messages: "softmax", "TwoLayerNet.predict".
            operation: a name that Session knows.
            arguments: plain values, handles and functions.

        Raises:
            StudentError: if the student's code raises, dies or answers garbage.
            WireError: if the grader's own arguments cannot be sent.
        """
        request = encode((operation, *arguments), self._keep)
        answer = self._transport.exchange(request, self._on_call)
        if self._function_error:
            error, self._function_error = self._function_error, None
            raise error
        match self._read(answer, label):
            case (str("value"), value):
                return value
            case (str("error"), dict() as report):
                raise _student_error(label, report, self._memory_mb)
        raise _garbled()

    def printed(self) -> str:
        """The end of what the student's code has printed."""
        return self._transport.printed()

    def close(self) -> None:
        """Ends the sandbox."""
        self._transport.close()

    def _keep(self, value: object) -> Ref:
        if isinstance(value, Handle):
            return object.__getattribute__(value, "_ref")  # type: ignore[no-any-return]  # a slot
        if callable(value):
            self._functions.append(value)
            return Ref("grader", len(self._functions) - 1)
        raise WireError(
            "grader",
            f"A {type(value).__name__} cannot be sent to a sandbox.",
            "Send plain values, handles, functions.",
        )

    def _resolve(self, ref: Ref, label: str) -> object:
        if ref.owner == "grader":
            return self._functions[ref.number] if ref.number < len(self._functions) else None
        return Handle(self, ref, label)

    def _read(self, message: bytes, label: str) -> tuple[object, ...]:
        """A message's parts. No part is used before its type is known: a handle would ask its maker."""
        try:
            value = decode(message, lambda ref: self._resolve(ref, label))
        except WireError as error:
            raise _garbled() from error
        return value if type(value) is tuple else ()

    def _on_call(self, call: bytes) -> bytes:
        """Runs one of the grader's own functions for the student's code."""
        match self._read(call, "argument"):
            case (int() as number, tuple() as args, dict() as kwargs) if 0 <= number < len(self._functions):
                function = self._functions[number]
            case _:
                raise _garbled()
        try:
            _check_arguments(function, args, kwargs)
            result = function(*args, **kwargs)
        except Exception as error:
            self._function_error = self._function_error or error
            result = None
        return encode(result, self._keep)


def _check_arguments(
    function: Callable[..., object], args: tuple[object, ...], kwargs: dict[str, Any]
) -> None:
    """Tells a call that does not fit the function's parameters: the mistake of who calls."""
    try:
        inspect.signature(function).bind(*args, **kwargs)
    except ValueError:
        return  # a built-in function that does not tell its parameters
    except TypeError as error:
        message = f"Your code calls a function that it was given with wrong arguments: {error}."
        raise StudentError(Kind.RAISED, message, "TypeError") from None


def _student_error(label: str, report: dict[Any, Any], memory_mb: int) -> StudentError:
    """The verdict behind an error that the student's side has described."""
    try:
        kind = Kind(report["kind"])
        exception, message, frames = (report[key] for key in ("exception", "message", "frames"))
        plain = [frame for frame in frames[-6:] if type(frame) is tuple] if type(frames) is list else []
        places = [_place(*frame) for frame in plain]
        exception, message = str(exception)[:100], str(message)[:MAX_TEXT].strip()
    except (ArithmeticError, LookupError, TypeError, ValueError):
        return _garbled()
    where = f" ({places[-1][0]}, line {places[-1][1]})" if places else ""
    sentences = {
        Kind.NOT_IMPLEMENTED: f"{message or label + ' is not written yet'}{where}.",
        Kind.MEMORY: f"{label} ran out of memory{where}: a test may use {memory_mb} MiB.",
        Kind.SYNTAX: f"Python cannot read your file{where}: {message}.",
        Kind.MISSING_FILE: f"{message}{where}.",
        Kind.MISSING_NAME: f"{message}.",
        Kind.TYPE: f"{label} gave a value that cannot be read: {message}",
        Kind.POLICY: f"{message}. This assignment does not allow that library.",
    }
    raised = f"{label} raised {exception}{': ' + message if message else ''}"
    lines = [f"  {file}, line {line}, in {name}: {text}" for file, line, name, text in places if name]
    if kind in sentences:
        return StudentError(kind, sentences[kind], exception)
    return StudentError(
        Kind.RAISED, "\n".join([raised + ("" if raised.endswith(".") else "."), *lines]), exception
    )


def _place(file: object, line: Any, name: object, text: object) -> tuple[str, int, str, str]:
    return str(file)[:80], int(line), str(name)[:80], str(text)[:200]


class Handle:
    """An object that stays in the sandbox and behaves, from here, much like itself.

    Attributes, calls, items, `len`, iteration and arithmetic become requests;
    plain results come back as copies, other objects as handles.
    """

    __slots__ = ("_label", "_ref", "_sandbox")
    # NumPy must leave `array + handle` to the handle instead of taking it apart.
    __array_ufunc__ = None

    _sandbox: Sandbox
    _ref: Ref
    _label: str

    def __init__(self, sandbox: Sandbox, ref: Ref, label: str) -> None:
        object.__setattr__(self, "_sandbox", sandbox)
        object.__setattr__(self, "_ref", ref)
        object.__setattr__(self, "_label", label)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)  # protocols of Python and NumPy probe for these
        return self._sandbox.ask(member(self, name), "get", self, name)

    def __setattr__(self, name: str, value: object) -> None:
        self._sandbox.ask(member(self, name), "set", self, name, value)

    def __call__(self, *args: object, **kwargs: object) -> Any:
        """Calls the object in the sandbox."""
        return self._sandbox.ask(self._label, "call", self, args, kwargs)

    def __getitem__(self, key: object) -> Any:
        return self._sandbox.ask(self._label, "get_item", self, key)

    def __setitem__(self, key: object, value: object) -> None:
        self._sandbox.ask(self._label, "set_item", self, key, value)

    def __contains__(self, item: object) -> bool:
        return self._sandbox.ask(self._label, "contains", self, item) is True

    def __len__(self) -> int:
        try:
            length = self._sandbox.ask(self._label, "length", self)
        except StudentError as error:
            if error.exception == "TypeError":
                raise _NoLengthError(error.kind, error.message, error.exception) from None
            raise
        if type(length) is not int or not 0 <= length < 1 << 62:
            raise _garbled()
        return length

    def __iter__(self) -> Iterator[Any]:
        items = self._sandbox.ask(self._label, "iterate", self)
        if not isinstance(items, list):
            raise _garbled()
        return iter(items)

    def __bool__(self) -> bool:
        """A handle is always true; `len` of the other side is not asked."""
        return True

    def __repr__(self) -> str:
        return f"<{self._ref.type_name} in the sandbox>"


def member(handle: Handle, name: str) -> str:
    """How messages call an attribute: "softmax" of a module, "TwoLayerNet.predict" of an object."""
    type_name = object.__getattribute__(handle, "_ref").type_name
    return name if type_name == "module" else f"{type_name}.{name}"


def _add_operators() -> None:
    """Python looks operators up on the class, so each needs a method there."""

    def binary(name: str, *, swapped: bool) -> Callable[[Handle, object], Any]:
        def method(self: Handle, other: object) -> Any:
            operands = (other, self) if swapped else (self, other)
            return self._sandbox.ask(name, "operator", name, *operands)

        return method

    def unary(name: str) -> Callable[[Handle], Any]:
        return lambda self: self._sandbox.ask(name, "operator", name, self)

    for name in BINARY_OPERATORS:
        setattr(Handle, f"__{name}__", binary(name, swapped=False))
        if name not in ("lt", "le", "gt", "ge"):
            setattr(Handle, f"__r{name}__", binary(name, swapped=True))
    for name in UNARY_OPERATORS:
        setattr(Handle, f"__{name}__", unary(name))


_add_operators()
