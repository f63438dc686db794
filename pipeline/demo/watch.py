"""Reads the platform's results from its topics, as any reader does, for the live screen and the final table."""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from pipeline.demo.pictures import PICTURE_CAMERAS, REAL
from pipeline.runtime.covert import PRIVATE, SETTING, covert_folder, private_key
from pipeline.runtime.settings import Settings
from pipeline.simulation.compare import SeenOutputs
from pipeline.stream.covert_alerts import decode_opened
from schemas.outcomes import Alert, DeadLetter, Forward, Receipt, Violation, Withdrawal
from schemas.reads import PlateRead, ReadBatch
from schemas.topics import ALERTS, ALERTS_COVERT, DEAD_LETTERS, FORWARDS, READS, RECEIPTS, VIOLATIONS, Topic

WATCHED: tuple[Topic[Any], ...] = (READS, ALERTS, VIOLATIONS, FORWARDS, RECEIPTS, DEAD_LETTERS)
_FROM_PICTURES = {*PICTURE_CAMERAS, REAL.camera_id}


@dataclass(slots=True)
class Watch:
    """What was read from the topics so far. picture_alerts, picture_reads: of the cameras that send pictures. simulated: all
    other alerts, and all violations, forwards and withdrawals. reads: the latest 200,000 of all cameras."""

    simulated: SeenOutputs = field(default_factory=SeenOutputs)
    picture_alerts: list[Alert] = field(default_factory=list)
    picture_reads: list[PlateRead] = field(default_factory=list)
    reads: deque[PlateRead] = field(default_factory=lambda: deque(maxlen=200_000))
    read_count: int = 0
    receipts: dict[str, Receipt] = field(default_factory=dict)
    dead_letters: Counter[str] = field(default_factory=Counter)
    latest_alerts: deque[Alert] = field(default_factory=lambda: deque(maxlen=40))
    latest_violations: deque[Violation] = field(default_factory=lambda: deque(maxlen=20))
    latest_forwards: deque[Forward] = field(default_factory=lambda: deque(maxlen=20))
    covert_hits: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)
    cameras: set[str] = field(default_factory=set)
    _known: set[str] = field(default_factory=set)
    _seconds: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=4096))

    def reads_per_s(self) -> float:
        """Reads per second, over the last five seconds."""
        now = time.monotonic()
        recent = [count for at_s, count in self._seconds if now - at_s <= 5.0]
        return sum(recent) / 5.0

    def take(self, message: object) -> None:
        """Record one message. A second copy is counted for the comparison but not shown again."""
        match message:
            case ReadBatch():
                self._take_reads(message)
            case Alert():
                self._take_alert(message)
            case Violation():
                self.simulated.violations.append(message)
                self._show(message.violation_id, self.latest_violations, message)
            case Forward():
                self.simulated.forwards.append(message)
                self._show(message.forward_id, self.latest_forwards, message)
            case Withdrawal():
                self.simulated.withdrawn.append(message)
            case Receipt():
                self.receipts[message.forward_id] = message
            case DeadLetter():
                self.dead_letters[f"{message.stage}: {message.reason}"] += 1
        self.news.set()

    def _take_reads(self, batch: ReadBatch) -> None:
        self.reads.extend(batch.reads)
        self.read_count += len(batch.reads)
        self.cameras |= {read.camera_id for read in batch.reads}
        self.picture_reads.extend(read for read in batch.reads if read.camera_id in _FROM_PICTURES)
        self._seconds.append((time.monotonic(), len(batch.reads)))

    def _take_alert(self, alert: Alert) -> None:
        own = self.picture_alerts if alert.read.camera_id in _FROM_PICTURES else self.simulated.alerts
        own.append(alert)
        if alert.covert:
            self.covert_hits += alert.alert_id not in self._known
            self._known.add(alert.alert_id)
            return
        self._show(alert.alert_id, self.latest_alerts, alert)

    def _show(self, name: str, where: deque[Any], message: object) -> None:
        if name not in self._known:
            self._known.add(name)
            where.append(message)


async def watch_topics(
    client_kwargs: Mapping[str, Any],
    namespace: str,
    watch: Watch,
    ready: asyncio.Event,
    *,
    topics: Sequence[Topic[Any]] = WATCHED,
    key: X25519PrivateKey | None = None,
) -> None:
    """Give `watch` all messages of the topics, from the beginning, until cancelled. After an error of Kafka while it
    fetches it tries again; one while it connects is raised, and `ready` is not set then.

    ready: set when it has begun. client_kwargs: of KafkaConnection. key: opens covert alerts."""
    by_name = {f"{namespace}.{topic.name}": topic for topic in topics}
    consumer = AIOKafkaConsumer(*by_name, auto_offset_reset="earliest", **client_kwargs)
    await consumer.start()
    ready.set()
    try:
        while True:
            try:
                found = await consumer.getmany(timeout_ms=200)
            except KafkaError:
                await asyncio.sleep(0.5)
                continue
            for records in found.values():
                for record in records:
                    watch.take(decode_opened(by_name[record.topic], record.value, key))
    finally:
        await consumer.stop()


async def watch_covert(client_kwargs: Mapping[str, Any], settings: Settings, watch: Watch) -> None:
    """Follow the covert alerts, as their owner does, who has the key. client_kwargs: of the owner's KafkaConnection."""
    key = private_key(SETTING, covert_folder(settings) / PRIVATE)
    await watch_topics(client_kwargs, settings.namespace, watch, asyncio.Event(), topics=(ALERTS_COVERT,), key=key)
