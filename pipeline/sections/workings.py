"""The arithmetic of a violation, step by step, so that whoever judges it can follow with pencil and paper.

Each step is computed from what the violation states and the rule of law that it names, not taken from it; where a result differs
from what the violation says, the step says so.
"""

from fractions import Fraction
from math import floor
from typing import Annotated, Literal

import msgspec

from pipeline.law.book import Book, the_book
from pipeline.law.kinds import Tolerance
from pipeline.reads.drift import DRIFT_PPM
from pipeline.sections.speed import average_speed_kmh, exactly
from schemas.base import Count, EpochMs, Message, Text
from schemas.outcomes import Violation
from schemas.reads import PlateRead

Name = Literal["travel", "measured", "whole", "corrected", "excess", "doubt", "slowest", "slowest_excess"]
DECIMALS = 2
Figure = Annotated[str, msgspec.Meta(max_length=200)]


class Step(Message, frozen=True, kw_only=True):
    """One step. sum: the figures with their signs, e.g. 2000 m / 59 s x 3.6; result: the last figure, in km/h, ms or s.

    agrees: whether the violation states the same, or, of an excess, whether the rule makes it a violation; None: the violation
    does not state this figure.
    """

    name: Name
    sum: Figure
    result: Figure
    agrees: bool | None = None


class RuleShown(Message, frozen=True, kw_only=True):
    """The rule of law that was applied, its article and where it is published; see pipeline.law.kinds.Tolerance for its figures.
    read U: a jurist must confirm them."""

    article: Text
    source: Text
    in_force_from_ms: EpochMs
    read: Literal["V", "U"]
    version: Text
    subtract_kmh: Count
    subtract_percent: Count
    from_kmh: Count
    least_excess_kmh: Count
    least_excess_up_to_limit_kmh: Count


class Workings(Message, frozen=True, kw_only=True):
    """The steps, and the rule. rule None: the rule that the violation names is not installed here in that version, and steps that
    need it are left out."""

    steps: Annotated[tuple[Step, ...], msgspec.Meta(max_length=8)]
    rule: RuleShown | None = None

    @property
    def holds(self) -> bool:
        """Whether every step that can be computed agrees with the violation, and the rule is known."""
        return self.rule is not None and all(one.agrees is not False for one in self.steps)


def workings_of(violation: Violation, book: Book | None = None) -> Workings:
    """The arithmetic of this violation. book: other rules than those that are installed."""
    distance_m = exactly(violation.distance_m)
    entered, left = violation.entry.captured_at_ms, violation.exit.captured_at_ms
    travel_ms = left - entered
    steps = [
        Step(
            name="travel",
            sum=f"{left} - {entered} ms",
            result=f"{travel_ms} ms",
            agrees=travel_ms == violation.travel_ms,
        )
    ]
    if travel_ms <= 0:
        return Workings(steps=tuple(steps))
    measured = average_speed_kmh(distance_m, travel_ms)
    shown = floor(measured * 100)
    steps.append(
        Step(
            name="measured",
            sum=f"{_plain(distance_m)} m / {_plain(Fraction(travel_ms, 1000))} s x 3.6",
            result=f"{shown // 100}.{shown % 100:02} km/h",
            agrees=Fraction(shown, 100) == exactly(violation.measured_kmh),
        )
    )
    rule = _rule_of(violation, book or the_book())
    if rule is None:
        return Workings(steps=tuple(steps))
    steps += _against_the_limit(violation, rule, measured)
    doubt_ms = sum((doubt_of(violation, end) for end in ("entry", "exit")), Fraction(0))
    steps += _in_doubt(violation, rule, distance_m, travel_ms, doubt_ms)
    about = RuleShown(
        article=rule.article,
        source=rule.source,
        in_force_from_ms=int(rule.in_force_from.timestamp() * 1000),
        read=rule.read,
        version=rule.version,
        subtract_kmh=rule.subtract_kmh,
        subtract_percent=rule.subtract_percent,
        from_kmh=rule.from_kmh,
        least_excess_kmh=rule.least_excess_kmh,
        least_excess_up_to_limit_kmh=rule.least_excess_up_to_limit_kmh,
    )
    return Workings(steps=tuple(steps), rule=about)


def doubt_of(violation: Violation, end: Literal["entry", "exit"]) -> Fraction:
    """By how many ms the time of this end may be wrong, as far as the violation states its clock: the worst error, what the clock
    may have drifted since it was set, and how sure the time of the picture is."""
    read: PlateRead = violation.entry if end == "entry" else violation.exit
    clock = violation.entry_clock if end == "entry" else violation.exit_clock
    drifted = exactly(clock.sync_age_ms or 0) * DRIFT_PPM / 1_000_000
    return exactly(clock.worst_error_ms) + drifted + exactly(read.time_doubt_ms)


def _rule_of(violation: Violation, book: Book) -> Tolerance | None:
    """The tolerance that the violation names, in the version that it names; None: it is not installed."""
    kind, _, country = violation.rule.partition(".")
    if kind != Tolerance.kind:
        return None
    rule = book.rule_at(Tolerance, country, violation.exit.captured_at_ms)
    return rule if rule is not None and rule.version == violation.rule_version else None


def _against_the_limit(violation: Violation, rule: Tolerance, measured: Fraction) -> list[Step]:
    whole, corrected = floor(measured), rule.corrected_kmh(measured)
    excess = corrected - violation.limit_kmh
    proven = rule.is_violation(corrected, violation.limit_kmh)
    return [
        Step(name="whole", sum=f"{_two(measured)} km/h", result=f"{whole} km/h"),
        Step(
            name="corrected",
            sum=_less(rule, whole),
            result=f"{corrected} km/h",
            agrees=corrected == violation.corrected_kmh,
        ),
        Step(name="excess", sum=f"{corrected} - {violation.limit_kmh} km/h", result=f"{excess} km/h", agrees=proven),
    ]


def _in_doubt(
    violation: Violation, rule: Tolerance, distance_m: Fraction, travel_ms: int, doubt_ms: Fraction
) -> list[Step]:
    """The steps from the speed to the excess, with all doubt about the times counted for the driver."""
    slowest = average_speed_kmh(distance_m, travel_ms + doubt_ms)
    corrected = rule.corrected_kmh(slowest)
    proven = rule.is_violation(corrected, violation.limit_kmh)
    entry, exit_ = (_up(doubt_of(violation, end)) for end in ("entry", "exit"))
    longest = _plain_up(Fraction(travel_ms + doubt_ms, 1000))
    return [
        Step(name="doubt", sum=f"{entry} + {exit_} ms", result=f"{_up(doubt_ms)} ms"),
        Step(name="slowest", sum=f"{_plain(distance_m)} m / {longest} s x 3.6", result=f"{_two(slowest)} km/h"),
        Step(
            name="slowest_excess",
            sum=f"{_less(rule, floor(slowest))} = {corrected}; {corrected} - {violation.limit_kmh} km/h",
            result=f"{corrected - violation.limit_kmh} km/h",
            agrees=proven,
        ),
    ]


def _less(rule: Tolerance, whole_kmh: int) -> str:
    """What comes off a speed in whole km/h, as a sum."""
    if whole_kmh <= rule.from_kmh:
        return f"{whole_kmh} - {rule.subtract_kmh} km/h"
    return f"{whole_kmh} x {100 - rule.subtract_percent} / 100 km/h"


def _two(value: Fraction) -> str:
    """Rounded down to two decimals."""
    hundredths = floor(value * 100)
    return f"{hundredths // 100}.{hundredths % 100:02}"


def _up(value: Fraction) -> str:
    """Rounded up to two decimals: doubt is never made smaller."""
    return _two(Fraction(-floor(-value * 100), 100))


def _plain_up(seconds: Fraction) -> str:
    """Seconds rounded up to five decimals, without zeros at the end."""
    return _plain(Fraction(-floor(-seconds * 100_000), 100_000))


def _plain(value: Fraction) -> str:
    """A decimal number without zeros at its end. value: a fraction that a decimal number gave.

    >>> _plain(Fraction("2000.30")), _plain(Fraction(59)), _plain(Fraction(59_000, 1000))
    ('2000.3', '59', '59')
    """
    digits = f"{floor((value - floor(value)) * 10**9):09}".rstrip("0")
    return f"{floor(value)}.{digits}" if digits else f"{floor(value)}"
