"""The stage on a real broker: what goes in comes out, whatever fails in between."""

import asyncio
import inspect
import random
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio
from aiokafka import AIOKafkaProducer
from aiokafka.consumer.group_coordinator import GroupCoordinator
from redis.asyncio import Redis

from pipeline.errors import Unavailable
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.servers.pair import EmbeddedPair
from pipeline.stream.agent import RedisState
from pipeline.stream.outputs import Outputs
from schemas.outcomes import DeadLetter
from schemas.topics import RECEIPTS
from tests.integration.stage_probe import Bench, Records, agent, echo, read, receipt_of


@pytest_asyncio.fixture
async def bench(kafka: KafkaConnection, redis: Redis, namespace: str, tmp_path: Path) -> AsyncIterator[Bench]:
    """This test's topics and workers."""
    made = Bench(kafka, redis, namespace, tmp_path)
    yield made
    await made.sender.stop()


def dead_letters(values: list[bytes]) -> list[DeadLetter]:
    """Decoded dead letters."""
    return [msgspec.json.decode(value, type=DeadLetter) for value in values]


async def test_every_read_comes_out_once_and_is_committed(bench: Bench) -> None:
    """Without faults, each input gives its output exactly once and the group's offsets reach the end."""
    await bench.send(*[[read(number)] for number in range(400)])
    async with bench.worker(agent(echo)):
        seen = await bench.receipts(count=400)
    assert sorted(f"r{number}" for number in range(400)) == sorted(seen)
    assert await bench.committed() == 400


async def test_a_restarted_worker_goes_on_where_the_first_one_stopped(bench: Bench) -> None:
    """A clean stop commits, so that the next worker repeats nothing."""
    await bench.send(*[[read(number)] for number in range(50)])
    async with bench.worker(agent(echo)):
        await bench.receipts(count=50)
    await bench.send(*[[read(number)] for number in range(50, 100)])
    async with bench.worker(agent(echo)):
        seen = await bench.receipts(count=100)
    assert len(seen) == len(set(seen)) == 100


async def test_what_cannot_be_decoded_is_dead_lettered_with_its_bytes(bench: Bench) -> None:
    """No JSON, an empty value, a wrong shape and Unicode where a plate should be: each one reason, and the stream goes on."""
    unicode_plate = msgspec.json.encode({"reads": [{**msgspec.to_builtins(read(7)), "plate": "ÀÉ漢字"}]})
    bad = [b"\xff\xfe", b"{", b'{"reads":7}', b'{"reads":[]}', unicode_plate, b"null"]
    await bench.send(*bad, [read(1)])
    async with bench.worker(agent(echo)):
        assert await bench.receipts(count=1) == ["r1"]
        letters = dead_letters(await bench.values("dead_letters", count=len(bad)))
    assert len(letters) == len(bad)
    assert {letter.reason for letter in letters} == {"undecodable", "invalid", "empty"}
    assert all(letter.stage == "probe" and letter.detail for letter in letters)
    assert {letter.payload for letter in letters} >= {b"\xff\xfe", b"{", b"null"}


async def test_a_batch_that_unpacks_to_too_much_is_one_dead_letter_and_the_stream_goes_on(bench: Bench) -> None:
    """Two thousand bytes that hold 64 MiB: told by their offset, settled, and not met again after a restart."""
    producer = AIOKafkaProducer(compression_type="zstd", max_request_size=1 << 27, max_batch_size=1 << 27,
                                **bench.kafka.client_kwargs())  # fmt: skip
    async with producer:
        await producer.send_and_wait(f"{bench.namespace}.reads", bytes(1 << 26), partition=0)
    await bench.send([read(1)], partition=0)
    for _ in range(2):
        async with bench.worker(agent(echo)):
            assert ["r1"] == await bench.receipts(count=1)
            (letter,) = dead_letters(await bench.values("dead_letters", count=1))
    assert ("batch_too_large", 0, 0, b"") == (letter.reason, letter.partition, letter.offset, letter.payload)


async def test_one_bad_read_does_not_take_its_batch_with_it(bench: Bench) -> None:
    """The good reads of a batch are handled; the bad one is dead-lettered with its index and its own bytes."""
    reads = [msgspec.to_builtins(read(number)) for number in range(10)]
    reads[4] |= {"plate": "", "captured_at_ms": platform_now_ms()}
    await bench.send(msgspec.json.encode({"reads": reads}))
    async with bench.worker(agent(echo)):
        seen = await bench.receipts(count=9)
        (letter,) = dead_letters(await bench.values("dead_letters", count=1))
    assert "r4" not in seen
    assert len(seen) == 9
    assert (letter.index, letter.reason) == (4, "invalid")
    assert b"r4" in letter.payload


async def test_a_record_that_fails_alone_is_dead_lettered_alone(bench: Bench) -> None:
    """A handler that cannot stand one record still handles all the others of the same batch."""

    async def picky(records: Records) -> Outputs:
        if any(item.read_id == "r13" for record in records for item in record.message.reads):
            raise ValueError("cannot stand 13")
        return await echo(records)

    await bench.send(*[[read(number)] for number in range(40)])
    async with bench.worker(agent(picky)):
        seen = await bench.receipts(count=39)
        (letter,) = dead_letters(await bench.values("dead_letters", count=1))
    assert set(seen) == {f"r{number}" for number in range(40)} - {"r13"}
    assert letter.reason == "failed"
    assert "cannot stand 13" in letter.detail


async def test_a_dependency_that_is_away_is_waited_out(bench: Bench) -> None:
    """Unavailable never dead-letters anything: the same records come again until it is back."""
    calls = 0

    async def away_at_first(records: Records) -> Outputs:
        nonlocal calls
        calls += 1
        if calls <= 6:
            raise Unavailable("the store", retry_after_s=0.05)
        return await echo(records)

    await bench.send(*[[read(number)] for number in range(20)])
    async with bench.worker(agent(away_at_first)):
        seen = await bench.receipts(count=20)
    assert len(seen) == 20
    assert calls > 6


async def test_held_records_come_again_after_a_restart(bench: Bench) -> None:
    """What a handler still works on is not committed, so the next worker sees it again."""

    async def holding(records: Records) -> Outputs:
        outputs = await echo(records)
        outputs.hold = {0: 5}
        return outputs

    await bench.send(*[[read(number)] for number in range(10)], partition=0)
    async with bench.worker(agent(holding, tick_ms=50)):
        await bench.receipts(count=10)
    assert await bench.committed() == 5
    async with bench.worker(agent(echo)):
        seen = await bench.receipts(count=15)
    assert sorted(seen[10:]) == [f"r{number}" for number in range(5, 10)]


async def test_a_partition_that_waits_holds_no_other_back(bench: Bench) -> None:
    """With a loop for each partition, the others go on while one cannot."""
    release = asyncio.Event()

    async def stuck_on_partition_one(records: Records) -> Outputs:
        if records[0].partition == 1 and not release.is_set():
            raise Unavailable("the neighbour", retry_after_s=0.05)
        return await echo(records)

    await bench.send(*[[read(number)] for number in range(400)])
    async with bench.worker(agent(stuck_on_partition_one, per_partition=True, max_records=10)):
        seen = await bench.receipts(count=300)
        assert len(seen) == 300
        release.set()
        assert len(set(await bench.receipts(count=400))) == 400


async def test_workers_that_come_and_go_lose_nothing(bench: Bench) -> None:
    """Two workers join and one leaves while records flow: every read comes out at least once, all are committed."""
    numbers = iter(range(3000))

    async def some(count: int) -> None:
        await bench.send(*[[read(next(numbers))] for _ in range(count)])

    async with bench.worker(agent(echo)):
        await some(1000)
        async with bench.worker(agent(echo)):
            await some(1000)
            await bench.receipts(count=1500)
        await some(1000)
        seen = await bench.receipts(count=3000)
    assert set(seen) == {f"r{number}" for number in range(3000)}
    assert await bench.committed() == 3000


async def test_a_broker_that_is_killed_in_mid_stream_loses_nothing(bench: Bench, pair: EmbeddedPair) -> None:
    """kill -9 of the only broker, back after some seconds: the worker goes on by itself and every read comes out."""
    async with bench.worker(agent(echo)) as worker:
        await bench.send(*[[read(number)] for number in range(500)])
        await bench.receipts(count=500)
        (broker,) = pair.brokers
        sending = asyncio.create_task(bench.send(*[[read(number)] for number in range(500, 1500)]))
        await broker.stop(kill=True)
        await asyncio.sleep(3)  # the time that the broker is away is what is tried here
        await broker.start()
        await broker.wait_ready()
        await sending
        seen = await bench.receipts(count=1500)
        assert set(seen) == {f"r{number}" for number in range(1500)}
        assert not worker.done()


async def test_an_output_larger_than_its_topic_is_dead_lettered(bench: Bench) -> None:
    """The broker refuses it for its size, however it is compressed; the stage says so and goes on."""
    noise = random.Random(1).randbytes(2_000_000).hex()

    async def bloated(records: Records) -> Outputs:
        outputs = await echo(records)
        if records[0].message.reads[0].read_id == "r0":
            outputs.send(RECEIPTS, msgspec.structs.replace(receipt_of(read(99)), signed=noise), key="x")
        return outputs

    await bench.send([read(0)], [read(1)])
    async with bench.worker(agent(bloated, max_records=1)):
        assert set(await bench.receipts(count=2)) == {"r0", "r1"}
        (letter,) = dead_letters(await bench.values("dead_letters", count=1))
    assert letter.reason == "output_too_large"


async def test_what_no_retry_mends_ends_the_worker(bench: Bench) -> None:
    """An error inside the stage itself is raised, so that the supervisor starts the worker anew; it never just goes silent."""

    async def nonsense(_records: Records) -> Outputs:
        outputs = Outputs()
        outputs.send(RECEIPTS, receipt_of(read(1)), key="x", partition=99)
        return outputs

    await bench.send([read(0)])
    with pytest.raises(Exception, match="partition"):
        async with bench.worker(agent(nonsense)) as worker:
            await asyncio.wait_for(asyncio.shield(worker), 30)


def test_faust_still_has_what_the_transport_leans_on() -> None:
    """What is overridden has the same parameters upstream; if this fails, read transport.py and consumer_thread.py again."""
    from faust.transport import consumer
    from faust.transport.drivers import aiokafka as driver

    assert list(inspect.signature(consumer.Consumer._drain_messages).parameters) == ["self", "fetcher"]
    assert list(inspect.signature(consumer.Consumer.force_commit).parameters) == [
        "self",
        "topics",
        "start_new_transaction",
    ]
    assert list(inspect.signature(consumer.Consumer.wait_empty).parameters) == ["self"]
    assert list(inspect.signature(consumer.ThreadDelegateConsumer._getmany).parameters) == [
        "self",
        "active_partitions",
        "timeout",
    ]
    assert list(inspect.signature(driver.AIOKafkaConsumerThread._create_worker_consumer).parameters) == [
        "self",
        "transport",
    ]
    assert list(inspect.signature(driver.AIOKafkaConsumerThread._fetch_records).parameters)[:2] == ["self", "consumer"]
    assert list(inspect.signature(GroupCoordinator.fetch_committed_offsets).parameters) == ["self", "partitions"]
    assert "await consumer._drain_messages(self)" in inspect.getsource(consumer)


REMEMBERING = agent(echo, redis_state=RedisState(if_lost="it is made anew", reread_ms=3_600_000))


async def forty_made(bench: Bench, redis: Redis, marks: str) -> None:
    """A worker that owes nothing has made of forty reads what is to be lost."""
    await all_kept(redis, marks)
    await bench.send(*[[read(number)] for number in range(40)])
    await bench.receipts(count=40)


async def all_kept(redis: Redis, marks: str) -> None:
    """The worker owes no partition any more."""
    async with asyncio.timeout(30):
        while [b"kept"] * 4 != [mark[:4] for mark in await redis.hvals(marks)]:  # noqa: ASYNC110 - a key in Redis has no event to wait for
            await asyncio.sleep(0.05)


async def test_what_an_agent_made_in_redis_is_made_anew_when_redis_forgot_it(
    bench: Bench, redis: Redis, namespace: str
) -> None:
    """The worker reads again what the last hour brought, gives the same ids, and goes on from where it was."""
    marks = f"{{{namespace}:witness}}:probe"
    async with bench.worker(REMEMBERING):
        await forty_made(bench, redis, marks)
        await redis.delete(marks)
        seen = await bench.receipts(count=80)
        await bench.send(*[[read(number)] for number in range(40, 50)])
        seen = await bench.receipts(count=90)
    assert {f"r{number}": 2 if number < 40 else 1 for number in range(50)} == dict(Counter(seen))
    assert await bench.committed() == 50


async def test_a_worker_that_begins_in_debt_goes_back_before_it_has_settled_anything(
    bench: Bench, redis: Redis, namespace: str
) -> None:
    """Redis was emptied, and the worker that noticed it was killed: the next one knows only what is committed."""
    marks = f"{{{namespace}:witness}}:probe"
    async with bench.worker(REMEMBERING):
        await forty_made(bench, redis, marks)
    await redis.delete(marks)
    async with bench.worker(REMEMBERING):
        seen = await bench.receipts(count=80)
        await all_kept(redis, marks)
    assert {f"r{number}": 2 for number in range(40)} == dict(Counter(seen))
    assert await bench.committed() == 40
