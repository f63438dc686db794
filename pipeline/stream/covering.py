"""Which records of its partitions a worker has reported to the section memory, and the time up to which it has read them.

The worker reports records to the memory (pipeline.state.section_memory) with each read that counts, and once a second all
others. It does not commit an offset before its record is reported, so that no record is missing in the memory that nobody would
read again.
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
    """For each partition that has records in this batch: its Run."""
    runs: dict[int, Run] = {}
    for record in records:
        known = runs.get(record.partition)
        runs[record.partition] = (known[0] if known else record.offset, record.offset + 1, record.recorded_at_ms)
    return runs


@dataclass(slots=True)
class Covering:
    """What one worker has reported to the section memory.

    told: by partition, the offset below which the memory knows all records. asked: the partitions of which the memory knew
    nothing and that are read again, each with the time (UTC ms) from which on they are. at_s: seconds of the monotonic clock.
    """

    time: StreamTime = field(default_factory=StreamTime)
    told: dict[int, int] = field(default_factory=dict)
    asked: dict[int, int] = field(default_factory=dict)

    def forget(self) -> None:
        """Forget all partitions: the group has reassigned them."""
        self.time.forget()
        self.told.clear()
        self.asked.clear()

    def begins(self, runs: Mapping[int, Run], states: Mapping[int, FetchState]) -> None:
        """Note the offset from which this worker reads each partition that is new to it or was rewound.

        states: the new partitions as their consumer sees them; a record that could not be decoded counts as read, too.
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
        """What to report of each partition with this batch: its records, and those before them that were not reported yet."""
        return [Covered(one, self.told[one], run[1], self.asked.get(one)) for one, run in runs.items()]

    def all_covered(self, states: Mapping[int, FetchState]) -> list[Covered]:
        """What to report of every partition, also where no record counted or none arrived; not of one that is being rewound."""
        found = []
        for partition, state in states.items():
            if not state.rewinding:
                done = max(self.time.next_of(partition) or 0, state.first)  # what could not be decoded is settled, too
                first = min(self.told.get(partition, state.first), done)
                found.append(Covered(partition, first, done, self.asked.get(partition)))
        return found

    def was_told(self, covered: Iterable[Covered]) -> None:
        """Note that the memory knows these records now."""
        for one in covered:
            self.told[one.partition] = one.next
            self.asked.pop(one.partition, None)

    def handled(self, runs: Mapping[int, Run], at_s: float) -> None:
        """Note that the worker has handled these records. at_s: when, in seconds of this machine's monotonic clock."""
        for partition, (_, next_offset, recorded_ms) in runs.items():
            self.time.took(partition, next_offset, recorded_ms, at_s)

    def looked(self, states: Mapping[int, FetchState], at_s: float) -> None:
        """Note how the consumer sees each of these partitions. at_s: when, in seconds of this machine's monotonic clock."""
        for partition, state in states.items():
            self.time.looked(partition, state, at_s)

    def reread(self, lost: Mapping[int, int | None], since_ms: int) -> None:
        """Note that these partitions are read again: from the offset given, or, where it is None, from since_ms (UTC ms) on."""
        for partition, known in lost.items():
            if known is None:
                self.asked[partition] = since_ms
            self.time.drop(partition)
            self.told.pop(partition, None)

    def hold(self) -> dict[int, int]:
        """For each partition with records that were not reported: the first such offset.

        It and all later ones may not be committed.
        """
        return {one: known for one, known in self.told.items() if known < (self.time.next_of(one) or 0)}
