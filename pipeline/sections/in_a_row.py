"""Finds violations of one journey over several sections in a row. Where the law lets only the worst of them stand, the
others are withdrawn.

Sections belong in a row where one is left at a camera at which another is entered, or some 50 m from it, and where they have
an end in common. Two violations of one plate are of one journey when the vehicle was on both at once, when it left one as it
entered the other, or when it left the one and entered the other no later than the sections between them may take. In doubt
they are of one journey, which is in the driver's favour.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import floor

import msgspec

from pipeline.law.book import the_book
from pipeline.law.kinds import SectionsInARow
from pipeline.sections.outcomes import Outcome, ProvesNothing, Withdrawn
from pipeline.sections.passages import REPEAT_MS, names, passages_of
from pipeline.sections.speed import badness
from pipeline.sections.vehicle import Decision, Rules, Vehicle, proves
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
        """The sections in a row with that of the violation, at the time when the vehicle left it."""
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
        """The sum of the longest travel times of the sections between these two, on the longest way from one to the other;
        -1: there is no way."""
        entered = {one.section_id: _places(one.entries, self.cameras) for one in self.sections.values()}
        left = {one.section_id: _places(one.exits, self.cameras) for one in self.sections.values()}

        def longest(here: str, seen: frozenset[str]) -> int:
            ways = [REPEAT_MS] if left[here] & entered[to_id] else []
            for between in self.sections.keys() - seen:
                if left[here] & entered[between] and (on := longest(between, seen | {between})) >= 0:
                    ways.append(self.sections[between].max_travel_ms + on)
            return max(ways, default=-1)

        return longest(from_id, frozenset((from_id, to_id)))


def beside(decision: Decision, rules: Rules) -> frozenset[str]:
    """The ids of the other sections whose violations of the same plate must be passed to `only_the_worst`."""
    rows = [SectionRow.of(one, rules).sections for one in decision.outcomes if isinstance(one, Violation)]
    return frozenset(section_id for row in rows for section_id in row) - {decision.vehicle.section_id}


def only_the_worst(decision: Decision, others: Sequence[Violation], rules: Rules) -> Decision:
    """The decision without the violations that the law does not let stand beside a worse one of the same journey; where a
    new one is the worst, it withdraws the others. others: the violations of the same plate that stand on the sections that
    `beside` returns."""
    vehicle, outcomes = decision.vehicle, list[Outcome]()
    for outcome in decision.outcomes:
        if not isinstance(outcome, Violation):
            outcomes.append(outcome)
            continue
        row = SectionRow.of(outcome, rules)
        journey = [other for other in others if row.is_one_journey(outcome, other)]
        worst = max(journey, key=_worth, default=None)
        if worst is not None and _worth(worst) > _worth(outcome):
            outcomes.append(ProvesNothing(outcome.section_id, LESSER, f"than {worst.violation_id}"))
            vehicle = _without(vehicle, outcome)
            continue
        stands = outcome
        if worst is not None and outcome.corrects is None:
            stands = msgspec.structs.replace(outcome, corrects=worst.violation_id)
            proven = tuple(stands if one.violation_id == stands.violation_id else one for one in vehicle.proven)
            vehicle = replace(vehicle, proven=proven)
        outcomes += [stands, *(Withdrawn(other, LESSER) for other in journey)]
    forgotten = decision.forgotten | (names(decision.vehicle.kept) - names(vehicle.kept))
    return replace(decision, vehicle=vehicle, outcomes=tuple(outcomes), forgotten=forgotten)


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


def _without(vehicle: Vehicle, violation: Violation) -> Vehicle:
    """The vehicle without a violation and without the passages that prove nothing else."""
    proven = tuple(one for one in vehicle.proven if one.violation_id != violation.violation_id)
    sides = (*passages_of("entry", vehicle.kept), *passages_of("exit", vehicle.kept))
    gone = {
        end.name
        for passage in sides
        if proves(passage, (violation,)) and not proves(passage, proven)
        for end in passage.ends
    }
    return replace(vehicle, kept=tuple(end for end in vehicle.kept if end.name not in gone), proven=proven)
