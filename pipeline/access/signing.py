"""Rules for a magistrate's signature: how a key is enrolled, and whether a signature over the text of an authorisation counts.

A signature is 64 bytes, R and S of ECDSA on P-256 with SHA-256 (as browsers make it), or Ed25519's. What is signed begins
with what it is for, so that a signature for one purpose serves for no other.
"""

import base64
import binascii
from hashlib import sha256
from typing import Annotated

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from pipeline.access.rights import Denied, Person, designations_at
from pipeline.access.roles import CONSULTING
from pipeline.errors import BadRecord
from schemas.base import EpochMs, Identifier, Message
from schemas.people import SigningKey

CLOCKS_MS = 5 * 60_000
"""How far ahead of the platform the signer's clock may be."""
LATEST_MS = 7 * 24 * 3_600_000
"""A signature that reaches the platform so long after it was made is refused: it is signed again."""
SIGNATURE_BYTES = 64
PublicKey = EllipticCurvePublicKey | Ed25519PublicKey
Encoded = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_-]{86}\Z", max_length=86)]


class Enrolment(Message, frozen=True, kw_only=True):
    """A person's new public key, and the proof that he holds its private key: a signature over `enrolment_bytes`."""

    public_key: Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_-]{40,200}\Z", max_length=200)]
    proof: Encoded


class SignedText(Message, frozen=True, kw_only=True):
    """The text of an authorisation with a signature over `signed_bytes`. signed_at_ms: by the signer's clock."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=16_384)]
    key_id: Identifier
    signed_at_ms: EpochMs
    signature: Encoded


def enrolment_bytes(user_id: str, public_key: str) -> bytes:
    """What is signed to enrol a key."""
    return f"vigie enrolment\n{user_id}\n{public_key}".encode()


def signed_bytes(text: str, key_id: str, signed_at_ms: int) -> bytes:
    """What is signed for an authorisation."""
    return f"vigie authorisation\n{key_id}\n{signed_at_ms}\n{text}".encode()


def key_id_of(public_key: str) -> str:
    """The name of a public key: a digest of it. Raises BadRecord for what is no key of the two kinds.

    >>> key_id_of("MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE")
    'k-5b0ebd6a4d1d7f90db5de3c2'
    """
    loaded_key(public_key)
    return f"k-{sha256(_bytes(public_key)).hexdigest()[:24]}"


def loaded_key(public_key: str) -> PublicKey:
    """The public key. Raises BadRecord for what is no key of the two kinds."""
    try:
        key = load_der_public_key(_bytes(public_key))
    except (ValueError, UnsupportedAlgorithm, binascii.Error) as error:
        raise BadRecord("key", "this is no public key") from error
    if isinstance(key, Ed25519PublicKey) or (
        isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1)
    ):
        return key
    raise BadRecord("key", "a key is one of P-256 or Ed25519")


def enrolled(user_id: str, enrolment: Enrolment, now_ms: int) -> SigningKey:
    """The key that a person enrols at now_ms (UTC), not registered yet. Raises BadRecord for what is no key, or when the proof is
    not signed with it for this person."""
    key_id = key_id_of(enrolment.public_key)
    content = enrolment_bytes(user_id, enrolment.public_key)
    if not _is_signed(loaded_key(enrolment.public_key), enrolment.proof, content):
        raise BadRecord("proof", "the proof is not signed with this key, for this person")
    return SigningKey(key_id=key_id, user_id=user_id, public_key=enrolment.public_key, enrolled_at_ms=now_ms)


def unlike(known: SigningKey | None, changed: SigningKey) -> str | None:
    """Why a registration is refused, in words; None: it is not. known: the key as it is."""
    if known is None:
        return "nobody has enrolled this key"
    if known.revoked_at_ms is not None:
        return "this key was revoked: its owner enrols another one"
    fixed = ("key_id", "user_id", "public_key", "enrolled_at_ms", "revoked_at_ms", "revoked_by")
    differs = next((name for name in fixed if getattr(known, name) != getattr(changed, name)), None)
    if differs is not None:
        return f"{differs} must be as it was enrolled"
    return _unregistered(changed)


def _unregistered(changed: SigningKey) -> str | None:
    """What a registration lacks, in words; None: nothing."""
    if changed.registered_by is None or not changed.reason.strip():
        return "registered_by and reason must say who registers it, and how it was made sure whose it is"
    if changed.valid_from_ms is None or changed.valid_until_ms is None:
        return "valid_from_ms and valid_until_ms must say when it holds"
    return (
        "valid_from_ms must not lie before enrolled_at_ms" if changed.valid_from_ms < changed.enrolled_at_ms else None
    )


def fault_of(signed: SignedText, key: SigningKey | None, signer: Person | None, received_ms: int) -> Denied | None:
    """Why a signature does not count; None: it does, as that of `signer`.

    key: what is known of the signed key_id; signer: the key's owner as he was at received_ms, when the platform took the text
    (UTC). The platform's time counts, since a signer's clock, or a thief of the key, may say anything.
    """
    if key is None or key.key_id != signed.key_id or key.registered_by is None or key.approved_by is None:
        return _denied("key", "a key that its owner enrolled and two others registered")
    if key.revoked_at_ms is not None and received_ms >= key.revoked_at_ms:
        return _denied("revoked", "a signature by a key that is not revoked")
    if key.valid_from_ms is None or key.valid_until_ms is None:
        return _denied("key", "a key that holds for a time")
    if not all(key.valid_from_ms <= at_ms < key.valid_until_ms for at_ms in (signed.signed_at_ms, received_ms)):
        return _denied("key_time", "a signature within the time for which the key holds")
    if not received_ms - LATEST_MS <= signed.signed_at_ms <= received_ms + CLOCKS_MS:
        return _denied("time", "a signature of the last seven days")
    if signer is None or signer.user_id != key.user_id or not _is_magistrate(signer, received_ms):
        return _denied("role", "the signature of somebody who is designated as magistrate")
    content = signed_bytes(signed.text, signed.key_id, signed.signed_at_ms)
    if not _is_signed(loaded_key(key.public_key), signed.signature, content):
        return _denied("signature", "a signature over exactly this text")
    return None


def _is_magistrate(person: Person, at_ms: int) -> bool:
    return any(one.role == "magistrate" for one in designations_at(person, at_ms))


def _denied(rule: str, permits: str) -> Denied:
    return Denied(rule=rule, article=CONSULTING, permits=permits)


def _is_signed(key: PublicKey, signature: str, content: bytes) -> bool:
    raw = _bytes(signature)
    if len(raw) != SIGNATURE_BYTES:
        return False
    try:
        if isinstance(key, Ed25519PublicKey):
            key.verify(raw, content)
        else:
            half = SIGNATURE_BYTES // 2
            der = encode_dss_signature(int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big"))
            key.verify(der, content, ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def _bytes(encoded: str) -> bytes:
    return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
