"""Route for the list of incidents that are not over, each with the first hit that may be seen."""

from itertools import islice
from typing import Annotated

import msgspec

from pipeline.access.rights import Allowed
from pipeline.desks.incident_bodies import PAGE, IncidentTold, told_of
from pipeline.desks.incident_routes import allowed_on, state_of
from pipeline.desks.live_routes import LOOKED_AT, AlertShown, Newest, alert_shown
from pipeline.desks.route import Asked, Route, RouteAnswer
from pipeline.hotlist.standing import ENDED
from schemas.base import EpochMs, Message, Text
from schemas.incidents import IncidentState


class IncidentsPage(Message, frozen=True, kw_only=True):
    """The incidents that this person may see and that are not over, latest change first. alerts: of each the first hit that he may
    see, if it is known here. next: the cursor of the next page; absent: there is none. position: where the live stream goes on from
    this list. at_ms: when the list was made, UTC."""

    items: Annotated[tuple[IncidentTold, ...], msgspec.Meta(max_length=PAGE)]
    alerts: Annotated[tuple[AlertShown, ...], msgspec.Meta(max_length=PAGE)] = ()
    next: Text | None = None
    position: Text
    at_ms: EpochMs


async def list_incidents(asked: Asked) -> RouteAnswer:
    """A page of the incidents that are not over."""
    house = asked.house
    before = asked.cursor(asked.given(Newest).cursor, int, "incident")
    items: list[IncidentTold] = []
    alerts: list[AlertShown] = []
    after: str | None = None
    looked_at = 0
    for one in house.live.newest("incident", before):
        is_seen = allowed_on(asked, one.event) is not None
        if one.event.is_covert and not is_seen:
            continue  # where a page ends, and whether one follows, tells nothing of it
        if len(items) >= PAGE or looked_at >= LOOKED_AT:
            after = asked.next_cursor(one.event.number + 1, "incident")
            break
        looked_at += 1
        state = state_of(one.event)
        if state.phase not in ENDED and is_seen:
            items.append(told_of(state))
            alerts += _first_hit(asked, state)
    page = IncidentsPage(
        items=tuple(items),
        alerts=tuple(alerts),
        next=after,
        position=house.streams.id_of(house.live.last),
        at_ms=asked.now_ms,
    )
    return RouteAnswer(value=page, count=len(items))


def _first_hit(asked: Asked, state: IncidentState) -> list[AlertShown]:
    known = asked.house.live.items["alert"]
    hits = (known.get(one.alert_id) for one in state.sightings)
    seen = (one for one in hits if one is not None and isinstance(asked.may(one.event.matter), Allowed))
    return [alert_shown(asked, one) for one in islice(seen, 1)]


ROUTES = (
    Route(method="GET", path="/incidents", about="The incidents that are not over.", handle=list_incidents,
          act="alerts.see", entry="query", query=Newest, answer=IncidentsPage),
)  # fmt: skip
