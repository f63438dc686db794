"""Reference data: listed, looked at with its versions, changed. The rights of each collection are its own; the rest is alike."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, Literal, TypeVar

import msgspec

from pipeline.access.approvals import digest_of, serves
from pipeline.access.record import TELL_WHAT_IS_COVERT
from pipeline.access.record import Act as Entry
from pipeline.access.rights import Allowed, Denied, Matter, may, may_at_all, may_with_another
from pipeline.access.roles import SECOND, Act
from pipeline.access.signing import unlike
from pipeline.desks.directory import matter_of_entry
from pipeline.desks.naming import plates_of, written
from pipeline.desks.problems import Problem, bad_request, denied
from pipeline.desks.reference_bodies import ItemVersions, Page, Paging, VersionShown
from pipeline.desks.route import APPROVAL, Asked, Route, RouteAnswer, found
from pipeline.lists.patterns import within_bound
from pipeline.state.approval_store import Waiting
from pipeline.state.collections import (
    CAMERAS,
    DESIGNATIONS,
    DESKS,
    EXCLUSIONS,
    HOTLIST,
    LISTS,
    POLICIES,
    SECTIONS,
    SIGNING_KEYS,
    USERS,
    WATCHES,
    ZONES,
    Collection,
)
from pipeline.tables.reference_checks import unfit
from schemas.base import Message
from schemas.people import User
from schemas.reference import COPIED_PLATES
from schemas.requests import Exclusion, Watch
from schemas.topics import DAY_MS

T = TypeVar("T", bound=Message)
PAGE, PAGES_LOOKED_AT = 200, 25  # of the store's pages: it may be that nothing in them may be seen


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """One collection as the API has it. matter: returns the Matter of an act on an item. concerns: returns the person whose
    rights a change of the item would change; None: nobody's. see, change, remove: the rights needed. seen, changed: kinds of
    entries in the record; None: not recorded. granted_by: the field that names who does it. refused: why a
    change of the known item is refused, in words; None: it is not. wider: a right that this change, of all that the item ever was,
    needs in place of `change`. about: whether this person may see, or change, the other item of which this one speaks."""

    collection: Collection[T]
    see: Act
    change: Act
    matter: Callable[[Asked, T], Matter]
    remove: Act
    seen: Entry | None = None
    changed: Entry = "reference"
    concerns: Callable[[T], str] | None = None
    granted_by: str | None = None
    refused: Callable[[T | None, T], str | None] = lambda _known, _item: None
    wider: Callable[[Asked, T | None, T, Sequence[T]], Act | None] = lambda _asked, _known, _item, _before: None
    about: Callable[[Asked, T, Literal["see", "change"]], Awaitable[bool]] | None = None

    def matter_of_change(self, asked: Asked, item: T, digest: str | None = None) -> Matter:
        """The matter of a change of this item, with the persons concerned and the digest of exactly this change."""
        concerns = None if self.concerns is None else self.concerns(item)
        return _with(self.matter(asked, item), digest=digest, concerns=concerns)


def _with(matter: Matter, **fields: Any) -> Matter:
    names = Matter.__dataclass_fields__
    return Matter(**({name: getattr(matter, name) for name in names} | fields))


async def list_items(kind: Kind[Any], asked: Asked) -> RouteAnswer:
    """A page of the items that this person may see."""
    paging, collection = asked.given(Paging), kind.collection
    cursor = asked.cursor(paging.cursor, str, collection.name) or "0"
    items: list[Any] = []
    for _ in range(PAGES_LOOKED_AT):
        page, cursor = await asked.house.writer.page(collection, cursor)
        allowed = [one for one in page if isinstance(asked.may(kind.matter(asked, one)), Allowed)]
        items += allowed if kind.about is None else [one for one in allowed if await kind.about(asked, one, "see")]
        if cursor == "0" or len(items) >= PAGE:
            break
    after = None if cursor == "0" else asked.next_cursor(cursor, collection.name)
    return RouteAnswer(value=Page(items=tuple(items), next=after), count=len(items))


async def show_item(kind: Kind[Any], asked: Asked) -> RouteAnswer:
    """The last version of the item."""
    item = found(await asked.house.writer.get(kind.collection, asked.key))
    asked.check(kind.matter(asked, item))
    if kind.about is not None and not await kind.about(asked, item, "see"):
        found(None)
    asked.plates += plates_of(item)
    return RouteAnswer(value=item, count=1)


async def show_versions(kind: Kind[Any], asked: Asked) -> RouteAnswer:
    """All stored versions of the item; this person must have the right to see each."""
    versions = await asked.house.writer.versions(kind.collection, asked.key)
    items = [one.item for one in versions if one.item is not None]
    found(items[-1] if items else None)
    for item in items:
        asked.check(kind.matter(asked, item))
        if kind.about is not None and not await kind.about(asked, item, "see"):
            found(None)
    asked.plates += plates_of(*items)
    shown = tuple(
        VersionShown(item=one.item, holds_from_ms=one.holds_from_ms, arrived_at_ms=one.arrived_at_ms)
        for one in versions
    )
    return RouteAnswer(value=ItemVersions(versions=shown), count=len(shown))


async def put_item(kind: Kind[Any], asked: Asked) -> RouteAnswer:
    """Add or change an item. The person must have the right to change both the present and the new item, and an approval
    where the act needs two persons. The answer has no body."""
    collection, key = kind.collection, asked.key
    item = asked.body
    if item is None or collection.key(item) != key:
        raise bad_request(f"{collection.key_field} is not what the path names")
    if kind.about is not None and not await kind.about(asked, item, "change"):
        raise Problem(403, "list", "It speaks of no list or entry that you keep.", permits="a right to that list")
    known = await _check_known(kind, asked)
    if (fault := kind.refused(known, item)) is not None:
        raise bad_request(fault, "unlike")
    before = [one.item for one in await asked.house.writer.versions(collection, key) if one.item is not None]
    act = kind.wider(asked, known, item, before) or kind.change
    if collection is SECTIONS:
        cameras = list(asked.house.directory.of(CAMERAS).current().values())
        if faults := unfit([item], cameras, asked.now_ms):  # type: ignore[list-item]  # the collection's own
            raise bad_request("; ".join(faults), "unfit")
    matter = kind.matter_of_change(asked, item, digest_of(act, key, collection.encode(item)))
    granted_by = kind.granted_by
    if granted_by is not None and getattr(item, granted_by) != asked.somebody.user_id:
        raise bad_request(f"{granted_by} names who grants it: you")
    _check_one(asked, act, matter)  # before what patterns cost is looked at, which tells of its owner's others
    async with within_bound(asked.house.writer, collection, [(key, collection.encode(item))]):
        second = await approved(act, asked, matter)
        if granted_by is not None and second is not None:
            item = msgspec.structs.replace(item, approved_by=second)
        await asked.house.writer.put(collection, [item])
    return RouteAnswer(count=1)


async def remove_item(kind: Kind[Any], asked: Asked) -> RouteAnswer:
    """Remove the item that the path names. The person needs the right to it, and an approval where the act needs two
    persons."""
    known = found(await _check_known(kind, asked))
    matter = kind.matter_of_change(asked, known, digest_of(kind.change, asked.key, b""))
    await approved(kind.remove, asked, matter)
    await asked.house.writer.remove(kind.collection, [asked.key])
    if kind.collection is USERS:  # whoever is added under this name later is given credentials anew
        await asked.house.credentials.remove(asked.key)
        await asked.house.sessions.end_all(asked.key)
    return RouteAnswer(count=1)


async def _check_known(kind: Kind[Any], asked: Asked) -> Any:
    """The present item, None where there is none yet. Raises Problem where this person may not change it, apart from a second
    person's approval."""
    known = await asked.house.writer.get(kind.collection, asked.key)
    if known is not None:
        _check_one(asked, kind.change, kind.matter_of_change(asked, known))
        if kind.about is not None and not await kind.about(asked, known, "see"):
            found(None)
    return known


def _check_one(asked: Asked, act: Act, matter: Matter) -> None:
    """Raise Problem where the person may not do this, apart from a second person's approval."""
    answer = may_with_another(asked.somebody, act, matter, asked.now_ms)
    if isinstance(answer, Denied):
        raise denied(answer)


async def approved(act: Act, asked: Asked, matter: Matter) -> str | None:
    """Check that the person may do this, and use up the approval that the request names. Returns the user_id of who approved
    it; None: nobody, as none was needed. Raises Problem."""
    name, waiting = asked.request.headers.get(APPROVAL), None
    if name is not None:
        waiting = await asked.house.approvals.find(name[:64], asked.now_ms)
        matter = _with(matter, approval=waiting.approval() if waiting else None)
    asked.check(matter, act)
    if name is None:
        return None
    if waiting is None or not _serves(asked, waiting, act, matter):
        raise Problem(
            403, "second_person", "This approval is for something else, or counts no more.", permits="another one"
        )
    if not await asked.house.approvals.use(waiting.approval_id):
        raise Problem(403, "second_person", "This approval was used.", permits="another one")
    return waiting.approved_by


def _serves(asked: Asked, waiting: Waiting, act: Act, matter: Matter) -> bool:
    """Whether the approval is for exactly this, also where none was needed: nobody says that another approved what he did not. Who
    gave it must still have a right to it."""
    who = asked.somebody.user_id
    if matter.digest is None or not serves(waiting.approval(), who, act, matter.digest, asked.now_ms):
        return False
    second = asked.house.directory.person(waiting.approved_by or "", asked.now_ms)
    return second is not None and any(isinstance(may_at_all(second, one, asked.now_ms), Allowed) for one in SECOND[act])


async def _of_list(asked: Asked, item: Exclusion, does: Literal["see", "change"]) -> bool:
    """Whether the person may know of, or change, the entry or list that the exclusion is about. Who does not keep a list cannot
    silence its hits; nobody learns from an exclusion of a covert entry, also not once the entry is gone."""
    if item.entry_id == COPIED_PLATES:
        return True  # on no list; it silences nothing
    if item.entry_id is not None:
        entry = await (asked.house.writer.last if does == "see" else asked.house.writer.get)(HOTLIST, item.entry_id)
        matter: Matter | None = None if entry is None else matter_of_entry(entry)
    else:
        wanted = await asked.house.writer.get(LISTS, item.list_id or "")
        matter = None if wanted is None else Matter(hotlist=wanted.hotlist)
    if does == "see":
        return matter is None or isinstance(asked.may(Matter(covert_owner=matter.covert_owner)), Allowed)
    return matter is not None and isinstance(may(asked.somebody, "hotlist.change", matter, asked.now_ms), Allowed)


def _moved(asked: Asked, known: User | None, item: User, _before: Sequence[User]) -> Act | None:
    """users.move for a person who goes to another service, also by being removed and added again; else None."""
    moved = known.service != item.service if known else asked.house.directory.is_designated(item.user_id)
    return "users.move" if moved else None


def _long(asked: Asked, _known: Watch | None, item: Watch, before: Sequence[Watch]) -> Act | None:
    """watches.long for a request that is to hold for more than a day since it first held, whatever it said since; else None."""
    begins_ms = min(asked.now_ms, item.valid_from_ms, *(one.valid_from_ms for one in before))
    return "watches.long" if item.valid_until_ms - begins_ms > DAY_MS else None


def _approved_by_itself(_known: Watch | None, item: Watch) -> str | None:
    """Why a request is refused that says itself who approved it; None: it does not say so."""
    return None if item.approved_by is None else "approved_by is written when another has approved: leave it out"


KINDS: tuple[Kind[Any], ...] = (
    Kind(CAMERAS, "cameras.see", "cameras.change", lambda a, one: a.house.directory.matter_of_camera(one, a.now_ms),
         "cameras.change"),
    Kind(ZONES, "zones.see", "zones.change", lambda _, one: Matter(zones=frozenset({one.zone_id})), "zones.change"),
    Kind(SECTIONS, "sections.see", "sections.change", lambda _a, _one: Matter(), "sections.change"),
    Kind(HOTLIST, "hotlist.see", "hotlist.change", lambda _, one: matter_of_entry(one), "hotlist.change", seen="query"),
    Kind(EXCLUSIONS, "exclusions.see", "exclusions.change", lambda _a, _one: Matter(), "exclusions.change", seen="query",
         about=_of_list),
    Kind(WATCHES, "watches.see", "watches.change", lambda _, one: Matter(zones=frozenset({one.zone}), hotlist="ad_hoc"),
         "watches.change", seen="query", granted_by="requested_by", wider=_long,
         refused=_approved_by_itself),
    Kind(POLICIES, "policies.see", "policies.change", lambda _a, _one: Matter(), "policies.change"),
    Kind(DESKS, "desks.see", "desks.change", lambda _a, _one: Matter(), "desks.change", changed="rights"),
    Kind(USERS, "users.see", "users.change", lambda _a, _one: Matter(), "users.change", seen="rights", changed="rights",
         concerns=lambda one: one.user_id, wider=_moved),
    Kind(DESIGNATIONS, "designations.see", "designations.grant", lambda _a, _one: Matter(), "users.change",
         seen="rights", changed="rights", concerns=lambda one: one.user_id, granted_by="granted_by"),
)  # fmt: skip
KEYS = Kind(
    SIGNING_KEYS, "signing_keys.see", "signing_keys.register", lambda _, one: Matter(concerns=one.user_id),
    "signing_keys.revoke", seen="rights", changed="rights", concerns=lambda one: one.user_id, granted_by="registered_by",
    refused=unlike,
)  # fmt: skip
"""Their own routes are in signing_routes."""
BY_CHANGE: dict[Act, Kind[Any]] = {kind.change: kind for kind in (*KINDS, KEYS)}
BY_CHANGE |= {"users.move": BY_CHANGE["users.change"], "watches.long": BY_CHANGE["watches.change"]}


def routes_of(kind: Kind[Any]) -> tuple[Route, ...]:
    """The routes of one collection: its page, one item, its versions, a change, a removal."""
    name, item = kind.collection.name, kind.collection.message
    named: Literal["on", "ids"] = "ids" if name in TELL_WHAT_IS_COVERT else "on"
    page: Any = Page[item]  # type: ignore[valid-type]  # a type made at run time
    versions: Any = ItemVersions[item]  # type: ignore[valid-type]  # as above
    return (
        Route(method="GET", path=f"/{name}", about=f"The {name}, a page at a time.", handle=partial(list_items, kind),
              act=kind.see, entry=kind.seen, query=Paging, answer=page),
        Route(method="GET", path=f"/{name}/{{key}}", about=f"One of the {name}.", handle=partial(show_item, kind),
              act=kind.see, entry=kind.seen, answer=item, named=named),
        Route(method="GET", path=f"/{name}/{{key}}/versions", about=f"One of the {name} as it was, version by version.",
              handle=partial(show_versions, kind), act=kind.see, entry=kind.seen, answer=versions,
              named=named),
        Route(method="PUT", path=f"/{name}/{{key}}", about=f"Add or change one of the {name}.",
              handle=partial(put_item, kind), act=kind.change, entry=kind.changed, body=item,
              names=partial(written, kind.collection, kind.change), named=named),
        Route(method="DELETE", path=f"/{name}/{{key}}", about=f"Remove one of the {name}.",
              handle=partial(remove_item, kind), act=kind.remove, entry=kind.changed, named=named),
    )  # fmt: skip


ROUTES = tuple(route for kind in KINDS for route in routes_of(kind))
