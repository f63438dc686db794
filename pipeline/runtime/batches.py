"""Batches of records as brokers send them, opened within bounds by every reader.

aiokafka makes an object of each record and of each of its headers, and hands on all batches of an answer at once: a few kilobytes
became gigabytes. `bind` changes it so that no more than MAX_BATCH_RECORDS records, MOST_HEADERS headers and
codecs.MAX_UNPACKED_BYTES come of one batch, and about PORTION_BYTES of one partition at a time.
"""

import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from threading import local
from typing import Any

import structlog
from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder
from aiokafka.record.legacy_records import LegacyRecordBatch
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import decode_varint
from crc32c import crc32c

from pipeline.runtime import codecs, zstd

# Byte positions in a batch of records since Kafka 0.11 (magic 2). The records follow the header, and only they are compressed.
LENGTH_AT, MAGIC_AT, CRC_AT, CHECKED_FROM, CODEC_AT, COUNT_AT, HEAD_BYTES = 8, 16, 17, 21, 22, 57, 61
MAX_BATCH_RECORDS = 65_536  # the smallest reads fill the largest batch with fewer
MOST_HEADERS = 262_144
"""Of all records of a batch; nothing of ours reads any."""
# The most that a batch decompresses to; Java's and aiokafka's have 16 KB by default, librdkafka's a megabyte.
ROOM_BYTES = 2 * 1024 * 1024
PORTION_BYTES = 2 * 1024 * 1024
RECORD_BYTES, HEADER_BYTES = 300, 100
"""What an empty record and an empty header take in aiokafka's objects."""
PlainPartition = fetcher.PartitionRecords
"""aiokafka's own, which `bind` replaces in its module."""
log = structlog.get_logger()


class _Memory(local):
    """The memory that batches are decompressed into, one after the other. Each thread has its own."""

    def __init__(self) -> None:
        self.room = memoryview(bytearray(ROOM_BYTES))


_memory = _Memory()
_UNPACK = {1: codecs.unpack_gzip, 2: codecs.unpack_snappy, 3: codecs.unpack_lz4, 4: codecs.unpack_zstd}
"""By Kafka's numbers."""


def opened(batch: Any, raw: memoryview) -> Iterable[Any]:
    """The records of a batch, which aiokafka makes one by one: read them before the next batch is opened. raw: its bytes.

    Raises TooLarge, and whatever its codec raises; so may going through the records.
    """
    if raw[MAGIC_AT] < 2:
        return _few(batch)
    count = int.from_bytes(raw[COUNT_AT:HEAD_BYTES])
    if count > MAX_BATCH_RECORDS:
        raise codecs.TooLarge(f"{count} records, at most {MAX_BATCH_RECORDS}")
    plain = _plain(batch, raw)
    if len(plain) > ROOM_BYTES:
        _refuse_headers(plain)
    records: Iterable[Any] = batch if plain is raw else DefaultRecordBatch(plain)
    return records


def _plain(batch: Any, raw: memoryview) -> memoryview:
    """The bytes of the batch, unpacked: in this thread's memory if zstd packed it and it fits; raw where it is not packed."""
    unpack = _UNPACK.get(batch.compression_type)
    if unpack is None:
        return raw
    head = bytearray(raw[:HEAD_BYTES])
    head[CODEC_AT] &= ~batch.CODEC_MASK & 0xFF
    if batch.compression_type == batch.CODEC_ZSTD:
        room = _memory.room
        end = HEAD_BYTES + zstd.decompressed_into(room[HEAD_BYTES:], raw[HEAD_BYTES:])
        if end < len(room):
            room[:HEAD_BYTES] = head
            return room[:end]
    return memoryview(head + unpack(raw[HEAD_BYTES:]))


def _few(batch: Any) -> list[Any]:
    """The records of an old batch, which does not say how many it has. Raises TooLarge."""
    found = list(islice(batch, MAX_BATCH_RECORDS + 1))
    if len(found) > MAX_BATCH_RECORDS:
        raise codecs.TooLarge(f"it has more than {MAX_BATCH_RECORDS} records")
    return found


def _refuse_headers(batch: memoryview) -> None:
    """Raise TooLarge for an unpacked batch with more than MOST_HEADERS headers: in sixteen megabytes there is room for eight
    million. One below ROOM_BYTES has at most a million and is not looked at."""
    at, count = HEAD_BYTES, 0
    while at < len(batch):
        length, start = decode_varint(batch, at)
        at = start + 1  # its attributes
        for _ in range(2):  # its time and its offset, as differences
            _, at = decode_varint(batch, at)
        for _ in range(2):  # key and value; -1: none
            size, at = decode_varint(batch, at)
            at += max(0, size)
        if at < len(batch):
            count += max(0, decode_varint(batch, at)[0])
        if count > MOST_HEADERS:
            raise codecs.TooLarge(f"it has more than {MOST_HEADERS} headers")
        at = max(at, start + length)  # where the length is wrong, aiokafka says so at this record


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


class _Batch:
    """A batch as PartitionRecords reads it; without records where it cannot be opened."""

    def __init__(self, batch: Any, raw: memoryview, among: "_Batches") -> None:
        self._batch, self._raw, self._among = batch, raw, among

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def validate_crc(self) -> bool:
        """CheckedRecords has done it."""
        return True

    def __iter__(self) -> Iterator[Any]:
        self._among.is_barren = True  # until PartitionRecords hands one of its records on
        try:
            return iter(list(opened(self._batch, self._raw)))
        except Exception as error:
            log.error("batch.left_out", before_offset=self._batch.next_offset, cause=f"{type(error).__name__}: {error}")
            return iter(())

    def __next__(self) -> Any:
        """The marker in a control batch, which ends a transaction."""
        return next(self._batch)


class _Batches:
    """CheckedRecords as PartitionRecords reads it, up to a batch that gave no record."""

    def __init__(self, records: CheckedRecords) -> None:
        self._records = records
        self.is_barren = False

    def has_next(self) -> bool:
        return not self.is_barren and self._records.has_next()

    def next_batch(self) -> _Batch:
        return _Batch(self._records.next_batch(), self._records.raw, self)


class LeavingOut(fetcher.PartitionRecords):  # type: ignore[misc]  # aiokafka ships no types
    """aiokafka's PartitionRecords, for readers that are no stage: a batch that nobody can open is left out. Raised to them, its
    fault would be there again at each new try, and they would see nothing that stands behind it.

    What follows such a batch is fetched anew, so that thousands of them hold nothing else up.
    """

    _records: Any

    def _unpack_records(self) -> Iterator[Any]:
        batches = self._records = _Batches(self._records)
        for record in super()._unpack_records():
            batches.is_barren = False
            yield record


class Portioned(fetcher.FetchResult):  # type: ignore[misc]  # aiokafka ships no types
    """aiokafka's FetchResult, which hands on what a fetch brought of one partition in portions: packed it is a megabyte at most,
    unpacked it may be thousands of times as much. What is left comes at the next call."""

    def getall(self, max_records: int | None = None) -> list[Any]:
        """Up to max_records records (None: any number), until they take PORTION_BYTES."""
        found, room = list[Any](), PORTION_BYTES
        while room > 0 and (max_records is None or len(found) < max_records):
            try:
                record = self.getone()
            except Exception:
                if found:
                    break  # what came before it is taken; it is fetched again, and raised then
                raise
            if record is None:
                break
            found.append(record)
            room -= _size_of(record)
        return found


def _size_of(record: Any) -> int:
    """About how many bytes of memory a record takes; 0 for a batch that a stage keeps packed."""
    headers = getattr(record, "headers", None)
    if headers is None:
        return 0
    return RECORD_BYTES + len(record.key or b"") + len(record.value or b"") + HEADER_BYTES * len(headers)


def bind() -> None:
    """Make aiokafka open batches as described above in this process, unpack with the functions of codecs, and pack zstd with
    reused contexts.

    This replaces names inside aiokafka's fetcher and its two modules of record batches; tests/unit/test_codecs.py and
    test_fetched.py fail when a new release of it changes them.
    """
    for kind in (DefaultRecordBatchBuilder, LegacyRecordBatch):
        module = sys.modules[kind.__module__]
        for name, decode in codecs.DECODERS.items():
            if hasattr(module, name):
                setattr(module, name, decode)
    fetcher.MemoryRecords, fetcher.PartitionRecords, fetcher.FetchResult = CheckedRecords, LeavingOut, Portioned
    sys.modules[DefaultRecordBatchBuilder.__module__].zstd_encode = zstd.compressed  # type: ignore[attr-defined]  # aiokafka's name
