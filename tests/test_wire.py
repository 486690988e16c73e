"""Plain values survive the wire exactly; nothing that an enemy writes does more than raise a WireError."""

import itertools
import math
import os
import struct
import time
import tracemalloc
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograder import wire
from autograder.errors import WireError
from autograder.wire import DTYPES, MAX_MESSAGE, MAX_TEXT, Ref, decode, encode

REMEDY = "Send plain values: numbers, strings, lists, dicts, arrays."
NAMES = [dtype.name for dtype in DTYPES]
FAST = settings(
    max_examples=int(os.environ.get("EXAMPLES", "60")),  # tests/fuzz.py asks for more
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**4000), 2**4000)
    | st.floats()
    | st.text(st.characters(exclude_categories=()))
    | st.binary()
)
arrays = st.sampled_from(NAMES).flatmap(
    lambda name: hnp.arrays(
        np.dtype(name), hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3), elements=None
    )
)
keys = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
values = st.recursive(
    scalars | arrays,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(keys | st.tuples(keys, keys), inner, max_size=4)
    ),
    max_leaves=12,
)


def no_object(value: object) -> Ref:
    """For values in which everything is plain."""
    raise AssertionError(f"{value!r} is plain")


def round_trip(value: object) -> Any:
    """What arrives of a plain value."""
    return decode(encode(value, no_object), lambda ref: ref)


def same(a: Any, b: Any) -> bool:
    """Equal in type, value and every bit of every number; nan equals itself, -0.0 differs from 0.0."""
    if type(a) is not type(b):
        return False
    if isinstance(a, (np.ndarray, np.generic)):
        return (
            a.dtype == b.dtype and a.shape == b.shape and np.asarray(a).tobytes() == np.asarray(b).tobytes()
        )
    if isinstance(a, torch.Tensor):
        return a.dtype == b.dtype and same(a.detach().numpy(), b.detach().numpy())
    if isinstance(a, float):
        return struct.pack("<d", a) == struct.pack("<d", b) or (math.isnan(a) and math.isnan(b))
    if isinstance(a, (list, tuple, dict)):
        pairs = zip(a.items(), b.items()) if isinstance(a, dict) else zip(a, b)  # noqa: B905  lengths: below
        return len(a) == len(b) and all(same(one, other) for one, other in pairs)
    return bool(a == b)


@FAST
@given(values)
@example([math.nan, math.inf, -math.inf, -0.0, 5e-324, "\ud800 half a pair", [], (), {}, b"", ""])
@example({(1, "x"): {None: [True, {False: ()}]}})
@example(2**8183)
@example(-(2**8183))
def test_plain_values_arrive_as_they_were(value):
    """Whatever is plain comes out as it went in, bit for bit."""
    assert same(round_trip(value), value)


@pytest.mark.parametrize("name", NAMES)
def test_arrays_of_every_type_and_layout_arrive_as_they_were(name):
    """No layout in memory is lost on the way, and none is kept: what arrives is contiguous."""
    cube = np.arange(24).reshape(2, 3, 4).astype(name)
    layouts = [cube, np.asfortranarray(cube), cube[::-1, :, ::-2], cube.T, cube[0, 0, 0], cube[:, :0]]
    layouts += [np.array(1, name), np.zeros((0, 5), name), np.broadcast_to(cube[0, 0], (3, 4))]
    for array in layouts:
        assert same(round_trip(array), np.asarray(array) if isinstance(array, np.ndarray) else array)


@pytest.mark.parametrize("name", NAMES)
def test_numpy_scalars_stay_numpy_scalars(name):
    """np.float32(1) is neither a float nor an array afterwards."""
    assert same(round_trip(np.dtype(name).type(1)), np.dtype(name).type(1))


def test_byte_order_is_the_only_thing_about_an_array_that_changes():
    """Little-endian on the wire, whatever machine the array came from."""
    big = np.arange(3, dtype=">f8")

    arrived = round_trip(big)

    assert arrived.dtype == np.dtype("<f8")
    np.testing.assert_array_equal(arrived, big)


@pytest.mark.parametrize(
    "tensor",
    [
        torch.arange(6.0).reshape(2, 3),
        torch.arange(6.0).reshape(2, 3).T,
        torch.ones(2, 3, requires_grad=True),
        torch.ones(2, 3, requires_grad=True) * 2,
        torch.tensor(1.5, dtype=torch.float64),
        torch.zeros(0, 3, dtype=torch.int64),
        torch.tensor([True, False]),
        torch.tensor([1j]),
    ],
)
def test_tensors_arrive_detached_with_their_type_and_values(tensor):
    """The graph stays behind; a transposed tensor keeps its order."""
    arrived = round_trip([tensor])[0]

    assert same(arrived, tensor.detach())
    assert not arrived.requires_grad


def test_a_tensor_without_a_numpy_twin_stays_where_it_is():
    """bfloat16 cannot be laid out as NumPy would."""
    half = torch.ones(2, dtype=torch.bfloat16)

    assert decode(
        encode(half, lambda value: Ref("sandbox", 7, type(value).__name__)), lambda ref: ref
    ) == Ref("sandbox", 7, "Tensor")


def test_a_tensor_is_refused_where_torch_is_not_used(monkeypatch):
    """An assignment without torch gets a sentence, not an import."""
    message = encode(torch.ones(1), no_object)
    monkeypatch.delitem(wire.sys.modules, "torch")

    with pytest.raises(WireError, match="It holds a torch tensor, and this assignment does not use torch"):
        decode(message, lambda ref: ref)


class Strange:
    """No plain value."""


@pytest.mark.parametrize(
    "value",
    [
        Strange(),
        {1, 2},
        1j,
        range(3),
        len,
        np.array(["a"]),
        np.array([None]),
        np.datetime64("2020-01-01"),
        np.str_("text") if not isinstance(np.str_("x"), str) else np.longdouble(1),
        np.zeros(1, dtype=[("a", int)]),
        np.float64,
        slice(1),
    ],
    ids=lambda value: type(value).__name__,
)
def test_anything_else_becomes_a_reference_wherever_it_stands(value):
    """The owner's function is asked once for each object."""
    seen = []

    def keep(kept: object) -> Ref:
        seen.append(kept)
        return Ref("sandbox", len(seen), type(kept).__name__)

    arrived = decode(encode({"x": [value, (1, value)]}, keep), lambda ref: ref)

    assert arrived == {
        "x": [Ref("sandbox", 1, type(value).__name__), (1, Ref("sandbox", 2, type(value).__name__))]
    }
    assert len(seen) == 2


def test_references_keep_owner_and_number_and_a_short_name():
    """A type's name may be long or unprintable."""
    for owner in ("sandbox", "grader"):
        ref = decode(
            encode(Strange(), lambda _, owner=owner: Ref(owner, 2**40, "N\udc80" * 300)), lambda ref: ref
        )
        assert (ref.owner, ref.number) == (owner, 2**40)
        assert len(ref.type_name) == 200


class Liar(int):
    """An int that says it is everything."""

    def __eq__(self, other):
        return True

    __hash__ = int.__hash__


class Array(np.ndarray):
    """An array that is equal to everything."""

    def __eq__(self, other):
        return np.ones(self.shape, bool)

    __hash__ = None


class Mapping(dict):
    """A dict whose items are not those that it shows."""


def test_subclasses_arrive_as_their_base_types():
    """No method of a student's subclass ever reaches the grader."""
    tricky = [
        Liar(3),
        Mapping(a=1),
        np.zeros(2).view(Array),
        type("S", (str,), {})("x"),
        type("F", (float,), {})(1),
    ]
    arrived = round_trip(
        [*tricky, type("L", (list,), {})([1]), bytearray(b"z"), np.ma.masked_array([1.0], [True])]
    )

    assert [type(value) for value in arrived] == [int, dict, np.ndarray, str, float, list, bytes, np.ndarray]


@pytest.mark.parametrize("dtype", ["float64", "bool"])
def test_arrived_arrays_may_be_changed_and_share_nothing(dtype):
    """A right solution may work in place on its argument."""
    sent = np.zeros((2, 3), dtype)
    arrived = round_trip([sent, sent])

    arrived[0][0, 0] = 1

    assert sent.any() == arrived[1].any() == np.False_


# Limits on the way out


def nested(depth: int) -> list[Any]:
    """Lists in lists."""
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (nested(40), "The value is nested more than 32 deep."),
        ([None] * 200_000, "The value holds more than 200000 values."),
        (dict.fromkeys(range(4097)), "It holds a dict of more than 4096 entries, or many large ones."),
        (2**9000, "An integer has more than 8192 bits."),
        (b"x" * (MAX_MESSAGE + 1), "The value needs more than 64 MiB."),
        ([dict.fromkeys(range(3000))] * 2, "It holds a dict of more than 4096 entries, or many large ones."),
        ([np.zeros(2**20)] * 9, "The value needs more than 64 MiB."),
        ({f"{number:200}": 0 for number in range(4096)}, "It holds a large dict with long keys."),
        (["x" * (MAX_TEXT // 2 + 1)] * 2, "It holds more than 8 MiB of text."),
    ],
    ids=["depth", "items", "keys", "dicts", "int", "bytes", "arrays", "long keys", "text"],
)
def test_what_is_too_large_is_refused_before_it_is_sent(value, message):
    """Each limit has its own sentence."""
    with pytest.raises(WireError) as caught:
        encode(value, no_object)
    assert str(caught.value) == f"message: {message} {REMEDY}"


def test_a_list_that_holds_itself_is_refused():
    """Depth is the limit that ends it."""
    value: list[Any] = []
    value.append(value)
    with pytest.raises(WireError, match="nested more than 32 deep"):
        encode(value, no_object)


def test_an_array_with_very_many_axes_stays_where_it_is():
    """Sixteen axes are more than any homework has."""
    seen = []
    encode(np.zeros((1,) * 17), lambda value: seen.append(value) or Ref("sandbox", 1))
    assert len(seen) == 1


def test_the_largest_values_within_the_limits_pass():
    """One below each limit is fine, and many small dicts are no large one."""
    small = [{"loss": 0, "accuracy": 1}] * 10_000
    for value in ([None] * 199_999, dict.fromkeys(range(4096)), small, nested(32), 2**8183 - 1):
        assert round_trip(value) == value


# Limits on the way in


def count(number: int) -> bytes:
    """A count as it stands in a message."""
    return struct.pack("<Q", number)


HUGE = 2**63
HOSTILE = {
    b"": "It ends after 0 bytes, in the middle of a value.",
    b"f123": "It ends after 4 bytes, in the middle of a value.",
    b"NN": "1 bytes follow the value.",
    b"?": "It holds the unknown tag b'?'.",
    b"l" + count(HUGE): f"It announces {HUGE} values and holds fewer bytes.",
    b"t" + count(2) + b"N": "It announces 2 values and holds fewer bytes.",
    b"s" + count(10**12): f"It announces {10**12} values and holds fewer bytes.",
    b"i" + count(1025) + b"x" * 1025: "An integer has more than 8192 bits.",
    b"s" + count(1) + b"\xff": "A string is not UTF-8.",
    b"d" + count(5000) + b"N" * 10000: "It holds a dict of more than 4096 entries, or many large ones.",
    b"d" + count(1) + b"l" + count(0) + b"N": "A list cannot be the key of a dict.",
    b"d" + count(1) + b"t" + count(1) + b"d" + count(0) + b"N": "A tuple cannot be the key of a dict.",
    b"d" + count(1) + b"a\x05\x00x" + b"N": "A ndarray cannot be the key of a dict.",
    b"a\xff\x00": "An array has the unknown type 255 or 0 axes.",
    b"a\x00\x11": "An array has the unknown type 0 or 17 axes.",
    b"a\x0b\x02" + count(HUGE) + count(0): "An array has axes longer than any message.",
    b"a\x0b\x02" + count(2**26) + count(2**26): "An array has axes longer than any message.",
    b"a\x0b\x02" + count(5) + count(7): "It ends after 19 bytes, in the middle of a value.",
    b"a\x0b\x10" + count(2**26) * 15 + count(0): "An array has axes longer than any message.",
    b"g\x0b\x01" + count(1) + b"x" * 8: "A NumPy scalar has axes.",
    b"h" + count(1) + b"N": "It holds the unknown tag b'N'.",
    b"h" + count(1) + b"b" + count(0): "An object has no readable type name.",
    b"h" + count(1) + b"s" + count(201) + b"x" * 201: "An object has no readable type name.",
    (b"l" + count(1)) * 40 + b"N": "It holds more than 200000 values, or is nested more than 32 deep.",
    b"l"
    + count(200_001)
    + b"N" * 200_001: "It holds more than 200000 values, or is nested more than 32 deep.",
}


@pytest.mark.parametrize("data", HOSTILE, ids=[str(number) for number in range(len(HOSTILE))])
def test_each_hostile_message_is_refused_with_its_reason(data):
    """What an enemy announces is compared with what is there, before anything is made."""
    with pytest.raises(WireError) as caught:
        decode(data, lambda ref: ref)
    assert str(caught.value) == f"message: {HOSTILE[data]} {REMEDY}"


def plain(value: object) -> bool:
    """Built of exactly the base types."""
    if type(value) in (list, tuple):
        return all(map(plain, value))  # type: ignore[call-overload]  # a list or tuple
    if type(value) is dict:
        return all(plain(key) and plain(item) for key, item in value.items())
    if isinstance(value, (np.ndarray, np.generic)):
        return value.dtype in DTYPES and type(value) in (np.ndarray, value.dtype.type)
    return value is None or type(value) in (bool, int, float, str, bytes, Ref, torch.Tensor)


def survives(data: bytes) -> None:
    """Decodes to a plain value or raises a WireError, quickly."""
    start = time.process_time()
    try:
        value = decode(data, lambda ref: ref)
    except WireError:
        value = None
    assert plain(value)
    assert time.process_time() - start < 2


@FAST
@given(st.binary(max_size=200))
def test_random_bytes_decode_to_plain_values_or_not_at_all(data):
    """Bytes without any sense."""
    survives(data)


PIECES = st.sampled_from(
    [*(bytes([tag]) for tag in b"NTFifsbltdagohc"), count(0), count(1), count(3), b"\x0b\x02"]
)


@FAST
@given(st.lists(PIECES | st.binary(max_size=9), max_size=30).map(b"".join))
def test_messages_of_valid_pieces_decode_to_plain_values_or_not_at_all(data):
    """Tags and counts in any order."""
    survives(data)


@FAST
@given(values, st.data())
def test_damaged_messages_decode_to_plain_values_or_not_at_all(value, data):
    """A valid message with a few bytes changed, left out or put in."""
    message = bytearray(encode([value, 1.5, {"k": (2,)}], no_object))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(message) - 1))
        message[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
        if not message:
            break
    survives(bytes(message))


@FAST
@given(
    st.sampled_from(b"ago"),
    st.integers(0, 20),
    st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 3), max_size=18),
)
@example(ord("a"), 11, [0, 2**26, 2**26])
@example(ord("a"), 11, [2**26] * 15 + [0])
@example(ord("o"), 0, [0, 2**26, 2**26, 2**26])
def test_any_shape_that_is_announced_is_built_or_refused(tag, code, shape):
    """Zero-length axes do not hide astronomically long ones."""
    survives(bytes([tag, code, len(shape)]) + b"".join(map(count, shape)) + bytes(16))


def test_a_message_costs_no_more_memory_than_a_few_times_its_length():
    """A count that is announced allocates nothing."""
    for data in (
        b"l" + count(2**40),
        b"a\x0b\x02" + count(2**25) + count(2**25),
        b"l" + count(50_000) + b"N" * 50_000,
    ):
        tracemalloc.start()
        try:
            survives(data)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 2**20 + 100 * len(data)


def test_keys_that_collide_take_bounded_time():
    """The worst dict there can be takes seconds at most, and there can be one."""
    # Integers that differ by 2**61 - 1 have one hash: each new key is compared with all before it.
    colliding = b"".join(
        b"i" + count(16) + (number * (2**61 - 1)).to_bytes(16, "little", signed=True) + b"N"
        for number in range(4096)
    )
    worst = b"d" + count(4096) + colliding

    start = time.process_time()
    assert len(decode(worst, lambda ref: ref)) == 4096
    assert time.process_time() - start < 5
    with pytest.raises(WireError, match="or many large ones"):
        decode(b"l" + count(2) + worst + b"d" + count(1) + b"NN", lambda ref: ref)


def test_long_keys_that_collide_are_refused_early():
    """Each would be compared with all before it, byte by byte."""
    pair = [b"i" + count(1) + number.to_bytes(1, "little", signed=True) for number in (-1, -2)]  # one hash
    filler = b"b" + count(15_000) + bytes(15_000)
    keys = (b"t" + count(13) + filler + b"".join(key) for key in itertools.product(pair, repeat=12))
    worst = b"d" + count(4096) + b"".join(key + b"N" for key in keys)

    start = time.process_time()
    with pytest.raises(WireError, match="a large dict with long keys"):
        decode(worst, lambda ref: ref)
    assert time.process_time() - start < 1


def test_text_is_refused_before_it_takes_four_times_its_size():
    """One wide character makes all others of its string wide."""
    wide = "\U0001f600".encode() + bytes(MAX_TEXT)
    message = b"s" + count(len(wide)) + wide

    tracemalloc.start()
    try:
        with pytest.raises(WireError, match="more than 8 MiB of text"):
            decode(message, lambda ref: ref)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2 * MAX_TEXT


def test_bools_are_bools_whatever_byte_they_came_as():
    """A bool of 7 would break whatever the grader does with it."""
    array = decode(b"a\x00\x01" + count(3) + b"\x00\x07\xff", lambda ref: ref)

    assert array.dtype == np.bool_
    assert array.view(np.uint8).tolist() == [0, 1, 1]
    assert decode(b"g\x00\x00\x07", lambda ref: ref).tobytes() == b"\x01"
