"""Computes when a picture was taken from what a camera calls its time.

An explicit UTC number or offset counts first; a time without a zone is in the zone that is set for the camera, else in the
one that the maker's document names, else in the site's. A time that exists twice is the one nearest before arrival; one that does
not exist is read in winter time, and that is reported. Nothing is corrected by a guess: either a setting says so, or the time stays
and `suspect` says why it may be wrong.
"""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from pipeline.gateway.items import Refuse
from pipeline.gateway.request import Circumstances, DateOrder

LATEST_MS = 4_102_444_800_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CLOCK = r"(\d{1,2})[:hH.-](\d{2})(?:[:mM.-](\d{2})(?:(?:[.,:]|-(?=\d{3}(?!\d)))(\d{1,9}))?)?s?"
_ZONE = r"\s*(?:(?:UTC|GMT)(?=[+-]))?(Z|UTC|GMT|CET|CEST|[+-]\d{2}:?\d{2}|[+-]\d{2}|(?<=\d) \d{2}:\d{2})?"
_DATED = re.compile(rf"(\d{{4}})[-/.:](\d{{1,2}})[-/.:](\d{{1,2}})[T ,_-]+{_CLOCK}{_ZONE}", re.IGNORECASE)
_ORDERED = re.compile(rf"(\d{{1,2}})[-/.](\d{{1,2}})[-/.](\d{{4}})[T ,_]+{_CLOCK}\s*([AP]M)?{_ZONE}", re.IGNORECASE)
_COMPACT = re.compile(rf"(\d{{4}})(\d{{2}})(\d{{2}})[T ,_]+{_CLOCK}{_ZONE}", re.IGNORECASE)
_NAMED = re.compile(
    rf"(?:[a-z]{{3,9}},?\s+)?(\d{{1,2}})[- ]([a-z]{{3}})[a-z]{{0,6}}[-, ]+(\d{{4}})[T ,]+{_CLOCK}\s*([AP]M)?{_ZONE}",
    re.IGNORECASE,
)
_IN_JSON = re.compile(
    r"\\?/Date\((\d{1,14})(?:[+-]\d{4})?\)\\?/"
)  # the offset is where the clock stands, of no matter here
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DIGITS = re.compile(
    rf"(\d{{4}})(\d{{2}})(\d{{2}})[T _-]?(\d{{2}})(\d{{2}})(\d{{2}})[.,]?(\d{{1,9}})?{_ZONE}", re.IGNORECASE
)


_CENTRAL_MIN = {"CET": 60, "CEST": 120}


class Wall(msgspec.Struct, frozen=True, gc=False):
    """A time written in a text: the wall clock, its offset from UTC in minutes if the text states one, and whether it has
    fractions of a second."""

    clock: datetime  # without a zone
    offset_min: int | None = None
    has_fraction: bool = False


class Moment(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A capture time, UTC ms, and how the message states it."""

    ms: int
    said: str  # which field, how taken
    offset_min: int | None = None  # that the message said; None: it said none
    by_zone: bool = False  # a wall clock, read in a zone that the message does not say
    suspect: str | None = None


def wall_of(text: str, order: DateOrder | None = None) -> Wall | None:
    """The wall clock in a text, in the forms that cameras use; None where there is none.

    Raises Refuse for a date whose day and month can be either, unless `order` says which.

    >>> wall_of("2026-06-12T08:15:19+02:00").offset_min, wall_of("20260612 091010100").has_fraction, wall_of("x")
    (120, True, None)
    """
    text = text[:200].strip()[:80]
    if found := _DATED.fullmatch(text) or _COMPACT.fullmatch(text):
        year, month, day, *rest = found.groups()
        return _wall(year, month, day, rest[:4], None, rest[4])
    if found := _DIGITS.fullmatch(text):
        year, month, day, *rest = found.groups()
        return _wall(year, month, day, rest[:4], None, rest[4])
    if found := _ORDERED.fullmatch(text):
        one, other, year, *rest = found.groups()
        day, month = _day_and_month(int(one), int(other), order)
        return _wall(year, str(month), str(day), rest[:4], rest[4], rest[5])
    if (found := _NAMED.fullmatch(text)) and (name := found[2].lower()) in _MONTHS:
        day, _name, year, *rest = found.groups()
        return _wall(year, str(_MONTHS.index(name) + 1), day, rest[:4], rest[4], rest[5])
    return None


def _day_and_month(one: int, other: int, order: DateOrder | None) -> tuple[int, int]:
    if order is None and one <= 12 and other <= 12 and one != other:
        raise Refuse(
            "ambiguous_date",
            f"{one}/{other} can be a day and a month both ways: set the camera's date_order, or a mapping's format",
        )
    if order == "month_first" and one <= 12:
        return other, one
    return (other, one) if order is None and other > 12 else (one, other)


def _wall(year: str, month: str, day: str, clock: list[str | None], half: str | None, zone: str | None) -> Wall | None:
    hour, minute, second, fraction = (part or "0" for part in clock)
    hours = int(hour)
    if half:
        hours = hours % 12 + (12 if half.upper() == "PM" else 0)
    micros = round(int(fraction[:7].ljust(7, "0")) / 10)
    try:
        at = datetime(int(year), int(month), int(day), hours, int(minute), min(int(second), 59))  # noqa: DTZ001 (a wall clock)
        at += timedelta(microseconds=micros, seconds=1 if second == "60" else 0)
    except (ValueError, OverflowError):
        return None
    return Wall(at, _offset_min(zone), clock[3] is not None)


def _offset_min(zone: str | None) -> int | None:
    if not zone or not (zone := zone.strip()):
        return None
    if zone.upper() in ("Z", "UTC", "GMT"):
        return 0
    if zone.upper() in _CENTRAL_MIN:
        return _CENTRAL_MIN[zone.upper()]
    sign = -1 if zone[0] == "-" else 1  # a + that was not escaped in a query arrives as a blank
    digits = re.sub(r"\D", "", zone).ljust(4, "0")
    return sign * (int(digits[:2]) * 60 + int(digits[2:]))


def ms_of(at: datetime) -> int:
    """Milliseconds since 1970 of a time with a zone, rounded."""
    return (at - EPOCH) // timedelta(microseconds=500) // 2 + ((at - EPOCH) // timedelta(microseconds=500)) % 2


def in_utc(wall: Wall, offset_min: int, said: str) -> Moment:
    """The moment at which a wall clock with this offset from UTC shows the time."""
    at = wall.clock.replace(tzinfo=UTC) - timedelta(minutes=offset_min)
    return Moment(ms=ms_of(at), said=said)


def moment_of(text: str, field: str, around: Circumstances, *, zone: str | None = None) -> Moment | None:
    """The moment that a text names; None where it names none. field: the field's name, for `said`. zone: the zone that the
    maker's document says for times without one, used where none is set for the camera; None: the site's.

    Raises Refuse for a date that can be read in two ways, and for a zone that is not known.
    """
    if found := _IN_JSON.fullmatch(text[:200].strip()):
        return epoch(int(found[1]), 1000, field)
    wall = wall_of(text, around.camera_settings.date_order)
    return moment_of_wall(wall, field, around, zone=zone) if wall is not None else None


def moment_of_wall(wall: Wall, field: str, around: Circumstances, *, zone: str | None = None) -> Moment:
    """As `moment_of`, for a time that was already parsed: its own offset counts, unless the camera's settings call it wrong."""
    if wall.offset_min is not None and not around.camera_settings.offset_is_wrong:
        moment = in_utc(wall, wall.offset_min, f"{field} with its offset")
        return msgspec.structs.replace(moment, offset_min=wall.offset_min)
    fixed = zone is not None and around.camera_settings.zone is None
    zone = around.camera_settings.zone or zone or around.site_zone
    said = f"{field} in {zone}" + (", its offset disregarded as set" if wall.offset_min is not None else "")
    moment = _in_zone(wall, zone, said, around.received_at_ms)
    return msgspec.structs.replace(moment, by_zone=not fixed)


def _in_zone(wall: Wall, zone: str, said: str, received_at_ms: int) -> Moment:
    try:
        there = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Refuse("unreadable", f"the zone {zone!r} is not known") from error
    if wall.clock.year < 1971 or wall.clock.year > 2099:
        return in_utc(wall, 0, said)
    early, late = (wall.clock.replace(tzinfo=there, fold=fold) for fold in (0, 1))
    offsets = [int((at.utcoffset() or timedelta()).total_seconds() // 60) for at in (early, late)]
    first, second = (in_utc(wall, offset, said) for offset in offsets)
    if first.ms == second.ms:
        return first
    if first.ms > second.ms:  # skipped by the clock in spring: the offset before the change is winter's
        winter = first if offsets[0] < offsets[1] else second
        return msgspec.structs.replace(
            winter, suspect=f"{field_time(wall)} does not exist in {zone}: read in winter time"
        )
    return msgspec.structs.replace(
        second if second.ms <= received_at_ms else first, said=f"{said}, which exists twice: nearest before arrival"
    )


def field_time(wall: Wall) -> str:
    """The wall clock as text for a person."""
    return wall.clock.isoformat(sep=" ", timespec="seconds")


def epoch(number: float | int | None, per_second: int, field: str) -> Moment | None:
    """The moment of a number of units since 1970; None for a missing number and for one outside 1970..2100. per_second:
    units in a second, as the maker's document says; it is never guessed from the number. field: see moment_of."""
    if number is None or number <= 0:
        return None
    ms = (number * 2000 // per_second + 1) // 2 if isinstance(number, int) else round(number * 1000 / per_second)
    return Moment(ms=int(ms), said=field) if 0 < ms <= LATEST_MS else None


def local_epoch(number: int | None, ms: int, field: str, around: Circumstances) -> Moment | None:
    """The moment of a wall clock that the camera wrote as seconds since 1970 as if it were UTC; None as for `epoch`. ms: to
    be added. field: see moment_of."""
    if number is None or not 0 < number < LATEST_MS // 1000:
        return None
    clock = EPOCH.replace(tzinfo=None) + timedelta(seconds=number, milliseconds=ms)
    return moment_of_wall(Wall(clock, None, bool(ms)), f"{field} as the wall clock, as set", around)
