"""The ledger of one run: what must reach the ends and since when, what has reached them, and what has not yet.

Everything that is expected has an id: alerts, violations, forwards, deliveries to desks, and receipts. It is due as soon as
the last read that it depends on was sent; a violation is due when its reads have settled.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from pipeline.simulation.truth import ExpectedForward, Truth
from schemas.reads import PlateRead

Kind = Literal["alert", "violation", "forward", "delivery", "receipt", "picture"]


@dataclass(slots=True)
class Expected:
    """One thing that must come. due_s, seen_s: when it was due and when it came, in seconds of the run; None: not yet."""

    kind: Kind
    name: str
    rests_on: frozenset[str]  # read_ids; pictures: none
    due_s: float | None = None
    seen_s: float | None = None
    first_due_s: float | None = None  # when the first of its reads was sent
    copies: int = 0

    @property
    def late_s(self) -> float | None:
        """Seconds from when it was due to when it came; None: it has not come."""
        return None if self.seen_s is None or self.due_s is None else max(0.0, self.seen_s - self.due_s)


@dataclass(slots=True)
class Ledger:
    """Everything expected and everything seen, by kind and id. settles_s: how long after its last read a violation is
    decided."""

    items: dict[tuple[Kind, str], Expected] = field(default_factory=dict)
    unexpected: dict[tuple[Kind, str], list[float]] = field(default_factory=dict)  # when each copy came
    settles_s: float = 0.0
    _waiting: dict[str, list[Expected]] = field(default_factory=dict)  # by read_id that was not sent yet
    _open: dict[int, Expected] = field(default_factory=dict)  # due and not seen, by identity
    _given_up: set[int] = field(default_factory=set)  # by identity
    _missing_reads: Counter[int] = field(default_factory=Counter)

    def expect(self, truth: Truth) -> None:
        """Enter everything that a simulation must lead to."""
        of_alert: dict[str, list[ExpectedForward]] = {}
        for forward in truth.forwards:
            of_alert.setdefault(forward.alert_id, []).append(forward)
        for alert in truth.alerts:
            self.enter("alert", alert.alert_id, {alert.read_id})
            for forward in of_alert.get(alert.alert_id, ()):
                for kind in _FORWARD_KINDS:
                    self.enter(kind, forward.forward_id, {alert.read_id})
        for violation in truth.violations:
            self.enter("violation", violation.violation_id, {violation.entry_read_id, violation.exit_read_id})

    def due(self, truth: Truth) -> Truth:
        """The part of the truth that has become due: not what rests on reads that were never sent."""

        def has(kind: Kind, name: str) -> bool:
            return self.items[kind, name].due_s is not None

        return Truth(
            alerts=tuple(one for one in truth.alerts if has("alert", one.alert_id)),
            violations=tuple(one for one in truth.violations if has("violation", one.violation_id)),
            forwards=tuple(one for one in truth.forwards if has("forward", one.forward_id)),
        )

    def enter(self, kind: Kind, name: str, rests_on: Iterable[str], *, due_s: float | None = None) -> Expected:
        """Enter one more thing that must come. rests_on: the ids of the reads that it depends on. due_s: when it is due, if
        it depends on no read of the simulation."""
        item = Expected(kind, name, frozenset(rests_on), due_s, first_due_s=due_s)
        self.items[kind, name] = item
        self._missing_reads[id(item)] = len(item.rests_on)
        for read_id in item.rests_on:
            self._waiting.setdefault(read_id, []).append(item)
        if due_s is not None:
            self._open[id(item)] = item
        for at_s in self.unexpected.pop((kind, name), ()):  # it was quicker than these books
            self.saw(kind, name, at_s)
        return item

    def sent(self, read: PlateRead, at_s: float) -> None:
        """Note that the producer was given this read at at_s (seconds of the run); what depended on it alone is due from then
        on."""
        for item in self._waiting.pop(read.read_id, ()):
            item.first_due_s = at_s if item.first_due_s is None else item.first_due_s
            self._missing_reads[id(item)] -= 1
            if self._missing_reads[id(item)] == 0:
                item.due_s = at_s + (self.settles_s if item.kind == "violation" else 0.0)
                if item.seen_s is None:
                    self._open[id(item)] = item

    def saw(self, kind: Kind, name: str, at_s: float) -> bool:
        """Note that this came at at_s (seconds of the run). Returns whether it was expected and came for the first time."""
        item = self.items.get((kind, name))
        if item is None:
            self.unexpected.setdefault((kind, name), []).append(at_s)
            return False
        item.copies += 1
        if item.seen_s is None:
            item.seen_s = at_s
            self._open.pop(id(item), None)
            return True
        return False

    def behind(self, now_s: float, grace_s: float) -> list[Expected]:
        """What was due more than grace_s ago, has not come, and was not given up."""
        return [
            item
            for item in self._open.values()
            if item.due_s is not None and now_s - item.due_s > grace_s and id(item) not in self._given_up
        ]

    def give_up(self, items: Iterable[Expected]) -> None:
        """Stop waiting for these. They count as missing unless they come later, but do not delay the judgement of later
        faults."""
        self._given_up.update(map(id, items))

    def missing(self) -> Iterator[Expected]:
        """Everything that is due and has not come; what was given up, too."""
        return (item for item in self._open.values())

    def between(self, from_s: float, until_s: float) -> list[Expected]:
        """Everything that became due between these times (seconds of the run, the end excluded)."""
        return [item for item in self.items.values() if item.due_s is not None and from_s <= item.due_s < until_s]

    def second_copies(self) -> Counter[str]:
        """How many further copies came after the first one, by kind."""
        found = Counter[str]()
        for item in self.items.values():
            if item.copies > 1:
                found[item.kind] += item.copies - 1
        return found


_FORWARD_KINDS: tuple[Kind, ...] = ("forward", "delivery", "receipt")


class SentReads:
    """The order of all reads that the producer was given. Ids are stored as hashes, because an hour has a million reads."""

    def __init__(self) -> None:
        self._place: dict[int, int] = {}
        self.again = 0  # sent a second time, on purpose

    def __len__(self) -> int:
        return len(self._place)

    def add(self, read: PlateRead) -> None:
        """Note that this read was sent."""
        before = len(self._place)
        self._place.setdefault(hash(read.read_id), before)
        self.again += len(self._place) == before

    def place(self, read: PlateRead) -> int | None:
        """The index of this read among all that were sent, from 0; None: it was not sent."""
        return self._place.get(hash(read.read_id))


class InOrder:
    """Checks that each camera's reads come in the order in which they were sent. Second copies are ignored."""

    def __init__(self, sent: SentReads) -> None:
        self._sent = sent
        self._newest: dict[str, int] = {}
        self._seen: set[int] = set()
        self.breaks: list[tuple[float, str]] = []  # seconds of the run, camera
        self.second_copies = 0

    def __len__(self) -> int:
        return len(self._seen)

    def saw(self, read: PlateRead, at_s: float, lane: int = 0) -> None:
        """Note that this read came. at_s: seconds of the run. lane: its partition, where one camera's reads may come on
        several."""
        place = self._sent.place(read)
        if place is None:
            return
        if place in self._seen:
            self.second_copies += 1
            return
        self._seen.add(place)
        camera = f"{lane}/{read.camera_id}"
        if place < self._newest.get(camera, -1):
            self.breaks.append((at_s, read.camera_id))
        self._newest[camera] = max(place, self._newest.get(camera, -1))
