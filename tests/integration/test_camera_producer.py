"""The producer of cameras on a real broker."""

import asyncio
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer

from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.runtime.partitioner import partition_of
from pipeline.servers.pair import EmbeddedPair
from pipeline.simulation.compare import order_breaks
from pipeline.simulation.network_small import small_network
from pipeline.simulation.play import play
from pipeline.simulation.simulate import SimulationOptions, simulate
from pipeline.sources.producer import open_producer
from schemas.pictures import Frame
from schemas.reads import PlateRead, ReadBatch
from tests.builders import NOON_MS, make_read
from tests.conftest import PARTITIONS, records_in


async def batches_in(kafka: KafkaConnection, topic: str) -> list[tuple[int, ReadBatch]]:
    """All that a topic of reads holds now, with the partition of each batch."""
    records = await records_in(kafka, topic)
    return [(record.partition, msgspec.json.decode(record.value, type=ReadBatch)) for record in records]


async def first_of(kafka: KafkaConnection, topic: str) -> Any:
    """The first record of a topic, waiting for it."""
    consumer = AIOKafkaConsumer(topic, auto_offset_reset="earliest", **kafka.client_kwargs())
    await consumer.start()
    try:
        return await asyncio.wait_for(consumer.getone(), 10)
    finally:
        await consumer.stop()


def reads_of(batches: list[tuple[int, ReadBatch]]) -> list[PlateRead]:
    """The reads, batch by batch."""
    return [read for _, batch in batches for read in batch.reads]


async def test_every_read_arrives_in_its_cameras_partition_and_order(kafka: KafkaConnection, namespace: str) -> None:
    """A simulated minute, as fast as the broker takes it."""
    simulation = simulate(small_network(), SimulationOptions(start_ms=NOON_MS, reads_per_s=100))
    async with open_producer(kafka.client_kwargs(), namespace=namespace) as producer:
        count = await play(simulation.reads, producer.put, starts_ms=NOON_MS, reads_per_s=float("inf"))
    batches = await batches_in(kafka, f"{namespace}.reads")
    sent, seen = [arrival.read for arrival in simulation.reads], reads_of(batches)
    assert count == len(sent) == len(seen) == producer.reads_sent
    assert sorted(read.read_id for read in sent) == sorted(read.read_id for read in seen)
    assert () == order_breaks(sent, seen)
    assert all(
        partition_of(read.camera_id.encode(), PARTITIONS) == number for number, batch in batches for read in batch.reads
    )
    assert len(batches) < len(seen) / 20  # packed well


async def test_a_single_read_leaves_within_a_moment(kafka: KafkaConnection, namespace: str) -> None:
    """Nobody waits for a batch to be full."""
    async with open_producer(kafka.client_kwargs(), namespace=namespace) as producer:
        await producer.put(make_read())
        record = await first_of(kafka, f"{namespace}.reads")  # while the producer is still open
    assert (make_read(),) == msgspec.json.decode(record.value, type=ReadBatch).reads


async def test_a_frame_goes_to_its_cameras_partition(kafka: KafkaConnection, namespace: str) -> None:
    """So that one decode worker sees all pictures of a camera, in order."""
    frame = Frame(camera_id="LEZ-01", captured_at_ms=NOON_MS, received_at_ms=NOON_MS, image=b"jpeg")
    async with open_producer(kafka.client_kwargs(), namespace=namespace) as producer:
        await producer.put_frame(frame)
    record = await first_of(kafka, f"{namespace}.frames")
    assert (partition_of(b"LEZ-01", PARTITIONS), b"LEZ-01") == (record.partition, record.key)
    assert frame == msgspec.msgpack.decode(record.value, type=Frame)


async def test_a_broker_that_is_killed_costs_no_read(pair: EmbeddedPair, namespace: str) -> None:
    """The broker dies in mid-stream and comes back; everything arrives, in order, at most some of it twice."""
    simulation = simulate(small_network(), SimulationOptions(start_ms=NOON_MS, reads_per_s=100, seed=3))
    sent = [arrival.read for arrival in simulation.reads]
    killed, half = asyncio.Event(), sent[len(sent) // 2].read_id

    async def put(read: PlateRead) -> None:
        await producer.put(read)
        if read.read_id == half:
            killed.set()
            pair.brokers[0].kill()

    async with open_producer(pair.kafka.client_kwargs(), namespace=namespace) as producer:
        await play(simulation.reads, put, starts_ms=NOON_MS, reads_per_s=1_500)
        assert killed.is_set()
    await pair.brokers[0].wait_ready()
    seen = reads_of(await batches_in(pair.kafka, f"{namespace}.reads"))
    assert {read.read_id for read in sent} == {read.read_id for read in seen}
    assert () == order_breaks(sent, seen)


async def test_a_batch_too_large_for_its_topic_goes_out_in_parts(kafka: KafkaConnection, namespace: str) -> None:
    """Reads with as much text as they may hold; a single read that is too large is refused and holds nobody up."""
    text = "\U0001d54f" * 1_000
    large = [make_read(captured_at_ms=NOON_MS + number, make=text, colour=text, reader=text) for number in range(120)]
    endless = make_read("2XYZ999", alternatives={f"B{number:07d}": 0.1 for number in range(40_000)})
    async with open_producer(kafka.client_kwargs(), namespace=namespace) as producer:
        for read in (*large[:60], endless, *large[60:]):
            await producer.put(read)
    assert producer.refused == 1
    assert large == reads_of(await batches_in(kafka, f"{namespace}.reads"))
