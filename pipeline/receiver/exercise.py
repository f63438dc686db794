"""A desk that can be told to misbehave, for exercises and tests; a desk in service has nothing of this.

A listener of its own, on loopback only, takes the orders: `POST /mode {"mode": "unavailable", "seconds": 30}`; GET /status as the
desk has it.
"""

import asyncio
import time
from collections.abc import Callable

import msgspec
import structlog
from aiohttp import web

from pipeline.neighbours.message import sign_acknowledgement
from pipeline.neighbours.signatures import generate_private_pem, signing_key_of
from pipeline.receiver.faults import Faults, Order
from pipeline.receiver.service import JOSE, Desk, status_of

log = structlog.get_logger()


class Exercise:
    """Stands before a desk and lets through what the order in force allows. now_ms: platform clock, UTC."""

    def __init__(self, desk: Desk, now_ms: Callable[[], int]) -> None:
        self._desk = desk
        self._now_ms = now_ms
        self._faults = Faults(time.monotonic)
        self._stranger = signing_key_of(generate_private_pem())  # no sender has its public key
        self._stopping = asyncio.Event()

    async def receive(self, request: web.Request) -> web.StreamResponse:
        """POST /forwards."""
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
        """Store nothing: refuse a genuine forward, or acknowledge it under a key that nobody knows."""
        found = self._desk.read(await request.read(), request.remote)
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
        """Let go of requests that hang."""
        self._stopping.set()

    def control(self) -> web.Application:
        """The application that takes the orders."""

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
        """GET /status, with the order in force."""
        return status_of(self._desk, self._faults.mode)


def cut(request: web.Request) -> web.StreamResponse:
    """End the connection without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=503)
