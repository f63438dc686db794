"""How far a worker has come in each of its partitions: which records are taken, settled and committed, and what is read again.

Every offset here is the next one: that of the first record that is not taken, settled or committed yet.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from aiokafka.structs import TopicPartition

from pipeline.stream.fetched import RecordBatch


@dataclass(frozen=True, slots=True)
class RereadFrom:
    """Where to begin reading a partition again, because Redis lost what the agent kept of its records.

    offset: begin at this offset. back_ms: begin with the records that the broker took so many milliseconds before the last
    settled one, or before asked_ms (UTC ms) if that is earlier. Both given: begin at the lower offset. Neither: do not read the
    partition again.
    """

    offset: int | None = None
    back_ms: int | None = None
    asked_ms: int = 0

    @property
    def rewinds(self) -> bool:
        """Whether the partition is to be read again at all."""
        return self.offset is not None or self.back_ms is not None


Rereads = Mapping[TopicPartition, RereadFrom]


@dataclass(slots=True)
class _Partition:
    """The offsets of one partition; None: not known in this generation."""

    taken: int = 0  # records below it were taken, and are dropped when a seek brings them again
    settled: int | None = None
    settled_ms: int | None = None  # when the broker took the latest settled record
    committed: int | None = None
    asked: bool = False  # a reread was asked for in this generation
    reread: RereadFrom | None = None  # asked for, and the partition was not rewound yet
    rewound: bool = False  # the broker does not have the lower offset yet


class Progress:
    """The progress of one generation of the consumer group. The next generation begins at the committed offsets."""

    def __init__(self) -> None:
        self._partitions: dict[TopicPartition, _Partition] = {}
        self._hold: Mapping[int, int] = {}

    def begin(self, partitions: Iterable[TopicPartition]) -> None:
        """Begin a generation with these partitions. Those of Faust's class are kept as aiokafka's: it commits no other."""
        self._partitions = {TopicPartition(*tp): _Partition() for tp in partitions}
        self._hold = {}

    # -- forward ----------------------------------------------------------------------------------------------------------

    def not_taken(self, tp: TopicPartition, batches: Sequence[RecordBatch]) -> list[RecordBatch]:
        """The part of these batches that was not taken before; it counts as taken from now on."""
        at = self._partitions[tp]
        found = [packed.since(at.taken) for packed in batches if packed.last >= at.taken]
        at.taken = max(at.taken, batches[-1].last + 1)
        return found

    def settle(self, tp: TopicPartition, offset: int, recorded_ms: int) -> None:
        """Note that all records below this offset are settled. recorded_ms: when the broker took the last of them, UTC ms."""
        at = self._partitions[tp]
        at.settled, at.settled_ms = offset, max(recorded_ms, at.settled_ms or 0)

    def hold(self, offsets: Mapping[int, int]) -> None:
        """Commit no higher than these offsets, by partition, until the next call."""
        self._hold = dict(offsets)

    def offsets(self) -> dict[TopicPartition, int]:
        """The offset to commit for each partition whose offset at the broker may differ. After a rewind it may be lower than
        the broker's."""
        found: dict[TopicPartition, int] = {}
        for tp, at in self._partitions.items():
            if at.settled is not None:
                safe = min(at.settled, self._hold.get(tp.partition, at.settled))
                if safe != at.committed or at.rewound:
                    found[tp] = safe
        return found

    def committed(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Note that the broker has committed these offsets.

        One that was in flight during a rewind is too high: another commit must follow.
        """
        for tp, offset in offsets.items():
            if at := self._partitions.get(tp):
                at.committed = offset
                at.rewound = at.asked and (at.settled is None or offset > at.settled)

    def committed_offsets(self) -> dict[TopicPartition, int]:
        """The offset that each partition is read from after a crash: the committed one, or a lower one that is committed next."""
        return {
            tp: at.committed if at.settled is None else min(at.committed, at.settled)
            for tp, at in self._partitions.items()
            if at.committed is not None
        }

    def positions(self) -> dict[TopicPartition, int | None]:
        """The settled offset of every partition; None: nothing was settled in this generation."""
        return {tp: at.settled for tp, at in self._partitions.items()}

    def recorded_ms(self, tp: TopicPartition) -> int | None:
        """When the broker took the latest settled record, UTC ms, or what `rewound` was told; None: neither is known."""
        at = self._partitions.get(tp)
        return at.settled_ms if at else None

    # -- and back ---------------------------------------------------------------------------------------------------------

    def ask_reread(self, rereads: Rereads) -> None:
        """Ask that these partitions be read again. Their messages get the same ids again, which makes that harmless.

        A reread never skips records: a partition that is behind the named offset goes on from where it is. The next generation does
        not know of the reread.
        """
        for tp, reread in rereads.items():
            if at := self._partitions.get(tp):
                at.asked, at.reread = True, reread

    def rereads(self) -> dict[TopicPartition, RereadFrom]:
        """The rereads that were asked for and are not done yet."""
        return {tp: at.reread for tp, at in self._partitions.items() if at.reread is not None}

    def rewound(
        self, done: Rereads, offsets: Mapping[TopicPartition, int], times: Mapping[TopicPartition, int]
    ) -> None:
        """Note that these rereads are done: partitions in `offsets` go on from there, the others did not need to go back.

        times: how far each had come, UTC ms. The lower offsets are committed like any other, so that a worker that takes over
        after a crash reads again, too.
        """
        for tp, reread in done.items():
            at = self._partitions[tp]
            if at.reread is reread:  # it was not asked for once more meanwhile
                at.reread = None
        for tp, recorded_ms in times.items():
            self._partitions[tp].settled_ms = recorded_ms
        for tp, offset in offsets.items():
            at = self._partitions[tp]
            at.taken = at.settled = offset
            at.rewound = True

    def rereads_committed(self) -> dict[TopicPartition, bool]:
        """Each partition for which a reread was asked in this generation.

        True: the partition went back and the broker has committed the lower offset, or it need not go back. False: not yet.
        """
        return {tp: at.reread is None and not at.rewound for tp, at in self._partitions.items() if at.asked}

    def begin_anew(self, tp: TopicPartition) -> None:
        """Note that the topic was deleted and made again: its offsets count from the beginning, and lower ones are committed."""
        at = self._partitions[tp]
        at.taken, at.settled, at.settled_ms, at.committed = 0, None, None, None
