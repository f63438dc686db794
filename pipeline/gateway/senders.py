"""Who sends: proves a sender by its secret, and says which registered camera a message of it is from.

Secrets are made at random by Vigie (100 bits) and never chosen by a person, so that no guessing helps against one fast digest of
each; a slow hash would cost a gateway minutes after a restart, when ten thousand cameras come back at once.
"""

import base64
import binascii
import hmac
import secrets
from collections.abc import Callable, Collection, Mapping
from hashlib import blake2b
from typing import Literal, NamedTuple
from urllib.parse import unquote

from pipeline.access.sender_secrets import ADDRESS, digest_of
from pipeline.gateway.request import CameraSettings
from schemas.reads import Purpose
from schemas.senders import Sender, SenderCamera

LONGEST = 200
FEW, MOST_SETS = 16, 100
MOST_PROOFS = 20_000
ADDRESS_SERVES: tuple[Purpose, ...] = ("hotlist", "investigation", "lez", "cross_border")
"""What a read may serve whose sender gave no password, but is known by a secret in the address, by its port or folder, or by being
fetched from: not what fines somebody without a person who looks."""


By = Literal["password", "digest", "certificate", "address", "port", "folder", "fetched"]
PROVEN: frozenset[By] = frozenset(("password", "digest", "certificate"))
"""What a sender proves, so that its reads may serve all that the camera may."""


class Claim(NamedTuple):
    """Who somebody says he is, and by what. target: the request's target without the secret."""

    sender_id: str
    secret: str
    by: By
    target: str


def claim_of(target: str, headers: Mapping[str, str]) -> Claim | None:
    """Who the sender of a request says that he is: by Basic, by a token SENDER:SECRET (Bearer or Token), or by the address;
    None: nobody. headers: names in lower case.

    >>> claim_of("/in/CAM-1/abc/anpr?x=1", {})
    Claim(sender_id='CAM-1', secret='abc', by='address', target='/anpr?x=1')
    """
    scheme, _, value = headers.get("authorization", "").strip().partition(" ")
    text = value.strip()
    if scheme.lower() == "basic":
        text = _of_base64(text)
        sender_id, found, secret = text.partition(":")
        if ":" in secret:  # a sender's name may hold colons, a secret none
            sender_id, found, secret = text.rpartition(":")
        return Claim(sender_id, secret, "password", target) if found and _fits(sender_id, secret) else None
    if scheme.lower() in ("bearer", "token"):
        sender_id, found, secret = text.rpartition(":")
        return Claim(sender_id, secret, "password", target) if found and _fits(sender_id, secret) else None
    return _of_address(target)


def _of_address(target: str) -> Claim | None:
    if not target.startswith(ADDRESS):
        return None
    path, mark, query = target.removeprefix(ADDRESS).partition("?")
    sender_id, _, rest = path.partition("/")
    secret, _slash, more = rest.partition("/")
    sender_id, secret = unquote(sender_id), unquote(secret)
    return Claim(sender_id, secret, "address", f"/{more}{mark}{query}") if _fits(sender_id, secret) else None


def _fits(sender_id: str, secret: str) -> bool:
    return 0 < len(sender_id) <= LONGEST and 0 < len(secret) <= LONGEST and (sender_id + secret).isascii()


def _of_base64(text: str) -> str:
    try:
        return base64.b64decode(text[: 4 * LONGEST], validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""


def is_proven(claim: Claim, sender: Sender | None) -> bool:
    """Whether the secret of the claim is one of this sender's; False without a sender, and for a secret in the address
    unless the sender may use that way."""
    if sender is None or (claim.by == "address" and not sender.by_address):
        return False
    digest = digest_of(claim.sender_id, claim.secret)
    return any(hmac.compare_digest(digest, one.digest) for one in sender.secrets if not one.is_certificate)


class Proofs:
    """Passwords that were proven, by a keyed digest of the header that bore them: most messages are another of a camera that was
    let in a moment ago. A proof is good for that very version of the sender alone."""

    def __init__(self, most: int = MOST_PROOFS) -> None:
        self._key, self._most = secrets.token_bytes(32), most
        self._known: dict[bytes, Sender] = {}

    def known(self, header: str, target: str, sender_of: Callable[[str], Sender | None]) -> tuple[Claim, Sender] | None:
        """Whom this Authorization header proved before, if the sender is what it was then; None: nobody. sender_of: the sender of
        an id as it is now."""
        sender = self._known.get(self._digest(header))
        if sender is None or sender_of(sender.sender_id) is not sender:
            return None
        return Claim(sender.sender_id, "", "password", target), sender

    def keep(self, header: str, sender: Sender) -> None:
        """Note that this header has just proven to be the sender's. The oldest are forgotten where there are too many."""
        while len(self._known) >= self._most:
            del self._known[next(iter(self._known))]
        self._known[self._digest(header)] = sender

    def _digest(self, header: str) -> bytes:
        return blake2b(header.encode("utf-8", "replace"), key=self._key, digest_size=16).digest()


def settings_of(sender: Sender) -> CameraSettings:
    """The settings of the sender by which its messages are read."""
    return CameraSettings(
        zone=sender.zone,
        utc_is_local=sender.utc_is_local,
        offset_is_wrong=sender.offset_is_wrong,
        date_order=sender.date_order,
        take=sender.take,
    )


def camera_of(sender: Sender, said: Mapping[str, str], maker: str) -> str | None:
    """The registered camera that a read of this sender is from; None where its message names another's, none, or several.

    said: the identities in the message. Vigie's own messages name the registered camera themselves. In the form of any other maker,
    a sender's only camera, registered without identities, is the one whatever the message names.
    """
    if maker == "vigie":
        return camera_id if (camera_id := said.get("id", "")) in _ids_of(sender) else None
    found = [
        one
        for one in sender.cameras
        if one.identities and all(said.get(name) == value for name, value in one.identities.items())
    ]
    if not found and len(sender.cameras) == 1 and not sender.cameras[0].identities:
        found = [sender.cameras[0]]
    return found[0].camera_id if len(found) == 1 else None


def speaks_for(sender: Sender, camera_id: str) -> bool:
    """Whether this is one of the sender's cameras."""
    return camera_id in _ids_of(sender)


def _ids_of(sender: Sender) -> Collection[str]:
    """The ids of its cameras; those of a program that speaks for many are looked up in a set, made once."""
    cameras = sender.cameras
    if len(cameras) <= FEW:
        return [one.camera_id for one in cameras]
    known = _SETS.get(sender.sender_id)
    if known is None or known[0] is not cameras:
        while len(_SETS) >= MOST_SETS:
            _SETS.popitem()
        known = _SETS[sender.sender_id] = (cameras, frozenset(one.camera_id for one in cameras))
    return known[1]


_SETS: dict[str, tuple[tuple[SenderCamera, ...], frozenset[str]]] = {}
