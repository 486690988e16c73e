"""The student's side of the wall: keeps the objects, does what the grader asks.

Runs inside a sandbox, or in the grader's own process for `--here`. Knows the
wire and nothing of processes. A request is a tuple: the name of an operation
and its arguments; an answer is ("value", v) or ("error", description).
"""

import importlib
import marshal
import operator
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from itertools import islice
from pathlib import Path
from types import CodeType, FrameType, ModuleType
from typing import Any

from autograder.errors import WireError
from autograder.model import Kind
from autograder.sandbox.loader import MissingFileError, StudentFiles
from autograder.sandbox.policy import PolicyError
from autograder.wire import Ref, decode, encode

__all__ = ["BINARY_OPERATORS", "UNARY_OPERATORS", "Session"]

MAX_TEXT = 2000  # characters of a student's message
MAX_FRAMES = 6
MAX_ITERATION = 10_000
BINARY_OPERATORS = (
    "add",
    "sub",
    "mul",
    "truediv",
    "floordiv",
    "mod",
    "pow",
    "matmul",
    "lt",
    "le",
    "gt",
    "ge",
)
UNARY_OPERATORS = ("neg", "pos", "abs")


class Session:
    """One sandbox's objects and operations.

    Args:
        files: finds the student's modules; installed by the caller.
        call_back: sends an encoded (function number, args, kwargs) to the grader and
            returns its encoded answer: the student's code has called a grader's function.
    """

    def __init__(self, files: StudentFiles, call_back: Callable[[bytes], bytes]) -> None:
        self._files = files
        self._call_back = call_back
        self._objects: dict[int, object] = {}
        self._called: set[str] = set()  # of the student's functions, while a trace is on

    def answer(self, request: bytes) -> bytes:
        """Does one request. Whatever the student's code raises becomes an answer."""
        try:
            operation, *arguments = decode(request, self._resolve)
            answer: tuple[str, object] = ("value", getattr(self, f"_do_{operation}")(*arguments))
            return encode(answer, self._keep)
        except BaseException as error:
            return encode(("error", self._describe(error)), self._keep)

    # What the grader can ask for

    def _do_import(self, name: str) -> object:
        return importlib.import_module(name)

    def _do_compile(self, name: str) -> bytes:
        file = self._files.folder / f"{name}.py"
        return marshal.dumps(self._files.compile(file, file.name))

    def _do_given(self, name: str, source: str) -> object:
        module = ModuleType(name)
        sys.modules[name] = module
        exec(compile(source, f"<{name}>", "exec"), module.__dict__)
        return module

    def _do_replace(self, name: str, functions: dict[str, object], hangs: bool) -> None:
        module = ModuleType(name)
        if not hangs:
            with suppress(BaseException):  # missing or broken costs its own part, not who builds on it
                module = importlib.import_module(name)
        sys.modules[name] = module
        for function_name, function in functions.items():
            setattr(module, function_name, function)

    def _do_get(self, target: object, name: str) -> object:
        try:
            return getattr(target, name)
        except AttributeError as error:
            if error.__traceback__ and error.__traceback__.tb_next:
                raise  # not the name is missing: the student's own property failed
            raise _MissingNameError(_missing(target, name)) from error

    def _do_reference(self, target: object, name: str) -> object:
        return self._keep(self._do_get(target, name))

    def _do_set(self, target: object, name: str, value: object) -> None:
        setattr(target, name, value)

    def _do_call(
        self, target: Callable[..., object], args: tuple[object, ...], kwargs: dict[str, Any]
    ) -> object:
        return target(*args, **kwargs)

    def _do_get_item(self, target: Any, key: object) -> object:
        return target[key]

    def _do_set_item(self, target: Any, key: object, value: object) -> None:
        target[key] = value

    def _do_contains(self, target: Any, item: object) -> bool:
        return item in target

    def _do_length(self, target: Any) -> int:
        return len(target)

    def _do_iterate(self, target: Any) -> list[object]:
        return list(islice(iter(target), MAX_ITERATION))

    def _do_operator(self, name: str, *operands: object) -> object:
        if name not in BINARY_OPERATORS + UNARY_OPERATORS:
            raise ValueError(f"no operator {name}")
        return getattr(operator, name)(*operands)

    def _do_send(self, value: object) -> object:
        return self._keep(value)

    def _do_trace(self) -> None:
        seen: set[CodeType] = set()  # to ask whose a file is takes longer than many a call

        def note(frame: FrameType, event: str, _: object) -> None:
            code = frame.f_code
            if event == "call" and code not in seen:
                seen.add(code)
                if self._files.owns(code.co_filename):
                    self._called.add(f"{Path(code.co_filename).stem}:{code.co_firstlineno}")

        threading.setprofile(note)
        sys.setprofile(note)

    def _do_used(self) -> list[str]:
        imported = {name for name in self._files.modules if name in sys.modules}
        return sorted(imported | self._called)

    def _do_fetch(self, target: object) -> object:
        return target

    # Objects and functions that stay on their side

    def _keep(self, value: object) -> Ref:
        if isinstance(value, Ref):
            return value
        if isinstance(value, _GraderFunction):
            return Ref("grader", value.number)
        number = len(self._objects) + 1
        self._objects[number] = value
        return Ref("sandbox", number, type(value).__name__)

    def _resolve(self, ref: Ref) -> object:
        if ref.owner == "sandbox":
            return self._objects[ref.number]
        return _GraderFunction(ref.number, self._ask_grader)

    def _ask_grader(self, number: int, args: tuple[object, ...], kwargs: dict[str, Any]) -> object:
        answer = self._call_back(encode((number, args, kwargs), self._keep))
        return decode(answer, self._resolve)

    # What went wrong, in the student's files

    def _describe(self, error: BaseException) -> dict[str, object]:
        frames = self._student_frames(error)
        return {
            "kind": _kind(error).value,
            "exception": type(error).__name__[:MAX_TEXT],
            "message": _text(error),
            "frames": frames[-MAX_FRAMES:],
        }

    def _student_frames(self, error: BaseException) -> list[tuple[str, int, str, str]]:
        """File, line, function and source of each frame in the student's files, innermost last."""
        if isinstance(error, SyntaxError) and error.filename and self._files.owns(error.filename):
            return [(Path(error.filename).name, error.lineno or 0, "", (error.text or "").strip()[:MAX_TEXT])]
        return [
            (Path(frame.filename).name, frame.lineno or 0, frame.name, (frame.line or "")[:MAX_TEXT])
            for frame in traceback.extract_tb(error.__traceback__)
            if self._files.owns(frame.filename)
        ]


class _GraderFunction:
    """A grader's function as the student's code sees it: callable, and nothing else."""

    def __init__(self, number: int, ask: Callable[[int, tuple[object, ...], dict[str, Any]], object]) -> None:
        self.number = number
        self._ask = ask

    def __call__(self, *args: object, **kwargs: object) -> object:
        return self._ask(self.number, args, kwargs)


class _MissingNameError(Exception):
    """The grader asked for a name that the student's code does not define."""


KINDS: tuple[tuple[type[BaseException], Kind], ...] = (
    (_MissingNameError, Kind.MISSING_NAME),
    (MissingFileError, Kind.MISSING_FILE),
    (PolicyError, Kind.POLICY),
    (NotImplementedError, Kind.NOT_IMPLEMENTED),
    (MemoryError, Kind.MEMORY),
    (SyntaxError, Kind.SYNTAX),
    (WireError, Kind.TYPE),
)


def _kind(error: BaseException) -> Kind:
    return next((kind for exception, kind in KINDS if isinstance(error, exception)), Kind.RAISED)


def _text(error: BaseException) -> str:
    try:
        if isinstance(error, WireError):
            return error.problem
        text = error.msg if isinstance(error, SyntaxError) else str(error)
        return text[:MAX_TEXT]
    except BaseException:  # the student's own __str__ may raise anything
        return ""


def _missing(target: object, name: str) -> str:
    if isinstance(target, ModuleType):
        return f"{target.__name__}.py defines no '{name}'"
    return f"{type(target).__name__} has no attribute '{name}'"
