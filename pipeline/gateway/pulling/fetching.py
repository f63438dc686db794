"""What all ways of fetching have in common: what they are given, where they put what comes, and how they say that they cannot go
on."""

import asyncio
import hashlib
import ssl
from collections.abc import Sequence
from typing import Protocol
from urllib.parse import urlsplit

import aiohttp
import msgspec

from pipeline.gateway.items import Ignored, Item
from pipeline.gateway.makers import BY_NAME
from pipeline.gateway.protocols import Maker
from pipeline.gateway.reading import parsed
from pipeline.gateway.request import LARGE, Circumstances, Request
from schemas.senders import Sender, SenderCamera, SenderPull

LOCKED_S = 900.0
"""So long nothing is asked after a refused password: cameras lock an address out for half an hour after five."""
REFUSED_S = 60.0
_TLS = frozenset({"https", "rtsps", "wss", "mqtts"})
SHOWN_S = 10.0
"""So long a server may take to show its certificate."""


class CannotReach(Exception):
    """Raised where a sender cannot be fetched from. why, cure: in words for the person who registered it. wait_s: so long it is
    not asked again, unless its registration changes; None: as long as is usual."""

    def __init__(self, why: str, cure: str, *, wait_s: float | None = None) -> None:
        super().__init__(f"{why}; {cure}")
        self.why, self.cure, self.wait_s = why, cure, wait_s


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Whom to ask, and how. password: in clear; None: none."""

    sender_id: str
    cameras: tuple[SenderCamera, ...]
    pull: SenderPull
    password: str | None

    @classmethod
    def of(cls, sender: Sender, password: str | None) -> "Asked":
        """The sender, which must be one to fetch from."""
        assert sender.pull is not None
        return cls(sender_id=sender.sender_id, cameras=sender.cameras, pull=sender.pull, password=password)

    @property
    def place(self) -> str:
        """Host and port, without what somebody may have typed before them."""
        return urlsplit(self.pull.address).netloc.rpartition("@")[2]


def check_plain_password(asked: Asked) -> None:
    """Raises CannotReach where the password would have to be sent as it is, over a line without TLS, and the registration does not
    allow that."""
    if asked.pull.plain_password or urlsplit(asked.pull.address).scheme in _TLS:
        return
    why = f"{asked.place} wants the password in plain words: whoever answers there, or listens, would learn it"
    cure = f"have it take Digest or TLS, or allow it: vigie cameras fetch {asked.sender_id} ... --plain-password"
    raise CannotReach(why, cure, wait_s=REFUSED_S)


def maker_of(pull: SenderPull) -> Maker:
    """The maker in whose form this sender's messages are."""
    return BY_NAME["onvif" if pull.kind == "onvif_mqtt" else pull.kind]


def items_of(body: bytes, asked: Asked, topic: str | None = None) -> Sequence[Item]:
    """What a message says by itself. topic: on which it came; None: it came by another way than MQTT."""
    request = Request(body=body, circumstances=Circumstances(received_at_ms=0, topic=topic))
    return parsed(request, maker_of(asked.pull)).items


def says_something(body: bytes, asked: Asked, topic: str | None = None) -> bool:
    """Whether a message says more than that its sender is there: heartbeats and other events are not kept."""
    items = items_of(body, asked, topic)
    return not all(isinstance(one, Ignored) and one.reason in ("heartbeat", "other_event") for one in items)


async def brings_something(body: bytes, asked: Asked) -> bool:
    """What says_something does, for the event loop: a large message is read in a thread, so that nobody else waits for it."""
    if len(body) < LARGE:
        return says_something(body, asked)
    return await asyncio.to_thread(says_something, body, asked)


def tls_of(asked: Asked) -> aiohttp.Fingerprint | bool:
    """How aiohttp is to check the other side's certificate: the registered one alone, or who is known to this machine."""
    pinned = asked.pull.tls_sha256
    return aiohttp.Fingerprint(bytes.fromhex(pinned)) if pinned is not None else True


def trusting(asked: Asked, host: str, port: int) -> ssl.SSLContext:
    """TLS that trusts whom this machine trusts; with a digest registered, that very certificate alone. Raises OSError,
    ssl.SSLError."""
    if asked.pull.tls_sha256 is None:
        return ssl.create_default_context()
    shown = ssl.get_server_certificate((host, port), timeout=SHOWN_S)
    if hashlib.sha256(ssl.PEM_cert_to_DER_cert(shown)).hexdigest() != asked.pull.tls_sha256:
        raise ssl.SSLError("another certificate than the registered one")
    context = ssl.create_default_context(cadata=shown)
    context.check_hostname = False  # the certificate itself is known, whatever name it bears
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


class Sink(Protocol):
    """Takes what a sender gave."""

    def answered(self) -> None:
        """Note that the sender answers: it is reached now, whether it has anything to say or not."""

    async def put(self, body: bytes, topic: str | None = None) -> None:
        """Keep a message on disk; it is there when this returns. Waits while there is no room."""

    def show(self, picture: bytes) -> None:
        """Send on a picture of a camera that reads no plates itself; it is left out while the one before is being sent."""


class Fetch(Protocol):
    """One way of fetching."""

    async def __call__(self, asked: Asked, sink: Sink) -> None:
        """Fetch until the connection ends. Raises CannotReach."""
