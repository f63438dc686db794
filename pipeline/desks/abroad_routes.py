"""Routes for the liaison: which hits neighbours were told of, what became of it, and why the others were not."""

from collections.abc import Mapping
from typing import Annotated

import msgspec

from pipeline.access.rights import Allowed, Matter
from pipeline.desks.abroad import MOST_OPEN, MOST_RECEIPTS, State, Told
from pipeline.desks.events import Shown
from pipeline.desks.house import House
from pipeline.desks.live_routes import LOOKED_AT, Newest
from pipeline.desks.problems import unavailable
from pipeline.desks.route import Asked, Route, RouteAnswer, found
from pipeline.neighbours.policy import AllowedForward, NotForwarded, Reason, forward_id_of, told_abroad
from pipeline.state.collections import CAMERAS, POLICIES, ZONES
from schemas import ids
from schemas.base import AlertId, Country, EpochMs, Identifier, Message, Text
from schemas.outcomes import Alert, Forward, Receipt, Withdrawal

PAGE = 100
MOST_COUNTRIES = 64
MOST_REVISIONS = 16
"""Of an alert that is kept no more: each stands for a confirmation, or for taking it back."""


class Neighbour(Message, frozen=True, kw_only=True):
    """What one country was told of a hit. forward: what it was told; absent: nothing. policy_id: the policy that allows it; reason:
    why none does, where nothing was told. recall: the message that takes it back; withdrawal: why; recall_receipts: whether that
    message arrived."""

    country: Country
    state: State
    forward: Forward | None = None
    policy_id: Identifier | None = None
    reason: Reason | None = None
    receipts: Annotated[tuple[Receipt, ...], msgspec.Meta(max_length=MOST_RECEIPTS)] = ()
    recall: Forward | None = None
    recall_receipts: Annotated[tuple[Receipt, ...], msgspec.Meta(max_length=MOST_RECEIPTS)] = ()
    withdrawal: Withdrawal | None = None


class AbroadShown(Message, frozen=True, kw_only=True):
    """A hit whose entry is shared with neighbours, and what each was told. place: of its camera. withdrawal: of the alert."""

    alert: Alert
    place: Text | None = None
    withdrawal: Withdrawal | None = None
    countries: Annotated[tuple[Neighbour, ...], msgspec.Meta(max_length=MOST_COUNTRIES)]


class AbroadPage(Message, frozen=True, kw_only=True):
    """The latest hits that are shared with neighbours and that this person may see, latest first. On the first page those follow
    that are older and of which something is still open abroad, MOST_OPEN at the most: the others are on the last pages. next: the
    cursor of the next page; absent: there is none."""

    items: Annotated[tuple[AbroadShown, ...], msgspec.Meta(max_length=PAGE + MOST_OPEN)]
    next: Text | None = None
    at_ms: EpochMs


async def list_abroad(asked: Asked) -> RouteAnswer:
    """A page of the hits that are shared with neighbours. Its cursor holds an alert's place, or once these are through, the forward
    after which the older ones go on."""
    house = _ready(asked)
    place = asked.cursor(asked.given(Newest).cursor, str, "abroad")
    if place is not None and not place.isdigit():
        older, rest = await _older(asked, place)
        return _page(asked, [_shown(house, one) for one in older], rest)
    items: list[AbroadShown] = []
    after: str | None = None
    for looked_at, one in enumerate(house.live.newest("alert", None if place is None else int(place))):
        if len(items) >= PAGE or looked_at >= LOOKED_AT:
            after = f"{one.event.number + 1:020}"  # as long for the first as for the millionth
            break
        if _alert(one).share_with and isinstance(asked.may(one.event.matter), Allowed):
            items.append(_shown(house, _alert(one), one.withdrawal))
    if place is None or after is None:
        older, rest = await _older(asked)
        items += [_shown(house, one) for one in older] if place is None else []
        after = after or rest
    return _page(asked, items, after)


def _page(asked: Asked, items: list[AbroadShown], after: str | None) -> RouteAnswer:
    cursor = None if after is None else asked.next_cursor(after, "abroad")
    return RouteAnswer(value=AbroadPage(items=tuple(items), next=cursor, at_ms=asked.now_ms), count=len(items))


async def show_abroad(asked: Asked) -> RouteAnswer:
    """One hit, and what each neighbour was told of it."""
    house, alert_id = _ready(asked), asked.params["id"]
    known = house.live.items["alert"].get(alert_id)
    if known is not None:
        asked.check(known.event.matter)
        return RouteAnswer(value=_shown(house, _alert(known), known.withdrawal), count=1)
    countries = {one.forward.to_country for one in house.abroad.told.values()}
    revisions = range(1, MOST_REVISIONS + 1)
    told = (ids.forward_id_of(alert_id, revision, country) for country in countries for revision in revisions)
    older = found(await house.abroad.open_alert(told))
    asked.check(_matter(house, older))
    return RouteAnswer(value=_shown(house, older), count=1)


async def _older(asked: Asked, after: str | None = None) -> tuple[list[Alert], str | None]:
    """The alerts that are kept no more and of which something is open abroad, as far as this person may see them, and where to go
    on (see Abroad.open_alerts). Raises Unavailable."""
    house = asked.house
    kept = [_alert(one) for one in house.live.items["alert"].values()]
    shown = {
        ids.forward_id_of(one.alert_id, revision, country)
        for one in kept
        for country in one.share_with
        for revision in range(1, one.revision + 1)
    }
    return await house.abroad.open_alerts(
        shown, lambda alert: isinstance(asked.may(_matter(house, alert)), Allowed), after
    )


def _matter(house: House, alert: Alert) -> Matter:
    return house.directory.matter_of_alert(alert)


def _ready(asked: Asked) -> House:
    """The house. Raises Problem for who may not see policies, and while this process does not know yet what was sent."""
    asked.check(Matter(), "policies.see")
    if not asked.house.abroad.ready.is_set():
        raise unavailable("what was sent to neighbours is still being read", 1.0)
    return asked.house


def _shown(house: House, alert: Alert, withdrawal: Withdrawal | None = None) -> AbroadShown:
    said = _said(house, alert)
    countries = tuple(_country(house, alert, country, said.get(country)) for country in sorted(set(alert.share_with)))
    place = house.directory.place_of(alert.read)
    return AbroadShown(alert=alert, place=place, withdrawal=withdrawal, countries=countries)


def _said(house: House, alert: Alert) -> Mapping[str, AllowedForward | NotForwarded]:
    """What the policies say of the alert by country, decided as of the time of its decision; policies, cameras and zones are
    those of its capture."""
    at_ms, of = alert.read.captured_at_ms, house.directory.of
    policies = of(POLICIES).as_of(at_ms).values()
    cameras, zones = of(CAMERAS).as_known(at_ms), of(ZONES).as_known(at_ms)
    told = told_abroad(alert, policies, cameras, zones, alert.decided_at_ms, house.home)
    return {one.forward.to_country if isinstance(one, AllowedForward) else one.country: one for one in told}


def _country(house: House, alert: Alert, country: Country, said: AllowedForward | NotForwarded | None) -> Neighbour:
    told = _told(house, alert, country)
    policy_id = said.policy_id if isinstance(said, AllowedForward) else None
    if told is None:
        reason = said.reason if isinstance(said, NotForwarded) else None
        state: State = "waiting" if policy_id is not None else "not_sent"
        return Neighbour(country=country, state=state, policy_id=policy_id, reason=reason)
    return Neighbour(
        country=country, state=told.state, forward=told.forward, policy_id=policy_id, receipts=tuple(told.receipts),
        recall=told.recall, recall_receipts=tuple(told.recall_receipts), withdrawal=told.withdrawal,
    )  # fmt: skip


def _told(house: House, alert: Alert, country: Country) -> Told | None:
    """The latest forward of the alert to the country: a confirmed one has an id of its own, by its revision.
    None: none is known."""
    for revision in range(alert.revision, 0, -1):
        known = house.abroad.told.get(forward_id_of(msgspec.structs.replace(alert, revision=revision), country))
        if known is not None:
            return known
    return None


def _alert(shown: Shown) -> Alert:
    assert isinstance(shown.event.message, Alert), "alerts are kept as alerts"
    return shown.event.message


ROUTES = (
    Route(method="GET", path="/abroad", about="The latest hits shared with neighbours, and what each was told.",
          handle=list_abroad, act="alerts.see", entry="query", query=Newest, answer=AbroadPage),
    Route(method="GET", path="/abroad/{id}", about="One hit, and what each neighbour was told of it.", handle=show_abroad,
          act="alerts.see", entry="query", named="ids", params={"id": AlertId}, answer=AbroadShown),
)  # fmt: skip
