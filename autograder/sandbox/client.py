"""One sandbox as the grader sees it: requests and handles.

Used by `grading`. Everything that arrives here comes from an enemy: it is
decoded to plain values, checked, and never executed.
"""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

from autograder.errors import WireError
from autograder.model import Kind
from autograder.sandbox.session import BINARY_OPERATORS, UNARY_OPERATORS
from autograder.sandbox.transport import Transport
from autograder.sandbox.verdicts import NoLengthError, StudentError, described, garbled
from autograder.wire import Ref, decode, encode

__all__ = ["Handle", "Sandbox"]

MAX_PROBLEM = 200  # characters of what Python says about arguments, whose names a student may choose


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
        self.plain_values: dict[str, str] = {}  # types of attributes that were no functions, by name

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
                raise described(label, report, self._memory_mb)
        raise garbled()

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
            raise garbled() from error
        return value if type(value) is tuple else ()

    def _on_call(self, call: bytes) -> bytes:
        """Runs one of the grader's own functions for the student's code."""
        match self._read(call, "argument"):
            case (int() as number, tuple() as args, dict() as kwargs) if 0 <= number < len(self._functions):
                function = self._functions[number]
            case _:
                raise garbled()
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
        signature = inspect.signature(function)
    except ValueError:
        return  # a built-in function that does not tell its parameters
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        name = getattr(function, "__name__", "")
        call = f"{name if name.isidentifier() else 'a function'}({', '.join(signature.parameters)})"
        problem = str(error)[:MAX_PROBLEM]
        message = f"Your code calls {call}, the grader's own in this test, with other arguments: {problem}."
        raise StudentError(Kind.RAISED, message, "TypeError") from None


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
        label = member(self, name)
        value = self._sandbox.ask(label, "get", self, name)
        if self._ref.type_name == "module" and not isinstance(value, Handle):
            raise StudentError(
                Kind.TYPE, f"'{name}' is {type(value).__name__}: a function or a class should stand there."
            )
        if not callable(value):
            self._sandbox.plain_values[label] = type(value).__name__
        return value

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
                raise NoLengthError(error.kind, error.message, error.exception) from None
            raise
        if type(length) is not int or not 0 <= length < 1 << 62:
            raise garbled()
        return length

    def __iter__(self) -> Iterator[Any]:
        items = self._sandbox.ask(self._label, "iterate", self)
        if not isinstance(items, list):
            raise garbled()
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
