"""Which records of its partitions a worker has told the section memory of, and up to when it has read them.

The memory is told of records with each read that counts, and once a second of all others. Until then their offsets are not
committed, so that the memory never lacks what nobody would read again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline.state.section_records import Covered
from pipeline.stream.outputs import Record
from pipeline.stream.stream_time import FetchState, StreamTime

Run = tuple[int, int, int]
"""Of one partition's records in a batch: the first offset, the next after the last, and when the broker took the last."""


def runs_of(records: Sequence[Record[Any]]) -> dict[int, Run]:
    """What a batch holds of each partition."""
    runs: dict[int, Run] = {}
    for record in records:
        known = runs.get(record.partition)
        runs[record.partition] = (known[0] if known else record.offset, record.offset + 1, record.recorded_at_ms)
    return runs


@dataclass(slots=True)
class Covering:
    """Of one worker. told: up to which offset of each partition the memory knows. asked: partitions of which it knew nothing and
    that are read again, with the moment (UTC ms) since when they are. Times at_s are of the monotonic clock."""

    time: StreamTime = field(default_factory=StreamTime)
    told: dict[int, int] = field(default_factory=dict)
    asked: dict[int, int] = field(default_factory=dict)

    def forget(self) -> None:
        """The partitions were reassigned."""
        self.time.forget()
        self.told.clear()
        self.asked.clear()

    def begins(self, runs: Mapping[int, Run], states: Mapping[int, FetchState]) -> None:
        """Know from where on partitions are read that are new to this worker, or were rewound.

        states: of the new ones, as their consumer sees them; what could not be decoded counts as read, too.
        """
        for partition, (first, _, _) in runs.items():
            handled = self.time.next_of(partition)
            if partition not in self.told:
                self.told[partition] = min(first, states[partition].first) if partition in states else first
            elif handled is not None and first < handled:
                self.told[partition] = first

    def is_new(self, runs: Mapping[int, Run]) -> bool:
        """Whether any of these partitions is new to this worker."""
        return any(partition not in self.told for partition in runs)

    def covered(self, runs: Mapping[int, Run]) -> list[Covered]:
        """What the memory is to be told with these records: they and those before them that it was not told of."""
        return [Covered(one, self.told[one], run[1], self.asked.get(one)) for one, run in runs.items()]

    def all_covered(self, states: Mapping[int, FetchState]) -> list[Covered]:
        """What the memory is to be told of all partitions, also of those where nothing counted, or nothing came."""
        found = []
        for partition, state in states.items():
            if not state.rewinding:
                done = max(self.time.next_of(partition) or 0, state.first)  # what could not be decoded is settled, too
                first = min(self.told.get(partition, state.first), done)
                found.append(Covered(partition, first, done, self.asked.get(partition)))
        return found

    def was_told(self, covered: Iterable[Covered]) -> None:
        """The memory knows of these now."""
        for one in covered:
            self.told[one.partition] = one.next
            self.asked.pop(one.partition, None)

    def handled(self, runs: Mapping[int, Run], at_s: float) -> None:
        """These records are done."""
        for partition, (_, next_offset, recorded_ms) in runs.items():
            self.time.took(partition, next_offset, recorded_ms, at_s)

    def looked(self, states: Mapping[int, FetchState], at_s: float) -> None:
        """This is how the consumer sees the partitions."""
        for partition, state in states.items():
            self.time.looked(partition, state, at_s)

    def reread(self, lost: Mapping[int, int | None], since_ms: int) -> None:
        """These are read again: from the offset given, or, where nothing is known (None), since that moment."""
        for partition, known in lost.items():
            if known is None:
                self.asked[partition] = since_ms
            self.time.drop(partition)
            self.told.pop(partition, None)

    def hold(self) -> dict[int, int]:
        """Partitions of which the memory was not told all, and the first offset of that: nothing from there on may be committed."""
        return {one: known for one, known in self.told.items() if known < (self.time.next_of(one) or 0)}
