"""A neighbour's liaison desk: takes signed forwards over mutual TLS and answers with its signed word. Its own process.

POST /forwards   body: a forward as JWS compact      200 acknowledged, 410 or 422 refused (both signed), 401, 413, 503
GET  /status     what it took, dropped and refused

It stores before it acknowledges, knows every forward_id that it stored, also after a kill -9, and gives a second copy the
same acknowledgement again. With `control_port`, a second listener on loopback only takes orders to misbehave
(`POST /mode {"mode": "unavailable", "seconds": 30}`) and answers /status without TLS: for exercises, never for service.
"""

import asyncio
import contextlib
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path

import msgspec
import structlog
from aiohttp import web

from pipeline.errors import Misconfigured
from pipeline.neighbours.message import (
    MAX_SIGNED_BYTES,
    Acknowledgement,
    SignedForward,
    UnreadableForward,
    refusal_of,
    sign_acknowledgement,
    verify_forward,
)
from pipeline.neighbours.signatures import NotAuthentic, generate_private_pem, signing_key_of
from pipeline.receiver.faults import Faults, Order
from pipeline.receiver.files import key_ring, server_context, signing_key
from pipeline.receiver.inbox import Inbox, InboxEntry
from pipeline.runtime.signals import stop_on_signals

log = structlog.get_logger()
_JOSE = "application/jose"
_STOP_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskOptions:
    """What a desk needs. senders: country -> file of its public keys. port 0: any free one. control_port None: no control."""

    country: str
    inbox: Path
    cert_file: Path
    key_file: Path
    client_ca_file: Path
    signing_key_file: Path
    senders: Mapping[str, Path]
    host: str = "127.0.0.1"
    port: int = 0
    control_port: int | None = None
    keep_days: int


class DeskStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Counts. received: forwards in the inbox, each once; the others since the start."""

    country: str
    received: int
    duplicates: int
    refused: int
    not_authentic: int
    last_at_ms: int | None
    mode: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskAddress:
    """Where a running desk is reached. control_url: None without control."""

    url: str
    control_url: str | None
    pid: int = field(default_factory=os.getpid)


class Desk:
    """The desk itself, without its listeners."""

    def __init__(self, options: DeskOptions, now_ms: Callable[[], int]) -> None:
        """Read keys and inbox. Raises Misconfigured."""
        self._country = options.country
        self._now_ms = now_ms
        self._key = signing_key("signing key", options.signing_key_file)
        self._stranger = signing_key_of(generate_private_pem())
        self._senders = key_ring("sender {country}", options.senders)
        self._inbox = Inbox(options.inbox, keep_days=options.keep_days, now_ms=now_ms())
        self._storing = asyncio.Lock()
        self._stopping = asyncio.Event()
        self._duplicates = self._refused = self._not_authentic = 0
        self.faults = Faults(time.monotonic)

    def status(self) -> DeskStatus:
        """The counts at this moment."""
        return DeskStatus(
            country=self._country,
            received=len(self._inbox),
            duplicates=self._duplicates,
            refused=self._refused,
            not_authentic=self._not_authentic,
            last_at_ms=self._inbox.last_at_ms,
            mode=self.faults.mode,
        )

    async def receive(self, request: web.Request) -> web.StreamResponse:
        """POST /forwards."""
        body = await request.read()
        mode = self.faults.take()
        if mode == "unavailable":
            return web.Response(status=503, text="told to be unavailable", headers={"Retry-After": "1"})
        if mode == "hang":
            await self._hang()
        if mode in ("hang", "drop"):
            return _cut(request)
        try:
            signed = verify_forward(body, self._senders)
        except NotAuthentic as error:
            self._not_authentic += 1
            log.warning("desk.not_authentic", detail=error.detail, peer=request.remote)
            return web.Response(status=401, text=error.detail)
        except UnreadableForward as error:
            return self._refusal(error.forward_id, error.reason, error.detail)
        if mode == "reject":
            return self._refusal(signed.forward.forward_id, "exercise", "told to reject")
        if mode == "wrong_signature":
            return self._acknowledgement(signed.forward.forward_id, self._now_ms(), stranger=True)
        answer = await self._take(signed, body.decode("ascii"))
        return _cut(request) if mode == "lose_answer" else answer

    async def _take(self, signed: SignedForward, text: str) -> web.Response:
        forward = signed.forward
        async with self._storing:
            at_ms = self._inbox.received_at_ms(forward.forward_id)
            if at_ms is not None:
                self._duplicates += 1
                return self._acknowledgement(forward.forward_id, at_ms)
            at_ms = self._now_ms()
            refusal = refusal_of(forward, self._country, at_ms)
            if refusal is not None:
                return self._refusal(forward.forward_id, *refusal)
            entry = InboxEntry(received_at_ms=at_ms, sender=signed.sender, forward=forward, signed=text)
            try:
                await asyncio.to_thread(self._inbox.append, entry)
            except OSError as error:
                log.error("desk.inbox_failed", error=str(error))
                return web.Response(status=503, text="the inbox cannot be written", headers={"Retry-After": "5"})
        log.info("desk.received", forward_id=forward.forward_id, sender=signed.sender, kind=forward.kind)
        return self._acknowledgement(forward.forward_id, at_ms)

    def _acknowledgement(self, forward_id: str, at_ms: int, *, stranger: bool = False) -> web.Response:
        """Made from the id and the time of receipt alone, so that a second copy gets the same text."""
        day = datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y%m%d")
        number = blake2b(forward_id.encode(), digest_size=5).hexdigest()
        word = Acknowledgement(
            forward_id=forward_id,
            from_country=self._country,
            outcome="acknowledged",
            reference=f"{self._country}-{day}-{number}",
            at_ms=at_ms,
        )
        text = sign_acknowledgement(word, self._stranger if stranger else self._key)
        return web.Response(text=text, content_type=_JOSE)

    def _refusal(self, forward_id: str | None, reason: str, detail: str) -> web.Response:
        self._refused += 1
        log.warning("desk.refused", forward_id=forward_id, reason=reason, detail=detail)
        if forward_id is None:
            return web.Response(status=400, text=detail)
        word = Acknowledgement(
            forward_id=forward_id,
            from_country=self._country,
            outcome="refused",
            reason=reason,
            detail=detail[:1000],
            at_ms=self._now_ms(),
        )
        status = 410 if reason == "expired" else 422
        return web.Response(status=status, text=sign_acknowledgement(word, self._key), content_type=_JOSE)

    async def _hang(self) -> None:
        waits = [asyncio.ensure_future(self.faults.over()), asyncio.ensure_future(self._stopping.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    def stop(self) -> None:
        """Let go of requests that hang."""
        self._stopping.set()

    def close(self) -> None:
        """Close the inbox."""
        self._inbox.close()


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
        service = await _listening(closing, _service(desk), options.host, options.port, tls)
        control = None
        if options.control_port is not None:
            control = await _listening(closing, _control(desk), "127.0.0.1", options.control_port, None)
        closing.callback(desk.stop)
        address = DeskAddress(url=f"https://{service}", control_url=control and f"http://{control}")
        log.info("desk.started", country=options.country, url=address.url, received=desk.status().received)
        if ready:
            ready(address)
        await stopped.wait()
    log.info("desk.stopped", country=options.country)


def _service(desk: Desk) -> web.Application:
    app = web.Application(client_max_size=MAX_SIGNED_BYTES)
    app.add_routes([web.post("/forwards", desk.receive), web.get("/status", lambda _: _status(desk))])
    return app


def _control(desk: Desk) -> web.Application:
    async def give(request: web.Request) -> web.Response:
        try:
            order = msgspec.json.decode(await request.read(), type=Order)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return web.Response(status=400, text=str(error))
        desk.faults.give(order)
        log.info("desk.told", mode=order.mode, seconds=order.seconds, requests=order.requests)
        return await _status(desk)

    app = web.Application()
    app.add_routes([web.post("/mode", give), web.get("/status", lambda _: _status(desk))])
    return app


async def _status(desk: Desk) -> web.Response:
    return web.Response(body=msgspec.json.encode(desk.status()), content_type="application/json")


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


def _cut(request: web.Request) -> web.StreamResponse:
    """End the connection without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=503)
