"""A neighbour's liaison desk: takes signed forwards over mutual TLS and answers with its signed word. Its own process.

POST /forwards   body: a forward as JWS compact      200 acknowledged, 410 or 422 refused (both signed), 401, 413, 503
GET  /status     what it took, dropped and refused

It stores before it acknowledges, knows every forward_id that it stored, also after a kill -9, and gives a second copy the
same acknowledgement again. With `control_port` it is an exercise: see pipeline.receiver.exercise.
"""

import asyncio
import contextlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog
from aiohttp import web

from pipeline.errors import Misconfigured
from pipeline.neighbours.message import (
    MAX_SIGNED_BYTES,
)
from pipeline.receiver.exercise import Exercise
from pipeline.receiver.files import server_context
from pipeline.receiver.service import Desk, DeskOptions, status_of
from pipeline.runtime.signals import stop_on_signals

log = structlog.get_logger()
JOSE = "application/jose"
_STOP_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskAddress:
    """Where a running desk is reached. control_url: None without control."""

    url: str
    control_url: str | None
    pid: int = field(default_factory=os.getpid)


async def run_desk(
    options: DeskOptions,
    *,
    ready: Callable[[DeskAddress], None] | None = None,
    stopped: asyncio.Event | None = None,
    now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
) -> None:
    """Run a desk until `stopped`, or without one until SIGTERM or SIGINT. ready: called once it listens.

    Raises Misconfigured when a key, a certificate, the inbox or a port cannot be used.
    """
    tls = server_context(
        ca=("client CA", options.client_ca_file),
        cert=("certificate", options.cert_file),
        key=("key", options.key_file),
    )
    desk = Desk(options, now_ms)
    stopped = stopped or stop_on_signals()
    async with contextlib.AsyncExitStack() as closing:
        closing.callback(desk.close)
        exercise = None if options.control_port is None else Exercise(desk, now_ms)
        service = await _listening(closing, _service(desk, exercise), options.host, options.port, tls)
        control = None
        if exercise is not None and options.control_port is not None:
            control = await _listening(closing, exercise.control(), "127.0.0.1", options.control_port, None)
            closing.callback(exercise.stop)
        address = DeskAddress(url=f"https://{service}", control_url=control and f"http://{control}")
        log.info("desk.started", country=options.country, url=address.url, received=desk.status().received)
        if ready:
            ready(address)
        await stopped.wait()
    log.info("desk.stopped", country=options.country)


def _service(desk: Desk, exercise: Exercise | None) -> web.Application:
    async def status(_request: web.Request) -> web.Response:
        return status_of(desk)

    app = web.Application(client_max_size=MAX_SIGNED_BYTES)
    served = (desk.receive, status) if exercise is None else (exercise.receive, exercise.status)
    app.add_routes([web.post("/forwards", served[0]), web.get("/status", served[1])])
    return app


async def _listening(
    closing: contextlib.AsyncExitStack, app: web.Application, host: str, port: int, tls: object
) -> str:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_STOP_S)
    await runner.setup()
    closing.push_async_callback(runner.cleanup)
    try:
        await web.TCPSite(runner, host, port, ssl_context=tls).start()  # type: ignore[arg-type]
    except OSError as error:
        raise Misconfigured("port", found=f"{host}:{port} ({error.strerror})", allowed="a free port") from error
    bound = runner.addresses[0][1]
    return f"{f'[{host}]' if ':' in host else host}:{bound}"
