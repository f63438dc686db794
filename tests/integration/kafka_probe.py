"""Asks a Kafka what a client may do, with requests of the protocol: each answer is an error code, and nothing waits.

(An ordinary consumer would wait for a topic that it may not see.)
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.admin import (
    AlterConfigsRequest,
    CreateTopicsRequest,
    DeleteGroupsRequest,
    DeleteRecordsRequest,
    DeleteTopicsRequest,
    DescribeConfigsRequest,
)
from aiokafka.protocol.api import Request
from aiokafka.protocol.commit import OffsetCommitRequest
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from pipeline.runtime.kafka_connection import KafkaConnection

DENIED = {29, 30, 31}
"""Kafka's codes for topic, group and cluster authorization failed."""
NODE = 0
_TOPIC = 2


class KafkaProbe:
    """One client. Each method tries something and returns Kafka's error codes, by topic where it asks for several; 0: allowed."""

    def __init__(self, client: AIOKafkaClient) -> None:
        self._client = client

    async def fetch(self, topics: Iterable[str]) -> dict[str, int]:
        """Try to read the first record of each topic's first partition."""
        wanted = [(topic, [(0, 0, 1024)]) for topic in topics]
        answer = await self._ask(FetchRequest(0, 0, 1024 * 1024, 0, wanted))
        return {topic: partitions[0][1] for topic, partitions in answer.topics}

    async def produce(self, topics: Iterable[str]) -> dict[str, int]:
        """Try to write a record to each topic."""
        values = [(topic, [(0, _batch())]) for topic in topics]
        return _by_topic(await self._ask(ProduceRequest(None, -1, 5_000, values)))

    async def configs(self, topics: Iterable[str]) -> dict[str, int]:
        """Try to read each topic's settings."""
        answer = await self._ask(DescribeConfigsRequest([(_TOPIC, topic, None) for topic in topics]))
        return {found[3]: found[0] for found in answer.resources}

    async def commit(self, group: str, topic: str) -> int:
        """Try to commit an offset of a topic for a group."""
        (code,) = _by_topic(await self._ask(OffsetCommitRequest(group, -1, "", -1, [(topic, [(0, 0, "")])]))).values()
        return code

    async def administer(self, topics: Sequence[str], groups: Sequence[str]) -> dict[str, set[int]]:
        """Try to create, delete and empty topics, to change their retention, and to delete groups. Returns the error codes of
        each act, by the act's name; each is asked for all of them at once."""
        created = await self._ask(CreateTopicsRequest([(f"{topic}.x", 1, 1, [], []) for topic in topics], 5_000, False))
        deleted = await self._ask(DeleteTopicsRequest(list(topics), 5_000))
        emptied = await self._ask(DeleteRecordsRequest([(topic, [(0, -1)]) for topic in topics], 5_000))
        retention = [("retention.ms", "1000")]
        changed = await self._ask(AlterConfigsRequest([(_TOPIC, topic, retention) for topic in topics]))
        dropped = await self._ask(DeleteGroupsRequest(list(groups)))
        found = {
            "create": [one[1] for one in created.topic_errors],
            "delete": [one[1] for one in deleted.topic_error_codes],
            "empty": list(_by_topic(emptied).values()),
            "change": [one[0] for one in changed.resources],
            "drop groups": [one[1] for one in dropped.results],
        }
        assert [len(topics)] * 4 + [len(groups)] == list(map(len, found.values())), "each is answered"
        return {act: set(codes) for act, codes in found.items()}

    async def _ask(self, request: Request[Any]) -> Any:
        return await self._client.send(NODE, request)


@asynccontextmanager
async def probe(kafka: KafkaConnection) -> AsyncIterator[KafkaProbe]:
    """A connected client. Raises KafkaConnectionError when the broker does not let it in."""
    client = AIOKafkaClient(**kafka.client_kwargs(), request_timeout_ms=10_000)
    try:
        await client.bootstrap()
        yield KafkaProbe(client)
    finally:
        await client.close()


async def let_in(**kwargs: Any) -> bool:
    """Whether the broker lets in a client of aiokafka with these arguments."""
    client = AIOKafkaClient(request_timeout_ms=3_000, **kwargs)
    try:
        await client.bootstrap()
    except KafkaConnectionError:
        return False
    finally:
        await client.close()
    return True


def _batch() -> bytes:
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, 4096)
    builder.append(0, None, None, b"forged", [])
    return bytes(builder.build())


def _by_topic(answer: Any) -> dict[str, int]:
    """The error code of each topic's one partition in this answer."""
    (topics,) = [value for value in answer.to_object().values() if isinstance(value, list)]
    return dict(_code(topic) for topic in topics)


def _code(topic: dict[str, Any]) -> tuple[str, int]:
    (name,) = [value for value in topic.values() if isinstance(value, str)]
    return name, next(_codes(topic))


def _codes(found: Any) -> Iterator[int]:
    if isinstance(found, dict):
        for key, value in found.items():
            if key == "error_code":
                yield value
            else:
                yield from _codes(value)
    elif isinstance(found, list):
        for value in found:
            yield from _codes(value)
