"""What a neighbour's desk does with a signed forward: checks it, stores it once, and returns its own signed answer."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec
import structlog
from aiohttp import web

from pipeline.neighbours.message import (
    Acknowledgement,
    SignedForward,
    UnreadableForward,
    check_bearer,
    refusal_of,
    sign_acknowledgement,
    verify_forward,
)
from pipeline.neighbours.signatures import NotAuthentic
from pipeline.receiver.files import key_ring, signing_key
from pipeline.receiver.inbox import Inbox, InboxEntry
from pipeline.runtime.log import reference

log = structlog.get_logger()
JOSE = "application/jose"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskOptions:
    """What a desk needs. country: whose desk it is. senders: country -> file of its public keys. port 0: any free one.
    keep_days: how many days of forwards the inbox keeps.

    head_s: the time in which a new connection must send its first request. body_s: the time in which a body must be
    complete. connections: how many may be open at once from one address.
    """

    country: str
    inbox: Path
    cert_file: Path
    key_file: Path
    client_ca_file: Path
    signing_key_file: Path
    senders: Mapping[str, Path]
    host: str = "127.0.0.1"
    port: int = 0
    head_s: float = 10.0
    body_s: float = 10.0
    connections: int = 16
    keep_days: int


class DeskStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A desk's counts. received: forwards whose ids the inbox knows, each once. last_at_ms: when the newest of
    them was received, UTC. The others count since the start."""

    country: str
    received: int
    duplicates: int
    refused: int
    not_authentic: int
    last_at_ms: int | None


class NeighbourDesk:
    """The neighbour's desk: verifies the forwards that it receives, stores them in its inbox, and acknowledges or refuses them."""

    def __init__(self, options: DeskOptions, now_ms: Callable[[], int]) -> None:
        """Read the keys and the inbox. Raises Misconfigured."""
        self._country = options.country
        self._now_ms = now_ms
        self._key = signing_key("signing key", options.signing_key_file)
        self._senders = key_ring("sender {country}", options.senders)
        self._inbox = Inbox(options.inbox, keep_days=options.keep_days, now_ms=now_ms())
        self._body_s = options.body_s
        self._storing = asyncio.Lock()
        self._duplicates = self._refused = self._not_authentic = 0

    def status(self) -> DeskStatus:
        """The counts at this moment."""
        return DeskStatus(
            country=self._country,
            received=len(self._inbox),
            duplicates=self._duplicates,
            refused=self._refused,
            not_authentic=self._not_authentic,
            last_at_ms=self._inbox.last_at_ms,
        )

    async def receive(self, request: web.Request) -> web.StreamResponse:
        """Answer POST /forwards: 200 with the signed acknowledgement once the forward is stored (for a second copy, the same
        text again), 410 or 422 with a signed refusal, else 400, 401, 408 or 503 in plain text. Raises
        HTTPRequestEntityTooLarge, which becomes 413, for a body larger than the application takes."""
        try:
            body = await asyncio.wait_for(request.read(), self._body_s)
        except TimeoutError:
            log.warning("desk.slow_body", peer=request.remote)
            return web.Response(status=408, text="the body came too slowly", headers={"Connection": "close"})
        signed = self.read(body, request)
        return signed if isinstance(signed, web.Response) else await self._take(signed, body.decode("ascii"))

    def read(self, body: bytes, request: web.Request) -> SignedForward | web.Response:
        """The forward in a body; or the answer that refuses it: 401 when it is not genuine, see `refusal` when it cannot be
        read. request: the one that brought this body; its client certificate must name the sender's country."""
        try:
            signed = verify_forward(body, self._senders)
            check_bearer(signed, countries_of(request.get_extra_info("peercert")), self._now_ms())
            return signed
        except NotAuthentic as error:
            self._not_authentic += 1
            log.warning("desk.not_authentic", detail=error.detail, peer=request.remote)
            return web.Response(status=401, text=error.detail)
        except UnreadableForward as error:
            return self.refusal(error.forward_id, error.reason, error.detail)

    async def _take(self, signed: SignedForward, text: str) -> web.Response:
        forward = signed.forward
        async with self._storing:
            at_ms = self._inbox.received_at_ms(signed.sender, forward.forward_id)
            if at_ms is not None:
                self._duplicates += 1
                return self._acknowledgement(forward.forward_id, at_ms)
            at_ms = self._now_ms()
            refusal = refusal_of(forward, self._country, at_ms)
            if refusal is not None:
                return self.refusal(forward.forward_id, *refusal)
            entry = InboxEntry(received_at_ms=at_ms, sender=signed.sender, forward=forward, signed=text)
            try:
                await asyncio.to_thread(self._inbox.append, entry)
            except OSError as error:
                log.error("desk.inbox_failed", error=str(error))
                return web.Response(status=503, text="the inbox cannot be written", headers={"Retry-After": "5"})
        log.info("desk.received", forward=reference(forward.forward_id), sender=signed.sender, kind=forward.kind)
        return self._acknowledgement(forward.forward_id, at_ms)

    def _acknowledgement(self, forward_id: str, at_ms: int) -> web.Response:
        return web.Response(text=sign_acknowledgement(self.word(forward_id, at_ms), self._key), content_type=JOSE)

    def word(self, forward_id: str, at_ms: int) -> Acknowledgement:
        """The acknowledgement of a forward, not signed yet. It depends only on the id and the time of receipt (at_ms, UTC),
        so a second copy gets the same text."""
        day = datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y%m%d")
        number = blake2b(forward_id.encode(), digest_size=5).hexdigest()
        return Acknowledgement(
            forward_id=forward_id,
            from_country=self._country,
            outcome="acknowledged",
            reference=f"{self._country}-{day}-{number}",
            at_ms=at_ms,
        )

    def refusal(self, forward_id: str | None, reason: str, detail: str) -> web.Response:
        """The answer that refuses a forward, signed: status 410 for reason "expired", else 422.

        forward_id None: an answer must name a forward, so it is a plain 400.
        """
        self._refused += 1
        log.warning("desk.refused", forward=forward_id and reference(forward_id), reason=reason, detail=detail)
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
        return web.Response(status=status, text=sign_acknowledgement(word, self._key), content_type=JOSE)

    def close(self) -> None:
        """Close the inbox."""
        self._inbox.close()


def status_of(desk: NeighbourDesk) -> web.Response:
    """The desk's counts as an HTTP response."""
    return web.Response(body=msgspec.json.encode(desk.status()), content_type="application/json")


def countries_of(certificate: Mapping[str, Any] | None) -> frozenset[str]:
    """The countries in the subject of a client's certificate, which is in the form of ssl.SSLSocket.getpeercert; none
    without a certificate."""
    names = (certificate or {}).get("subject", ())
    return frozenset(value for part in names for name, value in part if name == "countryName")
