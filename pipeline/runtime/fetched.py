"""What is made of the broker's answer to a fetch, at the least cost: aiokafka's fetcher, mended in two places.

* Of a record its offset, time and value are kept. aiokafka makes an object of eleven fields of each, which takes longer than all
  the rest; no agent looks at the others.
* Its checksum is computed by the processor's own instruction. aiokafka's takes 0.8 ms a megabyte, more than anything else that is
  done to a full batch of reads; to do without, as librdkafka does unless told otherwise, would let a broken disk change a plate.

tests/unit/test_fetched.py fails when upstream changes what this leans on.
"""

from typing import Any

import msgspec
from aiokafka.consumer import fetcher as upstream
from aiokafka.errors import CorruptRecordException
from aiokafka.record.memory_records import MemoryRecords
from crc32c import crc32c

LENGTH_AT, MAGIC_AT, CRC_AT, CHECKED_FROM = 8, 16, 17, 21  # bytes into a batch of records, since Kafka 0.11 (magic 2)


class Fetched(msgspec.Struct, gc=False):
    """One record as the broker gave it. timestamp: ms UTC, of the broker or the producer, as its topic is set."""

    offset: int
    timestamp: int
    value: bytes | None


def lean(consumer: Any) -> None:
    """Have a started AIOKafkaConsumer (with check_crcs=False) make these of what it fetches.

    It leans on Fetcher._proc_fetch_request, Fetcher._records (partition -> FetchResult), FetchResult._partition_records and
    PartitionRecords._consumer_record; and on the name MemoryRecords, by which the fetcher makes them of an answer's bytes.
    """
    upstream.MemoryRecords = CheckedRecords
    fetcher = consumer._fetcher
    fetch = fetcher._proc_fetch_request

    async def leaner(assignment: Any, node_id: Any, request: Any) -> Any:
        brought = await fetch(assignment, node_id, request)
        for result in fetcher._records.values():
            records = getattr(result, "_partition_records", None)  # an error has none
            if records is not None:
                records._consumer_record = _fetched
        return brought

    fetcher._proc_fetch_request = leaner


def _fetched(_tp: Any, record: Any) -> Fetched:
    return Fetched(record.offset, record.timestamp, record.value)


class CheckedRecords:
    """aiokafka's MemoryRecords: the batches in these bytes, each with its checksum checked."""

    def __init__(self, data: bytes) -> None:
        self._records = MemoryRecords(data)
        self._data = memoryview(data)
        self._at = 0
        self.has_next = self._records.has_next
        self.size_in_bytes = self._records.size_in_bytes

    def next_batch(self) -> Any:
        """The next batch, or None. Raises CorruptRecordException when it is not what was written."""
        batch = self._records.next_batch()
        if batch is not None:
            raw = self._data[self._at :]
            end = LENGTH_AT + 4 + int.from_bytes(raw[LENGTH_AT : LENGTH_AT + 4])
            self._at += end
            if raw[MAGIC_AT] < 2:
                whole = batch.validate_crc()
            else:
                whole = crc32c(raw[CHECKED_FROM:end]) == int.from_bytes(raw[CRC_AT : CRC_AT + 4])
            if not whole:
                raise CorruptRecordException("a batch of records does not have its checksum")
        return batch
