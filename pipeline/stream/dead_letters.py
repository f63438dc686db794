"""Dead letters as an operator handles them: which there are, which are meant, and how one goes back to where it came from."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from pipeline.errors import BadRecord, Unavailable
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.runtime.principals import BY_NAME
from pipeline.runtime.sender import Outgoing
from pipeline.stream import codec
from schemas.outcomes import DeadLetter
from schemas.topics import ACCESSES, ALERTS, ALERTS_COVERT, DEAD_LETTERS, FORWARDS, READS


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which letters are meant: all that fit everything that is given. Times: of the refusal, ms UTC, both ends included."""

    ids: frozenset[str] = frozenset()
    reason: str | None = None
    agent: str | None = None
    since_ms: int | None = None
    until_ms: int | None = None

    @property
    def is_everything(self) -> bool:
        """Whether nothing is given, so that every letter is meant."""
        return self == Choice()

    def takes(self, letter: DeadLetter) -> bool:
        """Whether this letter is meant."""
        return (
            (not self.ids or letter.dead_letter_id in self.ids)
            and self.reason in (None, letter.reason)
            and self.agent in (None, letter.stage)
            and (self.since_ms is None or letter.refused_at_ms >= self.since_ms)
            and (self.until_ms is None or letter.refused_at_ms <= self.until_ms)
        )


_ONE_BY_ONE = frozenset(topic.name for topic in (ALERTS, ALERTS_COVERT, FORWARDS, ACCESSES))
"""What rings, crosses a border, or says what somebody did: it goes back only where its letter is named."""


def sent_back(letter: DeadLetter, namespace: str, *, by_id: bool = False) -> Outgoing:
    """The record that brings what was refused back to its topic and partition, with the ids that it had.

    Of a batch only the refused read goes back. Raises BadRecord for an output of an agent, of which only the first kilobyte
    is kept, for a camera's message to a gateway, for a letter that keeps nothing (see letters.py), for a batch that cannot
    be taken apart, for what came from a topic of another namespace, or from one that this agent does not read: whoever can write
    letters must not have the operator write elsewhere. by_id: whether this very letter was named; BadRecord, too, where it was not
    and it is of a topic in _ONE_BY_ONE.
    """
    if not letter.payload or letter.reason.startswith("batch_"):  # earlier releases kept a batch as the broker had it
        raise BadRecord("not_kept", f"{letter.dead_letter_id} ({letter.reason}) keeps nothing of its record")
    if letter.stage == "gateway":
        raise BadRecord(
            "not_an_input", f"{letter.dead_letter_id} was a camera's message: `vigie gateway try` tells about it"
        )
    if letter.offset < 0:
        raise BadRecord("not_an_input", f"{letter.dead_letter_id} is an output that was too large, and is kept cut off")
    if not letter.topic.startswith(f"{namespace}."):
        raise BadRecord("other_namespace", f"{letter.dead_letter_id} came from {letter.topic}")
    known = BY_NAME.get(letter.stage)
    source = next((one for one in (known.reads if known else ()) if letter.topic == f"{namespace}.{one.name}"), None)
    if source is None:
        raise BadRecord("not_an_input", f"{letter.dead_letter_id} says that {letter.stage} read {letter.topic}")
    if source.name in _ONE_BY_ONE and not by_id:
        raise BadRecord("by_id", f"{letter.dead_letter_id} is of {source.name}: look at it with `show`, then name it")
    of_a_batch = letter.index is not None and letter.topic == f"{namespace}.{READS.name}"
    value = b'{"reads":[' + letter.payload + b"]}" if of_a_batch else letter.payload
    return Outgoing(letter.topic, value, None, letter.partition)


async def letters_in(connection: KafkaConnection, namespace: str) -> AsyncIterator[DeadLetter]:
    """Yields the letters that are kept now, each id once, in the order of each partition. Raises Unavailable.

    It joins no group and commits nothing.
    """
    topic = f"{namespace}.{DEAD_LETTERS.name}"
    consumer = AIOKafkaConsumer(topic, auto_offset_reset="earliest", **connection.client_kwargs())
    try:
        await consumer.start()
        async for letter in _until_the_end(consumer, sorted(consumer.assignment())):
            yield letter
    except (KafkaError, OSError) as error:
        raise Unavailable(f"Kafka at {connection.url}") from error
    finally:
        await consumer.stop()


async def _until_the_end(consumer: AIOKafkaConsumer, partitions: list[TopicPartition]) -> AsyncIterator[DeadLetter]:
    ends = await consumer.end_offsets(partitions) if partitions else {}
    seen: set[str] = set()
    while any([await consumer.position(one) < ends[one] for one in partitions]):
        for records in (await consumer.getmany(timeout_ms=500)).values():
            for record in records:
                try:
                    letter = codec.decode(DEAD_LETTERS, record.value)
                except BadRecord:
                    continue  # somebody else's; agents write none that cannot be read
                if letter.dead_letter_id not in seen:
                    seen.add(letter.dead_letter_id)
                    yield letter
