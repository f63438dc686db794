"""Routes for alerts, their pictures, and the live streams."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec
from aiohttp import web

from pipeline.access.record import Result
from pipeline.access.rights import Allowed
from pipeline.desks.events import Kind, Shown
from pipeline.desks.incident_bodies import IncidentTold, told_of
from pipeline.desks.problems import Problem
from pipeline.desks.readers import WRITE_WITHIN_S, Reader, served
from pipeline.desks.route import Asked, Route, RouteAnswer, found
from pipeline.desks.stream import View, view_of
from pipeline.desks.watching import Watched
from pipeline.desks.watermark import watermarked
from pipeline.errors import BadRecord, Unavailable
from pipeline.evidence.store import EvidenceMissing
from schemas.base import AlertId, EpochMs, Message, Text
from schemas.incidents import IncidentState
from schemas.outcomes import Alert, Violation, Withdrawal

PAGE = 100
LOOKED_AT = 5_000
"""Alerts, violations or incidents that one request looks at, at most: it may be that none of them may be seen."""
Which = Literal["crop", "overview"]


class Newest(Message, frozen=True, kw_only=True):
    """The query of a list: `next` of the page before, to go on from there."""

    cursor: Text | None = None


class From(Message, frozen=True, kw_only=True):
    """The query of the live stream: the event or list `position` to go on from. The header Last-Event-ID means the same and
    has precedence."""

    position: Text | None = None


class AlertShown(Message, frozen=True, kw_only=True):
    """An alert in its present state. place: the name of its camera; absent if that is unknown. withdrawal: absent unless it was
    withdrawn. incident: what persons did about it; absent until the agent incidents says so, and where this person may not see
    that."""

    alert: Alert
    place: Text | None = None
    withdrawal: Withdrawal | None = None
    incident: IncidentTold | None = None


class Alerts(Message, frozen=True, kw_only=True):
    """The latest alerts that this person may see, latest first. next: the cursor of the next page; absent: there is none. position:
    where the live stream goes on from this list. at_ms: when the list was made, UTC."""

    items: Annotated[tuple[AlertShown, ...], msgspec.Meta(max_length=PAGE)]
    next: Text | None = None
    position: Text
    at_ms: EpochMs


async def list_alerts(asked: Asked) -> RouteAnswer:
    """A page of the alerts that this person may see."""
    shown, after, position = page_of(asked, "alert")
    items = tuple(alert_shown(asked, one) for one in shown)
    return RouteAnswer(value=Alerts(items=items, next=after, position=position, at_ms=asked.now_ms), count=len(items))


def page_of(
    asked: Asked, kind: Kind, wanted: Callable[[Shown], bool] = lambda _one: True, *, oldest: bool = False
) -> tuple[list[Shown], str | None, str]:
    """Up to PAGE items that are wanted and that this person may see; the cursor of the next page, None at the end; and the
    stream's present position.

    Of each page at most LOOKED_AT items are looked at, so one with few items, or none, may have a cursor. oldest: those that
    arrived first come first.
    """
    house, use = asked.house, f"{kind} oldest" if oldest else kind
    begin = asked.cursor(asked.given(Newest).cursor, int, use)
    shown: list[Shown] = []
    after: str | None = None
    looked_at = 0
    for one in house.live.oldest(kind, begin) if oldest else house.live.newest(kind, begin):
        is_seen = isinstance(asked.may(one.event.matter), Allowed)
        if one.event.is_covert and not is_seen:
            continue  # where a page ends, and whether one follows, tells nothing of it
        if len(shown) >= PAGE or looked_at >= LOOKED_AT:
            after = asked.next_cursor(one.event.number + (-1 if oldest else 1), use)
            break
        looked_at += 1
        if is_seen and wanted(one):
            shown.append(one)
    return shown, after, house.streams.id_of(house.live.last)


async def show_alert(asked: Asked) -> RouteAnswer:
    """The alert that the path names, in its present state. Raises Problem when there is none, or this person may not see it."""
    shown = found_in(asked, "alert")
    return RouteAnswer(value=alert_shown(asked, shown), count=1)


def alert_shown(asked: Asked, shown: Shown) -> AlertShown:
    """The alert, as lists show it."""
    alert = _alert(shown)
    return AlertShown(
        alert=alert,
        place=asked.house.directory.place_of(alert.read),
        withdrawal=shown.withdrawal,
        incident=_incident_of(asked, alert),
    )


def _incident_of(asked: Asked, alert: Alert) -> IncidentTold | None:
    """The alert's incident, if one of its sightings may be seen."""
    known = asked.house.live.items["incident"].get(alert.incident_id)
    if known is None or not any(isinstance(asked.may(one, "alerts.see"), Allowed) for one in known.event.matters):
        return None
    return told_of(known.event.message) if isinstance(known.event.message, IncidentState) else None


def found_in(asked: Asked, kind: Kind) -> Shown:
    """The alert or violation in the path. Raises Problem when there is none, or this person may not see it."""
    shown = found(asked.house.live.items[kind].get(asked.params["id"]))
    asked.check(shown.event.matter)
    message = shown.event.message
    if isinstance(message, Alert):
        asked.plates += [message.read.plate, message.wanted_plate]
    elif isinstance(message, Violation):
        asked.plates.append(message.plate)
    return shown


async def alert_picture(asked: Asked) -> RouteAnswer:
    """A picture of an alert's read, with a watermark that names the viewer."""
    shown = found_in(asked, "alert")
    asked.check(shown.event.matter, "alerts.see")
    read = _alert(shown).read
    return await picture_of(asked, read.crop if asked.params["which"] == "crop" else read.overview)


async def picture_of(asked: Asked, path: str | None) -> RouteAnswer:
    """The stored picture of this path, with a watermark that names the viewer. Raises Problem when there is none any more, or it
    cannot be shown."""
    at = datetime.fromtimestamp(asked.now_ms / 1000, UTC)
    text = f"{asked.somebody.user_id} {at:%Y-%m-%d %H:%M:%S}Z {asked.access_id}"
    try:
        picture = await asked.house.pictures.get(found(path))
        marked = await asyncio.to_thread(watermarked, picture, text)
    except EvidenceMissing:
        raise Problem(404, "no_picture", "There is no picture any more.") from None
    except BadRecord as error:
        raise Problem(422, error.reason, "This picture cannot be shown.") from None
    return RouteAnswer(raw=marked, count=1)


async def stream(asked: Asked) -> web.StreamResponse:
    """Alerts and incidents as they arrive, while the person's shift lasts. Raises Problem without a shift."""
    shift = asked.own_session.shift
    if shift is None:
        raise Problem(403, "shift", "Take up work at a desk first.", permits="POST /api/v1/shift")
    desk = found(asked.house.directory.desk(shift.desk_id, asked.now_ms))
    return await streamed(asked, view_of(asked.somebody, desk, asked.now_ms, asked.house.directory.named))


async def streamed(asked: Asked, view: View) -> web.StreamResponse:
    """What the view shows, as it arrives, while the session lasts and nothing about the person has changed."""
    house, session = asked.house, asked.own_session
    audience = house.streams.join(view)
    watched = Watched(asked.token or "", session, asked.somebody, view)
    house.metrics.readers.inc()
    written = 0
    try:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no",
                                               "Vigie-Record": asked.access_id or ""})  # fmt: skip
        await response.prepare(asked.request)
        number = await _begin(asked, view, response)
        house.watch.add(watched)
        reader = Reader.of(
            asked.request,
            number,
            lambda: watched.goes_on(house.directory, house.now_ms()),
            asyncio.get_running_loop().time(),
        )
        if not house.streams.closing:
            written = await served(audience.open, reader, audience.after(number))
    finally:
        house.watch.readers.pop(watched, None)
        house.streams.leave(audience)
        house.metrics.readers.dec()
        await _end(asked, written)
    return response


async def _begin(asked: Asked, view: View, response: web.StreamResponse) -> int:
    """Write the first frame: the events that the reader missed, or that it must fetch the whole state. Returns the number of
    the event up to which the reader then has everything."""
    streams, last = asked.house.streams, asked.house.live.last
    told = asked.request.headers.get("Last-Event-ID") or asked.given(From).position
    number = last if told is None else streams.number_of(told)
    missed = None if number is None or number > last else streams.since(view, number)
    begun = streams.snapshot() if missed is None else missed
    try:
        async with asyncio.timeout(WRITE_WITHIN_S):
            await response.write(
                streams.sign_of_life() + f"retry: 2000\nid: {streams.id_of(last)}\n\n".encode() + begun
            )
    except TimeoutError:  # whoever does not read holds what was missed in memory
        if asked.request.transport is not None:
            asked.request.transport.abort()
        raise
    return last


async def _end(asked: Asked, written: int) -> None:
    """Record how many events were shown. If the record is away, the stream's intent is in it all the same."""
    if asked.access_id is not None:
        try:
            await asked.house.recorder.outcome(asked.access_id, Result(outcome="answered", count=written))
        except Unavailable:
            return


def _alert(shown: Shown) -> Alert:
    assert isinstance(shown.event.message, Alert), "alerts are kept as alerts"
    return shown.event.message


ALERT = {"id": AlertId}
ROUTES = (
    Route(method="GET", path="/alerts", about="The latest alerts.", handle=list_alerts, act="alerts.see", entry="query",
          query=Newest, answer=Alerts),
    Route(method="GET", path="/alerts/{id}", about="One alert.", handle=show_alert, act="alerts.see", entry="query",
          named="ids", params=ALERT, answer=AlertShown),
    Route(method="GET", path="/alerts/{id}/pictures/{which}", about="A picture of an alert.", handle=alert_picture,
          act="pictures.see", entry="picture", named="ids", params=ALERT | {"which": Which}, media="image/jpeg",
          work="picture"),
    Route(method="GET", path="/stream", about="Alerts and incidents as they come: server-sent events.", handle=stream,
          act="alerts.see", entry="stream", query=From, media="text/event-stream"),
)  # fmt: skip
