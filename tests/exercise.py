"""A desk that can be ordered to misbehave: the product's own desk, with a handler in front of it that obeys orders.

Orders come to a listener of their own, on loopback only: `POST /mode {"mode": "unavailable", "seconds": 30}`; GET /status
returns the desk's counts. ``python -m tests.exercise --credentials DIR --inbox DIR --country NL`` prints one JSON line once
it listens.
"""

import argparse
import asyncio
import contextlib
import json
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import structlog
from aiohttp import web

from pipeline.neighbours.message import sign_acknowledgement
from pipeline.neighbours.signatures import generate_private_pem, signing_key_of
from pipeline.receiver.credentials import DeskCredentials
from pipeline.receiver.server import DeskAddress, Receive, run_desk
from pipeline.receiver.service import JOSE, DeskOptions, NeighbourDesk, status_of
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.log import configure_logging
from tests.desk_faults import Faults, Order

log = structlog.get_logger()


class Exercise:
    """The handler in front of a desk. It passes requests on unless the present order says otherwise. now_ms: the platform's
    clock, UTC."""

    def __init__(self, desk: NeighbourDesk, now_ms: Callable[[], int]) -> None:
        self._desk = desk
        self._now_ms = now_ms
        self._faults = Faults(time.monotonic)
        self._stranger = signing_key_of(generate_private_pem())  # no sender has its public key
        self._stopping = asyncio.Event()

    async def receive(self, request: web.Request) -> web.StreamResponse:
        """Answer POST /forwards as the present order says; without one the desk itself answers."""
        mode = self._faults.take()
        match mode:
            case "unavailable":
                return web.Response(status=503, text="told to be unavailable", headers={"Retry-After": "1"})
            case "hang":
                await self._hang()
                return cut(request)
            case "drop":
                return cut(request)
            case "reject" | "wrong_signature":
                return await self._answer_falsely(request, rejected=mode == "reject")
        answer = await self._desk.receive(request)
        return cut(request) if mode == "lose_answer" else answer

    async def _answer_falsely(self, request: web.Request, *, rejected: bool) -> web.StreamResponse:
        """Store nothing, and refuse a genuine forward (rejected) or acknowledge it with a signature by an unknown key."""
        found = self._desk.read(await request.read(), request)
        if isinstance(found, web.Response):
            return found
        forward_id = found.forward.forward_id
        if rejected:
            return self._desk.refusal(forward_id, "exercise", "told to reject")
        text = sign_acknowledgement(self._desk.word(forward_id, self._now_ms()), self._stranger)
        return web.Response(text=text, content_type=JOSE)

    async def _hang(self) -> None:
        waits = [asyncio.ensure_future(self._faults.over()), asyncio.ensure_future(self._stopping.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    def stop(self) -> None:
        """Release the requests that hang."""
        self._stopping.set()

    def control(self) -> web.Application:
        """The web application that takes orders: POST /mode gives one, GET /status returns the desk's counts."""

        async def order(request: web.Request) -> web.Response:
            try:
                given = msgspec.json.decode(await request.read(), type=Order)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                return web.Response(status=400, text=str(error))
            self._faults.give(given)
            log.info("desk.told", mode=given.mode, seconds=given.seconds, requests=given.requests)
            return await self.status(request)

        app = web.Application()
        app.add_routes([web.post("/mode", order), web.get("/status", self.status)])
        return app

    async def status(self, _request: web.Request) -> web.Response:
        """Answer GET /status with the desk's counts, without asking for a certificate."""
        return status_of(self._desk)


def cut(request: web.Request) -> web.StreamResponse:
    """Abort the connection, so that the client gets no answer. The response that is returned is never sent."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=503)


async def main(options: DeskOptions, control_port: int) -> None:
    """Run the desk with the exercise in front of it until SIGTERM."""
    told: list[str] = []

    async def before(desk: NeighbourDesk, closing: contextlib.AsyncExitStack) -> Receive:
        exercise = Exercise(desk, platform_now_ms)
        runner = web.AppRunner(exercise.control(), access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        closing.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", control_port).start()
        closing.callback(exercise.stop)
        told.append(f"http://127.0.0.1:{runner.addresses[0][1]}")
        return exercise.receive

    def ready(address: DeskAddress) -> None:
        print(json.dumps({"url": address.url, "control_url": told[0]}), flush=True)

    await run_desk(options, ready=ready, before=before)


def options_of(arguments: argparse.Namespace) -> DeskOptions:
    """The options of the desk, made as `vigie desk` makes them."""
    files = DeskCredentials.in_folder(Path(arguments.credentials))
    return DeskOptions(
        country=arguments.country, inbox=Path(arguments.inbox), cert_file=files.desk_cert, key_file=files.desk_key,
        client_ca_file=files.desk_ca, signing_key_file=files.desk_sign_key, senders={"BE": files.desk_knows},
        port=arguments.port, keep_days=30,
    )  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--credentials", "--inbox", "--country"):
        parser.add_argument(name, required=True)
    for name in ("--port", "--control-port"):
        parser.add_argument(name, type=int, default=0)
    given = parser.parse_args()
    configure_logging(level="info", agent="desk")
    asyncio.run(main(options_of(given), given.control_port))
