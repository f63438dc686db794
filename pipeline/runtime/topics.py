"""Creates and lists Vigie's topics on a broker, and compares them with schemas.topics."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    InvalidReplicationFactorError,
    KafkaConnectionError,
    KafkaError,
    TopicAlreadyExistsError,
    UnknownTopicOrPartitionError,
    for_code,
)

from pipeline.errors import Unavailable, VigieError
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.runtime.settings import Settings
from schemas.topics import DAY_MS, MIB, TOPICS

AGAIN_S = 0.2
MINUTE_MS = 60_000
SEGMENT_BYTES = 64 * MIB
RECORD_SEGMENT_MS = 30 * DAY_MS  # ten years of a file a day would be thousands of open files


class TopicRefused(VigieError):
    """Raised when the broker refuses to create or describe a topic. The message names the topic and the broker's reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicShape:
    """Partitions, copies and settings of one topic, wanted or found. config: Kafka's names and values."""

    name: str  # with the namespace: vigie.reads
    partitions: int
    replication: int
    config: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicDifference:
    """One difference between a topic as wanted and as found. found: None where the topic is missing."""

    topic: str
    what: str  # topic | partitions | replication | the name of a setting
    wanted: str
    found: str | None
    blocks: bool  # the platform cannot work like this: a topic is missing, too few partitions, too small messages

    def __str__(self) -> str:
        if self.found is None:
            return f"{self.topic} is missing"
        return f"{self.topic}: {self.what} is {self.found}, wanted {self.wanted}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicsReport:
    """The topics that create_topics made, and the differences that it found and did not change."""

    created: tuple[str, ...]
    differences: tuple[TopicDifference, ...]


def wanted_topics(
    namespace: str,
    *,
    replication: int = 1,
    partitions: Mapping[str, int] | None = None,
    kept_days: int | None = None,
) -> tuple[TopicShape, ...]:
    """The topics of schemas.topics in a namespace. partitions: other counts than the usual, by topic name without the
    namespace.

    kept_days: how long topics bounded by law are kept; None: the settings' default.
    """
    counts = partitions or {}
    lawful_ms = (Settings().retention_days if kept_days is None else kept_days) * DAY_MS
    shapes = []
    for topic in TOPICS:
        retention_ms = topic.retention_ms or lawful_ms
        if not topic.of_record:
            retention_ms = min(retention_ms, lawful_ms)
        config = {
            "cleanup.policy": "delete",
            "message.timestamp.type": "LogAppendTime",  # the broker's clock: a sender's may be wrong, and retention rests on it
            "retention.ms": str(retention_ms),
            "retention.bytes": str(-1 if topic.retention_bytes is None else topic.retention_bytes),
            "max.message.bytes": str(topic.max_message_bytes),
            # Kafka drops whole segments, and none before its last record is due: short ones keep to the retention
            "segment.ms": str(
                RECORD_SEGMENT_MS if topic.of_record else min(DAY_MS, max(10 * MINUTE_MS, retention_ms // 8))
            ),
            "segment.bytes": str(SEGMENT_BYTES),
            "min.insync.replicas": str(max(1, replication - 1)),
        }
        name = f"{namespace}.{topic.name}"
        count = counts.get(topic.name, topic.partitions)
        shapes.append(TopicShape(name=name, partitions=count, replication=replication, config=config))
    return tuple(shapes)


async def create_topics(
    connection: KafkaConnection,
    namespace: str,
    *,
    replication: int | None = None,
    partitions: Mapping[str, int] | None = None,
    kept_days: int | None = None,
) -> TopicsReport:
    """Create missing topics and wait until each partition has a leader. Topics that exist are not changed.

    replication: copies of each record; None: three, or as many as there are brokers. partitions, kept_days: see
    wanted_topics. Raises Unavailable, TopicRefused.
    """
    async with kafka_admin(connection) as admin:
        copies = await _copies(admin) if replication is None else replication
        wanted = wanted_topics(namespace, replication=copies, partitions=partitions, kept_days=kept_days)
        there = await _topics(admin)
        missing = [shape for shape in wanted if shape.name not in there]
        created = await _create(admin, missing) if missing else ()
        found = await _shapes(admin, wanted)
        for _ in range(100):
            if len(found) == len(wanted):
                break
            await asyncio.sleep(0.05)  # another broker answered, which has yet to hear of them
            found = await _shapes(admin, wanted)
    return TopicsReport(created=created, differences=differences(wanted, found))


async def check_topics(
    connection: KafkaConnection,
    namespace: str,
    *,
    replication: int | None = None,
    partitions: Mapping[str, int] | None = None,
    kept_days: int | None = None,
) -> tuple[TopicDifference, ...]:
    """How the broker's topics differ from what create_topics with the same arguments makes; nothing is changed. Raises
    Unavailable, TopicRefused."""
    async with kafka_admin(connection) as admin:
        copies = await _copies(admin) if replication is None else replication
        wanted = wanted_topics(namespace, replication=copies, partitions=partitions, kept_days=kept_days)
        return differences(wanted, await _shapes(admin, wanted))


async def list_topics(connection: KafkaConnection, namespace: str) -> tuple[TopicShape, ...]:
    """The topics of schemas.topics that exist in the namespace, in the order of schemas.topics. Raises Unavailable,
    TopicRefused."""
    async with kafka_admin(connection) as admin:
        return await _shapes(admin, wanted_topics(namespace))


async def topic_names(connection: KafkaConnection) -> frozenset[str]:
    """The full names of all topics that this account may see. Raises Unavailable."""
    async with kafka_admin(connection) as admin:
        return frozenset(await _topics(admin))


def differences(wanted: tuple[TopicShape, ...], found: tuple[TopicShape, ...]) -> tuple[TopicDifference, ...]:
    """How found differs from wanted. More partitions or copies than wanted are no difference."""
    by_name = {shape.name: shape for shape in found}
    result: list[TopicDifference] = []
    for want in wanted:
        have = by_name.get(want.name)
        if have is None:
            result.append(TopicDifference(topic=want.name, what="topic", wanted=want.name, found=None, blocks=True))
            continue
        for what, least, count in (
            ("partitions", want.partitions, have.partitions),
            ("replication", want.replication, have.replication),
        ):
            if count < least:
                blocks = what == "partitions"
                result.append(
                    TopicDifference(topic=want.name, what=what, wanted=str(least), found=str(count), blocks=blocks)
                )
        for what, value in want.config.items():
            is_value = have.config.get(what)
            if is_value is not None and is_value != value:
                blocks = what == "max.message.bytes" and int(is_value) < int(value)
                result.append(TopicDifference(topic=want.name, what=what, wanted=value, found=is_value, blocks=blocks))
    return tuple(result)


@asynccontextmanager
async def kafka_admin(connection: KafkaConnection) -> AsyncIterator[Any]:
    """Yields a started admin client, and closes it when the block ends. Raises Unavailable, also for Kafka's errors inside
    the block."""
    admin = AIOKafkaAdminClient(**connection.client_kwargs(), request_timeout_ms=15_000)
    try:
        await admin.start()
        yield admin
    except (KafkaError, TimeoutError, OSError) as error:
        why = "no server there answers, or none lets us in" if isinstance(error, KafkaConnectionError) else repr(error)
        raise Unavailable(f"Kafka at {connection.url} ({why})") from error
    finally:
        await admin.close()


async def _copies(admin: Any) -> int:
    """How many copies of each record this cluster can keep, three at most."""
    return min(3, len((await admin.describe_cluster())["brokers"]))


async def _topics(admin: Any) -> dict[str, dict[str, Any]]:
    """All topics by name. It asks for all at once, because asking for a missing one by name could create it."""
    return {topic["topic"]: topic for topic in await admin.describe_topics()}


async def _create(admin: Any, shapes: list[TopicShape]) -> tuple[str, ...]:
    """Create the topics and wait until each partition has a leader. Returns the names of those created by this call.
    Raises TopicRefused, and TimeoutError where a partition gets none, or all brokers are fenced and stay so."""
    new = [NewTopic(s.name, s.partitions, s.replication, topic_configs=dict(s.config)) for s in shapes]
    until, created = time.monotonic() + 15.0, list[str]()
    while new:
        answer, again = await admin.create_topics(new, timeout_ms=10_000), set[str]()
        for name, code, reason in answer.topic_errors:
            if code == InvalidReplicationFactorError.errno and "fenced" in (reason or ""):
                again.add(name)  # the controller has not heard from any broker for a moment, as after a pause
            elif code not in (0, TopicAlreadyExistsError.errno):  # another process may have been quicker
                raise TopicRefused(f"{name}: {for_code(code).__name__}: {reason or 'no reason given'}")
            created += [name] if code == 0 else []
        new = [one for one in new if one.name in again]
        if new and time.monotonic() > until:
            raise TimeoutError("all brokers are fenced")
        await asyncio.sleep(AGAIN_S if new else 0.0)
    while not _led(await _topics(admin), shapes):
        if time.monotonic() > until:
            raise TimeoutError("the new topics have no leaders")
        await asyncio.sleep(0.02)
    return tuple(created)


def _led(topics: Mapping[str, dict[str, Any]], shapes: list[TopicShape]) -> bool:
    """Whether every partition of these topics has a leader."""
    parts = [topics[shape.name]["partitions"] if shape.name in topics else [] for shape in shapes]
    return all(found and all(part["leader"] >= 0 for part in found) for found in parts)


async def _shapes(admin: Any, wanted: tuple[TopicShape, ...]) -> tuple[TopicShape, ...]:
    """Those of the wanted topics that exist, as found; only settings that are wanted are compared. Raises TopicRefused."""
    topics = await _topics(admin)
    present = [shape for shape in wanted if shape.name in topics]
    if not present:
        return ()
    asked = [ConfigResource(ConfigResourceType.TOPIC, s.name, dict.fromkeys(s.config, "")) for s in present]
    configs: dict[str, dict[str, str]] = {}
    for answer in await admin.describe_configs(asked):
        for code, reason, _, name, entries in answer.resources:
            if code == UnknownTopicOrPartitionError.errno:  # it went a moment ago
                continue
            if code != 0:
                raise TopicRefused(f"{name}: {for_code(code).__name__}: {reason or 'no reason given'}")
            configs[name] = {entry[0]: entry[1] for entry in entries}
    return tuple(
        TopicShape(
            name=shape.name,
            partitions=len(topics[shape.name]["partitions"]),
            replication=min(len(part["replicas"]) for part in topics[shape.name]["partitions"]),
            config=configs[shape.name],
        )
        for shape in present
        if shape.name in configs
    )
