"""Proves senders by Digest (RFC 7616, qop auth), for makers whose cameras send a password in no other way.

A nonce bears the time at which it was made and a code that only who has the platform's key can make: none is stored, and every
gateway takes those of all. It is good for GOOD_MS, and each count with it once at one gateway: whoever listened to a request
cannot send another in its place there later. Digest proves nothing about the body; TLS does.
"""

import base64
import binascii
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping
from hashlib import md5, sha256
from typing import Literal
from urllib.parse import urlsplit

from pipeline.access.sender_secrets import REALM, digest_use
from pipeline.gateway.pulling.digest import fields_of
from schemas.senders import Sender

GOOD_MS = 300_000
MOST_NONCES = 50_000
MOST_OPENED = 40_000
_TIME, _RANDOM, _CODE = 8, 8, 16
_HASHES: Mapping[int, tuple[Callable[[bytes], str], slice]] = {
    32: (lambda data: md5(data, usedforsecurity=False).hexdigest(), slice(0, 16)),
    64: (lambda data: sha256(data).hexdigest(), slice(16, 48)),
}
"""By the letters of an answer: simple cameras answer a SHA-256 challenge by MD5, and name the wrong one. With each where its HA1
stands in what digest_proofs_of gives."""

Verdict = Literal["proven", "stale", "wrong"]
"""stale: it knows the password, and is to answer a new nonce."""


class Digests:
    """Checks the answers of one gateway's senders. open_sealed: decrypts what was sealed for a use; None: it was not."""

    def __init__(self, platform_key: bytes, open_sealed: Callable[[str, str], bytes | None]) -> None:
        self._key = hmac.digest(platform_key, b"vigie digest nonces", "sha256")
        self._open = open_sealed
        self._opened: dict[tuple[str, str], bytes | None] = {}
        self._counts: OrderedDict[str, int] = OrderedDict()  # by nonce, the last count with it
        self._forgotten_ms = 0  # nonces that were made until then and are not in _counts are good no more

    def challenges(self, now_ms: int, *, is_stale: bool = False) -> list[str]:
        """The values of WWW-Authenticate that ask for a proof, the best first. now_ms: UTC."""
        stale = ", stale=true" if is_stale else ""
        nonce = self._nonce(now_ms)
        return [
            f'Digest realm="{REALM}", qop="auth", algorithm={one}, nonce="{nonce}"{stale}' for one in ("SHA-256", "MD5")
        ]

    def verdict(self, header: str, sender: Sender, method: str, target: str, now_ms: int) -> Verdict:
        """Whether this Authorization header proves that its sender knows one of the sender's passwords. method, target: of the
        request."""
        said = fields_of(header)
        if said.get("qop", "").lower() != "auth" or not _is_target(said.get("uri", ""), target):
            return "wrong"
        if not any(self._answers(said, proofs, method) for proofs in self._proofs(sender)):
            return "wrong"
        return "proven" if self._is_new(said, now_ms) else "stale"

    def _proofs(self, sender: Sender) -> list[bytes]:
        use = digest_use(sender.sender_id)
        found = (self._unsealed(use, one.sealed) for one in sender.secrets if one.sealed is not None)
        return [one for one in found if one is not None]

    def _unsealed(self, use: str, sealed: str) -> bytes | None:
        if (use, sealed) not in self._opened:
            while len(self._opened) >= MOST_OPENED:
                del self._opened[next(iter(self._opened))]
            self._opened[use, sealed] = self._open(use, sealed)
        return self._opened[use, sealed]

    def _answers(self, said: Mapping[str, str], proofs: bytes, method: str) -> bool:
        """Whether the response is right for the nonce, count and target that it names."""
        response = said.get("response", "").lower()
        if len(response) not in _HASHES:
            return False
        hashed, place = _HASHES[len(response)]
        what = hashed(f"{method}:{said['uri']}".encode())
        parts = (
            proofs[place].hex(),
            said.get("nonce", ""),
            said.get("nc", ""),
            said.get("cnonce", ""),
            said["qop"],
            what,
        )
        return hmac.compare_digest(hashed(":".join(parts).encode()).encode(), response.encode("utf-8", "replace"))

    def _is_new(self, said: Mapping[str, str], now_ms: int) -> bool:
        """Whether the nonce is one of ours and good still, and the count greater than all before with it, which is noted."""
        nonce, count = said.get("nonce", ""), _count(said.get("nc", ""))
        made_ms = self._made_ms(nonce)
        if made_ms is None or abs(now_ms - made_ms) > GOOD_MS:
            return False
        before = self._counts.get(nonce)
        if count <= (before or 0) or (before is None and made_ms <= self._forgotten_ms):
            return False
        self._counts[nonce] = count
        while len(self._counts) > MOST_NONCES:
            oldest, _ = self._counts.popitem(last=False)
            self._forgotten_ms = max(self._forgotten_ms, self._made_ms(oldest) or 0)
        return True

    def _nonce(self, now_ms: int) -> str:
        plain = now_ms.to_bytes(_TIME, "big") + secrets.token_bytes(_RANDOM)
        return base64.urlsafe_b64encode(plain + self._code(plain)).decode()

    def _made_ms(self, nonce: str) -> int | None:
        """When this nonce was made (UTC); None: it is none of this platform's."""
        try:
            raw = base64.b64decode(nonce, altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        plain = raw[: _TIME + _RANDOM]
        if len(raw) != _TIME + _RANDOM + _CODE or not hmac.compare_digest(raw[len(plain) :], self._code(plain)):
            return None
        return int.from_bytes(plain[:_TIME], "big")

    def _code(self, plain: bytes) -> bytes:
        return hmac.digest(self._key, plain, "sha256")[:_CODE]


def _count(text: str) -> int:
    return int(text, 16) if len(text) == 8 and all(one in "0123456789abcdefABCDEF" for one in text) else 0


def _is_target(uri: str, target: str) -> bool:
    """Whether the answer is for this request; some clients name the whole address."""
    if uri == target:
        return True
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    return bool(parts.scheme) and f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}" == target
