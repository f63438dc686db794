"""Finds violations of one journey over several sections in a row. Where the law lets only the worst of them stand, the
others are withdrawn.

Sections belong in a row where one is left at a camera at which another is entered, or near it (surely within 35 m, never beyond
140 m), or where they have another end in common. Two violations of one plate are of one journey when the vehicle was on both
at once, when it left one as it entered the other, or when it left the one and entered the other no later than the sections
between them may take. In doubt they are of one journey, which is in the driver's favour.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from math import floor

import msgspec

from pipeline.law.book import the_book
from pipeline.law.kinds import SectionsInARow
from pipeline.sections.longest_way import longest_way_ms
from pipeline.sections.outcomes import Outcome, ProvesNothing, Withdrawn
from pipeline.sections.passages import REPEAT_MS, Name, names
from pipeline.sections.rules import Rules
from pipeline.sections.speed import badness
from pipeline.sections.vehicle import Decision, Vehicle, next_ms_of, without
from schemas.outcomes import Violation
from schemas.reference import Camera, Line, Section

LESSER = "lesser_of_several"
CELLS_A_DEGREE = 1_000
Place = str | tuple[int, int, float, float]


@dataclass(frozen=True, slots=True)
class SectionRow:
    """The sections in a row at one moment, by id, with the cameras as they were then. Empty where the law lets each
    violation stand."""

    sections: Mapping[str, Section]
    cameras: Mapping[str, Camera]

    @staticmethod
    def of(violation: Violation, rules: Rules) -> "SectionRow":
        """The sections in a row with that of the violation, at the time when the vehicle left it; none where the country's law then
        has no rule on sections in a row."""
        at_ms = violation.exit.captured_at_ms
        sections, cameras = rules.reference.sections.as_of(at_ms), rules.reference.cameras.as_of(at_ms)
        own = sections.get(violation.section_id)
        if own is None or (rules.book or the_book()).rule_at(SectionsInARow, own.country, at_ms) is None:
            return SectionRow({}, {})
        around = {
            one.section_id: _places((*one.entries, *one.exits), cameras)
            for one in sections.values()
            if one.country == own.country
        }
        found, places = {own.section_id}, around[own.section_id]
        while more := {other for other, its in around.items() if other not in found and its & places}:
            found |= more
            places = places.union(*(around[other] for other in more))
        return SectionRow({one: sections[one] for one in sorted(found)}, cameras)

    def is_one_journey(self, one: Violation, other: Violation) -> bool:
        """Whether the vehicle drove both violations on one journey. False for two on one section, and where one of the
        sections is not in this row."""
        first, second = sorted((one, other), key=lambda violation: violation.entry.captured_at_ms)
        if first.section_id == second.section_id or not {first.section_id, second.section_id} <= self.sections.keys():
            return False  # driven twice, or not in a row
        gap_ms = second.entry.captured_at_ms - first.exit.captured_at_ms
        return gap_ms <= REPEAT_MS or gap_ms <= self._longest_way_ms(first.section_id, second.section_id)

    def _longest_way_ms(self, from_id: str, to_id: str) -> int:
        """The sum of the longest travel times of the sections between these two, on the longest way from one to the other, and
        REPEAT_MS; -1: there is no way."""
        entered = {one.section_id: _places(one.entries, self.cameras) for one in self.sections.values()}
        left = {one.section_id: _places(one.exits, self.cameras) for one in self.sections.values()}
        onward = {one: [other for other in entered if left[one] & entered[other]] for one in left}
        travel_ms = {one.section_id: one.max_travel_ms for one in self.sections.values()}
        way_ms = longest_way_ms(travel_ms, onward, from_id, to_id)
        return -1 if way_ms is None else way_ms + REPEAT_MS


def beside(decision: Decision, rules: Rules) -> frozenset[str]:
    """The ids of the other sections whose vehicles of the same plate must be passed to `only_the_worst`."""
    rows = [SectionRow.of(one, rules).sections for one in decision.outcomes if isinstance(one, Violation)]
    return frozenset(section_id for row in rows for section_id in row) - {decision.vehicle.section_id}


@dataclass(frozen=True, slots=True)
class Lessened:
    """A vehicle on another section whose violation was withdrawn as the lesser, as it is remembered from now on. next_ms,
    forgotten: see Decision."""

    vehicle: Vehicle
    next_ms: int | None
    forgotten: frozenset[Name]


def only_the_worst(
    decision: Decision, others: Collection[Vehicle], rules: Rules
) -> tuple[Decision, tuple[Lessened, ...]]:
    """The decision without the violations that the law does not let stand beside a worse one of the same journey; where a
    new one is the worst, it withdraws the others. Second, the vehicles of the others that lose one by it.

    others: the vehicles of the same plate on the sections that `beside` returns.
    """
    vehicle, outcomes, gone = decision.vehicle, list[Outcome](), dict[str, Violation]()
    standing = [one for other in others for one in other.standing]
    for outcome in decision.outcomes:
        if not isinstance(outcome, Violation):
            outcomes.append(outcome)
            continue
        row = SectionRow.of(outcome, rules)
        journey = [one for one in standing if one.violation_id not in gone and row.is_one_journey(outcome, one)]
        worst = max(journey, key=_worth, default=None)
        if worst is not None and _worth(worst) > _worth(outcome):
            outcomes.append(ProvesNothing(outcome.section_id, LESSER, f"than {worst.violation_id}"))
            vehicle = without(vehicle, {outcome.violation_id}, rules)
            continue
        stands = outcome
        if worst is not None and outcome.corrects is None:
            stands = msgspec.structs.replace(outcome, corrects=worst.violation_id)
            proven = tuple(stands if one.violation_id == stands.violation_id else one for one in vehicle.proven)
            vehicle = replace(vehicle, proven=proven)
        outcomes += [stands, *(Withdrawn(one, LESSER) for one in journey)]
        gone |= {one.violation_id: one for one in journey}
    forgotten = decision.forgotten | (names(decision.vehicle.kept) - names(vehicle.kept))
    lessened = [_lessened(other, gone.keys(), rules) for other in others if _ids_of(other) & gone.keys()]
    found = replace(
        decision, vehicle=vehicle, outcomes=tuple(outcomes), next_ms=next_ms_of(vehicle, rules), forgotten=forgotten
    )
    return found, tuple(lessened)


def _ids_of(vehicle: Vehicle) -> set[str]:
    return {one.violation_id for one in vehicle.standing}


def _lessened(other: Vehicle, gone: Collection[str], rules: Rules) -> Lessened:
    left = without(other, gone, rules)
    return Lessened(left, next_ms_of(left, rules), frozenset(names(other.kept) - names(left.kept)))


def _worth(violation: Violation) -> tuple[object, int]:
    """The sort key by which one violation stands before another: it is worse, or as bad and earlier."""
    return badness(violation), -violation.entry.captured_at_ms


def _places(lines: Iterable[Line], cameras: Mapping[str, Camera]) -> set[Place]:
    """Keys of these lines' cameras that cameras at the same place have in common: the id, and cells of overlapping grids."""
    found: set[Place] = set()
    for camera_id in {line.camera_id for line in lines}:
        found.add(camera_id)
        camera = cameras.get(camera_id)
        if camera is not None and camera.position is not None:
            lat, lon = camera.position.lat * CELLS_A_DEGREE, camera.position.lon * CELLS_A_DEGREE
            found |= {(floor(lat + up), floor(lon + right), up, right) for up in (0.0, 0.5) for right in (0.0, 0.5)}
    return found
