"""Bounds what connections may cost a listener.

Each must send its first request soon. Where one address has too many open on which nobody has proven who he is, or somebody who
has proven it has too many, the one of these that was silent longest gives way; one with a request in work, last. Where all together
are too many, one of those without a proof gives way; where these are few, one of whoever holds most. So nobody is locked out by
another who only holds connections open, also not by one who may come in.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from aiohttp import web

from pipeline.runtime.connection_groups import ConnectionGroups

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Answering = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
FEW = 10
"""One in so many connections is left to those on which nobody has proven anything yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionBounds:
    """head_s: the time in which a new connection must send its first request, and in which its TLS must be agreed on.
    per_address: how many may be open at once from one address without a proof, and how many of one who has proven who he is;
    most: how many in all."""

    head_s: float = 10.0
    per_address: int = 256
    most: int = 1_024


class OpenConnections:
    """The open connections of one listener."""

    def __init__(self, bounds: ConnectionBounds) -> None:
        self._bounds = bounds
        self._strangers, self._known = ConnectionGroups(), ConnectionGroups()  # by address; by who
        self._deadlines: dict[asyncio.BaseTransport, asyncio.TimerHandle] = {}
        self._in_work: set[asyncio.BaseTransport] = set()

    def enter(self, transport: asyncio.Transport, address: str) -> None:
        """Count a new connection. Where there are too many another ends, or this one, if nobody has more than one."""
        if self._strangers.size(address) >= self._bounds.per_address:
            self._end(self._strangers, address)
        elif len(self._strangers) + len(self._known) >= self._bounds.most and not self._made_room():
            transport.abort()
            return
        self._strangers.add(transport, address)
        loop = asyncio.get_running_loop()
        self._deadlines[transport] = loop.call_later(self._bounds.head_s, transport.abort)

    def begun(self, transport: asyncio.BaseTransport | None) -> None:
        """Note that a request has come. Between later requests the HTTP server's own limit counts."""
        if transport is not None and (transport in self._known or transport in self._strangers):
            self._in_work.add(transport)
            self._stop_clock(transport)

    def ended(self, transport: asyncio.BaseTransport | None) -> None:
        """Note that a request has been answered."""
        if transport is not None:
            self._in_work.discard(transport)

    def proven(self, transport: asyncio.BaseTransport | None, who: str) -> None:
        """Note who has proven that he is on this connection, of which a request is in work. Where he has too many, another of his
        ends."""
        if transport is None or not (transport in self._known or self._strangers.drop(transport)):
            return
        self._known.add(transport, who)
        if self._known.size(who) > self._bounds.per_address:
            self._end(self._known, who)

    def lost(self, transport: asyncio.BaseTransport | None) -> None:
        """Note that a connection has ended."""
        if transport is None:
            return
        self._stop_clock(transport)
        self._in_work.discard(transport)
        self._strangers.drop(transport)
        self._known.drop(transport)

    def _stop_clock(self, transport: asyncio.BaseTransport) -> None:
        deadline = self._deadlines.pop(transport, None)
        if deadline is not None:
            deadline.cancel()

    def _made_room(self) -> bool:
        """End one connection of any; False: there is none that may give way."""
        who = self._known.largest() if len(self._strangers) * FEW < self._bounds.most else None
        if who is not None:
            self._end(self._known, who)
        elif self._strangers:
            self._end(self._strangers, None)
        else:
            return False
        return True

    def _end(self, groups: ConnectionGroups, name: str | None) -> None:
        """End one connection of this group; None: of any."""
        idle = groups.idle(name, self._in_work)
        self.lost(idle)
        cast(asyncio.Transport, idle).abort()

    def watch(self, app: web.Application) -> None:
        """Have the application tell which connections have requests in work, and make `proven` known to its handlers."""

        @web.middleware
        async def noted(request: web.Request, handler: Handler) -> web.StreamResponse:
            return await self._noted(cast(Answering, handler), request)

        app.middlewares.insert(0, noted)

    def watched(self, answer: Answering) -> Answering:
        """The function that answers all requests, made to do what `watch` makes an application do."""
        return partial(self._noted, answer)

    async def _noted(self, answer: Answering, request: web.BaseRequest) -> web.StreamResponse:
        self.begun(request.transport)
        _CONNECTIONS.set(self)  # aiohttp answers each request in a context of its own
        try:
            return await answer(request)
        finally:
            self.ended(request.transport)


_CONNECTIONS: ContextVar[OpenConnections | None] = ContextVar("open connections", default=None)
"""Those among which the request in work is."""


def proven(request: web.BaseRequest, who: str) -> None:
    """Note that whoever sent this request has proven to be `who`."""
    connections = _CONNECTIONS.get()
    if connections is not None:
        connections.proven(request.transport, who)


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
