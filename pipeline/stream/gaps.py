"""Finds gaps between fetched records and those before: retention deleted records, a leader lags, or the topic was made anew."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiokafka.structs import TopicPartition

from pipeline.stream.fetched import RecordBatch

Batches = Mapping[TopicPartition, Sequence[RecordBatch]]


@dataclass(frozen=True, slots=True)
class Gap:
    """Offsets that were not fetched: from `expected` up to and without `first`."""

    expected: int
    first: int


class Gaps:
    """The offset that is expected next in each partition, and when the broker took the last record."""

    def __init__(self) -> None:
        self._expected: dict[TopicPartition, int] = {}
        self._last_ms: dict[TopicPartition, int] = {}

    def sought(self, offsets: Mapping[TopicPartition, int | None]) -> None:
        """Note a seek: each partition continues at this offset; None: at whatever offset its next record has."""
        for tp, offset in offsets.items():
            if offset is None:
                self._expected.pop(tp, None)
            else:
                self._expected[tp] = offset

    def took(self, batches: Batches) -> dict[TopicPartition, Gap]:
        """Note that these batches were taken. Returns the gap before each partition's first one, where there is one."""
        found: dict[TopicPartition, Gap] = {}
        for tp, some in batches.items():
            expected = self._expected.get(tp)
            if expected is not None and expected < some[0].first:
                found[tp] = Gap(expected, some[0].first)
            self._expected[tp] = some[-1].last + 1
            self._last_ms[tp] = some[-1].last_ms
        return found

    def reset_by_client(self, batches: Batches) -> dict[TopicPartition, int]:
        """The expected offset of each partition that was fetched from a lower one.

        A leader that lags behind did not know the expected offset, and the client went back to the earliest record by itself.
        """
        return {
            tp: expected
            for tp, some in batches.items()
            if (expected := self._expected.get(tp, -1)) > some[0].first and not self._is_newer(tp, some)
        }

    def made_anew(self, batches: Batches) -> list[TopicPartition]:
        """Partitions whose fetched offset is below the expected one, although the records are newer: the topic is another one."""
        return [
            tp
            for tp, some in batches.items()
            if some[0].first < self._expected.get(tp, -1) and self._is_newer(tp, some)
        ]

    def _is_newer(self, tp: TopicPartition, some: Sequence[RecordBatch]) -> bool:
        return some[0].first_ms > self._last_ms.get(tp, -1)


def expired(gaps: Mapping[TopicPartition, Gap], begins: Mapping[TopicPartition, int]) -> dict[TopicPartition, int]:
    """How many offsets of each gap the topic no longer has. begins: the first offset that each partition has now.

    What is missing at or after the first offset was never a record: transactions' markers and aborted records have offsets, too.
    """
    lost = {tp: min(begins.get(tp, 0), gap.first) - gap.expected for tp, gap in gaps.items()}
    return {tp: count for tp, count in lost.items() if count > 0}
