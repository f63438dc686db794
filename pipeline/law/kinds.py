"""The kinds of rules that the law fixes, one class a kind. Their figures are in tables/, one file a kind.

Each rule (see pipeline.law.rule) brings worked examples (vectors) that hold whenever the tables are loaded.
"""

from calendar import monthrange
from datetime import UTC, datetime
from fractions import Fraction
from math import floor
from typing import Annotated, Literal

import msgspec

from pipeline.law.abroad import MayTell, SisStates, Treaty
from pipeline.law.rule import Rule, Text, Vector
from schemas.reads import VehicleClass
from schemas.reference import LimitKmh, Road

Days = Annotated[int, msgspec.Meta(ge=1, le=3_660)]
Kmh = Annotated[int, msgspec.Meta(ge=0, le=300)]
Percent = Annotated[int, msgspec.Meta(ge=0, le=50)]


class SpeedVector(Vector, frozen=True, kw_only=True):
    """A worked example: a measured speed, what it becomes after the tolerance, and whether it is a violation of this limit."""

    measured_kmh: float
    limit_kmh: LimitKmh
    corrected_kmh: Kmh
    violation: bool


class Tolerance(Rule, frozen=True, kw_only=True):
    """What is subtracted from a measured speed before it is held against a driver, and from which excess on it is a
    violation.

    Up to from_kmh, subtract_kmh is subtracted, above it subtract_percent. least_excess_kmh: the least number of km/h over
    the limit, after subtraction, that is a violation, for limits up to least_excess_up_to_limit_kmh; for higher limits it is
    1.
    """

    kind = "tolerance"
    subtract_kmh: Kmh
    subtract_percent: Percent
    from_kmh: Kmh
    least_excess_kmh: Annotated[int, msgspec.Meta(ge=1)] = 1
    least_excess_up_to_limit_kmh: Kmh = 0
    vectors: Annotated[tuple[SpeedVector, ...], msgspec.Meta(min_length=1)]

    def corrected_kmh(self, measured_kmh: Fraction) -> int:
        """The speed held against the driver, in whole km/h: rounded down before and after the subtraction, never below 0."""
        whole_kmh = floor(measured_kmh)
        if whole_kmh <= self.from_kmh:
            return max(0, whole_kmh - self.subtract_kmh)
        return whole_kmh * (100 - self.subtract_percent) // 100

    def is_violation(self, corrected_kmh: int, limit_kmh: int) -> bool:
        """Whether this corrected speed is a violation of the limit."""
        within = limit_kmh <= self.least_excess_up_to_limit_kmh
        return corrected_kmh >= limit_kmh + (self.least_excess_kmh if within else 1)

    @property
    def in_words(self) -> str:
        """The rule as text for the evidence."""
        words = (
            f"{self.country}: measured speed rounded down to whole km/h, less {self.subtract_kmh} km/h up to {self.from_kmh} km/h, "
            f"less {self.subtract_percent} % above, rounded down"
        )
        if self.least_excess_kmh > 1:
            words += f"; from {self.least_excess_kmh} km/h over limits up to {self.least_excess_up_to_limit_kmh} km/h"
        return words

    def wrong_vectors(self) -> tuple[Vector, ...]:
        """The worked examples that this rule does not agree with; see Rule.wrong_vectors."""
        return tuple(
            vector
            for vector in self.vectors
            if vector.corrected_kmh != (corrected := self.corrected_kmh(Fraction(str(vector.measured_kmh))))
            or vector.violation != self.is_violation(corrected, vector.limit_kmh)
        )


class LengthVector(Vector, frozen=True, kw_only=True):
    """A worked example: a certified distance, and whether an average speed over it proves anything."""

    metres: float
    long_enough: bool


class SectionLength(Rule, frozen=True, kw_only=True):
    """The shortest section over which an average speed proves a violation."""

    kind = "section_length"
    least_m: Annotated[int, msgspec.Meta(ge=1)]
    vectors: Annotated[tuple[LengthVector, ...], msgspec.Meta(min_length=1)]

    def long_enough(self, distance_m: Fraction) -> bool:
        """Whether the certified distance is long enough."""
        return distance_m >= self.least_m

    def wrong_vectors(self) -> tuple[Vector, ...]:
        """The worked examples that this rule does not agree with; see Rule.wrong_vectors."""
        return tuple(v for v in self.vectors if v.long_enough != self.long_enough(Fraction(str(v.metres))))


class InARowVector(Vector, frozen=True, kw_only=True):
    """A worked example: by how many km/h each of several sections in a row was driven too fast, in order, and the index (from
    0) of the one violation that stands."""

    excess_kmh: Annotated[tuple[Kmh, ...], msgspec.Meta(min_length=2)]
    stands: Annotated[int, msgspec.Meta(ge=0)]


class SectionsInARow(Rule, frozen=True, kw_only=True):
    """How many violations one journey over several sections in a row makes: the worst alone, of equal ones the first."""

    kind = "sections_in_a_row"
    stand: Literal["worst"]
    vectors: Annotated[tuple[InARowVector, ...], msgspec.Meta(min_length=1)]

    def wrong_vectors(self) -> tuple[Vector, ...]:
        """The worked examples that this rule does not agree with; see Rule.wrong_vectors."""
        return tuple(v for v in self.vectors if v.stands != v.excess_kmh.index(max(v.excess_kmh)))


class ClassVector(Vector, frozen=True, kw_only=True):
    """A worked example: a class of vehicles and its limit; None: the class has no limit of its own."""

    vehicle_class: VehicleClass
    limit_kmh: LimitKmh | None = None


class ClassLimits(Rule, frozen=True, kw_only=True):
    """The highest speed of some classes of vehicles on one kind of road, even where its signs show a higher limit."""

    kind = "class_limits"
    road: Road
    limits_kmh: dict[VehicleClass, LimitKmh]
    vectors: Annotated[tuple[ClassVector, ...], msgspec.Meta(min_length=1)]

    @property
    def about(self) -> str:
        """The kind of road."""
        return self.road

    def wrong_vectors(self) -> tuple[Vector, ...]:
        """The worked examples that this rule does not agree with; see Rule.wrong_vectors."""
        return tuple(v for v in self.vectors if v.limit_kmh != self.limits_kmh.get(v.vehicle_class))


class AgeVector(Vector, frozen=True, kw_only=True):
    """A worked example: how many days ago something was recorded, and whether the rule still allows it to be kept or used."""

    age_days: Annotated[int, msgspec.Meta(ge=0)]
    allowed: bool


class MonthVector(Vector, frozen=True, kw_only=True):
    """A worked example: when something was recorded, a later moment (asked), and whether the calendar months still let it be
    used then."""

    recorded: datetime
    asked: datetime
    allowed: bool


class Retention(Rule, frozen=True, kw_only=True):
    """For how many days at most what cameras record may be kept."""

    kind = "retention"
    days: Days
    vectors: Annotated[tuple[AgeVector, ...], msgspec.Meta(min_length=1)]

    def wrong_vectors(self) -> tuple[Vector, ...]:
        """The worked examples that this rule does not agree with; see Rule.wrong_vectors."""
        return tuple(v for v in self.vectors if v.allowed != (v.age_days <= self.days))


class OrdinaryAccess(Rule, frozen=True, kw_only=True):
    """For how many days, and, where calendar_months is given, for how many calendar months at most, what cameras record may be used
    without a magistrate's decision; later uses need what later_needs says."""

    kind = "ordinary_access"
    days: Days
    calendar_months: Annotated[int, msgspec.Meta(ge=1, le=12)] | None = (
        None  # and no longer than these, from the recording
    )
    later_needs: Text
    vectors: Annotated[tuple[AgeVector, ...], msgspec.Meta(min_length=1)]
    month_vectors: tuple[MonthVector, ...] = ()

    def earliest(self, now: datetime) -> datetime:
        """The earliest time of a recording that may still be used at `now` by the calendar months (see before); the year 1
        where the rule names no months."""
        return datetime.min.replace(tzinfo=UTC) if self.calendar_months is None else before(now, self.calendar_months)

    def wrong_vectors(self) -> tuple[Vector, ...]:
        """The worked examples that this rule does not agree with; see Rule.wrong_vectors."""
        by_age = (v for v in self.vectors if v.allowed != (v.age_days <= self.days))
        by_month = (v for v in self.month_vectors if v.allowed != (v.recorded >= self.earliest(v.asked)))
        return (*by_age, *by_month)


def before(now: datetime, months: int) -> datetime:
    """The moment the given number of calendar months before `now`: a recording from before it is too old to be used.

    Where the earlier month lacks the day, it is the beginning of the month after that one.

    >>> [f"{before(datetime(2026, 3, day, 10, tzinfo=UTC), 1):%d %b %H:%M}" for day in (15, 30)]
    ['15 Feb 10:00', '01 Mar 00:00']
    """
    at = now.year * 12 + now.month - 1 - months
    year, month = divmod(at, 12)
    if now.day <= monthrange(year, month + 1)[1]:
        return now.replace(year=year, month=month + 1)
    year, month = divmod(at + 1, 12)
    return now.replace(year=year, month=month + 1, day=1, hour=0, minute=0, second=0, microsecond=0)


KINDS: tuple[type[Rule], ...] = (
    Tolerance, SectionLength, SectionsInARow, ClassLimits, Retention, OrdinaryAccess, Treaty, MayTell, SisStates,
)  # fmt: skip
