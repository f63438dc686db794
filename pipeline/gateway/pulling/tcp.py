"""Fetches what a server sends to whoever connects over TCP: AxxonSoft's records and XML."""

import asyncio
import socket
from urllib.parse import urlsplit

from pipeline.gateway.cutting import Cutter
from pipeline.gateway.protocols import axxon
from pipeline.gateway.pulling.fetching import Asked, CannotReach, Sink
from pipeline.gateway.request import MAX_BODY

CONNECT_S = 10.0
CHUNK = 64 * 1024
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
    cutter: Cutter | None = None
    while chunk := await reader.read(CHUNK):
        sink.answered()
        if cutter is None:
            if not chunk.strip():
                continue
            cutter = axxon.cutter_of(chunk)
        cutter.feed(chunk)
        while (message := cutter.next()) is not None:
            await sink.put(message)
        if cutter.size > MAX_BODY:
            break
    if cutter is not None and cutter.rest:
        await sink.put(cutter.rest)


def _keep_alive(writer: asyncio.StreamWriter) -> None:
    """Have the system ask after two minutes of silence whether the other side is there."""
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 120), ("TCP_KEEPINTVL", 20), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, name):  # macOS lacks the first
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
