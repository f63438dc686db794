"""Routes for approvals by a second person, and for what an administrator does to accounts directly."""

import secrets
from dataclasses import replace
from typing import Annotated, Literal

import msgspec

from pipeline.access.approvals import VALID_MS, digest_of
from pipeline.access.record import weak_reason
from pipeline.access.rights import Allowed, Denied, Matter, may_at_all, may_with_another
from pipeline.access.roles import SECOND, SHOWS_PLATES, Act
from pipeline.desks.bodies import item_of
from pipeline.desks.entries import reason_of
from pipeline.desks.naming import named_by, plates_of
from pipeline.desks.problems import Problem, bad_request, bulk, denied, reason_needed
from pipeline.desks.reference_routes import BY_CHANGE, approved
from pipeline.desks.route import Asked, Named, Route, RouteAnswer, found
from pipeline.runtime.passwords import initial_password
from pipeline.state.approval_store import MOST_BYTES, Waiting
from pipeline.state.collections import USERS
from schemas.base import Identifier, Message, Text

TwoPersons = Literal[
    "designations.grant", "policies.change", "sections.change", "zones.change", "signing_keys.register", "users.move",
    "credentials.replace", "watches.long",
]  # fmt: skip
MOST_WAITING = 20


class Wanted(Message, frozen=True, kw_only=True):
    """A change for which a person wants a second person's approval. content: the item that would be written, as JSON text;
    empty: the item would be removed."""

    act: TwoPersons
    key: Identifier
    content: Annotated[str, msgspec.Meta(max_length=MOST_BYTES)] = ""
    reason: Annotated[Text, msgspec.Meta(min_length=8)]


class AllWaiting(Message, frozen=True, kw_only=True):
    """The changes that wait for approval or are approved but not made yet: of these, those that this person asked for or may
    approve."""

    items: Annotated[tuple[Waiting, ...], msgspec.Meta(max_length=10_000)]


class FirstPassword(Message, frozen=True, kw_only=True):
    """A password for the first login. It only serves to choose a new one."""

    password: Text


class Whose(Message, frozen=True, kw_only=True):
    """The person whose sessions are ended; user_id absent: everybody's are."""

    user_id: Identifier | None = None


async def ask(asked: Asked) -> RouteAnswer:
    """Ask a second person to approve a change. The person who asks must have the right to it, apart from the approval."""
    wanted, house = asked.given(Wanted), asked.house
    _check_role(asked, wanted.act)
    content = _content(asked)
    answer = await _may(asked, wanted.act, wanted.act, wanted.key, content)
    if isinstance(answer, Denied):
        raise denied(answer)
    every = await house.approvals.all(asked.now_ms)
    if sum(one.asked_by == asked.somebody.user_id for one in every) >= MOST_WAITING:
        raise Problem(422, "waiting", "Enough of yours waits.", permits=f"at most {MOST_WAITING}")
    waiting = Waiting(
        approval_id=f"P-{secrets.token_hex(12)}", act=wanted.act, key=wanted.key, content=content,
        digest=digest_of(wanted.act, wanted.key, content.encode()), asked_by=asked.somebody.user_id,
        reason=wanted.reason, ends_ms=asked.now_ms + VALID_MS,
    )  # fmt: skip
    await house.approvals.put(waiting)
    return RouteAnswer(value=waiting, status=201)


def _content(asked: Asked) -> str:
    """What would be written, as it would be stored; empty: the item would be removed. Raises Problem."""
    wanted = asked.given(Wanted)
    if not wanted.content:
        return ""
    kind = BY_CHANGE.get(wanted.act)
    if kind is None:
        raise bad_request(f"{wanted.act} writes nothing that could stand in content")
    item = item_of(wanted.content.encode(), kind.collection.message, asked.house.home)
    if kind.collection.key(item) != wanted.key:
        raise bad_request(f"{kind.collection.key_field} is not the key")
    return str(kind.collection.encode(item).decode())


async def wanted_of(asked: Asked) -> Named:
    """What is asked for, for the record: act, key, and the digest of exactly this."""
    wanted = asked.given(Wanted)
    return _named(wanted.act, wanted.key, digest_of(wanted.act, wanted.key, _content(asked).encode()))


async def approved_of(asked: Asked) -> Named:
    """What is approved, for the record, as it was asked for."""
    waiting = await asked.house.approvals.find(asked.key, asked.now_ms)
    return Named() if waiting is None else _named(waiting.act, waiting.key, waiting.digest)


def _named(act: Act, key: str, digest: str) -> Named:
    found = named_by(act, digest)
    return Named(on=(act, key, *found.on), ids=found.ids)


async def list_waiting(asked: Asked) -> RouteAnswer:
    """The changes that this person asked for, and those that this person may approve."""
    every = await asked.house.approvals.all(asked.now_ms)
    me = asked.somebody.user_id
    items = tuple([one for one in every if one.asked_by == me or isinstance(await _second(asked, one), Allowed)])
    _show(asked, *items)
    return RouteAnswer(value=AllWaiting(items=items), count=len(items))


async def approve(asked: Asked) -> RouteAnswer:
    """Approve exactly this change, for the person who asked, once, until it expires. Nobody may approve a change that he
    asked for, or that concerns him."""
    house, me = asked.house, asked.somebody.user_id
    waiting = found(await house.approvals.find(asked.key, asked.now_ms))
    answer = await _second(asked, waiting)
    if isinstance(answer, Denied):
        raise denied(answer)
    asked.allowed = answer
    about = {waiting.asked_by, *_persons_in(waiting)}
    if me in about:
        raise Problem(403, "self", "Nobody approves what he asked, or what concerns him.", permits="another person")
    if waiting.approved_by is not None:
        raise Problem(409, "approved", "This was approved.")
    _show(asked, waiting)
    approved = await house.approvals.approve(waiting, me, house.now_ms())
    if approved is None:
        raise Problem(409, "approved", "This was approved, or is over.")
    return RouteAnswer(value=approved)


async def new_password(asked: Asked) -> RouteAnswer:
    """Replace all credentials of an account by a password for the first login, and end its sessions. Two persons do it: whoever has
    the password could log in with it."""
    house, user_id = asked.house, asked.key
    found(await house.writer.get(USERS, user_id))
    digest = digest_of("credentials.replace", user_id, b"")
    made = initial_password()
    password_hash = await house.passwords.hashed(made)  # may be refused, so before the approval is used up
    await approved("credentials.replace", asked, Matter(concerns=user_id, digest=digest))
    await house.sessions.end_all(user_id)
    await house.credentials.remove(user_id)
    await house.credentials.set_password(user_id, password_hash, initial=True)
    return RouteAnswer(value=FirstPassword(password=made))


async def end_sessions(asked: Asked) -> RouteAnswer:
    """End every session of a person, or of everybody, one's own included."""
    user_id = asked.given(Whose).user_id
    if user_id is not None:
        found(asked.house.directory.person(user_id, asked.now_ms))
    await asked.house.sessions.end_all(user_id)
    return RouteAnswer()


def _check_role(asked: Asked, act: Act) -> None:
    answer = may_at_all(asked.somebody, act, asked.now_ms)
    if isinstance(answer, Denied):
        raise denied(answer)


async def _second(asked: Asked, waiting: Waiting) -> Allowed | Denied:
    """Whether this person could do exactly this himself, as a second person must: by the first right that suffices; where none
    does, the denial of the last one."""
    answer: Allowed | Denied | None = None
    for act in SECOND[waiting.act]:
        answer = await _may(asked, act, waiting.act, waiting.key, waiting.content)
        if isinstance(answer, Allowed):
            break
    assert answer is not None, "each act of two persons names what the second must be allowed to do"
    return answer


async def _may(asked: Asked, act: Act, change: Act, key: str, content: str) -> Allowed | Denied:
    """Whether this person may do `act` to what the change would write or, where it writes nothing, remove: apart from another
    person's approval, and from whom it concerns."""
    kind, item = BY_CHANGE.get(change), None
    if kind is not None:
        item = (
            kind.collection.decode(content.encode()) if content else await asked.house.writer.get(kind.collection, key)
        )
    matter = Matter() if kind is None or item is None else kind.matter(asked, item)
    return may_with_another(asked.somebody, act, replace(matter, concerns=None), asked.now_ms)


def _show(asked: Asked, *shown: Waiting) -> None:
    """Note and count the plates in these changes, for the record. Raises Problem where there are some and the request says not
    why, or this person has been shown very many."""
    house, me = asked.house, asked.somebody.user_id
    plates = [plate for one in shown if one.act in SHOWS_PLATES and one.content for plate in _plates_in(one)]
    if not plates:
        return
    if (fault := weak_reason(reason_of(asked))) is not None:
        raise reason_needed(fault)
    if house.plates.left(me, asked.now_ms) < 1.0:
        raise bulk()
    house.plates.spend(me, asked.now_ms, len(plates))
    asked.plates += plates


def _plates_in(waiting: Waiting) -> list[str]:
    return plates_of(BY_CHANGE[waiting.act].collection.decode(waiting.content.encode()))


def _persons_in(waiting: Waiting) -> tuple[str, ...]:
    """The persons whose rights or account the change concerns."""
    kind = BY_CHANGE.get(waiting.act)
    if kind is None:
        return (waiting.key,)
    if kind.concerns is None or not waiting.content:
        return ()
    return (kind.concerns(kind.collection.decode(waiting.content.encode())),)


ROUTES = (
    Route(method="POST", path="/approvals", about="Put something before a second person.", handle=ask,
          act="approvals.give", entry="rights", body=Wanted, answer=Waiting, names=wanted_of),
    Route(method="GET", path="/approvals", about="What waits for a second person.", handle=list_waiting,
          act="approvals.give", entry="rights", answer=AllWaiting),
    Route(method="POST", path="/approvals/{key}", about="Approve exactly this.", handle=approve, act="approvals.give",
          entry="decision", answer=Waiting, names=approved_of),
    Route(method="POST", path="/users/{key}/password", about="A password for somebody's first login.",
          handle=new_password, act="credentials.replace", secret=True, entry="rights", answer=FirstPassword),
    Route(method="POST", path="/sessions/end", about="End sessions.", handle=end_sessions, act="sessions.end",
          entry="rights", body=Whose),
)  # fmt: skip
