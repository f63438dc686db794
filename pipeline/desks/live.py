"""Recent alerts, violations and incidents in memory, read from their topics, each with what rights depend on.

Every process reads all partitions without a group, from BACK_MS ago on. One ring buffer holds the latest events in the order
of their arrival here; a reader of the live stream has a position in it.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from aiokafka.structs import TopicPartition

from pipeline.access.rights import Matter
from pipeline.desks.directory import Directory
from schemas.incidents import IncidentState
from schemas.outcomes import Alert, Violation, Withdrawal

BACK_MS = 24 * 3_600_000
MOST_KEPT = 20_000
"""Of alerts, of violations and of incidents; older ones are asked of the archive."""
RING = 10_000
Kind = Literal["alert", "violation", "incident"]
_ACTS: Mapping[Kind, Any] = {"alert": "alerts.see", "violation": "violations.see", "incident": "alerts.see"}
Item = Alert | Violation | IncidentState


@dataclass(frozen=True, slots=True)
class Event:
    """One message that arrived. number: counted from 1 in this process. kind: of the message, or of what it withdraws.

    matters: what rights ask about; of an incident one for each place where it was seen, of which one is enough.
    """

    number: int
    kind: Kind
    message: Item | Withdrawal
    matters: tuple[Matter, ...]

    @property
    def act(self) -> Any:
        """The right that is needed to see it."""
        return _ACTS[self.kind]

    @property
    def matter(self) -> Matter:
        """What rights ask about, of what has one place."""
        return self.matters[0]


@dataclass(slots=True)
class Shown:
    """The present state of one alert, violation or incident: its highest revision, and its withdrawal if there is one."""

    event: Event
    withdrawal: Withdrawal | None = None


@dataclass(slots=True)
class Live:
    """The recent alerts, violations and incidents by id, and a ring with the latest RING events.

    ready: set once everything that was in the topics at the start was taken in."""

    directory: Directory
    items: dict[Kind, "OrderedDict[str, Shown]"] = field(
        default_factory=lambda: {"alert": OrderedDict(), "violation": OrderedDict(), "incident": OrderedDict()}
    )
    ring: deque[Event] = field(default_factory=lambda: deque(maxlen=RING))
    position: dict[TopicPartition, int] = field(default_factory=dict)  # the next offset of each partition
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    on_incident: Callable[[IncidentState], None] = lambda _state: None  # called with each new state
    known_ms: int = 0  # everything that was sent until then is taken in; UTC
    _next: int = 1

    @property
    def last(self) -> int:
        """The number of the latest event; 0 when there is none yet."""
        return self._next - 1

    def take(self, message: Item | Withdrawal) -> Event | None:
        """Take in a message. Returns its event; None for a copy, an older revision, and a withdrawal of something unknown
        here."""
        if isinstance(message, Withdrawal):
            return self._withdraw(message)
        kind, key, matters = self._named(message)
        known = self.items[kind].get(key)
        if known is not None and _revision(known.event.message) >= _revision(message):
            return None
        event = self._added(kind, message, matters())
        self.items[kind][key] = Shown(event, known.withdrawal if known else None)
        self.items[kind].move_to_end(key)
        if len(self.items[kind]) > MOST_KEPT:
            self.items[kind].popitem(last=False)
        if isinstance(message, IncidentState):
            self.on_incident(message)
        return event

    def _named(self, message: Item) -> tuple[Kind, str, Callable[[], tuple[Matter, ...]]]:
        """The message's kind and id, and a function that gives what rights ask about."""
        if isinstance(message, Alert):
            return "alert", message.alert_id, lambda: (self.directory.matter_of_alert(message),)
        if isinstance(message, IncidentState):
            return "incident", message.incident_id, lambda: self.directory.matters_of_incident(message)
        return "violation", message.violation_id, lambda: (self.directory.matter_of_violation(message),)

    def _withdraw(self, message: Withdrawal) -> Event | None:
        if message.kind == "forward":
            return None
        known = self.items[message.kind].get(message.id)
        if known is None or known.withdrawal is not None:
            return None
        known.withdrawal = message
        return self._added(message.kind, message, known.event.matters)

    def _added(self, kind: Kind, message: Item | Withdrawal, matters: tuple[Matter, ...]) -> Event:
        event = Event(self._next, kind, message, matters)
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
    if isinstance(message, IncidentState):
        return message.change
    return message.revision if isinstance(message, Alert) else 1
