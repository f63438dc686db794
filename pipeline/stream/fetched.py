"""Fetched record batches, kept as the broker sent them until a stage takes them. It changes aiokafka's fetcher in four places.

* Batches stay compressed until a stage takes them. It then decompresses and decodes some hundred kilobytes while they are in the
  processor's cache; queued batches take a tenth of the memory, and the consumer's thread does little but talk to the broker.
* Of each record only offset, time and value are kept. aiokafka makes an object of eleven fields, which takes longer than all other
  work on the record, and no agent reads the others.
* Each batch is decompressed into the same memory. Newly allocated memory must be cleared by the system first, which took longer
  than all other work on the batch.
* The checksum is computed by the processor's CRC32C instruction. aiokafka's code takes 0.8 ms a megabyte, more than anything else
  done to a full batch of reads. Without a check, which is librdkafka's default, a broken disk could change a plate.

tests/unit/test_fetched.py fails when upstream changes what this relies on.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from aiokafka.structs import TopicPartition

from pipeline.runtime import codecs
from pipeline.runtime.batches import CheckedRecords, PlainPartition, bind, opened

NO_TIME = -1
BROKERS_CLOCK = 1  # a batch's timestamp_type where records have the time at which the broker took them


class Fetched(msgspec.Struct, gc=False):
    """One record. timestamp: ms UTC, of the broker or the producer, as the topic is configured."""

    offset: int
    timestamp: int
    value: bytes | None


class Spoilt(Fetched, gc=False):
    """Stands in place of the records of a batch that cannot be unpacked.

    offset: of the batch's last record. reason, detail: what is wrong with it.
    """

    reason: str
    detail: str


class RecordBatch:
    """A batch of records as the broker sent it: its checksum is checked, its records are not decompressed.

    first, last: the offsets of the records that are wanted. first_ms, last_ms: from the batch's header, ms UTC; the records' times
    lie between them. -1 where an old batch (magic 0 or 1) has no times.
    """

    __slots__ = ("_batch", "_raw", "first", "first_ms", "last", "last_ms")

    def __init__(self, batch: Any, raw: memoryview, first: int) -> None:
        self._batch, self._raw, self.first, self.last = batch, raw, first, int(batch.next_offset) - 1
        self.last_ms: int = getattr(batch, "max_timestamp", NO_TIME)
        self.first_ms: int = getattr(batch, "first_timestamp", NO_TIME)
        if getattr(batch, "timestamp_type", None) == BROKERS_CLOCK:
            self.first_ms = self.last_ms

    def __len__(self) -> int:
        """How many offsets it covers: as many as it has records, unless the topic is compacted."""
        return self.last - self.first + 1

    def since(self, offset: int) -> "RecordBatch":
        """The same batch without the records below the offset."""
        return self if offset <= self.first else RecordBatch(self._batch, self._raw, offset)

    def unpacked(self) -> list[Fetched]:
        """The batch's records. Call it once. A batch that no reader can unpack gives one Spoilt instead.

        A fault in a batch with a correct checksum is still there when the batch is fetched again. So no error is raised: it
        would end this worker, and every worker after it.
        """
        first = self.first
        try:
            records = opened(self._batch, self._raw)
            return [Fetched(one.offset, one.timestamp, one.value) for one in records if one.offset >= first]
        except codecs.TooLarge as error:
            return [self._spoilt("batch_too_large", str(error))]
        except Exception as error:
            return [self._spoilt("batch_broken", f"{type(error).__name__}: {error}")]

    def _spoilt(self, reason: str, why: str) -> Spoilt:
        detail = f"a batch of {len(self._raw)} bytes, offsets {self.first} to {self.last}: {why}"
        return Spoilt(self.last, max(0, self.last_ms), None, reason, detail)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Fetched batches, in order per partition, and the generation of the consumer group in which they were fetched."""

    generation: int
    batches: Mapping[TopicPartition, Sequence[RecordBatch]]


def keep_packed(consumer: Any) -> None:
    """Have a started AIOKafkaConsumer (with check_crcs=False) return RecordBatches instead of records.

    It relies on Fetcher._proc_fetch_request, Fetcher._records (partition -> FetchResult) and FetchResult._partition_records.
    """
    bind()
    fetcher = consumer._fetcher
    fetch = fetcher._proc_fetch_request

    async def kept_packed(assignment: Any, node_id: Any, request: Any) -> Any:
        brought = await fetch(assignment, node_id, request)
        for result in fetcher._records.values():
            records = getattr(result, "_partition_records", None)  # an error has none
            if records is not None and not isinstance(records, PartitionBatches):
                result._partition_records = PartitionBatches(records)
        return brought

    fetcher._proc_fetch_request = kept_packed


class PartitionBatches(PlainPartition):  # type: ignore[misc]  # aiokafka ships no types
    """aiokafka's PartitionRecords, which skips aborted transactions and tracks positions, over batches instead of records.

    It relies on its fields and on how _unpack_records iterates.
    """

    def __init__(self, fetched: Any) -> None:
        super().__init__(
            fetched._tp,
            _Headers(fetched._records),
            fetched._aborted_transactions,
            fetched.next_fetch_offset,
            None,
            None,
            False,
            fetched._isolation_level,
        )

    def _consumer_record(self, _tp: Any, header: "_Header") -> RecordBatch:
        return RecordBatch(header.batch, header.raw, max(self.next_fetch_offset, header.base_offset))


class _Header:
    """A batch as PartitionRecords sees it: with one record, which is the batch itself, at its last offset."""

    def __init__(self, batch: Any, raw: memoryview) -> None:
        self.batch, self.raw = batch, raw
        self.base_offset = getattr(batch, "base_offset", 0)  # an old one's is where the fetch began
        self.next_offset, self.offset = batch.next_offset, batch.next_offset - 1
        self.producer_id = batch.producer_id
        self.is_control_batch, self.is_transactional = batch.is_control_batch, batch.is_transactional

    def __iter__(self) -> "Iterator[_Header]":
        return iter((self,))

    def __next__(self) -> Any:
        """The marker in a control batch, which ends a transaction."""
        return next(self.batch)


class _Headers:
    """CheckedRecords in the form that PartitionRecords reads."""

    def __init__(self, records: "CheckedRecords") -> None:
        self._records = records
        self.has_next = records.has_next

    def next_batch(self) -> _Header:
        """The next batch as a _Header. Raises CorruptRecordException when its checksum is wrong."""
        return _Header(self._records.next_batch(), self._records.raw)
