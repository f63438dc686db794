"""The rules of law, read once from tables/ and checked as a whole; looked up by kind, country and moment.

>>> day = 86_400_000
>>> rule_at(Tolerance, "BE", 20_000 * day).subtract_kmh, rule_at(Tolerance, "BE", 0), rule_at(Tolerance, "XX", 20_000 * day)
(6, None, None)
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import msgspec

from pipeline.errors import Misconfigured
from pipeline.law.kinds import KINDS, OrdinaryAccess, Retention, Tolerance
from pipeline.law.rule import Rule

TABLES = Path(__file__).with_name("tables")
R = TypeVar("R", bound=Rule)
HOUR_MS = 3_600_000
FOREVER_MS = 253_402_300_799_000

__all__ = ["Book", "Tolerance", "days_kept", "kept_days", "load_book", "rule_at", "the_book"]


@dataclass(frozen=True, slots=True)
class Period:
    """A rule and the period in which it is in force, ms UTC. where: its file and table, for messages."""

    from_ms: int
    until_ms: int
    rule: Rule
    where: str


@dataclass(frozen=True, slots=True)
class Book:
    """All rules, by kind, country and `about`, in the order of time."""

    periods: Mapping[tuple[type[Rule], str, str], tuple[Period, ...]]

    def rule_at(self, kind: type[R], country: str, at_ms: int, about: str = "") -> R | None:
        """The rule of this kind, country and subject in force at at_ms (UTC); None if none is in force then. about: for class
        limits the kind of road, for treaties the id, else empty."""
        for period in self.periods.get((kind, country, about), ()):
            if period.from_ms <= at_ms < period.until_ms:
                assert isinstance(period.rule, kind)  # it is the key that it was filed under
                return period.rule
        return None

    def rules(self) -> Iterable[Rule]:
        """Every rule, by kind, country and time."""
        return (period.rule for periods in self.periods.values() for period in periods)


def load_book(folder: Path = TABLES) -> Book:
    """Read every rule in the folder. Raises Misconfigured, naming file and table, for an unknown file, an unreadable or wrong
    rule, or rules of one kind, country and subject whose periods overlap."""
    known = {f"{kind.kind}.toml": kind for kind in KINDS}
    for path in sorted(folder.iterdir()):
        if path.name not in known:
            raise Misconfigured(f"the law in {path}", found=path.name, allowed=f"one of {', '.join(sorted(known))}")
    filed: dict[tuple[type[Rule], str, str], list[Period]] = {}
    for name, kind in known.items():
        for period in _periods(folder / name, kind):
            filed.setdefault((kind, period.rule.country, period.rule.about), []).append(period)
    return Book({key: _in_order(periods) for key, periods in filed.items()})


def _periods(path: Path, kind: type[Rule]) -> Iterable[Period]:
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"the law in {path}", found=str(error), allowed="a readable file") from error
    try:
        tables = msgspec.toml.decode(text, type=dict[str, dict[str, object]])
    except msgspec.DecodeError as error:
        raise Misconfigured(f"the law in {path}", found=str(error), allowed="TOML, one rule a table") from error
    for name, fields in tables.items():
        yield _period(f"{path} [{name}]", fields, kind)


def _period(where: str, fields: Mapping[str, object], kind: type[Rule]) -> Period:
    try:
        rule = msgspec.convert(fields, kind)
    except msgspec.ValidationError as error:
        raise Misconfigured(
            f"the law in {where}", found=str(error), allowed="what pipeline/law/kinds.py says"
        ) from error
    until = rule.in_force_until
    if rule.in_force_from.tzinfo is None or (until is not None and until.tzinfo is None):
        raise Misconfigured(f"the law in {where}", found="no offset", allowed="moments with their offset from UTC")
    if rule.read == "U" and not rule.note:
        raise Misconfigured(f"the law in {where}", found="no note", allowed="a note saying what was not read")
    if wrong := rule.wrong_vectors():
        raise Misconfigured(f"the law in {where}", found=str(wrong[0]), allowed="vectors that the rule agrees with")
    from_ms = int(rule.in_force_from.timestamp() * 1000)
    until_ms = FOREVER_MS if until is None else int(until.timestamp() * 1000)
    if until_ms <= from_ms:
        raise Misconfigured(f"the law in {where}", found=str(until), allowed=f"an end after {rule.in_force_from}")
    return Period(from_ms, until_ms, rule, where)


def _in_order(periods: list[Period]) -> tuple[Period, ...]:
    ordered = sorted(periods, key=lambda period: period.from_ms)
    for earlier, later in pairwise(ordered):
        if later.from_ms < earlier.until_ms:
            found = f"in force while {earlier.where} still is"
            raise Misconfigured(f"the law in {later.where}", found=found, allowed="periods that do not overlap")
    return tuple(ordered)


@cache
def the_book() -> Book:
    """The rules that this installation carries, read on first use. Raises Misconfigured as load_book does."""
    return load_book()


def rule_at(kind: type[R], country: str, at_ms: int, about: str = "") -> R | None:
    """The rule of this kind in force in the country (ISO 3166-1 alpha-2) at at_ms (UTC); None if none is in force then.

    about: for class limits the kind of road, for treaties the id, else empty.
    """
    return the_book().rule_at(kind, country, at_ms, about)


def kept_days(country: str, at_ms: int) -> int | None:
    """For how many days the platform keeps reads, pictures and outcomes: the lesser of how long the law lets them be used
    without a magistrate's decision, and how long it lets them be kept. None where no rule on retention is in force in the
    country at at_ms (UTC)."""
    retention = rule_at(Retention, country, at_ms)
    if retention is None:
        return None
    access = rule_at(OrdinaryAccess, country, at_ms)
    return retention.days if access is None else min(retention.days, access.days)


@lru_cache(maxsize=64)
def _days_by_calendar(country: str, hour: int) -> int | None:
    now_ms = (hour + 1) * HOUR_MS  # the end of the hour: rather too early than too late
    access = rule_at(OrdinaryAccess, country, now_ms)
    if access is None or access.calendar_months is None:
        return None
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    return max(0, (now - access.earliest(now)).days)


def days_kept(setting: int, country: str, now_ms: int) -> int:
    """For how many days back from now_ms (UTC) recordings may be kept: `setting`, or fewer if the country's law on ordinary
    access counts in calendar months and these have fewer days.

    >>> [days_kept(30, "BE", int(datetime(2026, month, 15, tzinfo=UTC).timestamp() * 1000)) for month in (3, 5, 6)]
    [28, 30, 30]
    """
    by_calendar = _days_by_calendar(country, now_ms // HOUR_MS)
    return setting if by_calendar is None else min(setting, by_calendar)
