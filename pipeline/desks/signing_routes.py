"""Routes for magistrates' signing keys: enrolled by their owners, registered by two others, revoked by one, and what a signature by
one of them is worth now."""

from dataclasses import replace

import msgspec

from pipeline.access.rights import Matter
from pipeline.access.signing import Enrolment, SignedText, enrolled, fault_of
from pipeline.desks.problems import Problem, denied
from pipeline.desks.reference_routes import KEYS, put_item, routes_of
from pipeline.desks.route import Asked, Route, RouteAnswer, found
from pipeline.state.collections import SIGNING_KEYS
from schemas.base import EpochMs, Identifier, Message
from schemas.people import SigningKey

MOST_KEYS = 5
"""The most keys of one person that are not revoked."""


class SignatureShown(Message, frozen=True, kw_only=True):
    """A signature that counts. user_id: who signed; received_at_ms: when the platform took it."""

    user_id: Identifier
    key_id: Identifier
    received_at_ms: EpochMs


async def enrol(asked: Asked) -> RouteAnswer:
    """Enrol a key of one's own. It counts once two others have registered it."""
    me, writer = asked.somebody.user_id, asked.house.writer
    asked.check(Matter(concerns=me))
    key = enrolled(me, asked.given(Enrolment), asked.now_ms)
    every = await writer.list(SIGNING_KEYS)
    if any(one.key_id == key.key_id for one in every):
        raise Problem(409, "known_key", "This key was enrolled before.", permits="another key")
    if sum(one.user_id == me and one.revoked_at_ms is None for one in every) >= MOST_KEYS:
        raise Problem(422, "keys", "There are enough keys of yours.", permits=f"at most {MOST_KEYS}: revoke one")
    await writer.put(SIGNING_KEYS, [key])
    return RouteAnswer(value=key, status=201, count=1)


async def register(asked: Asked) -> RouteAnswer:
    """Register a key, as `put_item` does; one that is revoked meanwhile is written as revoked again at the end. Raises Problem for
    a key that was revoked before."""
    answer = await put_item(KEYS, asked)
    versions = await asked.house.writer.versions(SIGNING_KEYS, asked.key)
    revoked = [one.item for one in versions if one.item is not None and one.item.revoked_at_ms is not None]
    if revoked and versions[-1].item not in revoked:
        await asked.house.writer.put(SIGNING_KEYS, revoked[-1:])
    return answer


async def revoke(asked: Asked) -> RouteAnswer:
    """Revoke a key: from now on nothing that it signs counts. It cannot be undone."""
    key: SigningKey = found(await asked.house.writer.get(SIGNING_KEYS, asked.key))
    asked.check(Matter(concerns=key.user_id))
    if key.revoked_at_ms is None:
        revoked = msgspec.structs.replace(
            key, revoked_at_ms=asked.now_ms, revoked_by=asked.somebody.user_id, holds_from_ms=None
        )
        await asked.house.writer.put(SIGNING_KEYS, [revoked])
    return RouteAnswer(count=1)


async def check(asked: Asked) -> RouteAnswer:
    """Whose signature it is. Raises Problem where it does not count now."""
    signed, house = asked.given(SignedText), asked.house
    key = await house.writer.get(SIGNING_KEYS, signed.key_id)
    if key is not None:
        asked.check(Matter(concerns=key.user_id))
    signer = None if key is None else house.directory.person(key.user_id, asked.now_ms)
    fault = fault_of(signed, key, signer, asked.now_ms)
    if fault is not None:
        raise denied(fault)
    shown = SignatureShown(user_id=found(key).user_id, key_id=signed.key_id, received_at_ms=asked.now_ms)
    return RouteAnswer(value=shown, count=1)


ROUTES = (
    *(route for route in routes_of(KEYS) if route.method not in ("PUT", "DELETE")),
    *(replace(route, handle=register) for route in routes_of(KEYS) if route.method == "PUT"),
    Route(method="POST", path="/signing_keys", about="Enrol a signing key of your own. Shortly after a proof.",
          handle=enrol, act="signing_keys.enrol", fresh=True, entry="rights", body=Enrolment, answer=SigningKey),
    Route(method="DELETE", path="/signing_keys/{key}", about="Revoke a signing key.", handle=revoke,
          act="signing_keys.revoke", entry="rights"),
    Route(method="POST", path="/signatures", about="Whether a signature counts now, and whose it is.", handle=check,
          act="signing_keys.see", entry="rights", body=SignedText, answer=SignatureShown),
)  # fmt: skip
