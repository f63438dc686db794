"""Recent alerts and violations in memory, read from their topics, each with what rights depend on.

Every process reads all partitions without a group, from BACK_MS ago on. One ring buffer holds the latest events in the order
of their arrival here; a reader of the live stream has a position in it.
"""

import asyncio
import contextlib
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from pipeline.access.rights import Matter
from pipeline.desks.directory import Directory
from pipeline.errors import BadRecord
from pipeline.runtime import codecs
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.stream.covert_alerts import decode_opened
from schemas.outcomes import Alert, Violation, Withdrawal
from schemas.topics import ALERTS, ALERTS_COVERT, VIOLATIONS, Topic

log = structlog.get_logger()
SHOWN: tuple[Topic[Any], ...] = (ALERTS, ALERTS_COVERT, VIOLATIONS)
BACK_MS = 24 * 3_600_000
MOST_KEPT = 20_000
"""Of alerts, and of violations; older ones are asked of the archive."""
RING = 10_000
FETCH_MS = 50
AGAIN_S = 2.0
Kind = Literal["alert", "violation"]
_ACTS: Mapping[Kind, Any] = {"alert": "alerts.see", "violation": "violations.see"}


@dataclass(frozen=True, slots=True)
class Event:
    """One message that arrived. number: counted from 1 in this process. kind: of the message, or of what it withdraws."""

    number: int
    kind: Kind
    message: Alert | Violation | Withdrawal
    matter: Matter

    @property
    def act(self) -> Any:
        """The right that is needed to see it."""
        return _ACTS[self.kind]


@dataclass(slots=True)
class Shown:
    """The present state of one alert or violation: its highest revision, and its withdrawal if there is one."""

    event: Event
    withdrawal: Withdrawal | None = None


@dataclass(slots=True)
class Live:
    """The recent alerts and violations by id, and a ring with the latest RING events. ready: set once everything that was in
    the topics at the start was taken in."""

    directory: Directory
    items: dict[Kind, "OrderedDict[str, Shown]"] = field(
        default_factory=lambda: {"alert": OrderedDict(), "violation": OrderedDict()}
    )
    ring: deque[Event] = field(default_factory=lambda: deque(maxlen=RING))
    position: dict[TopicPartition, int] = field(default_factory=dict)  # the next offset of each partition
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    _next: int = 1

    @property
    def last(self) -> int:
        """The number of the latest event; 0 when there is none yet."""
        return self._next - 1

    def take(self, message: Alert | Violation | Withdrawal) -> Event | None:
        """Take in a message. Returns its event; None for a copy, an older revision, and a withdrawal of something unknown
        here."""
        kind: Kind
        if isinstance(message, Withdrawal):
            return self._withdraw(message)
        kind, key = ("alert", message.alert_id) if isinstance(message, Alert) else ("violation", message.violation_id)
        known = self.items[kind].get(key)
        if known is not None and _revision(known.event.message) >= _revision(message):
            return None
        matter = (
            self.directory.matter_of_alert(message)
            if isinstance(message, Alert)
            else self.directory.matter_of_violation(message)
        )
        event = self._added(kind, message, matter)
        self.items[kind][key] = Shown(event, known.withdrawal if known else None)
        self.items[kind].move_to_end(key)
        if len(self.items[kind]) > MOST_KEPT:
            self.items[kind].popitem(last=False)
        return event

    def _withdraw(self, message: Withdrawal) -> Event | None:
        if message.kind == "forward":
            return None
        known = self.items[message.kind].get(message.id)
        if known is None or known.withdrawal is not None:
            return None
        known.withdrawal = message
        return self._added(message.kind, message, known.event.matter)

    def _added(self, kind: Kind, message: Alert | Violation | Withdrawal, matter: Matter) -> Event:
        event = Event(self._next, kind, message, matter)
        self._next += 1
        self.ring.append(event)
        return event

    def since(self, number: int) -> Sequence[Event] | None:
        """The events after this number; None when some of them have left the ring."""
        if number >= self.last:
            return ()
        first = self.ring[0].number
        if number < first - 1:
            return None
        return [self.ring[at] for at in range(number + 1 - first, len(self.ring))]

    def newest(self, kind: Kind, before: int | None) -> Iterator[Shown]:
        """The alerts or violations that arrived before the event `before` (None: all), latest arrival first."""
        for shown in reversed(self.items[kind].values()):
            if before is None or shown.event.number < before:
                yield shown


def _revision(message: object) -> int:
    return message.revision if isinstance(message, Alert) else 1


async def follow(
    live: Live,
    kafka: KafkaConnection,
    namespace: str,
    now_ms: Callable[[], int],
    covert_key: X25519PrivateKey | None = None,
) -> None:
    """Take in the topics SHOWN, from BACK_MS ago, until cancelled. While the broker is away it waits. covert_key: opens
    covert alerts; None: none are shown."""
    codecs.bind()
    while True:
        topics = {f"{namespace}.{topic.name}": topic for topic in SHOWN}
        consumer = AIOKafkaConsumer(*topics, auto_offset_reset="earliest", **kafka.client_kwargs())
        try:
            await consumer.start()
            ends = await _place(consumer, live, now_ms() - BACK_MS)
            await _read(consumer, live, topics, ends, covert_key)
        except (KafkaError, OSError) as error:
            log.warning("live.waiting", cause=type(error).__name__)
        finally:
            with contextlib.suppress(KafkaError, OSError):
                await consumer.stop()
        await asyncio.sleep(AGAIN_S)


async def _place(consumer: Any, live: Live, since_ms: int) -> dict[TopicPartition, int]:
    """Seek each partition to where this process had come, at first to the first record since since_ms (UTC). Returns the
    present end of each partition."""
    partitions = list(consumer.assignment())
    begins = await consumer.offsets_for_times(dict.fromkeys(partitions, max(0, since_ms)))
    ends = await consumer.end_offsets(partitions)
    for one in partitions:
        first = begins.get(one)
        live.position.setdefault(one, ends[one] if first is None else first.offset)
        consumer.seek(one, live.position[one])
    return dict(ends)


async def _read(
    consumer: Any,
    live: Live,
    topics: Mapping[str, Topic[Any]],
    ends: Mapping[TopicPartition, int],
    covert_key: X25519PrivateKey | None,
) -> None:
    """Take in records. `live` is ready when all records up to `ends` were taken in."""
    while True:
        if not live.ready.is_set() and all(live.position[one] >= end for one, end in ends.items()):
            live.ready.set()
        batches = await consumer.getmany(timeout_ms=FETCH_MS)
        for partition, records in batches.items():
            for record in records:
                try:
                    message = decode_opened(topics[partition.topic], record.value, covert_key)
                    if isinstance(message, Alert | Violation | Withdrawal):  # what is sealed for others is none
                        live.take(message)
                except BadRecord as error:
                    log.warning("live.unreadable", reason=error.reason)
                live.position[partition] = record.offset + 1
        await asyncio.sleep(0)
