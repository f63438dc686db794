"""Writes frames to the readers of the live stream: the same bytes to all of an audience, from one place, without a task for each
frame and reader. At 300 readers and ten frames a second tasks cost more than writing."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from aiohttp import HttpVersion11, web

PING_S = 10.0
WRITE_WITHIN_S = 5.0
MOST_WAITING = 64 * 1024
"""A reader that leaves more than this in the connection for WRITE_WITHIN_S is too slow and is let go."""


@dataclass(frozen=True, slots=True)
class StreamFrame:
    """The bytes that one audience gets at once. number: of the last event that was considered for the frame. chunk: the data as
    a chunk of HTTP/1.1."""

    number: int
    data: bytes
    chunk: bytes = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "chunk", b"%x\r\n%b\r\n" % (len(self.data), self.data))


PING = StreamFrame(0, b": \n\n")


@dataclass(slots=True, eq=False)
class Reader:
    """One connection. goes_on: whether the reader may still see the stream, asked before each frame. number: of the last event that
    it has. written: how many frames it got. ended: set when it gets no more."""

    transport: asyncio.WriteTransport
    chunked: bool
    goes_on: Callable[[], bool]
    number: int
    written: int = 0
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    _written_at_s: float = 0.0
    _full_since_s: float | None = None

    @classmethod
    def of(cls, request: web.Request, number: int, goes_on: Callable[[], bool], now_s: float) -> "Reader":
        """The reader of a request whose response has begun. now_s: the event loop's time."""
        transport, chunked = request.transport, request.version >= HttpVersion11
        made = cls(transport or asyncio.WriteTransport(), chunked, goes_on, number, _written_at_s=now_s)
        if transport is None:
            made.ended.set()
        return made

    def push(self, frame: StreamFrame, now_s: float) -> None:
        """Write the frame, unless the reader has it already. The reader ends instead where its connection is gone, or it may see
        the stream no longer."""
        if self.ended.is_set() or frame.number <= self.number:
            return
        if self._write(frame, now_s):
            self.number, self.written = frame.number, self.written + 1

    def look(self, now_s: float, ping: StreamFrame = PING) -> None:
        """End the reader when it is gone, is too slow or may go on no longer; write the ping when it has been quiet for long."""
        if self.ended.is_set():
            return
        if self.transport.get_write_buffer_size() <= MOST_WAITING:
            self._full_since_s = None
        elif self._full_since_s is None:
            self._full_since_s = now_s
        elif now_s - self._full_since_s >= WRITE_WITHIN_S:
            self.transport.abort()
        if now_s - self._written_at_s >= PING_S:
            self._write(ping, now_s)
        elif self.transport.is_closing() or not self.goes_on():
            self.ended.set()

    def _write(self, frame: StreamFrame, now_s: float) -> bool:
        if self.transport.is_closing() or not self.goes_on():
            self.ended.set()
            return False
        self.transport.write(frame.chunk if self.chunked else frame.data)
        self._written_at_s = now_s
        return True


async def served(readers: set[Reader], reader: Reader, made: Sequence[StreamFrame]) -> int:
    """Write to the reader until it ends. made: frames that were made before now. Returns how many frames it got."""
    for frame in made:
        reader.push(frame, asyncio.get_running_loop().time())
    readers.add(reader)
    try:
        await reader.ended.wait()
    finally:
        readers.discard(reader)
    return reader.written
