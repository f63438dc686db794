"""Begins to serve over HTTP, and runs work beside the requests. Apart from `listening`, so that agents need not load aiohttp."""

import asyncio
import contextlib
import ssl
from collections.abc import Coroutine, Iterator
from typing import Any

from aiohttp import web

from pipeline.errors import Misconfigured
from pipeline.runtime.guarded import Connections

MOST_WAITING = 1_024
"""Connections that the kernel keeps until they are accepted: all cameras come back at once after an outage."""


async def listen(runner: web.AppRunner, what: str, host: str, port: int, tls: ssl.SSLContext | None) -> None:
    """Begin to listen. what: the beginning of the settings' names. Raises Misconfigured for a port that is taken."""
    with _as_setting(what, host, port):
        await web.TCPSite(runner, host, port, ssl_context=tls).start()


async def listen_bounded(
    runner: web.AppRunner, what: str, host: str, port: int, tls: ssl.SSLContext | None, connections: Connections
) -> asyncio.Server:
    """As `listen`, with bounds: tell connections.heard() of each request. The caller closes the server that is returned."""
    make = runner.server
    assert make is not None, "runner.setup() comes first"
    limit = connections.bounds.head_s if tls is not None else None
    with _as_setting(what, host, port):
        return await asyncio.get_running_loop().create_server(
            connections.guarding(make), host, port, ssl=tls, ssl_handshake_timeout=limit, backlog=MOST_WAITING
        )


@contextlib.contextmanager
def _as_setting(what: str, host: str, port: int) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        allowed = f"a free port of {host} ({error.strerror}), or 0 for any"
        raise Misconfigured(f"{what}_PORT", found=port, allowed=allowed) from error


def run_until_closed(closing: contextlib.AsyncExitStack, work: Coroutine[Any, Any, None]) -> None:
    """Run the work beside the requests until the stack closes."""
    task = asyncio.create_task(work)

    async def end() -> None:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    closing.push_async_callback(end)
