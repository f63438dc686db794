"""Fetches what a server sends to whoever connects over TCP: AxxonSoft's records and XML."""

import asyncio
import re
import socket
from urllib.parse import urlsplit

from pipeline.gateway.protocols import axxon
from pipeline.gateway.pulling.fetching import Asked, CannotReach, Sink
from pipeline.gateway.request import MAX_BODY

CONNECT_S = 10.0
CHUNK = 64 * 1024
_BLANKS = re.compile(rb"[\s\x00\x03]*")
_CURE = "look whether the server runs, and this machine reaches its address and port"


async def fetch(asked: Asked, sink: Sink) -> None:
    """See Fetch. A road by night is silent, so a connection without a word is not taken for dead: the system's keep-alive tells."""
    where = urlsplit(asked.pull.address)
    try:
        async with asyncio.timeout(CONNECT_S):
            reader, writer = await asyncio.open_connection(where.hostname, where.port)
    except (OSError, TimeoutError, ValueError) as error:
        raise CannotReach(f"{where.hostname}:{where.port}: {error or 'no answer'}", _CURE) from error
    try:
        _keep_alive(writer)
        sink.answered()
        await _read(reader, sink)
    except OSError as error:
        raise CannotReach(f"{where.hostname}:{where.port}: {error}", _CURE) from error
    finally:
        writer.transport.abort()


async def _read(reader: asyncio.StreamReader, sink: Sink) -> None:
    """Keep each message, and at the end what was cut off of one."""
    messages = Messages()
    while chunk := await reader.read(CHUNK):
        sink.answered()
        messages.feed(chunk)
        while (message := messages.next()) is not None:
            await sink.put(message)
        if len(messages.held) > MAX_BODY:
            break
    if rest := bytes(messages.held).strip(b"\x00 \r\n\t"):
        await sink.put(rest)


class Messages:
    """Cuts one connection's stream into messages. held: what is not cut off yet; none of it is looked through twice."""

    def __init__(self) -> None:
        self.held = bytearray()
        self._looked = 0

    def feed(self, chunk: bytes) -> None:
        """Take in what came."""
        self.held += chunk

    def next(self) -> bytes | None:
        """The next message; None: none has ended yet."""
        if self._looked == 0:
            del self.held[: _BLANKS.match(self.held).end()]  # type: ignore[union-attr]  # it also matches nothing
        end = axxon.end_after(bytes(self.held[:1]))
        found = self.held.find(end, max(self._looked - len(end) + 1, 0))
        if found < 0:
            self._looked = len(self.held)
            return None
        message = bytes(self.held[: found + len(end)])
        del self.held[: found + len(end)]
        self._looked = 0
        return message


def _keep_alive(writer: asyncio.StreamWriter) -> None:
    """Have the system ask after two minutes of silence whether the other side is there."""
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 120), ("TCP_KEEPINTVL", 20), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, name):  # macOS lacks the first
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
