"""A signing key in a file: Ed25519, PKCS 8 in PEM, encrypted with a passphrase, readable by its owner alone."""

import base64
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from pipeline.access.login import SHORTEST_PASSWORD
from pipeline.access.signing import Enrolment, SignedText, enrolment_bytes, key_id_of, signed_bytes
from pipeline.errors import BadRecord
from pipeline.runtime.private import OPEN, open_private, read_trusted


@dataclass(frozen=True, slots=True)
class SigningFile:
    """A private key that was opened."""

    private: Ed25519PrivateKey

    @property
    def public_key(self) -> str:
        """The public key, as SigningKey has it."""
        return _text(self.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))

    def enrolment(self, user_id: str) -> Enrolment:
        """The enrolment of this key for this person."""
        proof = self.private.sign(enrolment_bytes(user_id, self.public_key))
        return Enrolment(public_key=self.public_key, proof=_text(proof))

    def sign(self, text: str, now_ms: int) -> SignedText:
        """The text, signed now (UTC ms)."""
        key_id = key_id_of(self.public_key)
        signature = self.private.sign(signed_bytes(text, key_id, now_ms))
        return SignedText(text=text, key_id=key_id, signed_at_ms=now_ms, signature=_text(signature))


def new_key(path: Path, passphrase: bytes, user_id: str) -> Enrolment:
    """Make a key in this file, which must not exist, and return its enrolment. Raises BadRecord for a passphrase of
    too few bytes of UTF-8, and for a file that exists or cannot be made."""
    if len(passphrase) < SHORTEST_PASSWORD:
        raise BadRecord("passphrase", f"a passphrase has at least {SHORTEST_PASSWORD} characters")
    key = SigningFile(Ed25519PrivateKey.generate())
    secret = key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase))
    try:
        with open_private(path, "new") as file:
            file.write(secret)
    except OSError as error:
        raise BadRecord("file", f"{path} cannot be made: {error.strerror}") from error
    return key.enrolment(user_id)


def open_key(path: Path, passphrase: bytes) -> SigningFile:
    """The key in this file. Raises BadRecord when it cannot be opened, and Misconfigured when others may read the file."""
    try:
        private = load_pem_private_key(read_trusted("the key file", path, modes=OPEN), passphrase)
    except (OSError, ValueError, TypeError) as error:
        raise BadRecord("file", f"{path} is no key that this passphrase opens") from error
    if not isinstance(private, Ed25519PrivateKey):
        raise BadRecord("file", f"{path} holds another kind of key")
    return SigningFile(private)


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
