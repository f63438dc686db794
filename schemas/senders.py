"""Who sends for which cameras: the senders that gateways let in.

Reference data like any other (see schemas.reference): collection senders. Over HTTP a sender without a secret is not let in; what
comes through a sender's port or folder, or is fetched from it (`pull`), needs none.
"""

from typing import Annotated, Literal

import msgspec

from schemas.base import EpochMs, Identifier, Message, Text

IdentityName = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
IdentityValue = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
MOST_SECRETS = 4


class SenderSecret(Message, frozen=True, kw_only=True):
    """One thing by which a sender proves itself: a password that Vigie made at random, or its client certificate."""

    digest: Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z", max_length=64)]
    """SHA-256 of sender_id and password, in hex; of a certificate: of its bytes (DER)."""
    made_at_ms: EpochMs
    sealed: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    """What a gateway needs to check it by Digest (HA1), sealed with the platform's key. None: it cannot be used so."""
    is_certificate: bool = False
    until_ms: EpochMs | None = None  # UTC; when the certificate ends


class SenderCamera(Message, frozen=True, kw_only=True):
    """A camera that a sender speaks for. identities: what a message must say to be this camera's: a value for each of these
    fields. None given: the sender has this camera alone, and all that it sends is this camera's."""

    camera_id: Identifier
    identities: Annotated[dict[IdentityName, IdentityValue], msgspec.Meta(max_length=8)] = {}


class SenderPort(Message, frozen=True, kw_only=True):
    """A TCP port on which a sender alone sends, because it can prove nothing. peers: the addresses that it may come from; none
    given: from whoever reaches the port."""

    number: Annotated[int, msgspec.Meta(ge=1, le=65_535)]
    maker: Literal["tattile", "axis"]  # whose form it sends
    peers: Annotated[
        tuple[Annotated[str, msgspec.Meta(min_length=2, max_length=45)], ...], msgspec.Meta(max_length=8)
    ] = ()


PullKind = Annotated[str, msgspec.Meta(pattern=r"\A[a-z][a-z0-9_]{0,19}\Z", max_length=20)]
"""What is asked, and in which form it answers, as `vigie cameras fetch` lists it. A gateway that does not know the kind says so."""


class SenderPull(Message, frozen=True, kw_only=True):
    """Where gateways themselves go to fetch what a sender has, and what they say there. Only what stands here is ever asked: no
    message of a camera names an address."""

    kind: PullKind
    address: Annotated[str, msgspec.Meta(pattern=r"\A[a-z]{2,10}://[!-~]{1,480}\Z", max_length=500)]
    user: Annotated[str, msgspec.Meta(min_length=1, max_length=200)] | None = None
    password: Annotated[str, msgspec.Meta(max_length=600)] | None = None  # sealed with the platform's key
    topics: Annotated[
        tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=200)], ...], msgspec.Meta(max_length=8)
    ] = ()  # MQTT; none given: the usual ones
    pictures_per_s: Annotated[int, msgspec.Meta(ge=1, le=25)] = 8  # of mjpeg and rtsp: more are left out
    tls_sha256: Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z", max_length=64)] | None = None
    """SHA-256 of the camera's certificate (DER), in hex: only this one is accepted, whatever its name and whoever signed it.
    None: it must be signed by an authority that this machine trusts."""
    plain_password: bool = False
    """Whether the password may be sent as it is over a line without TLS, where whoever answers or listens learns it."""


class Sender(Message, frozen=True, kw_only=True):
    """A camera, recorder or program that sends to a gateway, with its secrets. Collection senders, key sender_id."""

    sender_id: Identifier
    cameras: Annotated[tuple[SenderCamera, ...], msgspec.Meta(min_length=1, max_length=10_000)]
    secrets: Annotated[tuple[SenderSecret, ...], msgspec.Meta(max_length=MOST_SECRETS)] = ()
    by_address: bool = False  # its secret may stand in the address, for cameras that can send no password
    port: SenderPort | None = None  # None: it sends over HTTP
    folder: bool = False  # an FTP server puts its files into the folder of its name
    pull: SenderPull | None = None  # gateways fetch from it
    zone: Text | None = None  # of its wall clock, e.g. Europe/Brussels; None: the site's
    utc_is_local: bool = False  # its epoch is the wall clock read as if it were UTC
    offset_is_wrong: bool = False  # the offset in its times is the factory's; the wall clock is right
    date_order: Literal["day_first", "month_first"] | None = None  # of 06/07/2026; None: a date that is both is refused
    take: Identifier | None = None  # which of its kinds of events is the read, where it sends several of one passage
    holds_from_ms: EpochMs | None = None  # of this version; None: from its arrival
