"""Lean records: aiokafka's own fetcher makes them, and still has what that leans on."""

import inspect
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.consumer import fetcher as upstream
from aiokafka.consumer.fetcher import READ_COMMITTED, Fetcher, FetchError, FetchResult, PartitionRecords
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.structs import TopicPartition
from crc32c import crc32c

from pipeline.runtime import batches
from pipeline.runtime.batches import CHECKED_FROM, CRC_AT, HEAD_BYTES, ROOM_BYTES, CheckedRecords
from pipeline.stream.fetched import Fetched, RecordBatch, Spoilt, keep_packed
from tests import bombs

PLACE = TopicPartition("t.reads", 3)
ATTRIBUTES_AT = 22  # the second of its two bytes
ABORT = bytes(4)  # the key of a control record: version 0, type 0


def batch_of(
    *values: bytes | None, base: int = 0, producer: int = -1, control: bool = False, codec: int = 0
) -> bytearray:
    """The bytes of a batch of records, from offset `base` on; of a transaction, if it has a producer."""
    builder = DefaultRecordBatchBuilder(2, codec, producer >= 0, producer, 0, 0, 1 << 24)
    for at, value in enumerate(values):
        key, value = (value, b"") if control else (b"key", value)
        builder.append(at, 1_000 + at, key, value, [("header", b"x")])
    data: bytearray = builder.build()
    data[:8] = base.to_bytes(8)
    if control:
        data[ATTRIBUTES_AT] |= 0x20
        seal(data)
    return data


def seal(data: bytearray) -> None:
    """Give what was changed the right checksum."""
    data[CRC_AT:CHECKED_FROM] = crc32c(data[CHECKED_FROM:]).to_bytes(4)


def fetch_of(records: PartitionRecords, state: Any) -> Any:
    """aiokafka's fetcher, about to get this answer, and an error of another partition."""
    assignment = SimpleNamespace(active=True, state_value=lambda _tp: state)
    fetcher = SimpleNamespace(_records=dict[TopicPartition, Any]())

    async def fetch(_assignment: object, _node_id: object, _request: object) -> bool:
        fetcher._records[PLACE] = FetchResult(PLACE, assignment=assignment, partition_records=records, backoff=0)
        fetcher._records[TopicPartition("t.reads", 4)] = FetchError(error=KeyError(), backoff=0)
        return True

    fetcher._proc_fetch_request = fetch
    return fetcher


async def packed_of(
    data: bytes, start: int = 0, aborted: Sequence[tuple[int, int]] = ()
) -> tuple[list[RecordBatch], int]:
    """The batches that a fetch from there on brings of this answer, and where the next one begins."""
    state = SimpleNamespace(paused=False, position=start)
    state.consumed_to = lambda offset: setattr(state, "position", offset)
    records = PartitionRecords(PLACE, CheckedRecords(data), aborted, start, None, None, False, READ_COMMITTED)
    fetcher = fetch_of(records, state)
    keep_packed(SimpleNamespace(_fetcher=fetcher))
    for _ in range(2):  # of what waits, nothing is made twice
        assert await fetcher._proc_fetch_request(None, 0, None)
    return fetcher._records[PLACE].getall(), state.position


async def test_a_fetched_record_is_its_offset_its_time_and_its_value() -> None:
    """In order, with the position moved on, as aiokafka does it; an answer that is an error is left alone."""
    (packed,), position = await packed_of(bytes(batch_of(b"a", None, b"c")))
    assert (0, 2, 3, 1_000, 1_002) == (packed.first, packed.last, len(packed), packed.first_ms, packed.last_ms)
    assert [Fetched(0, 1_000, b"a"), Fetched(1, 1_001, None), Fetched(2, 1_002, b"c")] == packed.unpacked()
    assert 3 == position


@pytest.mark.parametrize("codec", [0, 1, 2, 3, 4])  # none, gzip, snappy, lz4, zstd
@pytest.mark.parametrize("size", [1, 1_000, ROOM_BYTES - 100, ROOM_BYTES])
async def test_batches_of_every_codec_and_size_are_what_was_written(codec: int, size: int) -> None:
    """Also those that do not fit into the memory kept for it; and what came of a batch stays when the next one is unpacked."""
    parts = [batch_of(bytes([at]) * size, b"next", base=2 * at, codec=codec) for at in (0, 1)]
    batches, _ = await packed_of(b"".join(map(bytes, parts)))
    one, other = [packed.unpacked() for packed in batches]
    assert [(0, b"\0" * size), (1, b"next")] == [(record.offset, record.value) for record in one]
    assert [(2, b"\1" * size), (3, b"next")] == [(record.offset, record.value) for record in other]


async def test_a_batch_that_cannot_be_decompressed_is_one_refusal_at_its_last_offset() -> None:
    """Although its checksum is right: its producer is broken, and an error would end the worker at each fetch, for ever."""
    data = batch_of(b"abc" * 100, codec=4)
    data[HEAD_BYTES : HEAD_BYTES + 4] = b"\0" * 4
    seal(data)
    (packed,), _ = await packed_of(bytes(data))
    (spoilt,) = packed.unpacked()
    assert isinstance(spoilt, Spoilt)
    assert (0, None, "batch_broken") == (spoilt.offset, spoilt.value, spoilt.reason)


async def test_a_fetch_that_begins_inside_a_batch_brings_the_rest_of_it() -> None:
    """The broker sends the whole. What a stage has taken is left out in the same way."""
    (packed,), _ = await packed_of(bytes(batch_of(b"a", b"b", b"c")), start=1)
    assert (1, 2, 2) == (packed.first, packed.last, len(packed))
    assert packed is packed.since(0)
    assert [b"c"] == [one.value for one in packed.since(2).unpacked()]


@pytest.mark.parametrize(
    ("start", "values"), [(0, [b"a", b"b", b"e"]), (1, [b"b", b"e"]), (2, [b"e"]), (4, [b"e"]), (5, [b"e"])]
)
async def test_a_batch_of_an_aborted_transaction_is_left_out(start: int, values: list[bytes]) -> None:
    """Wherever the fetch begins, these are the records and the positions of aiokafka's own reader."""
    parts = (
        batch_of(b"a", b"b"),
        batch_of(b"c", b"d", base=2, producer=7),
        batch_of(ABORT, base=4, producer=7, control=True),
        batch_of(b"e", base=5, producer=7),
    )
    data = b"".join(map(bytes, parts))
    batches, position = await packed_of(data, start, [(7, 2)])
    assert values == [one.value for packed in batches for one in packed.unpacked()]
    theirs = PartitionRecords(PLACE, MemoryRecords(data), [(7, 2)], start, None, None, False, READ_COMMITTED)
    assert values == [one.value for one in theirs]
    assert theirs.next_fetch_offset == position


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


def result_of(data: bytes) -> tuple[Any, Any]:
    """What a fetch from offset 0 on brings to a reader that is no stage, and how far that has come."""
    batches.bind()
    state = SimpleNamespace(paused=False, position=0)
    state.consumed_to = lambda offset: setattr(state, "position", offset)
    records = upstream.PartitionRecords(PLACE, upstream.MemoryRecords(data), [], 0, None, None, True, READ_COMMITTED)
    assignment = SimpleNamespace(active=True, state_value=lambda _tp: state)
    return upstream.FetchResult(PLACE, assignment=assignment, partition_records=records, backoff=0), state


def test_a_reader_gets_what_a_fetch_brought_in_portions_and_misses_nothing() -> None:
    """However much it is unpacked; a bound of its own counts as well."""
    values = [bytes([at]) * 1_000_000 for at in range(9)]
    result, state = result_of(b"".join(bytes(batch_of(one, base=at, codec=4)) for at, one in enumerate(values)))
    portions = [result.getall(), result.getall(1)]
    while result.has_more():
        portions.append(result.getall())
    assert values == [one.value for portion in portions for one in portion]
    assert [3, 1] == [len(portion) for portion in portions[:2]]
    assert (9, False) == (state.position, result.has_more())


def test_what_a_reader_got_before_a_bit_turned_is_not_lost() -> None:
    """It is handed on, and what is broken is raised where the next fetch begins."""
    broken = bytearray(batch_of(b"b", base=1))
    broken[-1] ^= 4
    result, state = result_of(bytes(batch_of(b"a")) + bytes(broken))
    assert ([b"a"], 1) == ([one.value for one in result.getall()], state.position)
    result, _ = result_of(bytes(broken))
    with pytest.raises(CorruptRecordException):
        result.getall()


def test_a_reader_begins_anew_behind_a_batch_that_it_left_out() -> None:
    """So thousands of them do not hold up whatever else its process does."""
    result, state = result_of(bytes(bombs.batch_of(b"", "zstd")) + bytes(batch_of(b"b", base=1)))
    assert ([], 1, False) == (result.getall(), state.position, result.has_more())


def test_the_fetcher_knows_its_results_by_the_name_that_is_replaced() -> None:
    """And makes them by it."""
    assert "type(res_or_error) is FetchResult" in inspect.getsource(Fetcher.fetched_records)
    assert "= FetchResult(" in inspect.getsource(Fetcher._proc_fetch_request)
