"""Signs and verifies: JWS compact (RFC 7515) with Ed25519 (RFC 8037, RFC 9864). Pure.

The protected header is exactly ``alg``, ``kid`` (the key's RFC 7638 thumbprint), ``typ``, ``iss`` (the signer's country) and
``iat`` (seconds). A key is looked up by issuer and kid together, so nobody can sign in another country's name, and a key
ring may hold two keys of one country while it changes them.

>>> key = signing_key_of(generate_private_pem())
>>> token = sign(b"text", key, typ="example+jws", issuer="BE", at_ms=1735689600000)
>>> verify(token, {("BE", kid_of(key)): key}, typ="example+jws")
Signed(payload=b'text', issuer='BE', at_ms=1735689600000)
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from joserfc.registry import HeaderParameter

from pipeline.errors import BadRecord

KeyRing = Mapping[tuple[str, str], OKPKey]
"""(issuer's country, kid) -> the key that verifies it."""
_ALGORITHMS = ("Ed25519", "EdDSA")  # RFC 9864 names the curve; EdDSA is the older name of the same signature
_HEADERS = {
    "iss": HeaderParameter("Country of the signer", "str", required=True),
    "iat": HeaderParameter("Time of signing, seconds since 1970", "int", required=True),
}
_REGISTRY = jws.JWSRegistry(header_registry=_HEADERS, algorithms=_ALGORITHMS)
_MEMBERS = {"alg", "kid", "typ", "iss", "iat"}
_PEM = re.compile(rb"-----BEGIN ([A-Z ]+)-----.+?-----END \1-----", re.DOTALL)


class NotAuthentic(BadRecord):
    """The token was not signed by its stated issuer, or was changed afterwards. Nothing in it may be believed."""

    def __init__(self, detail: str) -> None:
        super().__init__("not_authentic", detail)


@dataclass(frozen=True, slots=True)
class Signed:
    """A verified payload, the country that signed it, and when (whole seconds, in milliseconds)."""

    payload: bytes
    issuer: str
    at_ms: int


def sign(payload: bytes, key: OKPKey, *, typ: str, issuer: str, at_ms: int) -> str:
    """The payload as JWS compact. at_ms: the time of signing, UTC, of which whole seconds are signed. The same arguments always
    give the same text: Ed25519 has no randomness."""
    header = {"alg": "Ed25519", "kid": kid_of(key), "typ": typ, "iss": issuer, "iat": at_ms // 1000}
    return jws.serialize_compact(header, payload, key, registry=_REGISTRY)


def verify(token: str | bytes, ring: KeyRing, *, typ: str) -> Signed:
    """The content of a token that a key of the ring signed as a `typ`. Raises NotAuthentic for any other token."""
    try:
        opened = jws.extract_compact(token.encode() if isinstance(token, str) else token, registry=_REGISTRY)
    except (JoseError, ValueError, TypeError, RecursionError) as error:
        raise NotAuthentic(f"not a JWS: {error}") from error
    header = opened.headers()
    if not isinstance(header, dict) or set(header) != _MEMBERS or header["typ"] != typ:
        raise NotAuthentic(f"its header must hold {', '.join(sorted(_MEMBERS))}, and typ must be {typ}")
    key = ring.get((str(header["iss"]), str(header["kid"])))
    if key is None:
        raise NotAuthentic(f"no key of {header['iss']!r} with kid {header['kid']!r} is known here")
    try:
        genuine = jws.validate_compact(opened, key, registry=_REGISTRY)
    except (JoseError, ValueError, RecursionError) as error:
        raise NotAuthentic(str(error)) from error
    if not genuine:
        raise NotAuthentic("the signature does not fit")
    return Signed(opened.payload, header["iss"], header["iat"] * 1000)


def kid_of(key: OKPKey) -> str:
    """The key's RFC 7638 thumbprint (SHA-256, base64url): the same for both halves of a pair."""
    return key.thumbprint()


def generate_private_pem() -> bytes:
    """A new Ed25519 signing key, PKCS #8 PEM, not encrypted."""
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def public_pem_of(private_pem: bytes) -> bytes:
    """The public half of a signing key, PEM."""
    return _private(private_pem).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def signing_key_of(private_pem: bytes) -> OKPKey:
    """The signing key of a PEM file. Raises ValueError when it holds no unencrypted Ed25519 private key."""
    return OKPKey.import_key(_private(private_pem))


def key_ring_of(country: str, public_pems: bytes) -> dict[tuple[str, str], OKPKey]:
    """The ring of one country's public keys, one PEM block or several. Raises ValueError if one is no Ed25519 key."""
    keys = (OKPKey.import_key(public) for public, _ in pem_blocks(public_pems))
    return {(country, kid_of(key)): key for key in keys}


def pem_blocks(public_pems: bytes) -> list[tuple[Ed25519PublicKey, bytes]]:
    """Each public key of a file, with its PEM block. Raises ValueError if one is no Ed25519 key, or there is none."""
    found: list[tuple[Ed25519PublicKey, bytes]] = []
    for block in _PEM.finditer(public_pems):
        public = load_pem_public_key(block.group())
        if not isinstance(public, Ed25519PublicKey):
            raise ValueError("it holds a key that is not Ed25519")
        found.append((public, block.group()))
    if not found:
        raise ValueError("it holds no PEM public key")
    return found


def _private(pem: bytes) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(pem, password=None)
    except TypeError as error:  # it is encrypted
        raise ValueError(str(error)) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("it holds a key that is not Ed25519")
    return key
