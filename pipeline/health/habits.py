"""What a camera usually sends in each hour of the week, learned from whole hours; and how likely other marks of its reads are."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

from pipeline.health.views import View

HOUR_MS = 3_600_000
HOURS = 168
MOST_WEEKS = 4
"""An hour's rate is the mean of about so many weeks, so that it follows the seasons."""
DAY = 24


class Habit(msgspec.Struct, kw_only=True):
    """What one camera usually sends. rates: reads in each hour of the week, Monday's first; weeks: from how many weeks each is
    known, 0: not yet. delay_s: from capture to arrival of its quickest reads; confidence: of its reads on average; each None
    until it is known. last_ms: its last read's arrival (UTC); 0: none. lately: reads in each of the last whole hours, the latest
    last, at most DAY; None: not counted; until_ms: when the last of them ended (UTC). view: what its pictures usually show."""

    rates: list[float] = msgspec.field(default_factory=lambda: [0.0] * HOURS)
    weeks: list[int] = msgspec.field(default_factory=lambda: [0] * HOURS)
    delay_s: float | None = None
    confidence: float | None = None
    last_ms: int = 0
    lately: list[int | None] = msgspec.field(default_factory=list)
    until_ms: int = 0
    view: View = msgspec.field(default_factory=View)

    def learn(self, hour: int, count: int) -> None:
        """Take in how many reads a whole hour of the week had."""
        weeks = self.weeks[hour]
        self.rates[hour] += (count - self.rates[hour]) / (weeks + 1)
        self.weeks[hour] = min(weeks + 1, MOST_WEEKS - 1)

    def count(self, until_ms: int, count: int | None) -> None:
        """Take in how many reads the hour that ended at until_ms (UTC) had; None: it was not watched whole. The hours between the
        last one that was taken in and this one count as not watched."""
        missed = min((until_ms - self.until_ms) // HOUR_MS - 1, DAY) if self.lately else 0
        self.lately = [*self.lately, *[None] * missed, count][-DAY:]
        self.until_ms = until_ms

    def rate(self, hour: int) -> float | None:
        """The reads to expect in an hour of the week; None: nothing is known that would tell.

        An hour that is not known yet is taken to have the least of what that hour of the day had on other days: Sundays' from
        working days would promise too much.
        """
        if self.weeks[hour]:
            return self.rates[hour]
        return min((self.rates[one] for one in range(hour % 24, HOURS, 24) if self.weeks[one]), default=None)


def usual(habit: Habit, until_ms: int, zone: ZoneInfo) -> Sequence[float | None]:
    """The reads to expect in each of the DAY hours before until_ms (UTC, a whole hour), the latest last; None: not known."""
    begins = range(until_ms - DAY * HOUR_MS, until_ms, HOUR_MS)
    return [habit.rate(hour_of_week(one, zone)) for one in begins]


def hour_of_week(at_ms: int, zone: ZoneInfo) -> int:
    """The hour of the week, 0 (Monday, 0 h) to 167, at at_ms (UTC) in this zone, whose offset is of whole hours; the hour that
    comes twice in autumn has the same number both times.

    >>> hour_of_week(1_777_888_800_000, ZoneInfo("Europe/Brussels"))  # a Monday, 12 h in summer time
    12
    """
    return _hour_of_week(at_ms // HOUR_MS, zone)


@lru_cache(maxsize=1024)
def _hour_of_week(hour: int, zone: ZoneInfo) -> int:
    at = datetime.fromtimestamp(hour * HOUR_MS / 1000, zone)
    return at.weekday() * 24 + at.hour


def spans(from_ms: int, until_ms: int) -> Iterator[tuple[int, float]]:
    """The parts of a period by hours: where each begins (UTC ms), and which share of an hour it is."""
    at_ms = from_ms
    while at_ms < until_ms:
        end_ms = min((at_ms // HOUR_MS + 1) * HOUR_MS, until_ms)
        yield at_ms, (end_ms - at_ms) / HOUR_MS
        at_ms = end_ms
