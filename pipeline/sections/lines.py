"""Tells which camera sees which line of which section, and which reads were taken on a line."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from pipeline.reads.versions import PLACES_KEPT_MS, Changed, Version, Versions
from schemas.reads import PlateRead, named
from schemas.reference import Line, Section

Side = Literal["entry", "exit"]
SeenLine = tuple[str, Side, int | None]
"""Section, side and lane (None: every lane) of a line that a camera sees."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One read on an entry or exit line of one section."""

    section_id: str
    side: Side
    read: PlateRead


@dataclass(slots=True)
class SectionIndex:
    """The versions of all sections, and the lines that each camera sees under any of them. take() keeps it up to date."""

    versions: Versions[Section] = field(default_factory=lambda: Versions(kept_ms=PLACES_KEPT_MS))
    cameras: dict[str, tuple[SeenLine, ...]] = field(default_factory=dict)

    @staticmethod
    def of(sections: Iterable[Section]) -> "SectionIndex":
        """An index of sections that have held since the beginning of time."""
        index = SectionIndex()
        index.take([Changed(one.section_id, (Version(one, 0, 0),)) for one in sections])
        return index

    def take(self, changed: Sequence[Changed[Section]], *, reset: bool = False) -> None:
        """Add the versions in `changed` to those that are known. reset: first forget all that is known."""
        self.versions.take(changed, reset=reset)
        lines: dict[str, dict[SeenLine, None]] = {}
        for section_id, history in self.versions.histories():
            for section in [version.item for version in history if version.item is not None]:
                for line in section.entries:
                    lines.setdefault(line.camera_id, {})[section_id, "entry", line.lane] = None
                for line in section.exits:
                    lines.setdefault(line.camera_id, {})[section_id, "exit", line.lane] = None
        self.cameras = {camera_id: tuple(seen) for camera_id, seen in lines.items()}

    def on_a_line(self, reads: Iterable[PlateRead]) -> list[PlateRead]:
        """The reads among these whose camera sees a line under any version of any section, whatever the lane of the read."""
        cameras = self.cameras
        return [read for read in reads if read.camera_id in cameras]

    def lines_at(self, camera_id: str) -> tuple[SeenLine, ...]:
        """The lines that this camera sees under any version of the sections; empty when it sees none."""
        return self.cameras.get(camera_id, ())


def on_a_line(read: PlateRead, lines: Iterable[Line]) -> bool:
    """Whether the read was taken on one of these lines. A read that states no lane is on no line of one lane."""
    return any(line.camera_id == read.camera_id and (line.lane is None or line.lane == read.lane) for line in lines)


def sightings_of(read: PlateRead, index: SectionIndex) -> list[Sighting]:
    """The read as a sighting on each section and side whose line it was taken on. A read that states no lane is on no line of
    one lane.

    Lines are those of the section as it held at the capture: a camera that is no end of it any more, or not yet, sees nobody
    enter or leave. No later version changes this. A read from a time at which there was no such section is a sighting under any
    of its versions, so that it can be told why it proves nothing.

    Each sighting holds the read under the id that its camera, time and plate give: what a camera sends as an id may stand on other
    reads, too, or be new each time that it sends the same read.
    """
    seen = dict.fromkeys(
        (section_id, side)
        for section_id, side, lane in index.lines_at(read.camera_id)
        if lane is None or lane == read.lane
    )
    own = named(read) if seen else read
    return [Sighting(section_id, side, own) for section_id, side in seen if _held(section_id, side, read, index)]


def _held(section_id: str, side: Side, read: PlateRead, index: SectionIndex) -> bool:
    section = index.versions.at(section_id, read.captured_at_ms)
    return section is None or on_a_line(read, section.entries if side == "entry" else section.exits)
