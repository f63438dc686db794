"""Records that should have come and did not: dropped by the topic's retention before they were read, or a topic made anew."""

from collections.abc import Mapping, Sequence

from aiokafka.structs import TopicPartition

from pipeline.stream.fetched import RecordBatch


class Gaps:
    """The next offset of each partition as far as was sought and taken, and when the broker recorded the last one."""

    def __init__(self) -> None:
        self._next: dict[TopicPartition, int] = {}
        self._last_ms: dict[TopicPartition, int] = {}

    def sought(self, places: Mapping[TopicPartition, int | None]) -> None:
        """What comes next comes from there; None: from wherever the topic begins."""
        for tp, place in places.items():
            if place is None:
                self._next.pop(tp, None)
            else:
                self._next[tp] = place

    def took(self, batches: Mapping[TopicPartition, Sequence[RecordBatch]]) -> dict[TopicPartition, tuple[int, int]]:
        """Note what came. Returns, where it is later than what comes next, the offset that was due and the one that came."""
        found: dict[TopicPartition, tuple[int, int]] = {}
        for tp, some in batches.items():
            due = self._next.get(tp)
            if due is not None and due < some[0].first:
                found[tp] = (due, some[0].first)
            self._next[tp] = some[-1].last + 1
            self._last_ms[tp] = some[-1].last_ms
        return found

    def strayed(self, batches: Mapping[TopicPartition, Sequence[RecordBatch]]) -> dict[TopicPartition, int]:
        """Where what came lies before what is due, with the offset that is due: a leader that had not caught up did not know the
        place, and the client began with the topic's first record."""
        due = {tp: self._next.get(tp, -1) for tp, some in batches.items()}
        return {
            tp: place for tp, place in due.items() if batches[tp][0].first < place and not self._is_new(tp, batches[tp])
        }

    def begun_anew(self, batches: Mapping[TopicPartition, Sequence[RecordBatch]]) -> list[TopicPartition]:
        """Where what came lies before what is due, and is yet younger than what was taken: another topic of the same name."""
        return [tp for tp, some in batches.items() if some[0].first < self._next.get(tp, -1) and self._is_new(tp, some)]

    def _is_new(self, tp: TopicPartition, some: Sequence[RecordBatch]) -> bool:
        return some[0].first_ms > self._last_ms.get(tp, -1)


def expired(
    gaps: Mapping[TopicPartition, tuple[int, int]], begins: Mapping[TopicPartition, int]
) -> dict[TopicPartition, int]:
    """How many offsets of each partition the topic no longer had when they were due. begins: each one's first offset now.

    A gap behind the topic's first offset is none: marks of transactions, and records that were taken back, have offsets, too.
    """
    lost = {tp: min(begins.get(tp, 0), came) - due for tp, (due, came) in gaps.items()}
    return {tp: count for tp, count in lost.items() if count > 0}
