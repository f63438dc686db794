"""Watches the ends of the platform: everything that comes out of the topics and reaches the desks is entered into the
ledger."""

import asyncio
from collections.abc import Callable
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from pipeline.errors import BadRecord
from pipeline.hotlist.copied_plates import is_of_copied_plate
from pipeline.receiver.inbox import read_inbox
from pipeline.simulation.compare import SeenOutputs
from pipeline.stream.covert_alerts import decode_opened
from schemas.base import Message
from schemas.incidents import IncidentState
from schemas.outcomes import Alert, DeadLetter, Forward, Receipt, Violation, Withdrawal
from schemas.reads import PlateRead, ReadBatch
from schemas.topics import ALERTS, ALERTS_COVERT, DEAD_LETTERS, FORWARDS, INCIDENTS, READS, RECEIPTS, VIOLATIONS, Topic
from tests.faults.dispatchers import Dispatchers
from tests.faults.kinds import poison
from tests.faults.ledger import InOrder, Ledger, SentReads
from tests.faults.pictures import PictureTraffic
from tests.faults.road import NAMESPACE, Road

_TOPICS: tuple[Topic[Any], ...] = (
    READS,
    ALERTS,
    ALERTS_COVERT,
    VIOLATIONS,
    FORWARDS,
    RECEIPTS,
    INCIDENTS,
    DEAD_LETTERS,
)


class Ends:
    """Watches until stopped. Each message is identified by topic, partition and offset, so that only a real second copy
    counts as one."""

    def __init__(
        self, road: Road, ledger: Ledger, sent: SentReads, pictures: PictureTraffic, now_s: Callable[[], float]
    ) -> None:
        self._road, self._ledger, self._now_s = road, ledger, now_s
        self._sent, self._pictures = sent, pictures
        self.reads, self.alerts = InOrder(sent), InOrder(sent)
        self.seen = SeenOutputs()
        self.dead_letters: list[DeadLetter] = []
        self.dead_letters_s: list[float] = []  # when each came
        self.bad_receipts: list[Receipt] = []
        self.delivered: dict[str, list[str]] = {country: [] for country in road.desks}
        self.forwarded: dict[str, list[str]] = {}  # by country, first copies in order
        self.dispatchers = Dispatchers(road, now_s)
        self.authority = road.authority
        self._known_forwards: set[str] = set()
        self._offsets: dict[tuple[str, int], int] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin to watch."""
        works = [self._topics(), self._inboxes(), self.dispatchers.run()]
        if self.authority is not None:
            works.append(self.authority.run(self._now_s))
        self._tasks = [asyncio.create_task(one) for one in works]

    async def stop(self) -> None:
        """Stop watching."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def check(self) -> None:
        """Raise the error that ended a watcher, if there was one."""
        for task in self._tasks:
            if task.done():
                task.result()

    async def _topics(self) -> None:
        names = {f"{NAMESPACE}.{topic.name}": topic for topic in _TOPICS}
        while True:
            consumer = AIOKafkaConsumer(
                *names, auto_offset_reset="earliest", metadata_max_age_ms=5_000, **self._road.pair.kafka.client_kwargs()
            )
            try:
                await consumer.start()
                while True:
                    for place, records in (await consumer.getmany(timeout_ms=250)).items():
                        for record in records:
                            self._take(names[place.topic], place.partition, record)
            except (KafkaError, OSError):
                await asyncio.sleep(1.0)
            finally:
                await consumer.stop()

    def _take(self, topic: Topic[Any], partition: int, record: Any) -> None:
        place = (topic.name, partition)
        if record.offset <= self._offsets.get(place, -1):
            return
        self._offsets[place] = record.offset
        try:
            message = decode_opened(topic, record.value, self._road.covert_key)
        except BadRecord:
            return  # poison, by intent
        if isinstance(message, IncidentState):
            self.dispatchers.saw(message)
        elif isinstance(message, Alert) and is_of_copied_plate(message):
            pass  # simulated vehicles bear the same plate by chance; which of them are told of, their own tests judge
        elif message is not None:
            self._note(message, -1 - partition if topic is ALERTS_COVERT else partition, self._now_s())

    def _note(self, message: Message, partition: int, now_s: float) -> None:
        match message:
            case ReadBatch():
                for read in message.reads:
                    self._read(read, now_s)
            case Alert():
                self.seen.alerts.append(message)
                self._ledger.saw("alert", message.alert_id, now_s)
                self.alerts.saw(message.read, now_s, lane=partition)
            case Violation():
                self.seen.violations.append(message)
                self._ledger.saw("violation", message.violation_id, now_s)
            case Forward():
                self._forward(message, now_s)
            case Withdrawal():
                self.seen.withdrawn.append(message)
            case Receipt():
                if message.outcome != "acknowledged":
                    self.bad_receipts.append(message)
                self._ledger.saw("receipt", message.forward_id, now_s)
            case DeadLetter():
                self.dead_letters.append(message)
                self.dead_letters_s.append(now_s)

    def _read(self, read: PlateRead, now_s: float) -> None:
        if self._sent.place(read) is not None:
            self.reads.saw(read, now_s)
        elif read.plate != poison.PLATE:
            self._pictures.saw(read, now_s)

    def _forward(self, forward: Forward, now_s: float) -> None:
        if forward.plate == poison.PLATE:
            return
        self.seen.forwards.append(forward)
        self._ledger.saw("forward", forward.forward_id, now_s)
        if forward.forward_id not in self._known_forwards:
            self._known_forwards.add(forward.forward_id)
            self.forwarded.setdefault(forward.to_country, []).append(forward.forward_id)

    async def _inboxes(self) -> None:
        while True:
            for country, desk in self._road.desks.items():
                entries = await asyncio.to_thread(read_inbox, desk.inbox)
                for entry in entries[len(self.delivered[country]) :]:
                    self.delivered[country].append(entry.forward.forward_id)
                    self._ledger.saw("delivery", entry.forward.forward_id, self._now_s())
            await asyncio.sleep(0.5)

    def not_pulled(self) -> list[str]:
        """The violations and withdrawals that the authority did not get, as far as it pulls."""
        if self.authority is None:
            return []
        return [" ".join(one) for one in self.authority.missing(self.seen.violations, self.seen.withdrawn)]

    def wrong_order_at_desks(self) -> list[str]:
        """The forwards that a desk received before one that precedes them on the topic."""
        wrong = []
        for country, delivered in self.delivered.items():
            places = {name: place for place, name in enumerate(self.forwarded.get(country, ()))}
            newest = -1
            for name in delivered:
                place = places.get(name, newest)
                if place < newest:
                    wrong.append(name)
                newest = max(newest, place)
        return wrong
