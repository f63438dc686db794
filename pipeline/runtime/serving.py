"""Begins to serve over HTTP, and runs work beside the requests. Apart from `listening`, so that agents need not load aiohttp."""

import asyncio
import contextlib
import logging
import resource
import ssl
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import structlog
from aiohttp import web, web_response
from aiohttp.http_exceptions import HttpProcessingError

from pipeline.errors import Misconfigured, VigieError
from pipeline.runtime.accepting import TlsListener
from pipeline.runtime.back_off import BackOff
from pipeline.runtime.open_connections import Answering, ConnectionBounds, CountedProtocol, OpenConnections

log = structlog.get_logger()
AGAIN = BackOff(first_s=0.5, cap_s=10.0)
IDLE_S = 75.0
"""A connection ends after so long without a whole request."""
MOST_FILES = 65_536
CANCELLED_AGAIN_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """Where a process listens, and for how long anybody may hold it. setting: what its port is called, for messages.

    stop_s: how long requests in work may take at the end. idle_s: see IDLE_S. backlog: how many connections may wait to be
    accepted.
    """

    setting: str
    host: str
    port: int
    tls: ssl.SSLContext | None
    stop_s: float
    idle_s: float = IDLE_S
    backlog: int = 128
    bounds: ConnectionBounds = field(default_factory=ConnectionBounds)


async def listen(closing: contextlib.AsyncExitStack, app: web.Application | Answering, listener: Listener) -> int:
    """Serve the application until the stack closes. Bodies are left packed as they came. Returns the port.

    app: also a function that answers every request by itself, without routes, which costs less. Raises Misconfigured for a port
    that is taken.
    """
    _allow_files()
    web_response.SERVER_SOFTWARE = "Vigie"  # type: ignore[attr-defined]  # else each answer names aiohttp, Python and their versions
    logging.getLogger("aiohttp.server").addFilter(_UNQUOTED)
    connections = OpenConnections(listener.bounds)
    runner = _runner(app, connections, listener)
    await runner.setup()
    closing.push_async_callback(runner.cleanup)
    make = runner.server
    assert make is not None, "it was set up"
    try:
        return await _open(closing, lambda: CountedProtocol(make(), connections), listener)
    except OSError as error:
        allowed = f"a free port of {listener.host} ({error.strerror}), or 0 for any"
        raise Misconfigured(listener.setting, found=listener.port, allowed=allowed) from error


async def _open(closing: contextlib.AsyncExitStack, make: Callable[[], asyncio.Protocol], listener: Listener) -> int:
    """Listen until the stack closes. Returns the port. Raises OSError."""
    if listener.tls is not None:
        accepting = TlsListener(make, listener.tls, listener.bounds, listener.backlog)
        closing.push_async_callback(accepting.close)
        return await accepting.listen(listener.host, listener.port)
    server = await asyncio.get_running_loop().create_server(
        make, listener.host, listener.port, backlog=listener.backlog
    )
    closing.callback(server.close)
    return int(server.sockets[0].getsockname()[1])


def _runner(
    app: web.Application | Answering, connections: OpenConnections, listener: Listener
) -> web.AppRunner | web.ServerRunner:
    if isinstance(app, web.Application):
        connections.watch(app)
        return web.AppRunner(
            app,
            access_log=None,
            shutdown_timeout=listener.stop_s,
            keepalive_timeout=listener.idle_s,
            auto_decompress=False,
        )
    answering = connections.watched(app)
    server = web.Server(answering, access_log=None, keepalive_timeout=listener.idle_s, auto_decompress=False)
    return web.ServerRunner(server, shutdown_timeout=listener.stop_s)


class _Unquoted(logging.Filter):
    """Says of a request that cannot be read who sent it and what kind of fault it has: the error quotes the request, and so a
    password, a session's token or a plate."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always true."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HttpProcessingError) and isinstance(record.args, tuple):
            record.msg, record.args = "what %s sent is no request: %s", (*record.args[:1], type(error).__name__)
            record.levelno, record.levelname, record.exc_info = logging.WARNING, "WARNING", None
        return True


_UNQUOTED = _Unquoted()


def _allow_files() -> None:
    """Let the process open as many connections as the system lets it ask for: by default often only a thousand."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


Work = Callable[[], Coroutine[Any, Any, None]]


def run_until_closed(
    closing: contextlib.AsyncExitStack, work: Work, works: Callable[[bool], None] | None = None
) -> None:
    """Run `work()` beside the requests until the stack closes. When it fails, with whatever error, it is started again after a
    pause: a server that refuses our account today lets us in again once somebody has corrected it. works: called with False
    when it fails, with True when it is started again."""
    task = asyncio.create_task(_kept_up(work, works or (lambda _works: None)))

    async def end() -> None:
        while (
            not task.done()
        ):  # a client's own timeout, when it ends at this very moment, takes the cancellation for its own
            task.cancel()
            await asyncio.wait({task}, timeout=CANCELLED_AGAIN_S)
        with contextlib.suppress(asyncio.CancelledError):
            await task

    closing.push_async_callback(end)


async def _kept_up(work: Work, works: Callable[[bool], None]) -> None:
    for attempt in count(1):
        try:
            return await work()
        except Exception as error:
            pause_s = AGAIN.wait_s(attempt)
            log.error(
                "beside.failed", error=repr(error), again_in_s=pause_s, exc_info=not isinstance(error, VigieError)
            )
        works(False)
        await asyncio.sleep(pause_s)
        works(True)
