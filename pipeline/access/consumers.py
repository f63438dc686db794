"""Systems of authorities and neighbours that pull feeds: how one proves who it is, and what it may have.

Secrets are made at random (100 bits) and never chosen by a person, so one fast digest of each is enough (see also the senders of
gateways). In place of a secret a consumer may have a client certificate, which TLS has verified and whose digest is stored: then no
secret crosses the network. Either is replaced without a gap, by adding the next one first. A consumer may have what an officer of
the authority with its zones and networks could see, a neighbour's what a liaison officer with them could, and nothing else.
"""

import hmac
from hashlib import sha256

from pipeline.access.rights import Person
from schemas.judgements import Consumer
from schemas.people import Designation, User

SCHEME = "bearer"
NAME = "consumer:"
LONGEST = 200


def digest_of(consumer_id: str, secret: str) -> str:
    """The digest that is stored in place of a consumer's secret: SHA-256 of id and secret, hex."""
    return sha256(f"{NAME}{consumer_id}\0{secret}".encode()).hexdigest()


def claim_of(authorization: str) -> tuple[str, str] | None:
    """The consumer and the secret in a header ``Authorization: Bearer CONSUMER:SECRET``; None: it is no such header.

    >>> claim_of("Bearer flanders:abc"), claim_of("Basic Zmxh")
    (('flanders', 'abc'), None)
    """
    scheme, _, token = authorization.strip().partition(" ")
    consumer_id, colon, secret = token.strip().partition(":")
    fits = bool(consumer_id and colon and secret) and len(token) <= LONGEST and token.isascii()
    return (consumer_id, secret) if scheme.casefold() == SCHEME and fits else None


def is_proven(consumer: Consumer | None, secret: str, at_ms: int) -> bool:
    """Whether the secret is one of this consumer's, and the consumer is valid at at_ms (UTC); False without a consumer."""
    if consumer is None or not consumer.valid_from_ms <= at_ms < consumer.valid_until_ms:
        return False
    digest = digest_of(consumer.consumer_id, secret)
    return any(hmac.compare_digest(digest, one.digest) for one in consumer.secrets)


def certificate_digest(der: bytes) -> str:
    """The digest by which a client certificate is known: SHA-256 of its DER, hex."""
    return sha256(der).hexdigest()


def is_certified(consumer: Consumer | None, digest: str, at_ms: int) -> bool:
    """Whether the client certificate with this digest is one of this consumer's, and certificate and consumer are valid at at_ms
    (UTC). TLS has proven that whoever sent the certificate has its key."""
    if consumer is None or not consumer.valid_from_ms <= at_ms < consumer.valid_until_ms:
        return False
    return any(hmac.compare_digest(digest, one.sha256) and at_ms < one.until_ms for one in consumer.certificates)


def person_of(consumer: Consumer) -> Person:
    """The consumer as rights and the record see it: an officer of the authority, in its zones and networks, or of
    the liaison where it is a neighbour's; named consumer:ID."""
    user_id = NAME + consumer.consumer_id
    return Person(
        User(user_id=user_id, name=consumer.consumer_id, service=consumer.service),
        (
            Designation(
                designation_id=user_id,
                user_id=user_id,
                role="authority_officer" if consumer.neighbour is None else "liaison_officer",
                reason=consumer.reason,
                granted_by="os",
                everywhere=consumer.everywhere,
                zones=consumer.zones,
                networks=consumer.networks,
                valid_from_ms=consumer.valid_from_ms,
                valid_until_ms=consumer.valid_until_ms,
                trained_until_ms=consumer.valid_until_ms,  # a system is not trained
            ),
        ),
    )
