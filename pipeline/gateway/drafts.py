"""Makes items of what parsers found, by the rules that hold for all makers."""

import re
from collections.abc import Iterable, Mapping
from itertools import islice

import msgspec

from pipeline.errors import BadRecord
from pipeline.gateway.clocks import dated
from pipeline.gateway.items import CameraRead, Ignored, Item, Picture, Refuse, Rejected
from pipeline.gateway.node import MAX_LIST
from pipeline.gateway.request import Circumstances
from pipeline.gateway.times import Moment
from pipeline.gateway.words import direction_of, is_no_plate, said
from pipeline.plates.text import compact
from schemas.base import Position
from schemas.reads import Alternative, ClockState, VehicleClass

LONGEST_PLATE = 16
_UNREAD = re.compile(r"[?*\ufffd]")
"""What stands for a character that was not read: without it the text would be another plate."""


class Draft(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A read as a parser found it: texts as they were sent, numbers in Vigie's units."""

    plate: str
    moment: Moment | None
    camera: Mapping[str, str]
    time_as_sent: str = ""  # for a person, where it cannot be read
    buffered: bool | None = None  # the sender says that it comes from a buffer, or does not; None: it does not say
    confidence: float | None = None
    country: str | None = None
    country_confidence: float | None = None
    lane: int | None = None
    direction: str = ""
    speed_kmh: float | None = None
    vehicle_class: VehicleClass = "unknown"
    colour: str | None = None
    make: str | None = None
    position: Position | None = None
    event_key: str = ""
    state: str = ""
    open_passage: bool = False
    pictures: tuple[Picture, ...] = ()
    picture_urls: tuple[str, ...] = ()
    picture_files: tuple[str, ...] = ()
    alternatives: tuple[str, ...] = ()
    weighed: tuple[Alternative, ...] = ()
    heading_deg: float | None = None
    clock: ClockState | None = None


def finished(draft: Draft, around: Circumstances, no_plate: frozenset[str] = frozenset()) -> Item:
    """The item that the draft makes. no_plate: further words by which this sender says that there was no plate, in lower
    case."""
    if is_no_plate(draft.plate) or (no_plate and draft.plate.strip().lower() in no_plate):
        return Ignored(reason="no_plate", camera=identities(draft.camera), event_key=draft.event_key or None)
    plate = compacted(draft.plate)
    if isinstance(plate, Rejected):
        return plate
    if not plate:
        return Ignored(reason="no_plate", camera=identities(draft.camera), event_key=draft.event_key or None)
    when = dated(draft.moment, around, buffered=draft.buffered, as_sent=draft.time_as_sent)
    if isinstance(when, Rejected):
        return when
    return CameraRead(
        plate=plate,
        plate_as_sent=draft.plate,
        captured_at_ms=when.ms,
        time_from=when.said,
        clock_synced=when.synced,
        clock_suspect=when.suspect,
        late=when.late,
        confidence=draft.confidence,
        camera=identities(draft.camera),
        country=draft.country,
        country_confidence=draft.country_confidence if draft.country else None,
        lane=draft.lane,
        direction=direction_of(draft.direction),
        direction_as_sent=said(draft.direction),
        speed_kmh=draft.speed_kmh,
        vehicle_class=draft.vehicle_class,
        colour=draft.colour,
        make=draft.make,
        position=draft.position,
        event_key=draft.event_key[:200] or None,
        state=draft.state,
        open_passage=draft.open_passage,
        pictures=draft.pictures,
        picture_urls=draft.picture_urls,
        picture_files=draft.picture_files,
        alternatives=_others(draft.alternatives, plate) if draft.alternatives else (),
        weighed=draft.weighed,
        heading_deg=draft.heading_deg,
        clock=draft.clock,
    )


def all_of(items: Iterable[Item]) -> list[Item]:
    """The items of a message that may be a list of messages. Raises Refuse for more than MAX_LIST: none of them is left out
    unsaid."""
    found = list(islice(items, MAX_LIST + 1))
    if len(found) > MAX_LIST:
        raise Refuse("too_large", f"more than {MAX_LIST} events in one message")
    return found


def compacted(text: str) -> str | Rejected:
    """The compact form of a plate; empty where the text holds only separators. A text that has no such form is rejected,
    never shortened or guessed."""
    try:
        plate = compact(text[:200])
        if plate and plate != text and _UNREAD.search(text):
            return Rejected(reason="not_a_plate", detail="some of its characters were not read")
    except BadRecord as error:
        return Rejected(reason="not_a_plate", detail=error.detail)
    if len(plate) > LONGEST_PLATE or len(text) > 200:
        return Rejected(reason="not_a_plate", detail=f"longer than {LONGEST_PLATE} characters")
    return plate


def _others(texts: tuple[str, ...], plate: str) -> tuple[str, ...]:
    """The compact forms of the other texts that the sender considered, each once, in the sender's order, at most 16."""
    plates = [found for text in texts[:50] if isinstance(found := compacted(text), str) and found and found != plate]
    return tuple(dict.fromkeys(plates))[:16]


def identities(camera: Mapping[str, str]) -> dict[str, str]:
    """The camera's identities without empty ones, each cut to 200 characters."""
    return {name: value.strip()[:200] for name, value in camera.items() if value.strip()}


def place(lat: float | None, lon: float | None) -> Position | None:
    """The position; None where a number is missing or out of range, and for (0, 0) and (-1, -1), which cameras send for
    unknown."""
    if lat is None or lon is None or (lat, lon) in ((0, 0), (-1, -1)) or not (-90 <= lat <= 90 and -180 <= lon <= 180):
        return None
    return Position(lat=lat, lon=lon)
