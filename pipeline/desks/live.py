"""Recent alerts, violations and incidents in memory, read from their topics, each with what rights depend on.

Every process reads all partitions without a group: alerts that are not covert, and incidents, from BACK_MS ago on; violations,
their judgements and covert alerts from the beginning, though covert ones too are shown from BACK_MS ago on. One ring buffer holds
the latest events in the order of their arrival here; a reader of the live stream has a position in it.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import merge
from itertools import islice, takewhile

import structlog
from aiokafka.structs import TopicPartition

from pipeline.access.rights import Matter
from pipeline.desks.cases import Cases
from pipeline.desks.crowding import least_needed
from pipeline.desks.directory import Directory
from pipeline.desks.events import Event, Item, Kind, Matters, Messages, Shown
from pipeline.desks.unplaced import Unplaced
from pipeline.sections.judging import TO_DO, phase_of
from schemas.incidents import IncidentState
from schemas.judgements import Judged, Judgement
from schemas.outcomes import Alert, RecordPlace, Violation, Withdrawal

BACK_MS = 24 * 3_600_000
log = structlog.get_logger()
NOWHERE = RecordPlace(partition=0, offset=0)
MOST_KEPT: Mapping[str, int] = {"alert": 20_000, "violation": 50_000, "incident": 20_000}
"""The oldest are left out; of violations, those first that wait for nobody; of incidents, see least_needed. One takes some 4 kB.
Covert alerts and incidents count apart: they move none of the others out, so that nobody can count them by what is still there."""
RING = 10_000


@dataclass(slots=True)
class Live:
    """The recent alerts, violations and incidents by id, how violations were judged, and a ring with the latest RING events.

    ready: set once everything that was in the topics at the start was taken in."""

    directory: Directory
    cases: Cases = field(default_factory=Cases)
    items: dict[Kind, "OrderedDict[str, Shown]"] = field(
        default_factory=lambda: {"alert": OrderedDict(), "violation": OrderedDict(), "incident": OrderedDict()}
    )
    ring: deque[Event] = field(default_factory=lambda: deque(maxlen=RING))
    covert_ring: deque[Event] = field(default_factory=lambda: deque(maxlen=RING))  # apart: it moves no open event out
    position: dict[TopicPartition, int] = field(default_factory=dict)  # the next offset of each partition
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    on_incident: Callable[[IncidentState], None] = lambda _state: None  # called with each new state
    most_kept: Mapping[str, int] = field(default_factory=lambda: MOST_KEPT)
    known_ms: int = 0  # everything that was sent until then is taken in; UTC
    _next: int = 1
    _covert: dict[Kind, "OrderedDict[str, None]"] = field(
        default_factory=lambda: {"alert": OrderedDict(), "violation": OrderedDict(), "incident": OrderedDict()}
    )
    _unplaced: Unplaced = field(init=False)
    _gone: dict[str | None, int] = field(
        default_factory=dict
    )  # by owner, None: open; the last event that left its ring

    def __post_init__(self) -> None:
        self._unplaced = Unplaced(self.directory)

    @property
    def last(self) -> int:
        """The number of the latest event; 0 when there is none yet."""
        return self._next - 1

    def take(self, message: Messages, at: RecordPlace | None = None, at_ms: int = 0) -> Event | None:
        """Take in a message. at, at_ms: where it stands on its topic, and when the broker took it. Returns its event; None for a
        copy, an older revision, and what is about something unknown here."""
        if at is not None:
            self.cases.place(message, at)
        if isinstance(message, Withdrawal):
            return self._withdraw(message)
        if isinstance(message, Judgement):
            return self._judge(message.violation_id, self.cases.judge(message, at or NOWHERE, at_ms))
        kind, key, compute = self._named(message)
        known = self.items[kind].get(key)
        if known is not None and _revision(known.event.message) >= _revision(message):
            return None
        event = self._added(kind, message, Matters(self.directory, compute))
        self.items[kind][key] = Shown(event, known.withdrawal if known else None)
        self.items[kind].move_to_end(key)
        covert = self._covert[kind]
        covert.pop(key, None)
        if event.is_covert:
            covert[key] = None
            if len(covert) > self.most_kept[kind]:
                self._leave_out(kind, covert, covert=True)
        elif len(self.items[kind]) - len(covert) > self.most_kept[kind]:
            self._leave_out(kind, (one for one in self.items[kind] if one not in covert))
        if isinstance(message, IncidentState):
            self.on_incident(message)
        self._unplaced.note(kind, key, event)
        if isinstance(message, Violation):  # one may be judged before this process reads it
            self._judge(key, self.cases.judged.get(key))
        return event

    def place(self) -> None:
        """Tell again of each alert and violation whose camera or zone was not known here as it came, and is now: nobody was shown
        it. To be called before frames are made."""
        for kind, key, shown in self._unplaced.placed(self.items):
            self._added(kind, shown.event.message, shown.event.about)
            if shown.withdrawal is not None:
                self._added(kind, shown.withdrawal, shown.event.about)
            if kind == "violation":
                self._judge(key, self.cases.judged.get(key))

    def _leave_out(self, kind: Kind, keys: Iterable[str], *, covert: bool = False) -> None:
        """Leave out some of these, of one kind and all covert or none, of which there are too many."""
        kept = self.items[kind]
        if kind != "violation":
            some = (
                least_needed({key: kept[key].event.message for key in keys}, covert=covert)
                if kind == "incident"
                else [next(iter(keys))]
            )
            for key in some:
                del kept[key]
                self._covert[kind].pop(key, None)
            return
        at_once = len(kept) // 100
        done = list(islice((key for key, shown in kept.items() if not self._waits(key, shown)), at_once))
        for key in done or list(islice(kept, at_once)):
            del kept[key]
        if not done:
            log.error(
                "violations.unjudged_left_out", count=at_once, kept=len(kept), cure="more officers, or fewer cases each"
            )

    def _waits(self, violation_id: str, shown: Shown) -> bool:
        """Whether the violation waits for an officer."""
        return phase_of(self.cases.judged.get(violation_id), withdrawn=shown.withdrawal is not None) in TO_DO

    def _judge(self, violation_id: str, state: Judged | None) -> Event | None:
        shown = self.items["violation"].get(violation_id)
        return None if shown is None or state is None else self._added("violation", state, shown.event.about)

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
        return self._added(message.kind, message, known.event.about)

    def _added(self, kind: Kind, message: Item | Withdrawal | Judged, about: Matters) -> Event:
        event = Event(self._next, kind, message, about)
        self._next += 1
        ring = self.covert_ring if event.is_covert else self.ring
        if len(ring) == ring.maxlen:
            self._gone[ring[0].matter.covert_owner] = ring[0].number
        ring.append(event)
        return event

    def since(self, number: int, service: str | None = None) -> Sequence[Event] | None:
        """The events after this number; None when some of them have left the ring: open ones, or covert ones of this service, which
        alone may know of them."""
        if number >= self.last:
            return ()
        if number < max(self._gone.get(None, 0), self._gone.get(service, 0)):
            return None
        late = (takewhile(lambda one: one.number > number, reversed(ring)) for ring in (self.ring, self.covert_ring))
        return list(merge(*late, key=lambda one: one.number, reverse=True))[::-1]

    def newest(self, kind: Kind, before: int | None) -> Iterator[Shown]:
        """The alerts, violations or incidents that arrived before the event `before` (None: all), latest arrival first."""
        for shown in reversed(self.items[kind].values()):
            if before is None or shown.event.number < before:
                yield shown

    def oldest(self, kind: Kind, after: int | None) -> Iterator[Shown]:
        """As newest, the other way round: those that arrived after the event `after` (None: all), earliest arrival first."""
        for shown in self.items[kind].values():
            if after is None or shown.event.number > after:
                yield shown


def _revision(message: object) -> int:
    if isinstance(message, IncidentState):
        return message.change
    return message.revision if isinstance(message, Alert) else 1
