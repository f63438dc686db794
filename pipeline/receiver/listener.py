"""A TLS listener that its clients cannot block: time limits for the handshake and the first request, and a limit of
connections per address."""

import asyncio
import contextlib
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, cast

import structlog
from aiohttp import web

from pipeline.errors import Misconfigured
from pipeline.receiver.service import DeskOptions

log = structlog.get_logger()
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_STOP_S = 1.0
_IDLE_S = 30.0  # between two requests of one connection


class Door:
    """Counts the open connections by address, and closes those that send no request within options.head_s seconds."""

    def __init__(self, options: DeskOptions) -> None:
        self._options = options
        self._open: Counter[str] = Counter()
        self._deadlines: dict[asyncio.BaseTransport, asyncio.TimerHandle] = {}

    def enter(self, transport: asyncio.Transport, address: str) -> bool:
        """Count a new connection. False: its address has too many already."""
        if self._open[address] >= self._options.connections:
            log.warning("desk.too_many_connections", peer=address)
            return False
        self._open[address] += 1
        loop = asyncio.get_running_loop()
        self._deadlines[transport] = loop.call_later(self._options.head_s, transport.abort)
        return True

    def heard(self, transport: asyncio.BaseTransport | None) -> None:
        """Note that a request has come on this connection: it is no longer closed at head_s. Between later requests the
        HTTP server's own limit counts."""
        deadline = self._deadlines.pop(transport, None) if transport is not None else None
        if deadline is not None:
            deadline.cancel()

    def leave(self, transport: asyncio.Transport, address: str) -> None:
        """Note that a counted connection has ended."""
        self.heard(transport)
        self._open[address] -= 1
        if not self._open[address]:
            del self._open[address]


class Guarded(asyncio.Protocol):
    """Stands between a transport and aiohttp's own protocol: passes everything on once the Door has let the connection in."""

    def __init__(self, inner: Any, door: Door) -> None:
        self._inner, self._door = inner, door
        self._transport: asyncio.Transport | None = None  # once it is let in
        self._address = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Pass the new connection to aiohttp; abort it when its address has too many."""
        transport = cast(asyncio.Transport, transport)  # uvloop's TLS transport is one by its methods, not by its class
        self._address = _address(transport)  # a connection that is gone tells it no more
        if self._door.enter(transport, self._address):
            self._transport = transport
            self._inner.connection_made(transport)
        else:
            transport.abort()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Stop counting the connection, and tell aiohttp."""
        if self._transport is not None:
            self._door.leave(self._transport, self._address)
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


async def listening(
    closing: contextlib.AsyncExitStack, app: web.Application, options: DeskOptions, tls: ssl.SSLContext
) -> str:
    """Serve the application until the stack `closing` is closed. Returns host:port. Raises Misconfigured when the port is
    in use."""
    door = Door(options)

    @web.middleware
    async def heard(request: web.Request, handler: Handler) -> web.StreamResponse:
        door.heard(request.transport)
        return await handler(request)

    app.middlewares.append(heard)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_STOP_S, keepalive_timeout=_IDLE_S)
    await runner.setup()
    closing.push_async_callback(runner.cleanup)
    make = runner.server
    assert make is not None
    try:
        server = await asyncio.get_running_loop().create_server(
            lambda: Guarded(make(), door),
            options.host,
            options.port,
            ssl=tls,
            ssl_handshake_timeout=options.head_s,
        )
    except OSError as error:
        where = f"{options.host}:{options.port} ({error.strerror})"
        raise Misconfigured("port", found=where, allowed="a free port") from error
    closing.callback(server.close)
    bound = server.sockets[0].getsockname()[1]
    return f"{f'[{options.host}]' if ':' in options.host else options.host}:{bound}"


def _address(transport: asyncio.BaseTransport) -> str:
    return str((transport.get_extra_info("peername") or ("unknown",))[0])
