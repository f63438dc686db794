"""The section and the cameras as they were when a vehicle drove through, no matter when that is decided.

Several versions of a section may have held while the vehicle was inside: then each point counts in the driver's favour. A
version that arrived after the moment that it names may only help the driver: a violation must be one under each of these,
too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import msgspec

from pipeline.reads.versions import Version, Versions
from pipeline.sections.checks import doubt_of
from schemas.base import Position
from schemas.outcomes import Violation
from schemas.reads import PlateRead, VehicleClass
from schemas.reference import Camera, Distance, Section


@dataclass(slots=True)
class Reference:
    """The reference data of verdicts: all versions of sections and cameras. with_claims: also what versions claim that arrived
    too late."""

    sections: Versions[Section] = field(default_factory=Versions)
    cameras: Versions[Camera] = field(default_factory=Versions)
    with_claims: bool = True

    @staticmethod
    def of(sections: Mapping[str, Section], cameras: Mapping[str, Camera]) -> "Reference":
        """Reference data whose items have held since the beginning of time."""
        return Reference(Versions(sections), Versions(cameras))

    def section_between(
        self, section_id: str, from_ms: int, until_ms: int, *, doubts_ms: tuple[int, int] = (0, 0)
    ) -> Section | None:
        """The section as it held from from_ms to until_ms (UTC); of several versions, the most lenient of each field (see
        most_lenient). None where at some time in between there was no section. doubts_ms: by how much earlier and later the
        vehicle may have been there: what held then counts as well."""
        held = self.sections.between(section_id, from_ms, until_ms)
        if None in held or not held:
            return None
        if doubts_ms != (0, 0):
            held = self.sections.between(section_id, from_ms - doubts_ms[0], until_ms + doubts_ms[1])
        found = [section for section in held if section is not None]
        return found[0] if len(found) == 1 else most_lenient(found)

    def claimed(self, section_id: str, from_ms: int, until_ms: int) -> tuple[Section | None, ...]:
        """What versions that arrived too late claim that the section was at any time from from_ms to until_ms (UTC); None
        among them: that there was none. Empty: nothing is claimed."""
        return self.sections.claimed_between(section_id, from_ms, until_ms) if self.with_claims else ()

    def camera_of(self, read: PlateRead) -> Camera | None:
        """The camera as it was registered when it took this read; None: it was not."""
        return self.cameras.at(read.camera_id, read.captured_at_ms)

    def cameras_of(self, read: PlateRead) -> tuple[Camera | None, ...]:
        """The read's camera as it was registered at the capture, and, if with_claims is set, what versions that arrived too late
        claim it to have been: a violation must be proven under each. None among them: there was no such camera."""
        claimed = self.cameras.retroactive(read.camera_id, read.captured_at_ms) if self.with_claims else ()
        return (self.camera_of(read), *claimed)

    def claimed_places(self, camera_id: str, from_ms: int, until_ms: int) -> list[tuple[Position, float]]:
        """Where versions that arrived too late claim that the camera stood at any time from from_ms to until_ms (UTC), each with
        its doubt in metres."""
        claimed = self.cameras.claimed_between(camera_id, from_ms, until_ms) if self.with_claims else ()
        return [(camera.position, doubt_of(camera)) for camera in claimed if camera and camera.position]

    def as_held(self) -> "Reference":
        """The same data without late claims."""
        return replace(self, with_claims=False)

    def knew(self, violation: Violation) -> bool:
        """Whether it is known what the section and both cameras were when the vehicle of this violation drove."""
        entry, exit_ = violation.entry, violation.exit
        return all(
            _had_begun(versions.history(key), at_ms)
            for versions, key, at_ms in (
                (self.sections, violation.section_id, entry.captured_at_ms),
                (self.cameras, entry.camera_id, entry.captured_at_ms),
                (self.cameras, exit_.camera_id, exit_.captured_at_ms),
            )
        )

    def longest_travel_ms(self, section_id: str, entered_ms: int) -> int:
        """The longest travel time that the section allows to who enters it at entered_ms (UTC), in ms; where there was no section
        then, the longest of the versions that began before, or of the first one; 0 where no version is known."""
        section = self.sections.at(section_id, entered_ms)
        if section is not None:
            return section.max_travel_ms
        return max((one.max_travel_ms for one in self._held_by(section_id, entered_ms)), default=0)

    def longest_wait_ms(self, section_id: str, captured_ms: int) -> int:
        """How long an end that was captured at captured_ms (UTC) waits for its partner at most: the longest travel time plus the
        longest delay of an upload, in ms: the most of the versions that began by then, or of the first one; 0 where none is
        known."""
        return max((one.max_travel_ms + one.max_late_ms for one in self._held_by(section_id, captured_ms)), default=0)

    def _held_by(self, section_id: str, at_ms: int) -> list[Section]:
        """The section in all versions that began by at_ms (UTC), so that no later one changes what is decided; before the first
        began, in that one."""
        versions = [one for one in self.sections.history(section_id) if one.item is not None]
        begun = [one.item for one in versions if one.begins_ms <= at_ms and one.item is not None]
        return begun or [one.item for one in versions[:1] if one.item is not None]


def _had_begun(history: Sequence[Version[Section]] | Sequence[Version[Camera]], at_ms: int) -> bool:
    return bool(history) and history[0].begins_ms <= at_ms


def most_lenient(sections: list[Section]) -> Section:
    """One section made of several versions that held in turn: the highest limits, the shortest distances, the strictest
    bounds.

    The certificates are those of the last version; the verdict checks those of each version.
    """
    last = sections[-1]
    classes = {name for section in sections for name in section.class_limits_kmh}
    return msgspec.structs.replace(
        last,
        limit_kmh=max(section.limit_kmh for section in sections),
        class_limits_kmh={name: max(limit_of(section, name) for section in sections) for name in classes},
        distances=tuple(found for one in last.distances if (found := _shortest(one, sections)) is not None),
        max_travel_ms=min(section.max_travel_ms for section in sections),
        max_clock_error_ms=min(section.max_clock_error_ms for section in sections),
        rear_only=any(section.rear_only for section in sections),
        road=last.road if len({section.road for section in sections}) == 1 else None,
    )


def limit_of(section: Section, vehicle_class: VehicleClass) -> int:
    """The limit of one class in km/h. Where the class is unknown, or is "trailer" and the section has no limit for it (the class of
    what draws the trailer is unknown): the highest of all its limits."""
    if vehicle_class == "unknown" or (vehicle_class == "trailer" and vehicle_class not in section.class_limits_kmh):
        own = [limit for name, limit in section.class_limits_kmh.items() if name != "unknown"]
        return max((section.limit_kmh, *own))
    return section.class_limits_kmh.get(vehicle_class, section.limit_kmh)


def distance_between(section: Section, entry_camera_id: str, exit_camera_id: str) -> Distance | None:
    """The certified distance from this entry camera to this exit camera, of several the shortest; None when there is none."""
    both = (entry_camera_id, exit_camera_id)
    found = [one for one in section.distances if (one.entry_camera_id, one.exit_camera_id) == both]
    return min(found, key=lambda one: one.metres, default=None)


def _shortest(distance: Distance, sections: list[Section]) -> Distance | None:
    """The shortest distance that any version certifies between these two cameras; None where a version certifies none."""
    found = [distance_between(section, distance.entry_camera_id, distance.exit_camera_id) for section in sections]
    certified = [one for one in found if one is not None]
    return min(certified, key=lambda one: one.metres) if len(certified) == len(sections) else None
