"""The sender on a real broker: one batch of records a partition, or as many as it takes."""

import asyncio
import gc
from collections import defaultdict
from random import Random
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from pipeline.errors import BadRecord, Unavailable
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.runtime.partitioner import partition_of
from pipeline.runtime.sender import MAX_BYTES, Outgoing, Sender
from pipeline.servers.pair import EmbeddedPair
from schemas.topics import ALERTS
from tests.conftest import PARTITIONS, records_in


async def by_partition(kafka: KafkaConnection, topic: str) -> dict[int, list[Any]]:
    """All records that the topic holds now."""
    found: dict[int, list[Any]] = defaultdict(list)
    for record in await records_in(kafka, topic):
        found[record.partition].append(record)
    return found


async def test_what_is_sent_at_once_arrives_in_order_by_key(kafka: KafkaConnection, namespace: str) -> None:
    """Some megabytes, so that each partition takes several batches; two calls at the same time do not mix up either one's order."""
    topic, sender = f"{namespace}.alerts", Sender(kafka.client_kwargs())
    calls = [
        [Outgoing(topic, b"%d/%04d/" % (call, at) + bytes(2_000), key=b"PLATE%d" % (at % 9)) for at in range(1_500)]
        for call in (0, 1)
    ]
    await asyncio.gather(*map(sender.send_all, calls))
    await sender.stop()
    found = await by_partition(kafka, topic)
    assert 3_000 == sum(map(len, found.values()))
    for number, records in found.items():
        assert {partition_of(record.key, PARTITIONS) for record in records} == {number}
    for call in calls:
        for key in {record.key for record in call}:
            arrived = [one.value for records in found.values() for one in records if one.key == key]
            mine = [value for value in arrived if value.startswith(call[0].value[:2])]
            assert [record.value for record in call if record.key == key] == mine


async def test_a_keys_partition_is_the_one_that_every_producer_chooses(kafka: KafkaConnection, namespace: str) -> None:
    """A record without a key goes anywhere, one with a partition there."""
    topic, sender = f"{namespace}.alerts", Sender(kafka.client_kwargs())
    keys = [b"1ABC%03d" % number for number in range(40)]
    await sender.send_all([Outgoing(topic, b"ours", key=key) for key in keys])
    await sender.send_all([Outgoing(topic, b"placed", key=b"x", partition=3), Outgoing(topic, b"anywhere")])
    await sender.stop()
    async with AIOKafkaProducer(**kafka.client_kwargs()) as producer:
        for key in keys:
            await producer.send_and_wait(topic, b"theirs", key=key)
    found = [one for records in (await by_partition(kafka, topic)).values() for one in records]
    places = {what: {(one.key, one.partition) for one in found if one.value == what} for what in (b"ours", b"theirs")}
    assert places[b"ours"] == places[b"theirs"]
    assert {(b"x", 3)} == {(one.key, one.partition) for one in found if one.value == b"placed"}
    assert 2 * len(keys) + 2 == len(found)


async def test_many_callers_ride_out_a_broker_that_is_away(
    pair: EmbeddedPair, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One record a call or several, the same partition or others, and it is away for longer than they have patience: each call
    ends, and after some tries with everything sent.
    """
    monkeypatch.setattr("pipeline.runtime.sender.DELIVERY_TIMEOUT_MS", 1_500)
    sender, topic = Sender(pair.kafka.client_kwargs()), f"{namespace}.alerts"
    await sender.start()

    async def lane(number: int, records: int) -> None:
        for call in range(12):
            value = b"%d/%d" % (number, call)
            some = [Outgoing(topic, value, key=b"%d" % number, partition=number % 2) for _ in range(records)]
            while True:
                try:
                    await sender.send_all(some)
                    break
                except Unavailable:
                    await asyncio.sleep(0.1)
            if number == 0 and call == 3:
                pair.brokers[0].kill()

    async with asyncio.timeout(150):  # they hung for ever once
        await asyncio.gather(*[lane(number, records=1 if number < 24 else 3) for number in range(32)])
    await sender.stop()
    found = await by_partition(pair.kafka, topic)
    for number in range(32):
        mine = [one.value for one in found[number % 2] if one.key == b"%d" % number]
        assert [b"%d/%d" % (number, call) for call in range(12)] == list(dict.fromkeys(mine))


async def test_a_call_that_is_cancelled_leaves_nothing_unsaid(
    pair: EmbeddedPair, namespace: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Its batch fails when nobody waits for it any more, and asyncio does not complain of that."""
    sender = Sender(pair.kafka.client_kwargs())
    large = Random(1).randbytes(ALERTS.max_message_bytes + 1)
    await sender.send_all([Outgoing(f"{namespace}.alerts", b"first")])
    call = asyncio.create_task(sender.send_all([Outgoing(f"{namespace}.alerts", large, partition=1)] * 2))
    await asyncio.sleep(0.001)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    assert call.cancelled()
    await sender.stop()
    gc.collect()
    assert "never retrieved" not in caplog.text


async def test_a_record_larger_than_its_topic_takes_is_said(kafka: KafkaConnection, namespace: str) -> None:
    """Be it that the broker refuses it, or that no topic takes as much. The next call succeeds at once."""
    topic, sender = f"{namespace}.alerts", Sender(kafka.client_kwargs())
    small = Outgoing(topic, b"small", key=b"a")
    for large in (Random(1).randbytes(ALERTS.max_message_bytes + 1), bytes(MAX_BYTES)):
        # And not what follows from it: for the broker, what comes next is out of order.
        with pytest.raises(BadRecord, match="too_large"):
            await sender.send_all([small, Outgoing(topic, large, key=b"a"), *[small] * 3])
        await sender.send_all([Outgoing(topic, b"after", key=b"a")])
    await sender.stop()
    arrived = [one.value for records in (await by_partition(kafka, topic)).values() for one in records]
    assert [b"after", b"after"] == [value for value in arrived if value != b"small"]
