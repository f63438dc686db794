"""Begins to serve over HTTP, and runs work beside the requests. Apart from `listening`, so that agents need not load aiohttp."""

import asyncio
import contextlib
import ssl
from collections.abc import Coroutine
from typing import Any

from aiohttp import web

from pipeline.errors import Misconfigured


async def listen(
    runner: web.AppRunner, what: str, host: str, port: int, tls: ssl.SSLContext | None, *, backlog: int = 128
) -> None:
    """Begin to listen. what: the beginning of the settings' names. backlog: how many connections may wait to be accepted.

    Raises Misconfigured for a port that is taken.
    """
    try:
        await web.TCPSite(runner, host, port, ssl_context=tls, backlog=backlog).start()
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
