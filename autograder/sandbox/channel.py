"""Frames over a pair of streams: a length, then that many bytes.

Used by both sides. Knows nothing of what a frame means. Reading blocks: whoever
wants a time limit kills the other side, which ends the stream.
"""

import struct
from typing import Protocol

from autograder.wire import MAX_MESSAGE

__all__ = ["Channel", "ChannelClosedError", "Stream"]

HEADER = struct.Struct("<Q")
# A frame is one message and a byte that says what it is for.
MAX_FRAME = MAX_MESSAGE + 1
CHUNK = 1 << 20


class ChannelClosedError(Exception):
    """The other side has gone, or sent something that is no frame."""


class Stream(Protocol):
    """What a channel needs of a socket or a pair of pipes. An empty read means the end."""

    def read(self, size: int) -> bytes:
        """At most `size` bytes, at least one unless the stream has ended."""

    def write(self, data: bytes) -> None:
        """All of `data`."""


class Channel:
    """Sends and receives whole frames."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def send(self, frame: bytes) -> None:
        """Sends one frame; blocks while the other side does not read.

        Raises:
            ChannelClosedError: if the other side has gone.
        """
        try:
            self._stream.write(HEADER.pack(len(frame)) + frame)
        except (OSError, ValueError) as error:
            raise ChannelClosedError(str(error)) from error

    def receive(self) -> bytes:
        """The next frame.

        Raises:
            ChannelClosedError: if the stream ends first, or announces a frame above the limit.
        """
        (size,) = HEADER.unpack(self._exactly(HEADER.size))
        if size > MAX_FRAME:
            raise ChannelClosedError(f"a frame of {size} bytes is announced")
        return self._exactly(size)

    def _exactly(self, size: int) -> bytes:
        chunks = []
        while size:
            try:
                chunk = self._stream.read(min(size, CHUNK))
            except (OSError, ValueError) as error:
                raise ChannelClosedError(str(error)) from error
            if not chunk:
                raise ChannelClosedError("the stream has ended")
            chunks.append(chunk)
            size -= len(chunk)
        return b"".join(chunks)
