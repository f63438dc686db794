"""The digests by which a secret of a sender is known, and the address that a secret may stand in."""

from hashlib import md5, sha256

ADDRESS = "/in/"
"""A gateway's address with a secret: /in/SENDER/SECRET, and what a maker adds to it."""


def digest_of(sender_id: str, secret: str) -> str:
    """The digest that is stored in place of a sender's secret: SHA-256 of id and secret, hex."""
    return sha256(f"{sender_id}\0{secret}".encode()).hexdigest()


REALM = "vigie"
"""What senders by Digest are told that they log in to; it is part of what they prove."""


def digest_proofs_of(sender_id: str, secret: str) -> bytes:
    """What a server needs to check by Digest (RFC 7616) that somebody knows the secret, and with which anybody could claim so: its
    HA1 by MD5 (16 bytes) and by SHA-256 (32 bytes). Keep it sealed only.

    >>> digest_proofs_of("CAM-1", "abc")[:4].hex()
    'd34311c4'
    """
    text = f"{sender_id}:{REALM}:{secret}".encode()
    return md5(text, usedforsecurity=False).digest() + sha256(text).digest()


def digest_use(sender_id: str) -> str:
    """The use for which those of this sender are sealed (see pipeline.runtime.sealing)."""
    return f"digest {sender_id}"
