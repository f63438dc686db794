"""Fixtures of the integration and end-to-end tests: the real embedded pair, started once, and a namespace for each test."""

import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from hypothesis import settings
from redis.asyncio import Redis

from pipeline.runtime.accounts import make_accounts
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.runtime.settings import load_settings
from pipeline.runtime.topics import create_topics, list_topics
from pipeline.servers.access import grant_redis
from pipeline.servers.endpoints import named_servers
from pipeline.servers.pair import EmbeddedPair
from pipeline.state.record_keys import RecordKeys
from schemas.topics import TOPICS

settings.register_profile("repeatable", derandomize=True, deadline=None)  # the same examples each time, however slow
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))  # HYPOTHESIS_PROFILE=default explores further

PARTITIONS = 4
"""Of every topic of a test's namespace: enough for several workers, quick to create."""


TRIED_AGAIN = ("integration", "e2e/test_demo.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Try what shares a busy machine with its servers once more when it fails. The end shows it as RERUN, for somebody to look
    into. What counts losses and what needs no server has one try."""
    folder = Path(__file__).parent
    for item in items:
        if any(item.path.is_relative_to(folder / one) for one in TRIED_AGAIN):
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest_asyncio.fixture(scope="session")
async def pair(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EmbeddedPair]:
    """One broker and Valkey for the whole session. A test that disturbs them must wait until they work again."""
    async with EmbeddedPair(tmp_path_factory.mktemp("pair")) as running:
        yield running


@pytest_asyncio.fixture(scope="module")
async def three_brokers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EmbeddedPair]:
    """Three brokers and Valkey, for tests of brokers' faults."""
    async with EmbeddedPair(tmp_path_factory.mktemp("three"), brokers=3) as running:
        yield running


@pytest_asyncio.fixture
async def kafka(pair: EmbeddedPair) -> KafkaConnection:
    """The admin's connection to the session's broker."""
    return pair.kafka


@pytest_asyncio.fixture
async def namespace(pair: EmbeddedPair) -> AsyncIterator[str]:
    """A new namespace for this test with all topics, four partitions each. The topics are deleted afterwards."""
    name = f"t{secrets.token_hex(4)}"
    await create_topics(pair.kafka, name, partitions={topic.name: PARTITIONS for topic in TOPICS})
    async with Redis.from_url(pair.redis_url) as client:
        await RecordKeys(client, name).make(platform_now_ms())  # as the agent `audit` does: commands are recorded
    yield name
    admin = AIOKafkaAdminClient(**pair.kafka.client_kwargs())
    await admin.start()
    try:
        await admin.delete_topics([shape.name for shape in await list_topics(pair.kafka, name)])
    finally:
        await admin.close()


@pytest_asyncio.fixture
async def redis(pair: EmbeddedPair) -> AsyncIterator[Redis]:
    """A client of the session's Valkey that returns bytes. Tests do not share keys, because each has its own namespace."""
    client = Redis.from_url(pair.redis_url, decode_responses=False)
    yield client
    await client.aclose()


OpenAs = Callable[[str, str], Awaitable[Redis]]


@pytest_asyncio.fixture
async def redis_as(pair: EmbeddedPair) -> AsyncIterator[OpenAs]:
    """A function that opens the session's Valkey as a principal of a namespace, with that principal's rights."""
    async with AsyncExitStack() as stack:

        async def open_as(principal: str, namespace: str) -> Redis:
            make_accounts(pair.accounts)
            await grant_redis(pair.redis_url, namespace, pair.accounts)
            settings = load_settings({"VIGIE_NAMESPACE": namespace})
            own = named_servers(settings, pair.kafka.url, pair.valkey_server.address, principal, pair.accounts)
            return await stack.enter_async_context(Redis.from_url(own.redis_url))

        yield open_as


async def records_in(kafka: KafkaConnection, topic: str) -> list[Any]:
    """All records that a topic of the test's namespace holds now, in order per partition."""
    consumer, found = AIOKafkaConsumer(auto_offset_reset="earliest", **kafka.client_kwargs()), list[Any]()
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        while any([await consumer.position(one) < ends[one] for one in partitions]):
            for records in (await consumer.getmany(timeout_ms=500)).values():
                found += records
    finally:
        await consumer.stop()
    return found
