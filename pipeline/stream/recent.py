"""Reads what a topic took lately, in no group, and looks on and on: for an agent that fills its memory again where Redis has lost
it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Protocol, TypeVar

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from pipeline.errors import BadRecord, Unavailable
from pipeline.stream import codec
from schemas.base import Message
from schemas.outcomes import RecordPlace, Withdrawal
from schemas.topics import Topic

M = TypeVar("M", bound=Message)
EVERY_S = 2.0  # between two looks at whether Redis still has the memory
PAGE = 500  # messages handed on together
TOLD_AFTER = 15  # looks in a row that failed: an operator should know, as of an account that may not read the topic
log = structlog.get_logger()


async def look_patiently(look: Callable[[], Awaitable[None]], event: str) -> None:
    """Call `look` every EVERY_S until cancelled, also after it has raised Unavailable; the TOLD_AFTER-th time in a row is a warning
    with this event's name in the log."""
    failed = 0
    while True:
        try:
            await look()
            failed = 0
        except Unavailable as error:
            failed += 1
            tell = log.warning if failed == TOLD_AFTER else log.debug
            tell(event, cause=str(error), tries=failed)
        await asyncio.sleep(EVERY_S)


class Whole(Protocol):
    """Notes whether a memory is whole. Every method raises Unavailable while Redis is away."""

    async def is_whole(self) -> bool:
        """Whether Redis has kept what was stored since `note_whole` was last called."""

    async def begin(self) -> str:
        """Begin to put back what was lost. Returns what `note_whole` takes."""

    async def note_whole(self, begun: str) -> bool:
        """Note that nothing is missing, unless Redis was emptied since `begin`. Returns whether nothing is."""


async def put_back(memory: Whole, filled: Callable[[str], Awaitable[int]], event: str) -> None:
    """Fill the memory again, unless it is whole. filled: does so, and returns of how many messages; it takes what `begin` gave.
    event: the name of the warning in the log that says of how many. Raises Unavailable, also where Redis lost it again meanwhile.
    """
    if await memory.is_whole():
        return
    begun = await memory.begin()
    count = await filled(begun)
    if not await memory.note_whole(begun):
        raise Unavailable(f"{event} (Redis lost it again meanwhile)")
    if count:
        log.warning(event, count=count)


async def recent(
    client_kwargs: Mapping[str, Any], namespace: str, topic: Topic[M], from_ms: int
) -> AsyncIterator[tuple[M, RecordPlace, int]]:
    """Yields each message that the broker took from from_ms on (UTC) up to now, its place, and when the broker took it (ms UTC), in
    the order of each partition. Records that are no messages of the topic are left out. client_kwargs: of KafkaConnection.

    Raises Unavailable.
    """
    consumer = AIOKafkaConsumer(f"{namespace}.{topic.name}", auto_offset_reset="earliest", **client_kwargs)
    try:
        await consumer.start()
        async for record in _since(consumer, from_ms):
            try:
                message = codec.decode(topic, record.value)
            except BadRecord:
                continue  # somebody else's; agents write none that cannot be read
            yield message, RecordPlace(partition=record.partition, offset=record.offset), record.timestamp
    except (KafkaError, OSError) as error:
        raise Unavailable(f"Kafka (what {namespace}.{topic.name} took lately: {type(error).__name__})") from error
    finally:
        await consumer.stop()


async def in_pages(found: AsyncIterator[tuple[M, RecordPlace, int]]) -> AsyncIterator[list[M]]:
    """Yields the messages that `recent` yields, some hundred at a time."""
    page: list[M] = []
    async for message, _, _ in found:
        page.append(message)
        if len(page) == PAGE:
            yield page
            page = []
    if page:
        yield page


async def withdrawn_ids(
    client_kwargs: Mapping[str, Any], namespace: str, topic: Topic[Any], from_ms: int
) -> frozenset[str]:
    """The ids of what was withdrawn on this topic from from_ms on (UTC). client_kwargs: of KafkaConnection. Raises Unavailable."""
    messages = recent(client_kwargs, namespace, topic, from_ms)
    return frozenset([one.id async for one, _, _ in messages if isinstance(one, Withdrawal)])


async def _since(consumer: AIOKafkaConsumer, from_ms: int) -> AsyncIterator[ConsumerRecord]:
    """Yields the records from that time on, until the present end of each partition."""
    partitions = sorted(consumer.assignment())
    ends: dict[TopicPartition, int] = await consumer.end_offsets(partitions)
    starts = await consumer.offsets_for_times(dict.fromkeys(partitions, from_ms))
    left = {one for one in partitions if starts.get(one) is not None and starts[one].offset < ends[one]}
    for one in left:
        consumer.seek(one, starts[one].offset)
    consumer.pause(*(one for one in partitions if one not in left))
    while left:
        for partition, records in (await consumer.getmany(timeout_ms=500)).items():
            for record in records:
                if record.offset < ends[partition]:
                    yield record
        left = {one for one in left if await consumer.position(one) < ends[one]}
