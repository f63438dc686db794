"""Decides which capture times are believed. Recognises clocks that were never set, that are off by a time zone, or that run
ahead."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from pipeline.gateway.items import Rejected
from pipeline.gateway.request import Circumstances
from pipeline.gateway.times import Moment

NEVER_SET_BEFORE_MS = int(datetime(2015, 1, 1, tzinfo=UTC).timestamp() * 1000)
"""Cameras start at 1970 or 2000 when their battery is empty; none that is still in use was made before this. An own choice."""
AHEAD_MS = 10_000
LIVE_MS = 60_000
"""A message that says it is live and is older than this has a wrong clock. As the bound of alerts (VIGIE_LIVE_BOUND_MS)."""
BUFFERED_MS = 600_000
"""What is older than this came from a buffer: an outage, no delay of the road. An own choice."""
ZONE_WITHIN_MS = 90_000
"""An age this near to the difference of two zones is one. An own choice."""


class Dated(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A capture time that was checked, UTC ms.

    said: from where it was taken, in words. synced False: the message states no time, or its clock was never set, so it is the
    time of arrival. late: it came from a buffer, or is more than ten minutes old with nothing against it. suspect: why it
    may be wrong, in words; None: nothing speaks against it.
    """

    ms: int
    said: str
    synced: bool = True
    late: bool = False
    suspect: str | None = None


def dated(
    moment: Moment | None, around: Circumstances, *, buffered: bool | None = None, as_sent: str = ""
) -> Dated | Rejected:
    """The checked capture time; that of arrival where the message states none or one before 2015. Rejected where such a message
    comes from a buffer. moment None: the message states no time that can be read. buffered: whether the sender says that
    it comes from a buffer; None: it does not say. as_sent: the time as it was sent, for a person."""
    arrival = around.received_at_ms
    if moment is None or moment.ms < NEVER_SET_BEFORE_MS:
        unread = (
            f"{as_sent[:80]!r} is no time that can be read" if as_sent else "no time in the message that can be read"
        )
        why = unread if moment is None else f"{moment.said} is before 2015"
        if buffered:
            return Rejected(reason="clock_not_set", detail=f"{why}, and it comes from a buffer")
        return Dated(ms=arrival, said=f"arrival: {why}", synced=False)
    suspect = moment.suspect or _suspect(moment, around, buffered)
    late = buffered is True or (arrival - moment.ms > BUFFERED_MS and suspect is None)
    return Dated(ms=moment.ms, said=moment.said, late=late, suspect=suspect)


def _suspect(moment: Moment, around: Circumstances, buffered: bool | None) -> str | None:
    """Why the time may be wrong; None: no reason found."""
    age = around.received_at_ms - moment.ms
    if age < -AHEAD_MS:
        return f"{-age / 1000:.0f} s after it arrived: the clock or its zone is wrong"
    if buffered or age <= LIVE_MS:
        return None
    for zone_min in _zone_errors(moment, around):
        if abs(age - zone_min * 60_000) <= ZONE_WITHIN_MS:
            return f"{_age(age)} old, exactly as if its zone were wrong by {zone_min} min"
    return f"said to be live, yet {_age(age)} old" if buffered is False else None


def _zone_errors(moment: Moment, around: Circumstances) -> set[int]:
    """By how many minutes a time would be too old if its zone were wrong in a usual way; an
    empty set where the time was sent as a number."""
    here = _offset_min(around.zone, around.received_at_ms)
    found = {60, here} if moment.by_zone else set()  # kept in UTC, or an hour behind: summer time is not followed
    if moment.offset_min is not None:
        found = {moment.offset_min - here}
    return {minutes for minutes in found if minutes > 0}


def _offset_min(zone: str, at_ms: int) -> int:
    try:
        offset = datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone)).utcoffset()
    except (ZoneInfoNotFoundError, ValueError, OSError, OverflowError):
        return 0
    return int(offset.total_seconds() // 60) if offset is not None else 0


def _age(ms: int) -> str:
    return f"{ms // 3_600_000} h {ms // 60_000 % 60} min {ms / 1000 % 60:.1f} s"
