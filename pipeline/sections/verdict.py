"""Average speed over a section: who passed, how fast at least, and whether that proves a violation.

Every doubt counts for the driver: speeds are rounded down, a clock that cannot be trusted proves nothing, and a pair that proves
nothing is to be forgotten at once. Borders are computed with exact fractions; no float decides.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from math import floor, isfinite
from typing import Literal

from pipeline.law.book import Book, the_book
from pipeline.law.kinds import SectionLength, Tolerance
from pipeline.reads.admission import trusted_country
from pipeline.reads.versions import Changed, Versions
from schemas import ids
from schemas.outcomes import Violation
from schemas.reads import ClockState, PlateRead, VehicleClass, named
from schemas.reference import Section

MS_PER_HOUR = 3_600_000
METRES_PER_KM = 1_000
IMPLAUSIBLE_KMH = 300  # beyond what traffic does on a section: far likelier two vehicles or a misread than one driver

Side = Literal["entry", "exit"]
InnocentReason = Literal[
    "certificate_lapsed",
    "clock_not_synced",
    "clock_error_above_bound",
    "clock_error_could_tip_verdict",
    "exit_before_entry",
    "travel_too_long",
    "implausible_speed",
    "no_certified_distance",
    "countries_differ",
    "no_tolerance_rule",
    "law_changed_on_the_way",
    "section_too_short",
    "section_removed",
    "not_above_limit",
]


@dataclass(frozen=True, slots=True)
class Sighting:
    """One read on an entry or exit line of one section; to be remembered for keep_ms."""

    section_id: str
    side: Side
    read: PlateRead
    keep_ms: int


@dataclass(frozen=True, slots=True)
class SectionPair:
    """The two reads of one plate on one section."""

    section_id: str
    entry: PlateRead
    exit: PlateRead


@dataclass(frozen=True, slots=True)
class Innocent:
    """The pair proves no violation, and why; it must be forgotten at once."""

    reason: InnocentReason
    detail: str = ""


@dataclass(slots=True)
class SectionIndex:
    """The sections as they were at each moment, and which of their lines each camera sees or saw. Kept up to date by take()."""

    versions: Versions[Section] = field(default_factory=Versions)
    _lines: dict[str, tuple[tuple[Section, Side, int | None], ...]] = field(default_factory=dict)

    def take(self, changed: Sequence[Changed[Section]], *, reset: bool = False) -> None:
        """Take over what changed: sections with versions that add to those known before. reset: forget everything before."""
        self.versions.take(changed, reset=reset)
        lines: dict[str, list[tuple[Section, Side, int | None]]] = {}
        every = [version.item for _, history in self.versions.histories() for version in history]
        for section in [one for one in every if one is not None]:
            for line in section.entries:
                lines.setdefault(line.camera_id, []).append((section, "entry", line.lane))
            for line in section.exits:
                lines.setdefault(line.camera_id, []).append((section, "exit", line.lane))
        self._lines = {camera_id: tuple(found) for camera_id, found in lines.items()}

    def on_a_line(self, reads: Iterable[PlateRead]) -> list[PlateRead]:
        """Those of the reads whose camera sees a line of any section."""
        lines = self._lines
        return [read for read in reads if read.camera_id in lines]

    def lines_at(self, camera_id: str) -> tuple[tuple[Section, Side, int | None], ...]:
        """Section, side and lane (None: every lane) of the lines that this camera sees."""
        return self._lines.get(camera_id, ())


def sightings_of(read: PlateRead, index: SectionIndex) -> list[Sighting]:
    """The lines that this read was seen on. A line of one lane takes no read that does not know its lane."""
    lines = [
        (section, side)
        for section, side, lane in index.lines_at(read.camera_id)
        if (lane is None or lane == read.lane) and section is index.versions.at(section.section_id, read.captured_at_ms)
    ]
    if lines:
        read = named(read)
    return [Sighting(section.section_id, side, read, section.max_travel_ms) for section, side in lines]


def average_speed_kmh(distance_m: Fraction, travel_ms: int | Fraction) -> Fraction:
    """Mean speed over the distance, exact. travel_ms must be positive.

    >>> average_speed_kmh(Fraction(2_500), 60_000)
    Fraction(150, 1)
    """
    return Fraction(
        distance_m.numerator * MS_PER_HOUR * travel_ms.denominator,
        distance_m.denominator * METRES_PER_KM * travel_ms.numerator,
    )  # in one step: each step with fractions costs as much


def certified_distance_m(section: Section, entry_camera_id: str, exit_camera_id: str) -> Fraction | None:
    """The certified distance between the two cameras, exactly as written; None when there is none or it is no distance."""
    for distance in section.distances:
        if (distance.entry_camera_id, distance.exit_camera_id) == (entry_camera_id, exit_camera_id):
            return _exactly(distance.metres) if isfinite(distance.metres) and distance.metres > 0 else None
    return None


@lru_cache(maxsize=10_000)  # a country's distances; reading one costs as much as all else about a pair
def _exactly(metres: float) -> Fraction:
    """As it is written: 2000.3 is 20003/10."""
    return Fraction(str(metres))


def limit_of(section: Section, classes: Sequence[VehicleClass]) -> tuple[int, VehicleClass]:
    """The limit in km/h and the class it is for. Where the two reads disagree on the class, the higher limit holds."""
    limits = [(section.class_limits_kmh.get(name, section.limit_kmh), name) for name in classes]
    return max(limits, key=lambda limit: limit[0])


def _certificate_valid(section: Section, at_ms: int) -> bool:
    return section.certificate.valid_from_ms <= at_ms < section.certificate.valid_until_ms


def _clock_doubt(clock: ClockState | None, section: Section) -> Innocent | None:
    if clock is None or not clock.synced or clock.source == "none":
        return Innocent("clock_not_synced")
    if not isfinite(clock.worst_error_ms) or clock.worst_error_ms > section.max_clock_error_ms:
        return Innocent("clock_error_above_bound", f"{clock.worst_error_ms} ms of {section.max_clock_error_ms}")
    return None


def _doubt(pair: SectionPair, section: Section) -> Innocent | None:
    """What forbids to measure this pair at all."""
    entry, exit_ = pair.entry, pair.exit
    if not all(_certificate_valid(section, read.captured_at_ms) for read in (entry, exit_)):
        return Innocent("certificate_lapsed", section.certificate.number)
    doubt = _clock_doubt(entry.clock, section) or _clock_doubt(exit_.clock, section)
    if doubt:
        return doubt
    if exit_.captured_at_ms <= entry.captured_at_ms:
        return Innocent("exit_before_entry")
    if exit_.captured_at_ms - entry.captured_at_ms > section.max_travel_ms:
        return Innocent("travel_too_long")
    countries = [trusted_country(read) for read in (entry, exit_)]
    if all(countries) and countries[0] != countries[1]:
        return Innocent("countries_differ", f"{countries[0]} at the entry, {countries[1]} at the exit")
    return None


def verdict_at_the_time(pair: SectionPair, sections: Versions[Section], *, decided_at_ms: int) -> Violation | Innocent:
    """What the pair proves by the section as it was while the vehicle was inside; where it changed, what is best for the driver."""
    held = sections.between(pair.section_id, *sorted((pair.entry.captured_at_ms, pair.exit.captured_at_ms)))
    found: list[Violation] = []
    for section in held:
        if section is None:
            return Innocent("section_removed", pair.section_id)
        verdict = violation_of(pair, section, decided_at_ms=decided_at_ms)
        if isinstance(verdict, Innocent):
            return verdict
        found.append(verdict)
    return max(found, key=lambda violation: violation.limit_kmh)


def _law_of(pair: SectionPair, section: Section, law: Book) -> Tolerance | Innocent:
    """The tolerance in force when the vehicle left the section; none when it was another one when the vehicle entered."""
    rule = law.rule_at(Tolerance, section.country, pair.exit.captured_at_ms)
    if rule is None:
        return Innocent("no_tolerance_rule", section.country)
    if rule is not law.rule_at(Tolerance, section.country, pair.entry.captured_at_ms):
        return Innocent("law_changed_on_the_way", section.country)
    return rule


def violation_of(
    pair: SectionPair, section: Section, *, decided_at_ms: int, book: Book | None = None
) -> Violation | Innocent:
    """The violation that this pair proves, or why it proves none. Times in ms UTC; ids are the same at every replay.

    The law is that of the moment of passing: a pair decided again after a change of law has the same outcome.
    book: other rules than those that are installed.
    """
    law = book or the_book()
    rule = _law_of(pair, section, law)
    if isinstance(rule, Innocent):
        return rule
    doubt = _doubt(pair, section)
    if doubt:
        return doubt
    entry, exit_ = pair.entry, pair.exit
    distance_m = certified_distance_m(section, entry.camera_id, exit_.camera_id)
    if distance_m is None:
        return Innocent("no_certified_distance", f"{entry.camera_id} to {exit_.camera_id}")
    length = law.rule_at(SectionLength, section.country, exit_.captured_at_ms)
    if length is not None and not length.long_enough(distance_m):
        return Innocent("section_too_short", f"{float(distance_m)} m of {length.least_m}")
    travel_ms = exit_.captured_at_ms - entry.captured_at_ms
    limit_kmh, vehicle_class = limit_of(section, (entry.vehicle_class, exit_.vehicle_class))
    # nor could it be above once corrected: nearly all passages end here, without fractions
    if distance_m.numerator * MS_PER_HOUR <= limit_kmh * METRES_PER_KM * travel_ms * distance_m.denominator:
        return Innocent("not_above_limit")
    measured_kmh = average_speed_kmh(distance_m, travel_ms)
    if measured_kmh > IMPLAUSIBLE_KMH:
        return Innocent("implausible_speed", f"{float(measured_kmh):.0f} km/h")
    corrected = rule.corrected_kmh(measured_kmh)
    if not rule.is_violation(corrected, limit_kmh):
        return Innocent("not_above_limit")
    assert entry.clock is not None and exit_.clock is not None  # or _doubt would have said so  # noqa: PT018
    slack_ms = Fraction(str(entry.clock.worst_error_ms)) + Fraction(str(exit_.clock.worst_error_ms))
    slowest_kmh = average_speed_kmh(distance_m, travel_ms + slack_ms)
    if not rule.is_violation(rule.corrected_kmh(slowest_kmh), limit_kmh):
        return Innocent("clock_error_could_tip_verdict", f"+-{float(slack_ms)} ms")
    return Violation(
        violation_id=ids.violation_id(section.section_id, entry.read_id, exit_.read_id),
        section_id=section.section_id,
        plate=entry.plate,
        country=trusted_country(exit_) or trusted_country(entry),
        entry=entry,
        exit=exit_,
        distance_m=float(distance_m),
        travel_ms=travel_ms,
        measured_kmh=floor(measured_kmh * 100) / 100,
        corrected_kmh=corrected,
        limit_kmh=limit_kmh,
        vehicle_class=vehicle_class,
        tolerance=rule.in_words,
        rule=f"{rule.kind}.{rule.country}",
        rule_version=rule.version,
        certificate=section.certificate,
        entry_clock=entry.clock,
        exit_clock=exit_.clock,
        decided_at_ms=decided_at_ms,
    )
