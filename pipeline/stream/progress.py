"""How far a worker is with each of its partitions: what is taken, settled and committed, and what must be read again."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from aiokafka.structs import TopicPartition

from pipeline.stream.fetched import RecordBatch


@dataclass(frozen=True, slots=True)
class Since:
    """From where a partition is to be read again: from this offset, or from back_ms before the latest record that was settled, and
    at least before asked_ms (UTC ms, as the broker's clock); from whichever is earlier. Nothing of both: not at all.
    """

    place: int | None = None
    back_ms: int | None = None
    asked_ms: int = 0


Again = Mapping[TopicPartition, Since]
"""What is to be read again."""


@dataclass(slots=True)
class _Partition:
    """Each place is the next offset; None: none yet."""

    taken: int = 0  # a seek may bring again what lies before
    settled: int | None = None
    settled_ms: int | None = None  # when the broker took the latest record that was settled
    committed: int | None = None
    asked: bool = False  # to be read again
    again: Since | None = None  # asked, and not gone back yet
    gone_back: bool = False  # which the broker does not know yet


class Progress:
    """Of one generation of the group: the next one begins with nothing, for the broker's committed offsets say where."""

    def __init__(self) -> None:
        self._partitions: dict[TopicPartition, _Partition] = {}
        self._hold: Mapping[int, int] = {}

    def begin(self, partitions: Iterable[TopicPartition]) -> None:
        """A new generation, with these: Faust's, which equal aiokafka's, but aiokafka takes only its own to be committed."""
        self._partitions = {TopicPartition(*tp): _Partition() for tp in partitions}
        self._hold = {}

    # -- forward ----------------------------------------------------------------------------------------------------------

    def not_taken(self, tp: TopicPartition, batches: Sequence[RecordBatch]) -> list[RecordBatch]:
        """What was not taken of these until now; it is from now on."""
        at = self._partitions[tp]
        found = [packed.since(at.taken) for packed in batches if packed.last >= at.taken]
        at.taken = max(at.taken, batches[-1].last + 1)
        return found

    def settle(self, tp: TopicPartition, place: int, recorded_ms: int) -> None:
        """All before this place is done; recorded_ms: when the broker took the last of it."""
        at = self._partitions[tp]
        at.settled, at.settled_ms = place, max(recorded_ms, at.settled_ms or 0)

    def hold(self, places: Mapping[int, int]) -> None:
        """Commit no further than this, in these partitions, until told otherwise."""
        self._hold = dict(places)

    def offsets(self) -> dict[TopicPartition, int]:
        """Next offset to commit per partition, where the broker may have another one: a lower one, too, after it was rewound."""
        found: dict[TopicPartition, int] = {}
        for tp, at in self._partitions.items():
            if at.settled is not None:
                safe = min(at.settled, self._hold.get(tp.partition, at.settled))
                if safe != at.committed or at.gone_back:
                    found[tp] = safe
        return found

    def committed(self, offsets: Mapping[TopicPartition, int]) -> None:
        """The broker has these. One that was on its way when its partition went back is higher than what is settled since."""
        for tp, offset in offsets.items():
            if at := self._partitions.get(tp):
                at.committed = offset
                at.gone_back = at.asked and (at.settled is None or offset > at.settled)

    def committed_offsets(self) -> dict[TopicPartition, int]:
        """The offset that each partition is read from after a crash: the committed one, or a lower one that is committed next."""
        return {
            tp: at.committed if at.settled is None else min(at.committed, at.settled)
            for tp, at in self._partitions.items()
            if at.committed is not None
        }

    def positions(self) -> dict[TopicPartition, int | None]:
        """Every partition with the next offset that is not settled; None: nothing settled yet."""
        return {tp: at.settled for tp, at in self._partitions.items()}

    def recorded_ms(self, tp: TopicPartition) -> int | None:
        """When the broker took the latest record that was settled, UTC ms, or what `rewound` said; None: nothing settled yet."""
        at = self._partitions.get(tp)
        return at.settled_ms if at else None

    # -- and back ---------------------------------------------------------------------------------------------------------

    def rewind(self, again: Again) -> None:
        """Have these partitions read again: what the handler made of them was lost. Its ids make that harmless. It never goes
        forward: a worker that is behind stays behind. The next generation does not know of it.
        """
        for tp, since in again.items():
            if at := self._partitions.get(tp):
                at.asked, at.again = True, since

    def again(self) -> dict[TopicPartition, Since]:
        """What `rewind` asked for and is not done."""
        return {tp: at.again for tp, at in self._partitions.items() if at.again is not None}

    def rewound(self, again: Again, offsets: Mapping[TopicPartition, int], times: Mapping[TopicPartition, int]) -> None:
        """This was done: these partitions, which had come so far (UTC ms), go on from there; the others need not go back. It is
        committed like any progress, so that a crash does not cut the repetition short.
        """
        for tp, since in again.items():
            at = self._partitions[tp]
            if at.again is since:  # not asked for anew meanwhile
                at.again = None
        for tp, recorded_ms in times.items():
            self._partitions[tp].settled_ms = recorded_ms
        for tp, offset in offsets.items():
            at = self._partitions[tp]
            at.taken = at.settled = offset
            at.gone_back = True

    def debts(self) -> dict[TopicPartition, bool]:
        """The partitions that `rewind` was asked for in this generation, and whether the broker knows that they went back."""
        return {tp: at.again is None and not at.gone_back for tp, at in self._partitions.items() if at.asked}

    def begin_anew(self, tp: TopicPartition) -> None:
        """Its topic is another one than before, and counts from the beginning: nothing that comes was seen, whatever its offset,
        and it is committed although that is less than before.
        """
        at = self._partitions[tp]
        at.taken, at.settled, at.settled_ms, at.committed = 0, None, None, None
