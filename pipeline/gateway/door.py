"""Answers cameras over HTTP: who it is, the whole body within bounds, what became of it, in the words of its maker.

A yes means that Kafka and the evidence store have what was sent. 401: the sender is not known, or not proven; 405: neither POST nor
PUT; 413, 408: the body is too large, too slow; 400: its transfer broke, or the message cannot be read or came in part; 503: send it
again later.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from email.utils import formatdate
from functools import lru_cache
from http.client import responses

import structlog
from aiohttp import HttpVersion11, web
from multidict import CIMultiDict

from pipeline.errors import BadRecord, Unavailable
from pipeline.gateway.intake import Intake, Message
from pipeline.gateway.metrics import GatewayMetrics
from pipeline.gateway.onlookers import Onlookers
from pipeline.gateway.proving import NotProven, Presented, Proving
from pipeline.gateway.request import MAX_BODY, Answer
from pipeline.gateway.room import Held, Room
from pipeline.gateway.samples import MOST_SAMPLED, sample_of
from pipeline.gateway.senders import Claim
from pipeline.gateway.waiting import Knocks
from pipeline.runtime.open_connections import proven
from schemas.senders import Sender

log = structlog.get_logger()
WITHIN_S = 30.0
"""Within so long a whole body must have come; a camera on a bad mobile line takes 10 s for a picture."""
SMALL = 64 * 1024
"""A body of fewer bytes has mostly come with its head."""
SAMPLED_WITHIN_S = 2.0
"""So long what somebody sends who is not let in is waited for, to take a sample of it."""
HEALTH = "/health"
_LAST = ("Connection", "close")


class Refused(Exception):
    """Raised to answer the request with this status and keep nothing of it."""

    def __init__(self, status: int, *headers: tuple[str, str]) -> None:
        super().__init__(status)
        self.status, self.headers = status, headers


class Door:
    """The HTTP edge of one gateway."""

    def __init__(
        self,
        proving: Proving,
        intake: Intake,
        metrics: GatewayMetrics,
        knocks: Knocks,
        onlookers: Onlookers,
        now_ms: Callable[[], int],
    ) -> None:
        self._proving, self._intake, self._metrics, self._now_ms = proving, intake, metrics, now_ms
        self._knocks, self._onlookers, self._room = knocks, onlookers, Room()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request; see the module for the statuses. Every address takes messages, because cameras are told no more
        than a host and a path."""
        if request.raw_path == HEALTH and request.method in ("GET", "HEAD"):
            return web.Response(text="ok")  # for balancers and `vigie up`: this process answers
        try:
            return await self._answered(request)
        except Refused as refused:
            self._metrics.answered(refused.status)
            return web.Response(status=refused.status, headers=CIMultiDict(refused.headers))

    async def _answered(self, request: web.BaseRequest) -> web.StreamResponse:
        headers = {
            name.lower(): value if value.isascii() else _sendable(value) for name, value in request.headers.items()
        }
        try:
            claim, sender = self._known(request, headers)
        except NotProven as no:
            await self._knocked(request, headers, no)
            raise Refused(401, *(("WWW-Authenticate", one) for one in no.challenges)) from None
        proven(request, sender.sender_id)
        if request.method not in ("POST", "PUT"):
            raise Refused(405, ("Allow", "POST, PUT"))
        if headers.get("expect", "").lower() == "100-continue":
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        with self._room.hold(sender.sender_id) as held:
            body = await self._body(request, held)
            for told in ("transfer-encoding", "content-length"):  # it is whole, and put together of its chunks
                headers.pop(told, None)
            message = Message(
                body=body, method=request.method, headers=headers, claim=claim, sender=sender,
                received_at_ms=self._now_ms(), held=held,
            )  # fmt: skip
            return await self._taken(message)

    def _known(self, request: web.BaseRequest, headers: dict[str, str]) -> tuple[Claim, Sender]:
        """What the request claims, and its sender, who has proven it. Raises NotProven."""
        now_ms, target = self._now_ms(), request.raw_path
        known = self._proving.proven_before(headers.get("authorization", ""), target, now_ms)
        if known is not None:
            return known
        shown = Presented(request.method, target, headers, _certificate_of(request))
        claim, sender = self._proving.proven(shown, now_ms)
        if claim.by == "digest":
            self._knocks.answered(request.remote or "")
        return claim, sender

    async def _knocked(self, request: web.BaseRequest, headers: dict[str, str], no: NotProven) -> None:
        """Note who was not let in, with a sample of what it sends where none was taken yet."""
        if no.is_stale:
            return
        now_ms, peer, sample = self._now_ms(), request.remote or "", None
        if "expect" not in headers and self._knocks.wants_sample(no.claim, peer, now_ms):
            body = await _beginning(request)
            sample = sample_of(body, request.method, request.raw_path, headers, now_ms) if body else None
        self._knocks.note(no.claim, no.sender, peer, headers.get("user-agent", ""), now_ms, sample)

    async def _body(self, request: web.BaseRequest, held: Held) -> bytes:
        """The whole body. held: grows with it. Raises Refused."""
        promised = request.content_length or 0
        if promised > MAX_BODY:
            raise Refused(413, _LAST)
        body = bytearray()
        try:
            if promised < SMALL and request.content.is_eof():  # it came with its head
                whole = request.content.read_nowait()
                held.be(len(whole))
                return whole
            async with asyncio.timeout(WITHIN_S):
                async for chunk in request.content.iter_any():
                    body += chunk
                    if len(body) > MAX_BODY:
                        raise Refused(413, _LAST)
                    held.be(len(body))
        except TimeoutError:
            raise Refused(408, _LAST) from None
        except web.RequestPayloadError:
            raise Refused(400, _LAST) from None
        except Unavailable as error:
            raise Refused(503, ("Retry-After", str(round(error.retry_after_s))), _LAST) from None
        return bytes(body)

    async def _taken(self, message: Message) -> web.StreamResponse:
        began_s = time.monotonic()
        try:
            taken = await self._intake.take(message)
        except Unavailable as error:
            log.warning("gateway.unavailable", cause=str(error))
            self._onlookers.note(message, None, str(error))
            raise Refused(503, ("Retry-After", str(max(1, round(error.retry_after_s))))) from None
        except BadRecord as error:
            log.warning("gateway.too_large", cause=str(error))
            self._onlookers.note(message, None, str(error))
            raise Refused(413) from None
        self._metrics.seconds.observe(time.monotonic() - began_s)
        self._metrics.taken(taken)
        self._onlookers.note(message, taken)
        answer = taken.reading.answer
        self._metrics.answered(answer.status, taken.reading.maker)
        return Ready(answer)


async def _beginning(request: web.BaseRequest) -> bytes:
    """As much of the body as comes in SAMPLED_WITHIN_S, at most MOST_SAMPLED bytes."""
    body = b""
    with contextlib.suppress(TimeoutError, web.RequestPayloadError):
        async with asyncio.timeout(SAMPLED_WITHIN_S):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) >= MOST_SAMPLED:
                    break
    return body[:MOST_SAMPLED]


def _certificate_of(request: web.BaseRequest) -> bytes | None:
    """The client's certificate (DER), which TLS has verified; None: it has none."""
    tls = request.get_extra_info("ssl_object")
    return None if tls is None else tls.getpeercert(binary_form=True)


def _sendable(value: str) -> str:
    """A header's value, with ? for each byte that is no UTF-8: aiohttp makes halves of characters of those."""
    return value.encode("utf-8", "replace").decode()


class Ready(web.StreamResponse):
    """An answer that is written in one piece. aiohttp makes each answer anew of many parts, which took a tenth of all time: it has
    none of these."""

    def __init__(self, answer: Answer) -> None:
        self._answer, self._lasts = answer, True

    @property
    def keep_alive(self) -> bool:
        """Whether the connection stays."""
        return self._lasts

    async def prepare(self, request: web.BaseRequest) -> None:
        """Write all of it. Raises ConnectionResetError where the connection has ended."""
        self._lasts = request.keep_alive
        stays = b"" if self._lasts and request.version >= HttpVersion11 else b"keep-alive" if self._lasts else b"close"
        more = b"Connection: %s\r\n" % stays if stays else b""
        transport = request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the camera has gone")
        transport.write(b"%s%sDate: %s\r\n\r\n%s" % (_head_of(self._answer), more, _date(), self._answer.json))

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing is left to write."""


@lru_cache(100)
def _head_of(answer: Answer) -> bytes:
    """The lines of its head that are always the same."""
    kind = b"Content-Type: application/json\r\n" if answer.json else b""
    reason = responses.get(answer.status, "").encode()
    return b"HTTP/1.1 %d %s\r\n%sContent-Length: %d\r\n" % (answer.status, reason, kind, len(answer.json))


@lru_cache(2)
def _date_of(second: int) -> bytes:
    return formatdate(second, usegmt=True).encode()


def _date() -> bytes:
    return _date_of(int(time.time()))
