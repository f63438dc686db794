"""Encrypts short texts under a key of the platform, AES-256-GCM: positions for clients, which would show covert hits by their gaps,
passwords by which gateways fetch from cameras, and what they check cameras by."""

import base64
import binascii
import secrets
from typing import Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE_BYTES = 12
MOST_CHARACTERS = 1024


class Seal:
    """Encrypts bytes, each for one use. platform_key: the same in every process, so that each can decrypt what another
    encrypted. kind: of what is encrypted; each has a key of its own."""

    def __init__(
        self, platform_key: bytes, kind: Literal["desks positions", "camera passwords", "camera digests"]
    ) -> None:
        key = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"vigie {kind}".encode()).derive(platform_key)
        self._cipher = AESGCM(key)

    def seal(self, use: str, content: bytes) -> str:
        """The content encrypted, as text of letters, digits, - and _. Contents of one length give texts of one length."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, content, use.encode())
        return base64.urlsafe_b64encode(sealed).decode().rstrip("=")

    def open(self, use: str, text: str) -> bytes | None:
        """The content that was sealed for this use; None for any other text."""
        if len(text) > MOST_CHARACTERS or not text.isascii():
            return None
        try:
            sealed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], use.encode())
        except (binascii.Error, InvalidTag, ValueError):
            return None
