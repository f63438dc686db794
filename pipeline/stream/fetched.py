"""What is made of the broker's answer to a fetch, at the least cost: aiokafka's fetcher, mended in four places.

* Batches of records stay packed until a stage takes them. It then unpacks and decodes some hundred kilobytes that are still in the
  processor's cache, and what waits is a tenth as large; the consumer's thread does little but talk to the broker.
* Of a record its offset, time and value are kept. aiokafka makes an object of eleven fields of each, which takes longer than all
  the rest; no agent looks at the others.
* A batch is decompressed into the same memory each time: new memory the system must first find and clear, which took longer than
  all else about taking a batch.
* Its checksum is computed by the processor's own instruction. aiokafka's takes 0.8 ms a megabyte, more than anything else that is
  done to a full batch of reads; to do without, as librdkafka does unless told otherwise, would let a broken disk change a plate.

tests/unit/test_fetched.py fails when upstream changes what this leans on.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import local
from typing import Any

import msgspec
from aiokafka.consumer import fetcher as upstream
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatch
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.structs import TopicPartition
from crc32c import crc32c

from pipeline.runtime import zstd

# Bytes into a batch of records, since Kafka 0.11 (magic 2). Its records begin where its head ends, and are what is compressed.
LENGTH_AT, MAGIC_AT, CRC_AT, CHECKED_FROM, CODEC_AT, HEAD_BYTES = 8, 16, 17, 21, 22, 61
# Java's and aiokafka's batches have at most 16 KB unless told otherwise, librdkafka's a megabyte.
ROOM_BYTES = 2 * 1024 * 1024
NO_TIME = -1
BROKERS_CLOCK = 1  # a batch's timestamp_type where the topic's records bear the time at which the broker took them


class Fetched(msgspec.Struct, gc=False):
    """One record as the broker gave it. timestamp: ms UTC, of the broker or the producer, as its topic is set."""

    offset: int
    timestamp: int
    value: bytes | None


class RecordBatch:
    """A batch of records as the broker gave it: checked, but not unpacked.

    first, last: offsets of what is wanted of it. first_ms, last_ms: ms UTC, from its head; its records' own times lie within. -1
    where an old batch (magic 0 or 1) has none.
    """

    __slots__ = ("_batch", "_raw", "first", "first_ms", "last", "last_ms")

    def __init__(self, batch: Any, raw: memoryview, first: int) -> None:
        self._batch, self._raw, self.first, self.last = batch, raw, first, int(batch.next_offset) - 1
        self.last_ms: int = getattr(batch, "max_timestamp", NO_TIME)
        self.first_ms: int = getattr(batch, "first_timestamp", NO_TIME)
        if getattr(batch, "timestamp_type", None) == BROKERS_CLOCK:
            self.first_ms = self.last_ms

    def __len__(self) -> int:
        """How many records it has; in a compacted topic, at most so many."""
        return self.last - self.first + 1

    def since(self, offset: int) -> "RecordBatch":
        """The same without what is before the offset."""
        return self if offset <= self.first else RecordBatch(self._batch, self._raw, offset)

    def unpacked(self) -> list[Fetched]:
        """Its records; they can be had once."""
        first, batch = self.first, _room.opened(self._batch, self._raw)
        return [Fetched(one.offset, one.timestamp, one.value) for one in batch if one.offset >= first]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Batches of records as fetched, in order per partition, and the group generation that they were fetched in."""

    generation: int
    batches: Mapping[TopicPartition, Sequence[RecordBatch]]


class _Room(local):
    """Memory that batches are decompressed into, one after the other; of one thread, for another may be reading its own."""

    def __init__(self) -> None:
        self._memory = memoryview(bytearray(ROOM_BYTES))

    def opened(self, batch: Any, raw: memoryview) -> Any:
        """The batch, decompressed if it was packed by zstd and fits; aiokafka opens all else. To be read before the next one."""
        if raw[MAGIC_AT] < 2 or batch.compression_type != batch.CODEC_ZSTD:
            return batch
        room = self._memory
        try:
            end = HEAD_BYTES + zstd.decompressed_into(room[HEAD_BYTES:], raw[HEAD_BYTES:])
        except zstd.Broken:
            return batch
        if end == len(room):  # larger than any client of ours makes them
            return batch
        room[:HEAD_BYTES] = raw[:HEAD_BYTES]
        room[CODEC_AT] &= ~batch.CODEC_MASK & 0xFF
        return DefaultRecordBatch(room[:end])


_room = _Room()


def keep_packed(consumer: Any) -> None:
    """Have a started AIOKafkaConsumer (with check_crcs=False) give a RecordBatch where it gave records.

    It leans on Fetcher._proc_fetch_request, Fetcher._records (partition -> FetchResult) and FetchResult._partition_records; and on
    the name MemoryRecords, by which the fetcher makes them of an answer's bytes.
    """
    zstd.keep_contexts()
    upstream.MemoryRecords = CheckedRecords
    fetcher = consumer._fetcher
    fetch = fetcher._proc_fetch_request

    async def leaner(assignment: Any, node_id: Any, request: Any) -> Any:
        brought = await fetch(assignment, node_id, request)
        for result in fetcher._records.values():
            records = getattr(result, "_partition_records", None)  # an error has none
            if records is not None and not isinstance(records, PartitionBatches):
                result._partition_records = PartitionBatches(records)
        return brought

    fetcher._proc_fetch_request = leaner


class PartitionBatches(upstream.PartitionRecords):  # type: ignore[misc]
    """aiokafka's PartitionRecords, which minds transactions and positions, over batches instead of records.

    It leans on how _unpack_records goes through them, and on its fields.
    """

    def __init__(self, fetched: Any) -> None:
        super().__init__(
            fetched._tp,
            _Heads(fetched._records),
            fetched._aborted_transactions,
            fetched.next_fetch_offset,
            None,
            None,
            False,
            fetched._isolation_level,
        )

    def _consumer_record(self, _tp: Any, head: "_Head") -> RecordBatch:
        return RecordBatch(head.batch, head.raw, max(self.next_fetch_offset, head.base_offset))


class _Head:
    """A batch as PartitionRecords is shown it: with one record in it, at its last offset, which is the batch."""

    def __init__(self, batch: Any, raw: memoryview) -> None:
        self.batch, self.raw = batch, raw
        self.base_offset = getattr(batch, "base_offset", 0)  # an old one's is where the fetch began
        self.next_offset, self.offset = batch.next_offset, batch.next_offset - 1
        self.producer_id = batch.producer_id
        self.is_control_batch, self.is_transactional = batch.is_control_batch, batch.is_transactional

    def __iter__(self) -> "Iterator[_Head]":
        return iter((self,))

    def __next__(self) -> Any:
        """The mark in a control batch."""
        return next(self.batch)


class _Heads:
    """CheckedRecords as PartitionRecords is shown them."""

    def __init__(self, records: "CheckedRecords") -> None:
        self._records = records
        self.has_next = records.has_next

    def next_batch(self) -> _Head:
        """The next one. Raises CorruptRecordException."""
        return _Head(self._records.next_batch(), self._records.raw)


class CheckedRecords:
    """aiokafka's MemoryRecords: the batches in these bytes, each with its checksum checked. raw: the bytes of the last one."""

    def __init__(self, data: bytes) -> None:
        self._records = MemoryRecords(data)
        self._data = memoryview(data)
        self.raw = self._data[:0]
        self._at = 0
        self.has_next = self._records.has_next
        self.size_in_bytes = self._records.size_in_bytes

    def next_batch(self) -> Any:
        """The next batch, or None. Raises CorruptRecordException when it is not what was written."""
        batch = self._records.next_batch()
        if batch is not None:
            length_at = self._at + LENGTH_AT
            end = length_at + 4 + int.from_bytes(self._data[length_at : length_at + 4])
            self.raw = raw = self._data[self._at : end]
            self._at = end
            if raw[MAGIC_AT] < 2:
                whole = batch.validate_crc()
            else:
                whole = crc32c(raw[CHECKED_FROM:]) == int.from_bytes(raw[CRC_AT : CRC_AT + 4])
            if not whole:
                raise CorruptRecordException("a batch of records does not have its checksum")
        return batch
