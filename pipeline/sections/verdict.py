"""Decides what the passages of one plate at both sides of a section prove, or why they prove nothing.

Every doubt counts for the driver: speeds are rounded down, a violation stands only if it does with all doubt about the times
added to the travel time, and where a gantry has several cameras, the pair of reads with the lowest speed counts. Limits are
compared as exact fractions; no float decides.
"""

from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, floor, isfinite

import msgspec

from pipeline.law.book import Book, the_book
from pipeline.law.kinds import ClassLimits, Tolerance
from pipeline.sections.certainty import could_drive, countries, notes_on, plate_of
from pipeline.sections.clocks import Timing, least_sure
from pipeline.sections.doubts import Innocent, Pair, certificate_of, place_doubt, vehicle_doubt
from pipeline.sections.lines import on_a_line
from pipeline.sections.moment import Reference, distance_between, limit_of
from pipeline.sections.outcomes import lessened
from pipeline.sections.passages import Passage
from pipeline.sections.speed import METRES_PER_KM, MS_PER_HOUR, average_speed_kmh, badness, exactly, speed_of
from schemas import ids
from schemas.outcomes import Violation
from schemas.reads import PlateRead, VehicleClass
from schemas.reference import Distance, Section

ACQUITS = ("not_above_limit", "clock_error_could_tip_verdict")  # what another camera's pair may say for the driver
IMPLAUSIBLE_KMH = 300  # beyond what traffic does on a section: far likelier two vehicles or a misread than one driver


def verdict_on(
    section_id: str,
    entry: Passage,
    exit_: Passage,
    reference: Reference,
    *,
    decided_at_ms: int,
    book: Book | None = None,
) -> Violation | Innocent:
    """The violation that these two passages prove, or why they prove none. Times in ms UTC; a replay gives the same ids.

    The earliest entry and the latest exit must prove it, whenever they were within the doubt about their times. Other cameras'
    reads of the same passages may only make it less: by a lower speed, by one not above the limit, or by one that clock errors
    could bring below it; where they cannot be measured for another reason, they say nothing. If such a pair proved something until
    a version arrived late, nothing is proven: else what arrived late would make the faster pair count. Section, cameras and law are
    those of the time of driving. book: other rules than those that are installed.
    """
    law = book or the_book()
    reads = (*entry.reads, *exit_.reads)
    slowest: Violation | None = None
    for first in entry.standing_reads():
        for last in exit_.standing_reads():
            pair = Pair(section_id, first, last)
            found = _verdict_in_time(pair, reads, reference, law, decided_at_ms)
            outermost = (first.captured_at_ms, last.captured_at_ms) == (entry.at_ms, exit_.at_ms)
            if isinstance(found, Innocent):
                if outermost or found.reason in ACQUITS or _proved(pair, reads, reference, law):
                    return found
            elif slowest is None or speed_of(found) < speed_of(slowest):
                slowest = found
    assert slowest is not None, "a passage has a read"
    return slowest


def _proved(pair: Pair, reads: tuple[PlateRead, ...], reference: Reference, law: Book) -> bool:
    """Whether the pair proves a violation but for what arrived late."""
    return isinstance(_verdict_in_time(pair, reads, reference.as_held(), law, 0), Violation)


def _verdict_in_time(
    pair: Pair, reads: tuple[PlateRead, ...], reference: Reference, law: Book, decided_at_ms: int
) -> Violation | Innocent:
    """The verdict under the section as it held, unless a version that arrived too late says that there is no violation; the same
    at any moment at which the ends may have been."""
    if pair.travel_ms <= 0:
        return Innocent("exit_before_entry")
    found = _verdict_under_all(pair, reads, reference, law, decided_at_ms)
    if isinstance(found, Innocent):
        return found
    timings = [least_sure(read, reference.cameras_of(read)) for read in (pair.entry, pair.exit)]
    before, after = (timing.doubt_ms if isinstance(timing, Timing) else Fraction(0) for timing in timings)
    unsure = replace(pair, doubts_ms=(ceil(before), floor(after)))
    return _verdict_under_all(unsure, reads, reference, law, decided_at_ms)


def _verdict_under_all(
    pair: Pair, reads: tuple[PlateRead, ...], reference: Reference, law: Book, decided_at_ms: int
) -> Violation | Innocent:
    from_ms, until_ms = pair.entry.captured_at_ms, pair.exit.captured_at_ms
    section = reference.section_between(pair.section_id, from_ms, until_ms, doubts_ms=pair.doubts_ms)
    if section is None:
        return Innocent("no_section_then", pair.section_id)
    case = _Case(pair, reads, reference, law, decided_at_ms)
    verdict = case.under(section)
    for claimed in reference.claimed(pair.section_id, from_ms - pair.doubts_ms[0], until_ms + pair.doubts_ms[1]):
        if isinstance(verdict, Innocent):
            return verdict
        if claimed is None:
            return Innocent("section_claimed_gone", pair.section_id)
        other = case.under(claimed)
        if isinstance(other, Innocent):
            return other
        if badness(other) < badness(verdict):
            verdict = lessened(other)
    return verdict


@dataclass(frozen=True, slots=True)
class _Case:
    """One pair and all data of its verdict. reads: all reads of both passages."""

    pair: Pair
    reads: tuple[PlateRead, ...]
    reference: Reference
    law: Book
    decided_at_ms: int

    def under(self, section: Section) -> Violation | Innocent:
        """The verdict under this version of the section."""
        pair = self.pair
        if not (on_a_line(pair.entry, section.entries) and on_a_line(pair.exit, section.exits)):
            return Innocent("no_line_then", f"{pair.entry.camera_id} to {pair.exit.camera_id}")
        distance = distance_between(section, pair.entry.camera_id, pair.exit.camera_id)
        if distance is None or not (isfinite(distance.metres) and distance.metres > 0):
            return Innocent("no_certified_distance", f"{pair.entry.camera_id} to {pair.exit.camera_id}")
        limit_kmh, vehicle_class = self._limit(section)
        distance_m = exactly(distance.metres)
        # nor could it be above once corrected: nearly all passages end here, without fractions
        if distance_m.numerator * MS_PER_HOUR <= limit_kmh * METRES_PER_KM * pair.travel_ms * distance_m.denominator:
            return Innocent("not_above_limit")
        if pair.travel_ms > section.max_travel_ms:
            return Innocent("travel_too_long")
        return (
            place_doubt(pair, section, distance, self.reference, self.law)
            or vehicle_doubt(pair, self.reads, self.reference)
            or self._measured(section, distance, limit_kmh, vehicle_class)
        )

    def _limit(self, section: Section) -> tuple[int, VehicleClass]:
        """The highest limit that any read's class leaves open, and that class: a lower one counts only where it is certain.

        What the pair's two reads do not know leaves the limit of every class open; what the other reads do not know says nothing.
        """
        classes = {self.pair.entry.vehicle_class, self.pair.exit.vehicle_class}
        classes |= {read.vehicle_class for read in self.reads} - {"unknown", "trailer"}
        return max((self._limit_of(section, vehicle_class), vehicle_class) for vehicle_class in classes)

    def _limit_of(self, section: Section, vehicle_class: VehicleClass) -> int:
        """The limit of a class: the section's, or the law's for this kind of road where that is lower, all the way through."""
        signed_kmh = limit_of(section, vehicle_class)
        if section.road is None:
            return signed_kmh
        rules = [self.law.rule_at(ClassLimits, section.country, at_ms, section.road) for at_ms in self.pair.moments_ms]
        allowed = [rule.limits_kmh.get(vehicle_class, signed_kmh) if rule else signed_kmh for rule in rules]
        return min(signed_kmh, max(allowed))

    def _measured(
        self, section: Section, distance: Distance, limit_kmh: int, vehicle_class: VehicleClass
    ) -> Violation | Innocent:
        """The verdict on time and speed alone."""
        pair, distance_m = self.pair, exactly(distance.metres)
        rule = self._rule(section.country)
        if isinstance(rule, Innocent):
            return rule
        timings = [least_sure(read, self.reference.cameras_of(read)) for read in (pair.entry, pair.exit)]
        for timing in timings:
            if isinstance(timing, str):
                return Innocent(timing)
            if timing.doubt_ms > exactly(section.max_clock_error_ms):
                return Innocent(
                    "clock_error_above_bound", f"{float(timing.doubt_ms)} of {section.max_clock_error_ms} ms"
                )
        sure = [timing for timing in timings if isinstance(timing, Timing)]
        measured_kmh = average_speed_kmh(distance_m, pair.travel_ms)
        if measured_kmh > IMPLAUSIBLE_KMH:
            return Innocent("implausible_speed", f"{float(measured_kmh):.0f} km/h")
        corrected_kmh = rule.corrected_kmh(measured_kmh)
        if not rule.is_violation(corrected_kmh, limit_kmh):
            return Innocent("not_above_limit")
        slack_ms = sum((timing.doubt_ms for timing in sure), Fraction(0))
        if not rule.is_violation(
            rule.corrected_kmh(average_speed_kmh(distance_m, pair.travel_ms + slack_ms)), limit_kmh
        ):
            return Innocent("clock_error_could_tip_verdict", f"+-{float(slack_ms)} ms")
        least_ms, most_ms = float(max(Fraction(0), pair.travel_ms - slack_ms)), float(pair.travel_ms + slack_ms)
        if not could_drive(distance.metres, least_ms, most_ms, pair.entry.speed_kmh, pair.exit.speed_kmh):
            return Innocent("speeds_impossible", f"{pair.entry.speed_kmh} km/h in, {pair.exit.speed_kmh} km/h out")
        found = self._violation(section, distance, rule, (measured_kmh, corrected_kmh), (sure[0], sure[1]))
        return msgspec.structs.replace(found, limit_kmh=limit_kmh, vehicle_class=vehicle_class)

    def _rule(self, country: str) -> Tolerance | Innocent:
        """The tolerance in force when the vehicle left the section; Innocent when another one was in force when it entered."""
        rule = self.law.rule_at(Tolerance, country, self.pair.exit.captured_at_ms)
        if rule is None:
            return Innocent("no_tolerance_rule", country)
        if rule is not self.law.rule_at(Tolerance, country, self.pair.entry.captured_at_ms):
            return Innocent("law_changed_on_the_way", country)
        return rule

    def _violation(
        self,
        section: Section,
        distance: Distance,
        rule: Tolerance,
        speeds_kmh: tuple[Fraction, int],
        timings: tuple[Timing, Timing],
    ) -> Violation:
        """The violation with its whole evidence, of the section's own limit."""
        entry, exit_ = self.pair.entry, self.pair.exit
        plate, found = plate_of(self.reads), countries(self.reads)
        assert plate is not None, "_doubt would have said so"
        return Violation(
            violation_id=ids.violation_id(section.section_id, entry.read_id, exit_.read_id),
            section_id=section.section_id,
            plate=plate,
            country=next(iter(found), None),
            entry=entry,
            exit=exit_,
            distance_m=distance.metres,
            travel_ms=self.pair.travel_ms,
            measured_kmh=floor(speeds_kmh[0] * 100) / 100,
            corrected_kmh=speeds_kmh[1],
            limit_kmh=section.limit_kmh,
            vehicle_class="unknown",
            tolerance=rule.in_words,
            rule=f"{rule.kind}.{rule.country}",
            rule_version=rule.version,
            certificate=certificate_of(section, distance),
            entry_clock=timings[0].clock,
            exit_clock=timings[1].clock,
            notes=notes_on(entry, exit_),
            decided_at_ms=self.decided_at_ms,
        )
