"""Finds what speaks against a pair of reads besides its speed: its place, its certificate, and whether it was one vehicle."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pipeline.law.book import Book
from pipeline.law.kinds import SectionLength
from pipeline.reads.geography import beeline_m
from pipeline.sections.certainty import (
    LEAST_JOINT_CERTAINTY,
    certainty_of,
    class_groups,
    countries,
    plate_of,
    shared_doubt,
)
from pipeline.sections.checks import camera_faults, doubt_of, faults_of
from pipeline.sections.clocks import ClockFault
from pipeline.sections.moment import Reference, distance_between
from pipeline.sections.speed import exactly
from schemas.reads import PlateRead
from schemas.reference import Camera, Certificate, Distance, Section

Reason = (
    ClockFault
    | Literal[
        "not_above_limit",
        "no_section_then",
        "section_claimed_gone",
        "section_unfit",
        "section_too_short",
        "camera_unfit",
        "no_line_then",
        "no_certified_distance",
        "certificate_lapsed",
        "clock_error_above_bound",
        "clock_error_could_tip_verdict",
        "exit_before_entry",
        "travel_too_long",
        "implausible_speed",
        "plate_ambiguous",
        "too_uncertain",
        "classes_differ",
        "countries_differ",
        "speeds_impossible",
        "not_seen_from_behind",
        "no_tolerance_rule",
        "law_changed_on_the_way",
    ]
)


@dataclass(frozen=True, slots=True)
class Innocent:
    """The pair proves no violation. reason: short, for counting; detail: for a person."""

    reason: Reason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Pair:
    """An entry and an exit of one plate on one section, by one camera each. doubts_ms: how much earlier it may have entered, and
    how much later it may have left: what held then counts in the driver's favour."""

    section_id: str
    entry: PlateRead
    exit: PlateRead
    doubts_ms: tuple[int, int] = (0, 0)

    @property
    def moments_ms(self) -> tuple[int, ...]:
        """The earliest moment of entry, both moments as they were read, and the latest moment of leaving, UTC."""
        entry_ms, exit_ms = self.entry.captured_at_ms, self.exit.captured_at_ms
        return entry_ms - self.doubts_ms[0], entry_ms, exit_ms, exit_ms + self.doubts_ms[1]

    @property
    def travel_ms(self) -> int:
        """Milliseconds from the entry camera to the exit camera."""
        return self.exit.captured_at_ms - self.entry.captured_at_ms


def place_doubt(pair: Pair, section: Section, distance: Distance, reference: Reference, law: Book) -> Innocent | None:
    """What is wrong with the section, its cameras or its certificate; None: nothing."""
    certificate = certificate_of(section, distance)
    versions = reference.sections.between(pair.section_id, pair.entry.captured_at_ms, pair.exit.captured_at_ms)
    if not all(_certified(pair, one) for one in (*versions, section) if one is not None):
        return Innocent("certificate_lapsed", certificate.number)
    length = law.rule_at(SectionLength, section.country, pair.exit.captured_at_ms)
    if length is not None and not length.long_enough(exactly(distance.metres)):
        return Innocent("section_too_short", f"{distance.metres} m of {length.least_m}")
    for entry_camera in reference.cameras_of(pair.entry):
        for exit_camera in reference.cameras_of(pair.exit):
            if doubt := _camera_doubt(pair, section, distance, entry_camera, exit_camera):
                return doubt
    passed_ms = {read.camera_id: read.captured_at_ms for read in (pair.entry, pair.exit)}
    moved = moved_since(section, distance, reference, passed_ms)
    return Innocent("camera_unfit", moved) if moved else None


def moved_since(section: Section, distance: Distance, reference: Reference, passed_ms: Mapping[str, int]) -> str | None:
    """What speaks, in words, against a distance of which a camera stood elsewhere when the section came to say it; None: nothing.
    What is certified is the distance between two places, not between two names. passed_ms: when a vehicle was at each of its
    cameras (UTC).

    Only another certificate, by its number or the moment from which it is valid, says a distance anew. What versions that arrived
    too late claim of the cameras' places counts as well.
    """
    since_ms = _certified_since_ms(section, distance, reference, passed_ms[distance.entry_camera_id])
    for camera_id, until_ms in passed_ms.items():
        stood = reference.cameras.between(camera_id, since_ms, until_ms)
        places = [(camera.position, doubt_of(camera)) for camera in stood if camera and camera.position]
        if not places:
            continue
        for place in [places[-1], *reference.claimed_places(camera_id, since_ms, until_ms)]:
            (first, first_doubt_m), (last, last_doubt_m) = places[0], place
            if (moved_m := beeline_m(first, last)) > first_doubt_m + last_doubt_m:
                certified = f"{distance.metres:g} m of certificate {certificate_of(section, distance).number}"
                return f"{camera_id}: was moved by {moved_m:.0f} m after {certified}"
    return None


def _certified_since_ms(section: Section, distance: Distance, reference: Reference, at_ms: int) -> int:
    """Since when the section has said this distance under this certificate (UTC ms), whatever it said in between; at_ms where no
    version of before then says so."""
    certificate = certificate_of(section, distance)
    for version in reference.sections.history(section.section_id):
        if version.begins_ms > at_ms:
            break
        said = version.item and distance_between(version.item, distance.entry_camera_id, distance.exit_camera_id)
        if version.item and said and said.metres == distance.metres:
            then = certificate_of(version.item, said)
            if _same(then, certificate):
                return version.begins_ms
    return at_ms


def _same(one: Certificate, other: Certificate) -> bool:
    """Whether it is one certificate, which may be prolonged without a new measurement."""
    return (one.number, one.valid_from_ms) == (other.number, other.valid_from_ms)


def _camera_doubt(
    pair: Pair, section: Section, distance: Distance, entry_camera: Camera | None, exit_camera: Camera | None
) -> Innocent | None:
    """What is wrong with these two cameras as the ends of the distance; None: nothing."""
    cameras: dict[str, Camera] = {}
    for read, camera in ((pair.entry, entry_camera), (pair.exit, exit_camera)):
        fault = camera_faults(camera, read, rear_only=section.rear_only)
        if camera is None or fault:
            return Innocent("not_seen_from_behind" if fault == "rear" else "camera_unfit", f"{read.camera_id}: {fault}")
        cameras[read.camera_id] = camera
    unfit = faults_of(section, cameras, only=distance)
    return Innocent("section_unfit", unfit[0]) if unfit else None


def vehicle_doubt(pair: Pair, reads: Sequence[PlateRead], reference: Reference) -> Innocent | None:
    """What speaks against both reads being of one vehicle with this plate; None: nothing. reads: all reads of both passages.

    Readers count O and 0, I and 1 as one, and so do their confidences.
    """
    if plate_of(reads) is None:
        shown = {read.plate for read in reads}
        alike = "another vehicle may carry what reads the same"
        return Innocent("plate_ambiguous", " or ".join(sorted(shown)) if len(shown) > 1 else f"{min(shown)}: {alike}")
    certainty = certainty_of(pair.entry, reference.cameras_of(pair.entry)) * certainty_of(
        pair.exit, reference.cameras_of(pair.exit)
    )
    if certainty < LEAST_JOINT_CERTAINTY:
        return Innocent("too_uncertain", f"{certainty:.2f} of {LEAST_JOINT_CERTAINTY}")
    if (other := shared_doubt(pair.entry, pair.exit)) is not None:
        return Innocent("too_uncertain", f"both ends may show {other}")
    if len(found := class_groups(reads)) > 1:
        return Innocent("classes_differ", " and ".join(sorted(found)))
    if len(found := countries(reads)) > 1:
        return Innocent("countries_differ", " and ".join(sorted(found)))
    return None


def certificate_of(section: Section, distance: Distance) -> Certificate:
    """The certificate of this distance, else that of the section."""
    return distance.certificate or section.certificate


def _certified(pair: Pair, section: Section) -> bool:
    """Whether this version's certificate was valid at both ends."""
    distance = distance_between(section, pair.entry.camera_id, pair.exit.camera_id)
    if distance is None:
        return False
    certificate = certificate_of(section, distance)
    return all(
        certificate.valid_from_ms <= read.captured_at_ms < certificate.valid_until_ms
        for read in (pair.entry, pair.exit)
    )
