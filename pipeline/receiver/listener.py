"""A TLS listener that its clients cannot block: time limits for the handshake and the first request, and a limit of
connections per address."""

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable

from aiohttp import web

from pipeline.errors import Misconfigured
from pipeline.receiver.service import DeskOptions
from pipeline.runtime.guarded import ConnectionBounds, Connections

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_STOP_S = 1.0
_IDLE_S = 30.0  # between two requests of one connection
_MOST = 1_000  # connections of all addresses


async def listening(
    closing: contextlib.AsyncExitStack, app: web.Application, options: DeskOptions, tls: ssl.SSLContext
) -> str:
    """Serve the application until the stack `closing` is closed. Returns host:port. Raises Misconfigured when the port is
    in use."""
    bounds = ConnectionBounds(most=_MOST, most_of_address=options.connections, head_s=options.head_s)
    connections = Connections(bounds)

    @web.middleware
    async def heard(request: web.Request, handler: Handler) -> web.StreamResponse:
        connections.heard(request.transport)
        return await handler(request)

    app.middlewares.append(heard)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_STOP_S, keepalive_timeout=_IDLE_S)
    await runner.setup()
    closing.push_async_callback(runner.cleanup)
    make = runner.server
    assert make is not None
    try:
        server = await asyncio.get_running_loop().create_server(
            connections.guarding(make),
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
