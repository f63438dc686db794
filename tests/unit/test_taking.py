"""How a stage takes fetched records: in order, as many as fit, never none."""

from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.structs import TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from pipeline.stream.fetched import RecordBatch
from pipeline.stream.outputs import Record, by_time
from pipeline.stream.partition_queue import PartitionQueue
from schemas.base import Message

ONE, TWO = TopicPartition("t", 1), TopicPartition("t", 2)


def records(*sizes: int | None) -> list[Any]:
    """Fetched records of these sizes."""
    return [
        SimpleNamespace(offset=at, timestamp=1_000, value=None if size is None else bytes(size))
        for at, size in enumerate(sizes)
    ]


class Batch(list[Any]):
    """A batch as the broker gave it, with these records."""

    next_offset = 3


def packed(batch: Batch, first: int) -> RecordBatch:
    """The batch, of an old format: nothing of it is compressed here."""
    return RecordBatch(batch, memoryview(bytes(17)), first)


def offsets(batch: list[tuple[TopicPartition, Any]]) -> list[tuple[int, list[int]]]:
    """Partition and offsets of each run."""
    return [(tp.partition, [raw.offset for raw in run]) for tp, run in batch]


@pytest.mark.parametrize(
    ("most", "size", "expected"),
    [
        (10, 1000, [(1, [0, 1, 2]), (2, [0, 1])]),
        (4, 1000, [(1, [0, 1, 2]), (2, [0])]),
        (10, 21, [(1, [0, 1, 2])]),  # the third overdraws it
        (10, 20, [(1, [0, 1])]),
        (10, 1, [(1, [0])]),  # larger than allowed: alone
    ],
)
def test_a_batch_ends_with_records_or_bytes(most: int, size: int, expected: list[tuple[int, list[int]]]) -> None:
    """Whichever comes first."""
    queue = PartitionQueue()
    queue.append(ONE, [records(10, 10, 10)])
    queue.append(TWO, [records(None, 5)])
    assert expected == offsets(queue.take(most, size))


@given(st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=6), max_size=6), st.integers(1, 5), st.integers(1, 20))
def test_every_record_is_taken_once_and_in_order(runs: list[list[int]], most: int, size: int) -> None:
    """However the batches are cut."""
    queue, taken = PartitionQueue(), list[int]()
    numbered = iter(range(100))
    queue.append(ONE, [[SimpleNamespace(offset=next(numbered), value=bytes(n)) for n in run] for run in runs])
    while queue.waiting:
        before = queue.records
        batch = [raw.offset for _, run in queue.take(most, size) for raw in run]
        assert 0 < len(batch) <= most
        assert before - len(batch) == queue.records
        taken += batch
    assert list(range(sum(map(len, runs)))) == taken


def test_batches_are_unpacked_when_their_turn_has_come() -> None:
    """What waits stays packed, and counts; one whose records the topic has dropped is passed over."""
    queue = PartitionQueue()
    queue.append(TWO, [packed(Batch(), 0)])
    queue.append(ONE, [packed(Batch(records(1, 1, 1)), 1)])
    queue.append(TWO, [packed(Batch(), 0)])
    assert 3 + 2 + 3 == queue.records
    assert [(1, [1])] == offsets(queue.take(1, 1000))
    assert [list, RecordBatch] == [type(waiting) for _, waiting in queue.waiting]
    assert [(1, [2])] == offsets(queue.take(10, 1000))
    assert not queue.waiting
    assert 0 == queue.records


def test_what_is_dropped_of_one_partition_waits_no_longer_and_no_longer_counts() -> None:
    """The other partition's does."""
    queue = PartitionQueue()
    queue.append(ONE, [records(1, 1)])
    queue.append(TWO, [records(1)])
    queue.discard(ONE)
    assert 1 == queue.records
    assert [(2, [0])] == offsets(queue.take(10, 1000))
    queue.append(ONE, [records(1, 1)])
    queue.clear()
    assert (0, []) == (queue.records, queue.take(10, 1000))


def test_records_are_decided_at_the_brokers_time_where_this_clock_is_behind() -> None:
    """In runs of one time, in order; nearly always it is one run."""
    made = [Record("t", 0, at, recorded_ms, Message(), b"") for at, recorded_ms in enumerate((5, 12, 12, 7))]
    assert [(20, [0, 1, 2, 3])] == [(ms, [one.offset for one in run]) for ms, run in by_time(made, 20)]
    assert [(10, [0]), (12, [1, 2]), (10, [3])] == [(ms, [one.offset for one in run]) for ms, run in by_time(made, 10)]
    assert [] == list(by_time([], 10))
