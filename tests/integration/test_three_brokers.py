"""Three brokers: what a majority has acknowledged survives any one of them."""

import asyncio

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from pipeline.runtime.topics import create_topics, list_topics
from pipeline.servers.pair import EmbeddedPair
from schemas.topics import TOPICS


async def test_records_flow_on_while_any_one_broker_is_away(three_brokers: EmbeddedPair) -> None:
    """Each broker in turn is killed and stays away while records are sent; none that was acknowledged is lost."""
    kafka = three_brokers.kafka
    await create_topics(kafka, "vigie", partitions={topic.name: 3 for topic in TOPICS})
    (reads,) = [shape for shape in await list_topics(kafka, "vigie") if shape.name == "vigie.reads"]
    acknowledged: set[tuple[int, bytes]] = set()

    async with AIOKafkaProducer(**kafka.client_kwargs(), acks="all", enable_idempotence=True) as producer:
        for number, broker in enumerate(three_brokers.brokers):
            await broker.stop(kill=True)
            for partition in range(3):
                value = b"%d without %d" % (partition, number)
                async with asyncio.timeout(30):
                    await producer.send_and_wait("vigie.reads", value, partition=partition)
                acknowledged.add((partition, value))
            await broker.start()
            await broker.wait_ready()

    assert (reads.replication, reads.config["min.insync.replicas"]) == (3, "2")
    assert await everything(three_brokers, "vigie.reads", partitions=3, count=9) == acknowledged


async def test_all_brokers_killed_at_once_come_back_with_every_record(three_brokers: EmbeddedPair) -> None:
    """kill -9 of the whole cluster loses nothing that was acknowledged."""
    kafka = three_brokers.kafka
    await create_topics(kafka, "blackout", partitions={topic.name: 3 for topic in TOPICS})
    sent = {(number % 3, b"%d" % number) for number in range(300)}
    async with AIOKafkaProducer(**kafka.client_kwargs(), acks="all", enable_idempotence=True) as producer:
        for partition, value in sent:
            await producer.send("blackout.reads", value, partition=partition)

    for broker in three_brokers.brokers:
        broker.kill()
    await asyncio.gather(*(broker.wait_ready() for broker in three_brokers.brokers))

    assert await everything(three_brokers, "blackout.reads", partitions=3, count=300) == sent


async def everything(pair: EmbeddedPair, topic: str, *, partitions: int, count: int) -> set[tuple[int, bytes]]:
    """The records of all partitions, as (partition, value), once count of them are there."""
    found: list[tuple[int, bytes]] = []
    async with AIOKafkaConsumer(**pair.kafka.client_kwargs(), auto_offset_reset="earliest") as consumer:
        consumer.assign([TopicPartition(topic, partition) for partition in range(partitions)])
        async with asyncio.timeout(30):
            async for record in consumer:
                found.append((record.partition, record.value))
                if len(found) == count:
                    break
    return set(found)
