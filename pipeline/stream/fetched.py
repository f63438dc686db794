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
from itertools import islice
from threading import local
from typing import Any

import msgspec
from aiokafka.consumer import fetcher as upstream
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatch
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import decode_varint
from aiokafka.structs import TopicPartition
from crc32c import crc32c

from pipeline.runtime import codecs, zstd

# Byte positions in a batch of records since Kafka 0.11 (magic 2). The records follow the header, and only they are compressed.
LENGTH_AT, MAGIC_AT, CRC_AT, CHECKED_FROM, CODEC_AT, COUNT_AT, HEAD_BYTES = 8, 16, 17, 21, 22, 57, 61
MAX_BATCH_RECORDS = 65_536  # the smallest reads fill the largest batch with fewer
# The most that a batch decompresses to; Java's and aiokafka's have 16 KB by default, librdkafka's a megabyte.
ROOM_BYTES = 2 * 1024 * 1024
MOST_HEADERS = 1_000
"""Of one record in a large batch; nothing of ours reads any."""
NO_TIME = -1
BROKERS_CLOCK = 1  # a batch's timestamp_type where records have the time at which the broker took them


class Fetched(msgspec.Struct, gc=False):
    """One record. timestamp: ms UTC, of the broker or the producer, as the topic is configured."""

    offset: int
    timestamp: int
    value: bytes | None


class Spoilt(Fetched, gc=False):
    """Stands in place of the records of a batch that cannot be unpacked.

    offset: of the batch's last record. packed: the batch's bytes as they came. reason, detail: what is wrong with it.
    """

    reason: str
    detail: str
    packed: bytes


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
        first, count = self.first, self._count()
        if count > MAX_BATCH_RECORDS:
            return [self._spoilt("batch_too_large", f"{count} records, at most {MAX_BATCH_RECORDS}")]
        try:
            batch = _memory.opened(self._batch, self._raw)
            return [Fetched(one.offset, one.timestamp, one.value) for one in batch if one.offset >= first]
        except codecs.TooLarge as error:
            return [self._spoilt("batch_too_large", str(error))]
        except Exception as error:
            return [self._spoilt("batch_broken", f"{type(error).__name__}: {error}")]

    def _count(self) -> int:
        """How many records the batch's header says that it has; 0 where an old batch does not say."""
        return 0 if self._raw[MAGIC_AT] < 2 else int.from_bytes(self._raw[COUNT_AT:HEAD_BYTES])

    def _spoilt(self, reason: str, why: str) -> Spoilt:
        detail = f"a batch of {len(self._raw)} bytes, offsets {self.first} to {self.last}: {why}"
        return Spoilt(self.last, max(0, self.last_ms), None, reason, detail, bytes(self._raw))


@dataclass(frozen=True, slots=True)
class Chunk:
    """Fetched batches, in order per partition, and the generation of the consumer group in which they were fetched."""

    generation: int
    batches: Mapping[TopicPartition, Sequence[RecordBatch]]


class _Memory(local):
    """The memory that batches are decompressed into, one after the other. Each thread has its own."""

    def __init__(self) -> None:
        self._memory = memoryview(bytearray(ROOM_BYTES))

    def opened(self, batch: Any, raw: memoryview) -> Any:
        """The batch, unpacked: into this memory if zstd packed it and it fits. Read the result before the next call.

        Raises TooLarge, and whatever its codec raises.
        """
        if raw[MAGIC_AT] < 2:
            return _few(batch)
        if batch.compression_type == batch.CODEC_ZSTD:
            room = self._memory
            end = HEAD_BYTES + zstd.decompressed_into(room[HEAD_BYTES:], raw[HEAD_BYTES:])
            if end < len(room):
                room[:HEAD_BYTES] = raw[:HEAD_BYTES]
                room[CODEC_AT] &= ~batch.CODEC_MASK & 0xFF
                return DefaultRecordBatch(room[:end])
        unpack = _UNPACK.get(batch.compression_type)
        whole = raw
        if unpack is not None:
            plain = bytearray(raw[:HEAD_BYTES])
            plain[CODEC_AT] &= ~batch.CODEC_MASK & 0xFF
            whole = memoryview(plain + unpack(raw[HEAD_BYTES:]))
        if len(whole) > ROOM_BYTES:
            check_headers(whole)
        return batch if unpack is None else DefaultRecordBatch(whole)


_memory = _Memory()
_UNPACK = {1: codecs.unpack_gzip, 2: codecs.unpack_snappy, 3: codecs.unpack_lz4, 4: codecs.unpack_zstd}
"""By Kafka's numbers."""


def _few(batch: Any) -> list[Any]:
    """The records of an old batch, which does not say how many it has. Raises TooLarge."""
    found = list(islice(batch, MAX_BATCH_RECORDS + 1))
    if len(found) > MAX_BATCH_RECORDS:
        raise codecs.TooLarge(f"it has more than {MAX_BATCH_RECORDS} records")
    return found


def check_headers(batch: memoryview) -> None:
    """Raise TooLarge for an unpacked batch with a record of more than MOST_HEADERS headers: aiokafka makes objects of them all,
    and in sixteen megabytes there is room for eight million."""
    at = HEAD_BYTES
    while at < len(batch):
        length, start = decode_varint(batch, at)
        at = start + 1  # its attributes
        for _ in range(2):  # its time and its offset, as differences
            _, at = decode_varint(batch, at)
        for _ in range(2):  # key and value; -1: none
            size, at = decode_varint(batch, at)
            at += max(0, size)
        if at < len(batch) and decode_varint(batch, at)[0] > MOST_HEADERS:
            raise codecs.TooLarge(f"it has a record with more than {MOST_HEADERS} headers")
        at = max(at, start + length)  # where the length is wrong, aiokafka says so at this record


def keep_packed(consumer: Any) -> None:
    """Have a started AIOKafkaConsumer (with check_crcs=False) return RecordBatches instead of records.

    It relies on Fetcher._proc_fetch_request, Fetcher._records (partition -> FetchResult), FetchResult._partition_records, and on
    the name MemoryRecords in the fetcher's module, by which it reads an answer's bytes.
    """
    codecs.bind()
    upstream.MemoryRecords = CheckedRecords
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


class PartitionBatches(upstream.PartitionRecords):  # type: ignore[misc]  # aiokafka ships no types
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


class CheckedRecords:
    """aiokafka's MemoryRecords, with every batch's checksum checked. raw: the bytes of the batch returned last."""

    def __init__(self, data: bytes) -> None:
        self._records = MemoryRecords(data)
        self._data = memoryview(data)
        self.raw = self._data[:0]
        self._at = 0
        self.has_next = self._records.has_next
        self.size_in_bytes = self._records.size_in_bytes

    def next_batch(self) -> Any:
        """The next batch, or None at the end. Raises CorruptRecordException when its checksum is wrong."""
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
