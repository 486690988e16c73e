"""A sandbox may put any bytes on the line: each costs its own test, and is never a fault of the grader."""

import math
import struct
import sys
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograder.model import Kind
from autograder.sandbox.policy import Rules
from autograder.sandbox.verdicts import Allowance, StudentError, described
from autograder.sandbox.workshop import Equipment, Workshop
from autograder.wire import MAX_MESSAGE, Ref, encode

# Puts bytes on the line, then answers as usual: the grader reads the bytes first.
SPEAKER = """
import os

def say(data):
    data = memoryview(bytes(data))
    while data:
        data = data[os.write(3, data):]

def say_and_leave(data):
    say(data)
    os._exit(0)
"""


def plain(value: object) -> bytes:
    """The wire's bytes of a value, which may hold Refs."""
    return encode(value, lambda ref: ref)


def frame(body: bytes) -> bytes:
    """A whole frame."""
    return struct.pack("<Q", len(body)) + body


def answer(value: object) -> bytes:
    """A frame with a value in place of (outcome, value)."""
    return frame(b"V" + plain(value))


def error(**changes: Any) -> bytes:
    """A report of an exception, with some of its entries forged."""
    return answer(("error", {"kind": "raised", "exception": "E", "message": "m", "frames": [], **changes}))


HANDLE = Ref("sandbox", 1, "tuple")
ARRAY = np.arange(2.0)
VALUE = b"Vt" + struct.pack("<Q", 2) + plain("value")  # and what follows
UNREADABLE = {
    "nothing": frame(b""),
    "no value": frame(b"V"),
    "unknown sort": frame(b"X" + plain(("value", 1))),
    "greeting": frame(b"G{}"),
    "request": frame(b"Q" + plain(("value", 1))),
    "random": frame(b"V" + bytes(range(256))),
    "number": answer(1),
    "text": answer("passed"),
    "none": answer(None),
    "three": answer(("value", 1, 2)),
    "array": answer(ARRAY),
    "array of outcomes": answer((ARRAY, 1)),
    "number of an outcome": answer((1, 1)),
    "unknown outcome": answer(("passed", 1)),
    "dict": answer({"value": 1, "x": 2}),
    "handle": answer(HANDLE),
    "error that is none": answer(("error", None)),
    "error that is text": answer(("error", "kind")),
    "error that is an array": answer(("error", ARRAY)),
    "error that is a handle": answer(("error", HANDLE)),
    "error of unknown kind": error(kind="could not be judged"),
    "error of kind list": error(kind=[]),
    "error of kind array": error(kind=ARRAY),
    "frames that are a handle": error(frames=HANDLE),
    "frames that are a number": error(frames=1),
    "frames that are a dict": error(frames={}),
    "frames that are an array": error(frames=np.zeros((2, 4))),
    "frame that is a handle": error(frames=[HANDLE]),
    "line that is infinite": error(frames=[("a.py", math.inf, "f", "")]),
    "line that is nan": error(frames=[("a.py", math.nan, "f", "")]),
    "line that is a handle": error(frames=[("a.py", HANDLE, "f", "")]),
    "line that is long text": error(frames=[("a.py", "9" * 5000, "f", "")]),
    "line that is an array": error(frames=[("a.py", ARRAY, "f", "")]),
    "call of nothing": frame(b"C" + plain((0, (), {}))),
    "call of text": frame(b"C" + plain(("eval", ("1",), {}))),
    "call without arguments": frame(b"C" + plain(())),
    "call of a handle": frame(b"C" + plain(HANDLE)),
    "empty axis, endless others": frame(VALUE + b"a" + struct.pack("<BB16Q", 11, 16, 0, *[2**26] * 15)),
    "array of unknown type": frame(b"Va\xff\x01" + struct.pack("<Q", 1) + b"x"),
    "tensor": frame(VALUE + b"o" + struct.pack("<BB", 11, 0) + bytes(8)),
    "list longer than its bytes": frame(b"Vl" + struct.pack("<Q", 2**63)),
    "text longer than its bytes": frame(b"Vs" + struct.pack("<Q", 2**63)),
    "nested": frame(b"V" + (b"l" + struct.pack("<Q", 1)) * 100_000 + b"N"),
    "unhashable key": frame(b"Vd" + struct.pack("<Q", 1) + b"l" + struct.pack("<Q", 0) + b"N"),
    "half a surrogate": frame(b"Vs" + struct.pack("<Q", 1) + b"\xff"),
}


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    """Sandboxes with the speaker in them."""
    folder: Path = tmp_path_factory.mktemp("submitted")
    (folder / "a.py").write_text(SPEAKER)
    made = Workshop(Equipment(folder, Rules(expected=("a.py",), allowed=())))
    yield made
    made.close()


def outcome_of(workshop: Workshop, data: bytes, function: str = "say", seconds: float = 5) -> Any:
    """What a grader gets when a sandbox puts these bytes on the line: a value or a StudentError."""
    with workshop.sandbox(Allowance(seconds, memory_mb=256, disk_mb=16, output_kb=64)) as sandbox:
        speaker = sandbox.ask("a.py", "import", "a")
        try:
            return getattr(speaker, function)(data)
        except StudentError as failure:
            return failure


@pytest.mark.parametrize("name", UNREADABLE)
def test_an_unreadable_reply_fails_the_test_and_blames_no_grader(workshop, name, monkeypatch):
    """Whatever arrives, the grader's side raises StudentError or gets a plain value, and nothing else."""
    monkeypatch.setitem(sys.modules, "torch", None)  # as in an assignment without torch
    found = outcome_of(workshop, UNREADABLE[name], seconds=5)

    assert isinstance(found, StudentError)
    assert str(found)


def test_a_forged_value_is_a_value_and_no_more(workshop):
    """What the sandbox says is judged like any value of the student's."""
    assert outcome_of(workshop, answer(("value", {"score": 10.0}))) == {"score": 10.0}


@pytest.mark.parametrize("size", [MAX_MESSAGE + 2, 2**32, 2**63, 2**64 - 1])
def test_a_frame_that_is_announced_too_large_is_not_waited_for(workshop, size):
    """Nor is memory set aside for it."""
    began = time.monotonic()
    found = outcome_of(workshop, struct.pack("<Q", size) + b"V", seconds=5)

    assert isinstance(found, StudentError)
    assert time.monotonic() - began < 4


def test_a_long_kind_of_error_is_not_quoted():
    """Python's own message of it would hold each byte as four characters of four bytes."""
    kind = "\U0001f600" + "\x01" * (1 << 20)

    tracemalloc.start()
    try:
        found = described("f", {"kind": kind, "exception": "E", "message": "m", "frames": []}, 256)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found.kind is Kind.PROTOCOL
    assert peak < 100_000


def test_half_a_reply_and_silence_is_a_time_out(workshop):
    """The clock runs on while the rest does not come."""
    found = outcome_of(workshop, struct.pack("<Q", 1000) + b"Vt" + b"x" * 10, seconds=1)

    assert isinstance(found, StudentError)


def test_half_a_reply_and_leaving_is_the_end_of_the_process(workshop):
    """The verdict is about the process, not about the bytes."""
    found = outcome_of(workshop, struct.pack("<Q", 1000) + b"Vt", "say_and_leave", seconds=5)

    assert found.kind is Kind.CRASHED


def test_what_is_slow_to_read_is_cut_short(workshop):
    """An error's text made of two million numbers costs the grader next to no time."""
    arrays = [np.random.default_rng(number).normal(size=1000) for number in range(2000)]

    began = time.monotonic()
    found = outcome_of(workshop, error(message=arrays), seconds=2)

    assert isinstance(found, StudentError)
    assert time.monotonic() - began < 4
