"""Records that other producers wrote, and topics that change under a worker: what can be read comes out, what cannot is told."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio
import structlog
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from redis.asyncio import Redis
from structlog.testing import LogCapture

from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.runtime.topics import create_topics
from pipeline.stream import fetch_loop
from schemas.outcomes import DeadLetter
from schemas.reads import MAX_BATCH
from tests.integration.stage_probe import Bench, agent, batch_of, echo, read


@pytest_asyncio.fixture
async def bench(kafka: KafkaConnection, redis: Redis, namespace: str, tmp_path: Path) -> AsyncIterator[Bench]:
    """This test's topics and workers."""
    made = Bench(kafka, redis, namespace, tmp_path)
    yield made
    await made.sender.stop()


async def foreign_producer(bench: Bench, **options: Any) -> AIOKafkaProducer:
    """A producer that is none of ours, started."""
    producer = AIOKafkaProducer(**bench.kafka.client_kwargs(), **options)
    await producer.start()
    return producer


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
async def test_reads_that_another_client_compressed_come_out(bench: Bench, codec: str) -> None:
    """Every codec that Kafka has: which one a client uses is its own choice."""
    producer = await foreign_producer(bench, compression_type=codec, linger_ms=50)
    sent = [await producer.send(f"{bench.namespace}.reads", batch_of(n), partition=0) for n in range(100)]
    await asyncio.gather(*sent)
    await producer.stop()
    async with bench.worker(agent(echo)):
        assert {f"r{n}" for n in range(100)} == set(await bench.receipts(count=100))
    assert await bench.committed() == 100


async def test_only_what_a_transaction_committed_comes_out(bench: Bench) -> None:
    """What it took back was never said; its marks in the topic stop nobody and leave no lag."""
    topic = f"{bench.namespace}.reads"
    producer = await foreign_producer(bench, transactional_id=bench.namespace)
    for first in range(0, 60, 10):
        await producer.begin_transaction()
        for n in range(first, first + 10):
            await producer.send_and_wait(topic, batch_of(n), partition=0)
        await (producer.commit_transaction() if first % 20 else producer.abort_transaction())
    await producer.stop()
    committed = {f"r{n}" for n in range(60) if n // 10 % 2}
    async with bench.worker(agent(echo)):
        assert committed == set(await bench.receipts(count=30))
    async with bench.worker(agent(echo)):
        await bench.send([read(99)], partition=0)
        assert [*sorted(committed), "r99"] == sorted(await bench.receipts(count=31))


@pytest.mark.parametrize("running", [True, False], ids=["running", "away"])
async def test_a_worker_goes_on_behind_what_retention_dropped_and_says_what_it_lost(
    bench: Bench, running: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its place is gone; it takes what is still there. What it had read before that is no loss."""
    topic, said = f"{bench.namespace}.reads", LogCapture()
    monkeypatch.setattr(fetch_loop, "log", structlog.wrap_logger(None, processors=[said]))
    async with bench.worker(agent(echo)):
        await bench.send(*[[read(n)] for n in range(20)], partition=0)
        await bench.receipts(count=20)
        if running:
            await drop(bench, topic, 20)
            await bench.send(*[[read(n)] for n in range(30, 40)], partition=0)
            seen = await bench.receipts(count=30)
    if not running:
        await bench.send(*[[read(n)] for n in range(20, 40)], partition=0)
        await drop(bench, topic, 30)
        async with bench.worker(agent(echo)):
            seen = await bench.receipts(count=30)
    assert {f"r{n}" for n in (*range(20), *range(30, 40))} == set(seen)
    lost = [entry["count"] for entry in said.entries if entry["event"] == "records.expired"]
    assert ([] if running else [10]) == lost


async def test_a_topic_that_was_made_anew_is_read_from_its_beginning(bench: Bench) -> None:
    """Its offsets begin again; that they are less than what was read before must not make its records old."""
    topic = f"{bench.namespace}.reads"
    admin = AIOKafkaAdminClient(**bench.kafka.client_kwargs())
    await admin.start()
    async with bench.worker(agent(echo)):
        await bench.send(*[[read(n)] for n in range(20)], partition=0)
        await bench.receipts(count=20)
        await admin.delete_topics([topic])
        async with asyncio.timeout(30):
            while topic in await admin.list_topics():  # noqa: ASYNC110 - Kafka tells nobody when it is gone
                await asyncio.sleep(0.05)
        await create_topics(bench.kafka, bench.namespace, partitions={"reads": 4})
        await admin.close()
        await bench.send(*[[read(n)] for n in range(20, 30)], partition=0)
        assert {f"r{n}" for n in range(30)} == set(await bench.receipts(count=30))


async def drop(bench: Bench, topic: str, before: int) -> None:
    """Drop the first records of partition 0, as retention does."""
    admin = AIOKafkaAdminClient(**bench.kafka.client_kwargs())
    await admin.start()
    try:
        await admin.delete_records({TopicPartition(topic, 0): RecordsToDelete(before_offset=before)})
    finally:
        await admin.close()


STRANGE = {
    "bytes that are no text": b'{"read_id":"\xff\xfe"}',
    "half a character": b'{"read_id":"\\ud800"}',
    "a number beyond all bounds": b'{"confidence":1e999}',
    "an endless integer": b'{"captured_at_ms":' + b"9" * 6_000 + b"}",
    "a time before all times": b'{"captured_at_ms":-1}',
    "not a number": b'{"confidence":NaN}',
    "no object": b'[[[[1]]]]',
}  # fmt: skip


@pytest.mark.parametrize("strange", STRANGE.values(), ids=STRANGE.keys())
async def test_a_strange_read_takes_no_other_with_it(bench: Bench, strange: bytes) -> None:
    """The good reads of its batch come out, and it is told."""
    first, last = (msgspec.json.encode(read(n)) for n in (1, 2))
    await bench.send(b'{"reads":[' + first + b"," + strange + b"," + last + b"]}", [read(3)], partition=0)
    async with bench.worker(agent(echo)):
        assert {"r1", "r2", "r3"} == set(await bench.receipts(count=3))
        (letter,) = await letters(bench)
    assert (0, 1) == (letter.offset, letter.index)


async def test_a_batch_of_nothing_but_rubbish_is_told_in_few_letters(bench: Bench) -> None:
    """However many parts it has: a megabyte of them must not become a million letters."""
    await bench.send(b'{"reads":[' + b"0," * 100_000 + b"0]}", [read(3)], partition=0)
    async with bench.worker(agent(echo)):
        assert ["r3"] == await bench.receipts(count=1)
        assert len(await letters(bench)) <= MAX_BATCH + 1


async def letters(bench: Bench) -> list[DeadLetter]:
    """Every dead letter, at least one."""
    return [msgspec.json.decode(value, type=DeadLetter) for value in await bench.values("dead_letters", count=1)]
