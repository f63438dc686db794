"""Bounds what connections may cost a listener before somebody on them has proven who he is.

Each must send its first request soon. Where one address, or all together, have too many open, the oldest gives way, first one
that has no request in work: so nobody is locked out by another who only holds connections open. A connection on which somebody
has proven who he is stays.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, cast

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionBounds:
    """head_s: the time in which a new connection must send its first request, and in which its TLS must be agreed on.
    per_address: how many may be open at once from one address without a proof; most: how many in all, proven ones included."""

    head_s: float = 10.0
    per_address: int = 256
    most: int = 1_024


class OpenConnections:
    """The open connections of one listener on which nobody has proven who he is, the oldest first."""

    def __init__(self, bounds: ConnectionBounds) -> None:
        self._bounds = bounds
        self._open: dict[asyncio.BaseTransport, str] = {}  # in the order in which they came; with their addresses
        self._by_address: Counter[str] = Counter()
        self._deadlines: dict[asyncio.BaseTransport, asyncio.TimerHandle] = {}
        self._in_work: set[asyncio.BaseTransport] = set()
        self._count = 0  # proven ones included

    def enter(self, transport: asyncio.Transport, address: str) -> None:
        """Count a new connection. Where there are too many the oldest ends, or this one, if all others are proven."""
        self._count += 1
        if self._by_address[address] >= self._bounds.per_address:
            self._end_oldest(address)
        elif self._count > self._bounds.most:
            if not self._open:
                transport.abort()
                return
            self._end_oldest(None)
        self._open[transport] = address
        self._by_address[address] += 1
        loop = asyncio.get_running_loop()
        self._deadlines[transport] = loop.call_later(self._bounds.head_s, transport.abort)

    def begun(self, transport: asyncio.BaseTransport | None) -> None:
        """Note that a request has come. Between later requests the HTTP server's own limit counts."""
        if transport in self._open:
            self._in_work.add(transport)
            self._stop_clock(transport)

    def ended(self, transport: asyncio.BaseTransport | None) -> None:
        """Note that a request has been answered."""
        if transport is not None:
            self._in_work.discard(transport)

    def lost(self, transport: asyncio.BaseTransport | None) -> None:
        """Note that a connection has ended."""
        self._count -= 1
        self.leave(transport)

    def leave(self, transport: asyncio.BaseTransport | None) -> None:
        """Take the connection out of those that may give way: somebody on it has proven who he is, or it ends."""
        address = self._open.pop(transport, None)  # type: ignore[arg-type]  # None is no key
        if transport is None or address is None:
            return
        self._stop_clock(transport)
        self._in_work.discard(transport)
        self._by_address[address] -= 1
        if not self._by_address[address]:
            del self._by_address[address]

    def _stop_clock(self, transport: asyncio.BaseTransport) -> None:
        deadline = self._deadlines.pop(transport, None)
        if deadline is not None:
            deadline.cancel()

    def _end_oldest(self, address: str | None) -> None:
        """End one connection of this address; None: of any."""
        theirs = [one for one, its_address in self._open.items() if address in (None, its_address)]
        oldest = next((one for one in theirs if one not in self._in_work), theirs[0])
        self.leave(oldest)
        cast(asyncio.Transport, oldest).abort()

    def watch(self, app: web.Application) -> None:
        """Have the application tell which connections have requests in work, and make `proven` known to its handlers."""

        @web.middleware
        async def noted(request: web.Request, handler: Handler) -> web.StreamResponse:
            self.begun(request.transport)
            try:
                return await handler(request)
            finally:
                self.ended(request.transport)

        app.middlewares.insert(0, noted)
        app[_CONNECTIONS] = self


_CONNECTIONS = web.AppKey("open connections", OpenConnections)


def proven(request: web.Request) -> None:
    """Note that whoever sent this request has proven who he is."""
    connections = request.app.get(_CONNECTIONS)
    if connections is not None:
        connections.leave(request.transport)


class CountedProtocol(asyncio.Protocol):
    """Stands between a transport and aiohttp's own protocol: counts the connection and passes everything on."""

    def __init__(self, inner: Any, connections: OpenConnections) -> None:
        self._inner, self._connections = inner, connections
        self._transport: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the new connection and pass it to aiohttp."""
        self._transport = transport
        address = str((transport.get_extra_info("peername") or ("unknown",))[0])
        # uvloop's TLS transport is one by its methods, not by its class
        self._connections.enter(cast(asyncio.Transport, transport), address)
        self._inner.connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Stop counting the connection, and tell aiohttp."""
        self._connections.lost(self._transport)
        self._inner.connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Pass the data to aiohttp."""
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
