"""Plain values as bytes: the only thing that crosses the wall between grader and sandbox.

Used by both sides. Knows nothing of processes. What is plain: None, bool, int,
float, str, bytes, list, tuple, dict, NumPy scalars, and NumPy arrays and torch
tensors of the fixed-size numeric types below. Everything else is a `Ref`: a
number that stands for an object which stays on the side that owns it.

The decoder reads bytes from an enemy. It looks up no type by name, runs no code
of the value, and checks every count against the bytes that are really there
before it allocates anything.
"""

import math
import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from autograder.errors import WireError

__all__ = ["MAX_MESSAGE", "Ref", "decode", "encode"]

MAX_MESSAGE = 64 * 1024 * 1024  # bytes
MAX_DEPTH = 32
MAX_ITEMS = 200_000  # values in one message: bounds the decoder's time
MAX_TEXT = 8 * 1024 * 1024  # bytes of strings in one message: a character may take four in memory
# Keys can be made to collide; then each is compared with all others of its dict, byte by byte.
MAX_KEYS = 4096  # entries of a dict
MAX_KEY_BYTES = 64  # of each of its keys where there are so many
MAX_INT_BYTES = 1024
MAX_NDIM = 16
MAX_NAME = 200  # characters of a type's name

# The position in this tuple is the type's code on the wire.
DTYPES = tuple(
    np.dtype(name).newbyteorder("<")
    for name in (
        "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
        "float16", "float32", "float64", "complex64", "complex128",
    )
)  # fmt: skip
CODES = {dtype: code for code, dtype in enumerate(DTYPES)}


@dataclass(frozen=True)
class Ref:
    """An object that stays where it is.

    Attributes:
        owner: "sandbox" or "grader": the side that keeps the object.
        number: the owner's number for it.
        type_name: for messages only; the other side chose it, so never look it up.
    """

    owner: str
    number: int
    type_name: str = ""


def encode(value: object, opaque: Callable[[object], Ref]) -> bytes:
    """Bytes of a value.

    Args:
        value: any object.
        opaque: called with each object inside `value` that is not plain; returns its Ref.

    Raises:
        WireError: if the value is nested too deep or too large for one message.
    """
    encoder = _Encoder(opaque)
    encoder.put(value, 0)
    return b"".join(encoder.chunks)


def decode(data: bytes, resolve: Callable[[Ref], object]) -> Any:
    """The value that `encode` was given, rebuilt from base types.

    Arrays are copies that may be changed, as the arguments of any function may.

    Args:
        data: bytes from the other side.
        resolve: called with each Ref in the message; returns what stands for it here.

    Raises:
        WireError: if the bytes are not exactly one plain value within the limits.
    """
    decoder = _Decoder(data, resolve)
    value = decoder.take(0)
    if decoder.position != len(data):
        _refuse(f"{len(data) - decoder.position} bytes follow the value.")
    return value


def _refuse(problem: str) -> NoReturn:
    raise WireError("message", problem, "Send plain values: numbers, strings, lists, dicts, arrays.")


@dataclass
class _Work:
    """What one message has cost so far; both sides count alike.

    Attributes:
        comparisons: of keys, if all keys of each dict collide.
        compared: bytes in these comparisons.
        text: bytes of strings.
    """

    comparisons: int = 0
    compared: int = 0
    text: int = 0

    def add_dict(self, count: int) -> None:
        """One dict of MAX_KEYS entries is as much work as many small ones."""
        self.comparisons += count**2
        if self.comparisons > MAX_KEYS**2:
            _refuse(f"It holds a dict of more than {MAX_KEYS} entries, or many large ones.")

    def add_key(self, size: int, count: int) -> None:
        """A key of `size` bytes, in a dict of `count` entries."""
        self.compared += size * count
        if self.compared > MAX_KEYS**2 * MAX_KEY_BYTES:
            _refuse("It holds a large dict with long keys.")

    def add_text(self, size: int) -> None:
        """A string of `size` bytes."""
        self.text += size
        if self.text > MAX_TEXT:
            _refuse(f"It holds more than {MAX_TEXT // 2**20} MiB of text.")


class _Encoder:
    """Collects the chunks of one message."""

    def __init__(self, opaque: Callable[[object], Ref]) -> None:
        self.chunks: list[bytes] = []
        self.size = 0
        self.items = 0
        self.work = _Work()
        self.opaque = opaque

    def add(self, *chunks: bytes) -> None:
        self.size += sum(map(len, chunks))
        if self.size > MAX_MESSAGE:
            _refuse(f"The value needs more than {MAX_MESSAGE // 2**20} MiB.")
        self.chunks.extend(chunks)

    def put(self, value: object, depth: int) -> None:
        self.items += 1
        if depth > MAX_DEPTH:
            _refuse(f"The value is nested more than {MAX_DEPTH} deep.")
        if self.items > MAX_ITEMS:
            _refuse(f"The value holds more than {MAX_ITEMS} values.")
        if value is None or value is True or value is False:
            self.add({None: b"N", True: b"T", False: b"F"}[value])
        elif isinstance(value, (list, tuple)):
            self.put_items(b"l" if isinstance(value, list) else b"t", list(value), depth)
        elif isinstance(value, dict):
            self.put_dict(value, depth)
        elif isinstance(value, (np.ndarray, np.generic)):
            self.put_array(b"a" if isinstance(value, np.ndarray) else b"g", np.asarray(value), value)
        elif _is_tensor(value):
            self.put_tensor(value)
        else:
            self.put_scalar(value)

    def put_scalar(self, value: object) -> None:
        if isinstance(value, int):
            self.put_int(int(value))
        elif isinstance(value, float):
            self.add(b"f", struct.pack("<d", value))
        elif isinstance(value, str):
            text = str(value).encode("utf-8", "surrogatepass")
            self.work.add_text(len(text))
            self.put_bytes(b"s", text)
        elif isinstance(value, (bytes, bytearray)):
            self.put_bytes(b"b", bytes(value))
        else:
            self.put_ref(self.opaque(value))

    def put_int(self, value: int) -> None:
        length = (value.bit_length() + 8) // 8
        if length > MAX_INT_BYTES:
            _refuse(f"An integer has more than {8 * MAX_INT_BYTES} bits.")
        self.put_bytes(b"i", value.to_bytes(length, "little", signed=True))

    def put_bytes(self, tag: bytes, data: bytes) -> None:
        self.add(tag, struct.pack("<Q", len(data)), data)

    def put_items(self, tag: bytes, items: list[object], depth: int) -> None:
        self.add(tag, struct.pack("<Q", len(items)))
        for item in items:
            self.put(item, depth + 1)

    def put_dict(self, value: dict[Any, Any], depth: int) -> None:
        self.work.add_dict(len(value))
        self.add(b"d", struct.pack("<Q", len(value)))
        for key, item in value.items():
            start = self.size
            self.put(key, depth + 1)
            self.work.add_key(self.size - start, len(value))
            self.put(item, depth + 1)

    def put_array(self, tag: bytes, array: "np.ndarray[Any, Any]", original: object) -> None:
        code = CODES.get(array.dtype.newbyteorder("<"))
        if code is None or array.ndim > MAX_NDIM:
            self.put_ref(self.opaque(original))
            return
        data = np.ascontiguousarray(array, dtype=DTYPES[code]).tobytes()
        self.add(tag, struct.pack(f"<BB{array.ndim}Q", code, array.ndim, *array.shape), data)

    def put_tensor(self, tensor: Any) -> None:
        try:
            array = tensor.detach().cpu().numpy()
        except (TypeError, RuntimeError):  # bfloat16, sparse, quantised: no NumPy twin
            self.put_ref(self.opaque(tensor))
        else:
            self.put_array(b"o", array, tensor)

    def put_ref(self, ref: Ref) -> None:
        tag = b"h" if ref.owner == "sandbox" else b"c"
        self.add(tag, struct.pack("<Q", ref.number))
        self.put_bytes(b"s", ref.type_name[:MAX_NAME].encode("utf-8", "replace"))


class _Decoder:
    """Reads one message from the front; every method moves `position` past what it took."""

    def __init__(self, data: bytes, resolve: Callable[[Ref], object]) -> None:
        self.data = data
        self.position = 0
        self.items = 0
        self.work = _Work()
        self.resolve = resolve

    def take(self, depth: int) -> Any:
        self.items += 1
        if depth > MAX_DEPTH or self.items > MAX_ITEMS:
            _refuse(f"It holds more than {MAX_ITEMS} values, or is nested more than {MAX_DEPTH} deep.")
        tag = self.take_raw(1)
        if tag in _CONSTANTS:
            return _CONSTANTS[tag]
        if tag in b"lt":
            items = [self.take(depth + 1) for _ in range(self.take_count())]
            return items if tag == b"l" else tuple(items)
        if tag == b"d":
            return self.take_dict(depth)
        if tag in b"ago":
            return self.take_array(tag)
        if tag in b"hc":
            return self.take_ref("sandbox" if tag == b"h" else "grader")
        return self.take_scalar(tag)

    def take_raw(self, size: int) -> bytes:
        end = self.position + size
        if end > len(self.data):
            _refuse(f"It ends after {len(self.data)} bytes, in the middle of a value.")
        chunk = self.data[self.position : end]
        self.position = end
        return chunk

    def take_number(self) -> int:
        return int.from_bytes(self.take_raw(8), "little")

    def take_count(self) -> int:
        count = self.take_number()
        if count > len(self.data) - self.position:  # each value takes at least one byte
            _refuse(f"It announces {count} values and holds fewer bytes.")
        return count

    def take_scalar(self, tag: bytes) -> Any:
        if tag == b"f":
            return struct.unpack("<d", self.take_raw(8))[0]
        if tag not in b"isb":
            _refuse(f"It holds the unknown tag {tag!r}.")
        raw = self.take_raw(self.take_count())
        if tag == b"b":
            return raw
        if tag == b"s":
            return self.text(raw)
        if len(raw) > MAX_INT_BYTES:
            _refuse(f"An integer has more than {8 * MAX_INT_BYTES} bits.")
        return int.from_bytes(raw, "little", signed=True)

    def text(self, raw: bytes) -> str:
        self.work.add_text(len(raw))
        try:
            return raw.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            _refuse("A string is not UTF-8.")

    def take_dict(self, depth: int) -> dict[Any, Any]:
        count = self.take_count()
        self.work.add_dict(count)
        result = {}
        for _ in range(count):
            start = self.position
            key = self.take(depth + 1)
            self.work.add_key(self.position - start, count)
            try:
                result[key] = self.take(depth + 1)
            except TypeError:
                _refuse(f"A {type(key).__name__} cannot be the key of a dict.")
        return result

    def take_array(self, tag: bytes) -> Any:
        code, ndim = self.take_raw(2)
        if code >= len(DTYPES) or ndim > MAX_NDIM:
            _refuse(f"An array has the unknown type {code} or {ndim} axes.")
        shape = tuple(self.take_number() for _ in range(ndim))
        # An axis of length 0 must not let the others be longer than NumPy can count.
        if math.prod(length or 1 for length in shape) * DTYPES[code].itemsize > MAX_MESSAGE:
            _refuse("An array has axes longer than any message.")
        raw = self.take_raw(math.prod(shape) * DTYPES[code].itemsize)
        array = np.frombuffer(bytearray(raw), dtype=DTYPES[code]).reshape(shape)
        if DTYPES[code] == np.bool_:
            # A byte of 7 is no bool that NumPy can work with.
            array = np.asarray(array.view(np.uint8) != 0)
        if tag == b"g":
            return array[()] if ndim == 0 else _refuse("A NumPy scalar has axes.")
        return _to_tensor(array) if tag == b"o" else array

    def take_ref(self, owner: str) -> object:
        number = self.take_number()
        name = self.take_scalar(self.take_raw(1))
        if not isinstance(name, str) or len(name) > MAX_NAME:
            _refuse("An object has no readable type name.")
        return self.resolve(Ref(owner, number, name))


_CONSTANTS: dict[bytes, object] = {b"N": None, b"T": True, b"F": False}


def _is_tensor(value: object) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def _to_tensor(array: "np.ndarray[Any, Any]") -> Any:
    torch = sys.modules.get("torch")
    if torch is None:
        _refuse("It holds a torch tensor, and this assignment does not use torch.")
    return torch.from_numpy(array)
