"""Keys and signatures of magistrates, for tests."""

import base64
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as new_curve_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pipeline.access.signing import Enrolment, SignedText, enrolled, enrolment_bytes, signed_bytes
from schemas.people import SigningKey
from tests.builders import NOON_MS

MARIE, TEXT = "marie.dubois", "Access to the reads of 2 to 9 May about plate 1ABC234, case BR.11.99.1/2026."
DAY_MS = 86_400_000
Private = EllipticCurvePrivateKey | Ed25519PrivateKey
CURVE, EDWARDS = new_curve_key(SECP256R1()), Ed25519PrivateKey.generate()


def text_of(data: bytes) -> str:
    """The bytes in base64url without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def public_of(private: Private) -> str:
    """The public key as it is enrolled."""
    return text_of(private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def signature_of(private: Private, content: bytes) -> str:
    """A signature as a browser or a key file makes it."""
    if isinstance(private, Ed25519PrivateKey):
        return text_of(private.sign(content))
    r, s = decode_dss_signature(private.sign(content, ECDSA(SHA256())))
    return text_of(r.to_bytes(32, "big") + s.to_bytes(32, "big"))


def enrolment_of(private: Private, user_id: str = MARIE) -> Enrolment:
    """An honest enrolment."""
    public = public_of(private)
    return Enrolment(public_key=public, proof=signature_of(private, enrolment_bytes(user_id, public)))


def make_key(private: Private = CURVE, **fields: Any) -> SigningKey:
    """Marie's key, enrolled and registered a day before noon for two days."""
    defaults = {
        "reason": "identity card seen", "registered_by": "first.admin", "approved_by": "second.admin",
        "valid_from_ms": NOON_MS - DAY_MS, "valid_until_ms": NOON_MS + DAY_MS,
    }  # fmt: skip
    known = enrolled(MARIE, enrolment_of(private), fields.get("valid_from_ms", NOON_MS - DAY_MS))
    return msgspec.structs.replace(known, **(defaults | fields))


def signed_by(
    private: Private = CURVE, key: SigningKey | None = None, at_ms: int = NOON_MS, text: str = TEXT
) -> SignedText:
    """The text with her signature."""
    key_id = (key or make_key(private)).key_id
    return SignedText(
        text=text, key_id=key_id, signed_at_ms=at_ms, signature=signature_of(private, signed_bytes(text, key_id, at_ms))
    )
