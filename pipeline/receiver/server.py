"""A neighbour's liaison desk: takes signed forwards over mutual TLS and answers with its signed word. Its own process.

POST /forwards   body: a forward as JWS compact      200 acknowledged, 410 or 422 refused (all signed); 400, 401, 408, 413, 503
GET  /status     how many it holds, and how many came again, were refused or were not genuine

It stores before it acknowledges, and knows every forward_id that it stored, also after a kill -9, until the forward has expired
and its day's file is deleted; till then it gives a second copy the same acknowledgement again. What a client may cost is
bounded: see pipeline.runtime.open_connections.
"""

import asyncio
import contextlib
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog
from aiohttp import web

from pipeline.neighbours.message import (
    MAX_SIGNED_BYTES,
)
from pipeline.receiver.files import server_context
from pipeline.receiver.service import DeskOptions, NeighbourDesk, status_of
from pipeline.runtime.open_connections import ConnectionBounds
from pipeline.runtime.serving import Listener, listen
from pipeline.runtime.signals import stop_on_signals

log = structlog.get_logger()
_STOP_S = 1.0
_IDLE_S = 30.0  # between two requests of one connection
Receive = Callable[[web.Request], Awaitable[web.StreamResponse]]
Before = Callable[[NeighbourDesk, contextlib.AsyncExitStack], Awaitable[Receive]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskAddress:
    """The address of a running desk."""

    url: str
    pid: int = field(default_factory=os.getpid)


async def run_desk(
    options: DeskOptions,
    *,
    ready: Callable[[DeskAddress], None] | None = None,
    stopped: asyncio.Event | None = None,
    now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    before: Before | None = None,
) -> None:
    """Run a desk until `stopped` is set; stopped None: until SIGTERM or SIGINT. ready: called with the address once it
    listens. before: makes a handler that gets each POST /forwards in place of NeighbourDesk.receive, and may call that; for
    tests.

    Raises Misconfigured when a key, a certificate, the inbox or a port cannot be used.
    """
    tls = server_context(
        ca=("client CA", options.client_ca_file),
        cert=("certificate", options.cert_file),
        key=("key", options.key_file),
    )
    desk = NeighbourDesk(options, now_ms)
    stopped = stopped or stop_on_signals()
    async with contextlib.AsyncExitStack() as closing:
        closing.callback(desk.close)
        receive = desk.receive if before is None else await before(desk, closing)
        bounds = ConnectionBounds(head_s=options.head_s, per_address=options.connections)
        listener = Listener(
            setting="port", host=options.host, port=options.port, tls=tls, stop_s=_STOP_S, idle_s=_IDLE_S, bounds=bounds
        )
        bound = await listen(closing, _service(desk, receive), listener)
        host = f"[{options.host}]" if ":" in options.host else options.host
        address = DeskAddress(url=f"https://{host}:{bound}")
        log.info("desk.started", country=options.country, url=address.url, received=desk.status().received)
        if ready:
            ready(address)
        await stopped.wait()
    log.info("desk.stopped", country=options.country)


def _service(desk: NeighbourDesk, receive: Receive) -> web.Application:
    async def status(_request: web.Request) -> web.Response:
        return status_of(desk)

    app = web.Application(client_max_size=MAX_SIGNED_BYTES)
    app.add_routes([web.post("/forwards", receive), web.get("/status", status)])
    return app
