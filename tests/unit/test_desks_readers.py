"""Readers of the live stream on real connections: who is slow, gone, or may see no more gets nothing more."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import pytest_asyncio

from pipeline.desks.readers import MOST_WAITING, PING_S, WRITE_WITHIN_S, Reader, StreamFrame, served


class Ends:
    """The two ends of a connection: the server's transport, and the client's socket, which reads when it is told to."""

    def __init__(self, transport: asyncio.WriteTransport, client: socket.socket) -> None:
        self.transport, self.client = transport, client
        self.may = True

    def reader(self, *, chunked: bool = True) -> Reader:
        """A reader that has the events up to 10."""
        return Reader(self.transport, chunked, lambda: self.may, 10)

    async def read(self, count: int) -> bytes:
        """So many bytes, as the client gets them."""
        loop, got = asyncio.get_running_loop(), b""
        while len(got) < count:
            got += await loop.sock_recv(self.client, count - len(got))
        return got


@pytest_asyncio.fixture
async def ends() -> AsyncIterator[Ends]:
    """A connection."""
    loop = asyncio.get_running_loop()
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    transport, _ = await loop.create_connection(asyncio.Protocol, sock=ours)
    with contextlib.closing(theirs):
        yield Ends(transport, theirs)
        transport.abort()


async def test_a_reader_gets_each_frame_once_and_in_order(ends: Ends) -> None:
    """As a chunk of HTTP/1.1, or as it is; what it has already is not sent again."""
    reader = ends.reader()
    for number in (9, 10, 11, 11, 12):
        reader.push(StreamFrame(number, b"frame %d" % number), 0.0)
    assert b"8\r\nframe 11\r\n8\r\nframe 12\r\n" == await ends.read(26)
    assert (2, 12) == (reader.written, reader.number)
    ends.reader(chunked=False).push(StreamFrame(11, b"plain"), 0.0)
    assert b"plain" == await ends.read(5)


async def test_whoever_may_see_no_more_gets_no_frame_that_was_made_since(ends: Ends) -> None:
    """It is asked before each frame, and at each look."""
    reader = ends.reader()
    ends.may = False
    reader.push(StreamFrame(11, b"secret"), 0.0)
    assert (True, 0) == (reader.ended.is_set(), reader.written)
    ends.may, another = True, ends.reader()
    another.look(1.0)
    assert not another.ended.is_set()
    ends.may = False
    another.look(2.0)
    assert another.ended.is_set()


async def test_a_reader_that_takes_nothing_is_let_go(ends: Ends) -> None:
    """After so many seconds with too much in the connection; who takes it in time stays."""
    reader, heavy = ends.reader(), StreamFrame(11, b"x" * (MOST_WAITING * 16))
    reader.push(heavy, 0.0)
    reader.look(1.0)
    reader.look(1.0 + WRITE_WITHIN_S - 0.1)
    assert not reader.ended.is_set()
    await ends.read(len(heavy.chunk) - 100)
    reader.look(2.0 + WRITE_WITHIN_S)
    assert not reader.ended.is_set()
    reader.push(StreamFrame(12, heavy.data), 20.0)
    reader.look(21.0)
    reader.look(21.0 + WRITE_WITHIN_S)
    assert reader.ended.is_set()
    assert ends.transport.is_closing()


async def test_a_quiet_reader_gets_a_ping_and_one_that_is_gone_ends(ends: Ends) -> None:
    """A comment of the format, which no page sees."""
    reader = ends.reader()
    reader.look(PING_S - 0.1)
    reader.look(PING_S)
    reader.look(PING_S + 1)
    assert b"4\r\n: \n\n\r\n" == await ends.read(9)
    ends.client.close()
    serving = asyncio.create_task(served(set(), reader, [StreamFrame(11, b"one")]))
    while not reader.ended.is_set():
        reader.look(PING_S + 2)
        await asyncio.sleep(0)
    assert 1 == await serving
