"""Groups the reads of one plate at one side of a section to passages of that side."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import msgspec

from pipeline.sections.lines import Side
from schemas.reads import PlateRead

REPEAT_MS = 2_000  # reads of one side, each at most this long after the one before, are one passage


Name = tuple[Side, str]
"""What a read at one side is known by: the side and the read's id."""


@dataclass(frozen=True, slots=True)
class End:
    """One read at one side of a section. arrived_ms: when the broker took it, UTC. of_crowd: it was decided as one of too many in
    six days, and is kept as long as these count."""

    side: Side
    read: PlateRead
    arrived_ms: int
    of_crowd: bool = False

    @property
    def name(self) -> Name:
        """The key by which copies of this read are known."""
        return self.side, self.read.read_id


def names(ends: Iterable[End]) -> set[Name]:
    """The names of these reads (see End.name)."""
    return {end.name for end in ends}


@dataclass(frozen=True, slots=True)
class Passage:
    """One vehicle passing one side: its reads by all cameras there, in the order of capture; at least one."""

    side: Side
    ends: tuple[End, ...]

    @property
    def reads(self) -> list[PlateRead]:
        """The reads of this passage, in the order of capture."""
        return [end.read for end in self.ends]

    @property
    def at_ms(self) -> int:
        """The time that counts for it, UTC ms, in the driver's favour: of the earliest read at an entry, of the latest at an
        exit."""
        return (self.ends[0] if self.side == "entry" else self.ends[-1]).read.captured_at_ms

    def standing_reads(self) -> Iterable[PlateRead]:
        """For each of its cameras the read that counts: the earliest at an entry, the latest at an exit."""
        in_favour = self.ends if self.side == "entry" else self.ends[::-1]
        first: dict[str, PlateRead] = {}
        for end in in_favour:
            first.setdefault(end.read.camera_id, end.read)
        return first.values()


def _proof(read: PlateRead) -> tuple[bool, float, bytes]:
    """The sort key of copies that differ: the one that proves least comes first, and so one without a confidence."""
    return read.confidence_stated, read.confidence, msgspec.json.encode(read)


def without_repeats(ends: Iterable[End]) -> list[End]:
    """Each read of each side once, in the order of capture. Of copies that differ, the one that proves least is kept."""
    found: dict[tuple[Side, str], End] = {}
    for end in sorted(ends, key=lambda one: one.arrived_ms):
        known = found.get((end.side, end.read.read_id))
        if known is None:
            found[end.side, end.read.read_id] = end
        elif known.read != end.read:
            least = min(known.read, end.read, key=_proof)
            found[end.side, end.read.read_id] = replace(known, read=least)
    return sorted(found.values(), key=lambda end: (end.read.captured_at_ms, end.read.read_id))


def passages_of(side: Side, ends: Sequence[End]) -> list[Passage]:
    """The passages of one side. ends: of any side, in the order of capture."""
    groups: list[list[End]] = []
    for end in ends:
        if end.side != side:
            continue
        if groups and end.read.captured_at_ms - groups[-1][-1].read.captured_at_ms <= REPEAT_MS:
            groups[-1].append(end)
        else:
            groups.append([end])
    return [Passage(side, tuple(group)) for group in groups]
