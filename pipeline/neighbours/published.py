"""The keys that neighbours verify our signatures with, as a JSON Web Key Set (RFC 7517, RFC 8037). Pure.

A key is replaced without a gap: the next one is published beside the present one until every neighbour has it, then it signs, and
the old one is published until what it signed has expired. A neighbour takes whichever the token's `kid` names.
"""

from typing import Annotated, Literal

import msgspec
from joserfc.jwk import OKPKey

from pipeline.neighbours.signatures import kid_of, pem_blocks
from schemas.base import Country, Message

MOST_KEYS = 8
Base64Url = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_-]{43}\Z", max_length=43)]


class PublishedKey(Message, frozen=True, kw_only=True):
    """One Ed25519 public key. kid: its thumbprint (RFC 7638), which each token that it signed names."""

    kty: Literal["OKP"] = "OKP"
    crv: Literal["Ed25519"] = "Ed25519"
    use: Literal["sig"] = "sig"
    alg: Literal["Ed25519"] = "Ed25519"
    kid: Base64Url
    x: Base64Url


class KeySet(Message, frozen=True, kw_only=True):
    """The keys of one country, as `iss` of its tokens names it."""

    issuer: Country
    keys: Annotated[tuple[PublishedKey, ...], msgspec.Meta(max_length=MOST_KEYS)]


def key_set_of(country: Country, public_pems: bytes) -> KeySet:
    """The key set of these public keys, one PEM block or several. Raises ValueError for another kind of key, or too many."""
    keys = [OKPKey.import_key(public) for public, _ in pem_blocks(public_pems)]
    if len(keys) > MOST_KEYS:
        raise ValueError(f"it holds more than {MOST_KEYS} keys")
    return KeySet(
        issuer=country,
        keys=tuple(PublishedKey(kid=kid_of(one), x=str(one.as_dict(private=False)["x"])) for one in keys),
    )


def without(public_pems: bytes, kid: str) -> bytes:
    """The public keys but the one with this kid. Raises ValueError when there is no such key, or no other one."""
    blocks = {kid_of(OKPKey.import_key(public)): block for public, block in pem_blocks(public_pems)}
    if kid not in blocks:
        raise ValueError(f"it holds no key {kid}")
    if len(blocks) == 1:
        raise ValueError("it is the only key: publish the next one first")
    return b"".join(block + b"\n" for name, block in blocks.items() if name != kid)
