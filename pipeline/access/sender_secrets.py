"""The digest by which a secret of a sender is known, and the address that a secret may stand in."""

from hashlib import sha256

ADDRESS = "/in/"
"""A gateway's address with a secret: /in/SENDER/SECRET, and what a maker adds to it."""


def digest_of(sender_id: str, secret: str) -> str:
    """The digest that is stored in place of a sender's secret: SHA-256 of id and secret, hex."""
    return sha256(f"{sender_id}\0{secret}".encode()).hexdigest()
