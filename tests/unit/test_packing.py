"""Packing reads into batches."""

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.runtime.partitioner import partition_of
from pipeline.sources.packing import HOLD_MS, Packed, Packer
from schemas.reads import PlateRead
from tests.builders import NOON_MS, make_read

cameras = st.integers(0, 9).map(lambda number: f"cam-{number}")
pauses = st.lists(st.tuples(cameras, st.integers(0, 30)), max_size=400)


def packed_by(packer: Packer, arrivals: list[tuple[str, int]]) -> tuple[list[PlateRead], list[Packed], float]:
    """Feed reads with pauses in ms before each; the reads, the batches, and the longest that a read was held."""
    now_ms, reads, batches = 0.0, [], []
    held: dict[str, float] = {}
    longest = 0.0

    def take(found: list[Packed]) -> None:
        nonlocal longest
        batches.extend(found)
        for one in found:
            longest = max([longest, *(now_ms - held[read.read_id] for read in one.batch.reads)])

    for number, (camera_id, pause_ms) in enumerate(arrivals):
        for _ in range(pause_ms):
            now_ms += 1
            take(packer.due(now_ms))
        read = make_read(camera_id=camera_id, captured_at_ms=NOON_MS + number)
        reads.append(read)
        held[read.read_id] = now_ms
        full = packer.add(read, now_ms)
        take([full] if full else [])
    take(packer.flush())
    return reads, batches, longest


@given(pauses, st.integers(1, 8), st.sampled_from((1, 3, 100)))
def test_batches_hold_every_read_once_in_order_and_of_one_partition(
    arrivals: list[tuple[str, int]], partitions: int, size: int
) -> None:
    """Nothing is lost, nothing doubled, nothing held for longer than allowed, each camera in order."""
    reads, batches, longest = packed_by(Packer(partitions, size=size), arrivals)
    before, after = defaultdict(list), defaultdict(list)
    for read in reads:
        before[read.camera_id].append(read.read_id)
    for partition, batch in batches:
        assert 1 <= len(batch.reads) <= size
        for read in batch.reads:
            assert partition_of(read.camera_id.encode(), partitions) == partition
            after[read.camera_id].append(read.read_id)
    assert before == after
    assert longest <= HOLD_MS


def test_what_is_held_for_all_partitions_is_sent_together_once_the_oldest_is_due() -> None:
    """One request for all of them: one for each partition costs sender, broker and readers several times as much."""
    packer = Packer(8)
    for number in range(16):
        assert packer.add(make_read(camera_id=f"cam-{number}"), now_ms=number) is None
    assert [] == packer.due(HOLD_MS - 1)
    assert 16 == sum(len(one.batch.reads) for one in packer.due(HOLD_MS))
    assert [] == packer.due(10 * HOLD_MS)


def test_a_batch_takes_at_most_a_hundred_reads() -> None:
    """The contract of the topic."""
    with pytest.raises(ValueError, match="100"):
        Packer(4, size=101)


def test_a_cameras_partition_is_the_one_that_kafka_gives_its_key() -> None:
    """Pinned, because it may never change: murmur2 as every Kafka client computes it."""
    assert [partition_of(name, 32) for name in (b"E40-TER", b"LEZ-01", b"BE-00001")] == [31, 6, 17]
