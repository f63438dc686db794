"""Between Kafka's bytes and an agent's messages: records that arrive are decoded or refused, outputs are encoded."""

from collections.abc import Iterator, Sequence
from typing import Any

from aiokafka.structs import TopicPartition

from pipeline.errors import BadRecord
from pipeline.runtime.sender import OVERHEAD_BYTES, Outgoing
from pipeline.stream import codec
from pipeline.stream.fetched import Spoilt
from pipeline.stream.letters import kept_of
from pipeline.stream.outputs import Outputs, Record, RefusedRecord
from schemas import ids
from schemas.base import Message
from schemas.outcomes import DeadLetter
from schemas.reads import MAX_BATCH, PlateRead, ReadBatch
from schemas.topics import DEAD_LETTERS, READS, TOPICS, Topic

Run = tuple[TopicPartition, Sequence[Any]]
"""Records of one partition as fetched, in order: offset, timestamp and value are what is looked at."""


class Wire:
    """Decodes an agent's sources, and encodes its outputs and dead letters. elsewhere: as in Agent."""

    def __init__(self, agent: str, namespace: str, *sources: Topic[Any], elsewhere: Sequence[Topic[Any]] = ()) -> None:
        self._elsewhere = {topic.name for topic in elsewhere}
        self._agent = agent
        self._namespace = namespace
        self._sources = {topic.name: topic for topic in sources}
        self._most_bytes = {f"{namespace}.{topic.name}": topic.max_message_bytes for topic in TOPICS}

    def decoded(self, batch: Sequence[Run]) -> tuple[list[Record[Message]], Outputs]:
        """The messages of a fetched batch, and outputs that refuse each record that holds no valid message.

        Of a batch of reads in which some are not valid, the valid reads are kept.
        """
        records: list[Record[Message]] = []
        outputs = Outputs()
        for tp, fetched in batch:
            topic, partition = tp.topic, tp.partition
            messages = codec.decode_all(self._sources[_bare(topic)], [raw.value for raw in fetched])
            if messages is None:
                records += self._one_by_one(tp, fetched, outputs)
                continue
            records += [
                Record(topic, partition, raw.offset, raw.timestamp, message, raw.value)
                for raw, message in zip(fetched, messages, strict=True)
            ]
        return records, outputs

    def _one_by_one(self, tp: TopicPartition, fetched: Sequence[Any], outputs: Outputs) -> Iterator[Record[Message]]:
        """The messages of records that decode_all did not take; those that are not valid are refused in the outputs."""
        source = self._sources[_bare(tp.topic)]
        for raw in fetched:
            if isinstance(raw, Spoilt):
                outputs.refusals.append(self._refused(tp, raw, BadRecord(raw.reason, raw.detail), b""))
                continue
            payload = raw.value or b""
            try:
                message = codec.decode(source, payload)
            except BadRecord as error:
                if source is not READS or error.reason in ("empty", codec.TOO_LARGE):
                    kept = payload[: source.max_message_bytes]
                    outputs.refusals.append(self._refused(tp, raw, error, kept))
                elif good := self._good_reads(tp, raw, outputs):
                    indexes, reads = zip(*good, strict=True)
                    batch = ReadBatch(reads=reads)
                    yield Record(tp.topic, tp.partition, raw.offset, raw.timestamp, batch, payload, indexes)
                continue
            yield Record(tp.topic, tp.partition, raw.offset, raw.timestamp, message, payload)

    def _good_reads(self, tp: TopicPartition, raw: Any, outputs: Outputs) -> list[tuple[int, PlateRead]]:
        """The valid reads of a batch that is not valid as a whole, each with its index; the others are refused in the outputs."""
        try:
            good, bad = codec.decode_reads_one_by_one(raw.value)
        except BadRecord as error:
            outputs.refusals.append(self._refused(tp, raw, error, raw.value))
            return []
        if len(bad) > MAX_BATCH:  # a megabyte of rubbish is one letter, not a million
            why = BadRecord("invalid", f"{len(bad)} of its {len(good) + len(bad)} reads; the first: {bad[0][2].detail}")
            outputs.refusals.append(self._refused(tp, raw, why, raw.value))
        else:
            outputs.refusals += [self._refused(tp, raw, error, part, index) for index, part, error in bad]
        if not good and not bad:
            outputs.refusals.append(self._refused(tp, raw, BadRecord("empty", "a batch without reads"), raw.value))
        return good

    @staticmethod
    def _refused(
        tp: TopicPartition, raw: Any, error: BadRecord, payload: bytes, index: int | None = None
    ) -> RefusedRecord:
        reason, detail = error.reason, error.detail
        return RefusedRecord(
            tp.topic, tp.partition, raw.offset, raw.timestamp, reason, detail, payload, index, shared=True
        )

    def outgoing(self, outputs: Outputs, now_ms: int) -> list[Outgoing]:
        """The records of all outputs, and after them a dead letter for each refusal that this agent reports. now_ms:
        when the records were refused, UTC."""
        sends = [self._encoded(topic, message, key, partition) for topic, message, key, partition in outputs.sends]
        return sends + [self._dead_letter(refused, now_ms) for refused in outputs.refusals if self.reports(refused)]

    def reports(self, refused: RefusedRecord) -> bool:
        """Whether this agent sends the dead letter of this refusal."""
        return not (refused.shared and _bare(refused.topic) in self._elsewhere)

    def bounded(self, records: Sequence[Outgoing], now_ms: int) -> list[Outgoing]:
        """The same records, but a dead letter in place of each that is larger than its topic takes. now_ms: when the record was
        refused, UTC."""
        return [self._told(record, now_ms) if self._is_too_large(record) else record for record in records]

    def _is_too_large(self, record: Outgoing) -> bool:
        return len(record.value) + OVERHEAD_BYTES > self._most_bytes[record.topic]

    def _told(self, record: Outgoing, now_ms: int) -> Outgoing:
        detail = f"{len(record.value)} bytes; the first kilobyte is kept"
        return self._dead_letter(
            RefusedRecord(
                record.topic, record.partition or 0, -1, now_ms, "output_too_large", detail, record.value[:1024]
            ),
            now_ms,
        )

    def _encoded(self, topic: Topic[Any], message: Message, key: str | None, partition: int | None) -> Outgoing:
        name = f"{self._namespace}.{topic.name}"
        return Outgoing(name, codec.encode(topic, message), None if key is None else key.encode(), partition)

    def _dead_letter(self, refused: RefusedRecord, now_ms: int) -> Outgoing:
        letter = DeadLetter(
            dead_letter_id=ids.dead_letter_id(
                self._agent, refused.topic, refused.partition, refused.offset, refused.index
            ),
            stage=self._agent,
            reason=refused.reason,
            detail=refused.detail[:1000],
            topic=refused.topic,
            partition=refused.partition,
            offset=refused.offset,
            index=refused.index,
            recorded_at_ms=max(0, refused.recorded_at_ms),
            refused_at_ms=now_ms,
            payload=kept_of(refused.reason, refused.payload, now_ms),
        )
        return self._encoded(DEAD_LETTERS, letter, refused.topic, None)


def _bare(topic: str) -> str:
    """The topic's name without the namespace."""
    return topic.rpartition(".")[2]
