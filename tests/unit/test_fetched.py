"""Lean records: aiokafka's own fetcher makes them, and still has what that leans on."""

import inspect
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.consumer.fetcher import READ_COMMITTED, Fetcher, FetchError, FetchResult, PartitionRecords
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.structs import TopicPartition

from pipeline.runtime.fetched import CheckedRecords, Fetched, lean

PLACE = TopicPartition("t.reads", 3)


def batch_of(*values: bytes | None) -> bytearray:
    """The bytes of a batch of records, from offset 0 on."""
    builder = DefaultRecordBatchBuilder(2, 0, False, -1, -1, -1, 1 << 20)
    for at, value in enumerate(values):
        builder.append(at, 1_000 + at, b"key", value, [("header", b"x")])
    return builder.build()


def records_of(*values: bytes | None) -> PartitionRecords:
    """What aiokafka makes of a broker's answer with these records."""
    made = CheckedRecords(bytes(batch_of(*values)))
    return PartitionRecords(PLACE, made, [], 0, None, None, False, READ_COMMITTED)


async def test_a_fetched_record_is_its_offset_its_time_and_its_value() -> None:
    """In order, with the position moved on, as aiokafka does it; an answer that is an error is left alone."""
    assignment = SimpleNamespace(active=True, state_value=lambda _tp: state)
    state = SimpleNamespace(paused=False, position=0, consumed_to=lambda offset: setattr(state, "position", offset))
    fetcher = SimpleNamespace(_records=dict[TopicPartition, Any]())

    async def fetch(_assignment: object, _node_id: object, _request: object) -> bool:
        records = records_of(b"a", None, b"c")
        fetcher._records[PLACE] = FetchResult(PLACE, assignment=assignment, partition_records=records, backoff=0)
        fetcher._records[TopicPartition("t.reads", 4)] = FetchError(error=KeyError(), backoff=0)
        return True

    fetcher._proc_fetch_request = fetch
    lean(SimpleNamespace(_fetcher=fetcher))
    assert await fetcher._proc_fetch_request(assignment, 0, None)
    found = fetcher._records[PLACE].getall()
    assert [Fetched(0, 1_000, b"a"), Fetched(1, 1_001, None), Fetched(2, 1_002, b"c")] == found
    assert 3 == state.position


def test_records_with_a_bit_turned_are_not_taken() -> None:
    """Wherever in the batch it is turned; those of the batch before it are."""
    whole = bytes(batch_of(b"a", b"b"))
    for at in range(17, len(whole)):
        broken = bytearray(whole)
        broken[at] ^= 4
        records = CheckedRecords(whole + bytes(broken))
        assert records.has_next()
        assert [b"a", b"b"] == [record.value for record in records.next_batch()]
        with pytest.raises(CorruptRecordException):
            records.next_batch()


def test_batches_follow_each_other_as_in_aiokafkas_own_reader() -> None:
    """One cut off at the end is left for the next fetch."""
    data = bytes(batch_of(b"a")) + bytes(batch_of(b"b", b"c")) + bytes(batch_of(b"d"))[:-1]
    ours, theirs = CheckedRecords(data), MemoryRecords(data)
    assert theirs.size_in_bytes() == ours.size_in_bytes()
    while theirs.has_next():
        assert ours.has_next()
        assert [one.value for one in theirs.next_batch()] == [one.value for one in ours.next_batch()]
    assert not ours.has_next()
    assert ours.next_batch() is None


def test_the_fetcher_makes_its_records_by_the_name_that_is_replaced() -> None:
    """And raises what is wrong with them where it takes them apart."""
    assert "MemoryRecords(part_data[-1])" in inspect.getsource(Fetcher._proc_fetch_request)
    assert "records.next_batch()" in inspect.getsource(PartitionRecords._unpack_records)
