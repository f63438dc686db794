"""Bounds the connections of an HTTP server: how many there are, how many of one address, and how long a first request may take."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import structlog

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionBounds:
    """most, most_of_address: connections that may be open at once. head_s: the time in which a new one must have sent its first
    request's head."""

    most: int
    most_of_address: int
    head_s: float


class Connections:
    """Counts the open connections by address, and aborts those that send no request within bounds.head_s seconds."""

    def __init__(self, bounds: ConnectionBounds) -> None:
        self.bounds = bounds
        self._count = 0
        self._open: Counter[str] = Counter()
        self._deadlines: dict[asyncio.BaseTransport, asyncio.TimerHandle] = {}

    def enter(self, transport: asyncio.Transport, address: str) -> bool:
        """Count a new connection. False: there are too many already, of its address or in all."""
        if self._count >= self.bounds.most or self._open[address] >= self.bounds.most_of_address:
            log.warning("connections.too_many", peer=address, open=self._count, of_peer=self._open[address])
            return False
        self._count += 1
        self._open[address] += 1
        loop = asyncio.get_running_loop()
        self._deadlines[transport] = loop.call_later(self.bounds.head_s, transport.abort)
        return True

    def heard(self, transport: asyncio.BaseTransport | None) -> None:
        """Note that a request has come on this connection: it is no longer aborted at head_s. Between later requests the HTTP
        server's own limit counts."""
        deadline = self._deadlines.pop(transport, None) if transport is not None else None
        if deadline is not None:
            deadline.cancel()

    def leave(self, transport: asyncio.Transport, address: str) -> None:
        """Note that a counted connection has ended."""
        self.heard(transport)
        self._count -= 1
        self._open[address] -= 1
        if not self._open[address]:
            del self._open[address]

    def guarding(self, make: Callable[[], Any]) -> Callable[[], "Guarded"]:
        """A protocol factory that lets in what the bounds allow. make: aiohttp's own factory."""
        return lambda: Guarded(make(), self)


class Guarded(asyncio.Protocol):
    """Stands between a transport and aiohttp's own protocol: passes everything on once the connection is let in."""

    __slots__ = ("_address", "_connections", "_inner", "_transport")

    def __init__(self, inner: Any, connections: Connections) -> None:
        self._inner, self._connections = inner, connections
        self._transport: asyncio.Transport | None = None  # once it is let in
        self._address = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Pass the new connection to aiohttp; abort it where there are too many."""
        transport = cast(asyncio.Transport, transport)  # uvloop's TLS transport is one by its methods, not by its class
        self._address = address_of(transport)  # a connection that is gone tells it no more
        if self._connections.enter(transport, self._address):
            self._transport = transport
            self._inner.connection_made(transport)
        else:
            transport.abort()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Stop counting the connection, and tell aiohttp."""
        if self._transport is not None:
            self._connections.leave(self._transport, self._address)
            self._inner.connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Pass the data to aiohttp."""
        if self._transport is not None:
            self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        """Tell aiohttp that the client will send nothing more."""
        self._inner.eof_received()
        return None

    def pause_writing(self) -> None:
        """Tell aiohttp to stop writing."""
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        """Tell aiohttp that it may write again."""
        self._inner.resume_writing()


def address_of(transport: asyncio.BaseTransport) -> str:
    """The address of the other end."""
    return str((transport.get_extra_info("peername") or ("unknown",))[0])
