"""Topics on a real broker: created once, complete, with their retention; differences reported."""

import asyncio
import secrets
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from pipeline.errors import Unavailable
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.runtime.topics import TopicDifference, TopicRefused, check_topics, create_topics, list_topics
from schemas.topics import DAY_MS, DEAD_LETTERS, FRAMES, READS, TOPICS
from tests.builders import KEPT_DAYS

FEW = {topic.name: 2 for topic in TOPICS}


@pytest_asyncio.fixture
async def fresh(kafka: KafkaConnection) -> AsyncIterator[str]:
    """A namespace without topics; what a test makes in it is dropped."""
    name = f"t{secrets.token_hex(4)}"
    yield name
    admin = AIOKafkaAdminClient(**kafka.client_kwargs())
    await admin.start()
    names = [shape.name for shape in await list_topics(kafka, name)]
    if names:
        await admin.delete_topics(names)
    await admin.close()


async def test_topics_are_created_once_with_the_retention_of_their_contract(kafka: KafkaConnection, fresh: str) -> None:
    """The first call creates all of them as the schemas say; the second creates none and finds no difference."""
    first = await create_topics(kafka, fresh, partitions=FEW)
    second = await create_topics(kafka, fresh, partitions=FEW)
    made = {shape.name: shape for shape in await list_topics(kafka, fresh)}

    assert [f"{fresh}.{topic.name}" for topic in TOPICS] == list(first.created) == list(made)
    assert (first.differences, second.created, second.differences) == ((), (), ())
    for topic in TOPICS:
        shape = made[f"{fresh}.{topic.name}"]
        assert (shape.partitions, shape.replication) == (2, 1)
        assert str(topic.retention_ms or KEPT_DAYS * DAY_MS) == shape.config["retention.ms"]
        assert str(topic.max_message_bytes) == shape.config["max.message.bytes"]


async def test_without_overrides_a_topic_has_its_contracts_partitions(kafka: KafkaConnection, fresh: str) -> None:
    """The partition counts of the schemas are what a plain start creates."""
    await create_topics(kafka, fresh)
    made = {shape.name: shape.partitions for shape in await list_topics(kafka, fresh)}
    assert {f"{fresh}.{topic.name}": topic.partitions for topic in TOPICS} == made


async def test_the_largest_picture_and_the_largest_dead_letter_pass(kafka: KafkaConnection, namespace: str) -> None:
    """What the contracts allow in size, broker and topics let through."""
    kwargs = kafka.client_kwargs()
    for topic in (FRAMES, DEAD_LETTERS):
        largest = bytes(topic.max_message_bytes - 4096)
        async with AIOKafkaProducer(**kwargs, max_request_size=topic.max_message_bytes) as producer:
            await producer.send_and_wait(f"{namespace}.{topic.name}", largest, partition=0)
        async with AIOKafkaConsumer(**kwargs, auto_offset_reset="earliest") as consumer:
            consumer.assign([TopicPartition(f"{namespace}.{topic.name}", 0)])
            async with asyncio.timeout(20):
                record = await anext(aiter(consumer))
        assert len(record.value) == len(largest)


async def test_a_missing_topic_is_reported_and_alone_created(kafka: KafkaConnection, fresh: str) -> None:
    """After a loss, only what is missing is made anew."""
    await create_topics(kafka, fresh, partitions=FEW)
    admin = AIOKafkaAdminClient(**kafka.client_kwargs())
    await admin.start()
    await admin.delete_topics([f"{fresh}.alerts"])
    await admin.close()

    (missing,) = await first_differences(kafka, fresh)
    again = await create_topics(kafka, fresh, partitions=FEW)

    assert missing.blocks
    assert f"{fresh}.alerts is missing" == str(missing)
    assert (f"{fresh}.alerts",) == again.created


async def first_differences(kafka: KafkaConnection, namespace: str) -> tuple[TopicDifference, ...]:
    """What differs, once the brokers that answer have heard of a change made just now."""
    async with asyncio.timeout(10):
        while not (found := await check_topics(kafka, namespace, partitions=FEW)):
            pass
    return found


async def test_fewer_partitions_and_another_retention_are_reported_and_left_alone(
    kafka: KafkaConnection, fresh: str
) -> None:
    """A topic that somebody made otherwise is named, with what is wanted and what is there."""
    name = f"{fresh}.{READS.name}"
    admin = AIOKafkaAdminClient(**kafka.client_kwargs())
    await admin.start()
    await admin.create_topics([NewTopic(name, 1, 1, topic_configs={"retention.ms": "60000"})])
    await admin.close()

    report = await create_topics(kafka, fresh, partitions=FEW)
    found = {(d.what, d.wanted, d.found, d.blocks) for d in report.differences if d.topic == name}

    assert name not in report.created
    assert ("partitions", "2", "1", True) in found
    assert ("retention.ms", str(READS.retention_ms), "60000", False) in found


async def test_more_copies_than_brokers_are_refused_with_the_brokers_reason(kafka: KafkaConnection, fresh: str) -> None:
    """Asking one broker for three copies says why that cannot be."""
    with pytest.raises(TopicRefused, match="InvalidReplicationFactor"):
        await create_topics(kafka, fresh, replication=3, partitions=FEW)


async def test_a_broker_that_is_not_there_is_unavailable() -> None:
    """Nobody listening is an outage to wait out, not a crash."""
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1:1 "):
        await check_topics(KafkaConnection.from_url("kafka://127.0.0.1:1"), "vigie")
