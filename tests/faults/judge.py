"""Compares what came out of a run with the truth: each difference, when it arose, and whether the platform reported it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from pipeline.demo.pictures import WANTED
from pipeline.simulation.compare import SeenOutputs, compare_outcome
from pipeline.simulation.truth import ExpectedAlert, Truth
from schemas import ids
from schemas.outcomes import Alert
from schemas.reads import PlateRead
from tests.faults.ends import Ends
from tests.faults.kinds.poison import PoisonRecords
from tests.faults.ledger import Ledger
from tests.faults.pictures import PictureTraffic
from tests.faults.schedule import Planned

Sort = Literal["missing", "double", "spurious", "wrong_order", "told"]


@dataclass(slots=True)
class Strike:
    """One fault that was caused. Times in seconds of the run; well_s: when all was well again; None: not within the limit.
    said: the platform logged that something may be lost. error: what failed in causing or undoing it."""

    planned: Planned
    began_s: float
    lifted_s: float = 0.0
    well_s: float | None = None
    said: bool = False
    error: str | None = None

    def forgot(self, since_s: float, until_s: float) -> bool:
        """Whether the platform logged that Redis lost data by this fault, and the fault lasted at some time between these
        (seconds of the run)."""
        return self.said and since_s <= self.lifted_s and until_s >= self.began_s - 2.0


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference from the truth. at_s: when it arose, in seconds of the run."""

    sort: Sort
    at_s: float
    words: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that the judgement is made from."""

    truth: Truth
    ledger: Ledger
    ends: Ends
    pictures: PictureTraffic
    strikes: Sequence[Strike]

    def differences(self) -> list[Difference]:
        """All differences, in the order in which they arose."""
        found = [*self._missing(), *self._taken_back(), *self._unexpected(), *self._pictures(), *self._order(), *self._desks(),
                 *self._rings(), *self._wrong(), *self._dead_letters(), *self._actions(), *self._feed()]  # fmt: skip
        return sorted(found, key=lambda difference: difference.at_s)

    def _missing(self) -> Iterator[Difference]:
        for item in self.ledger.missing():
            yield Difference("missing", item.due_s or 0.0, f"{item.kind} {item.name}")

    def _taken_back(self) -> Iterator[Difference]:
        """What must come and came, but was withdrawn: whoever reads the topic is left without it."""
        for one in self.ends.seen.withdrawn:
            item = self.ledger.items.get((one.kind, one.id))
            if item is not None:
                yield Difference("missing", item.due_s or 0.0, f"{one.kind} {one.id} was taken back: {one.reason}")

    def _unexpected(self) -> Iterator[Difference]:
        """What nothing led to. A violation that reads which came later contradict is told of by its withdrawal: a camera's reads
        may be held up for longer than they take to settle."""
        of_second_reads = {
            ids.alert_id(read.read_id, entry.entry_id): told
            for _, _, read, told in self._second_reads()
            for entry in WANTED
        }
        withdrawn = {one.id for one in self.ends.seen.withdrawn if one.kind == "violation"}
        for (kind, name), times in self.ledger.unexpected.items():
            sort: Sort = "told" if of_second_reads.get(name) or name in withdrawn else "spurious"
            yield Difference(sort, times[0], f"{kind} {name} that nothing led to")

    def _pictures(self) -> Iterator[Difference]:
        at_s = self.pictures.now_s()
        for read in self.pictures.stray:
            yield Difference("spurious", at_s, f"read {read.read_id} of {read.camera_id} that nobody sent")
        for _, at_s, read, told in self._second_reads():
            words = f"a second read {read.read_id} of one passage before {read.camera_id}"
            yield Difference("told" if told else "double", at_s, words)

    def _second_reads(self) -> Iterator[tuple[float, float, PlateRead, bool]]:
        """The passages that were read twice, and for each whether the platform had logged in between that Redis lost data.

        Only a loss in Redis, which holds the detections that decode has used up, excuses a second read.
        """
        for due_s, at_s, read in self.pictures.double:
            yield due_s, at_s, read, any(strike.forgot(due_s, at_s) for strike in self.strikes)

    def _order(self) -> Iterator[Difference]:
        for at_s, camera_id in self.ends.reads.breaks:
            yield Difference("wrong_order", at_s, f"reads of {camera_id}")
        for at_s, camera_id in self.ends.alerts.breaks:
            yield Difference("wrong_order", at_s, f"alerts of {camera_id}")

    def _desks(self) -> Iterator[Difference]:
        at_s = self.pictures.now_s()
        for country, names in self.ends.delivered.items():
            for name, count in Counter(names).items():
                if count > 1:
                    yield Difference("double", at_s, f"forward {name} is {count} times in the inbox of {country}")
        for name in self.ends.wrong_order_at_desks():
            yield Difference("wrong_order", at_s, f"forward {name} at its desk")
        for receipt in self.ends.bad_receipts:
            yield Difference("spurious", at_s, f"forward {receipt.forward_id} was {receipt.outcome}: {receipt.detail}")

    def _rings(self) -> Iterator[Difference]:
        """The incidents whose alerts rang too often or too seldom. Right is: once when the vehicle is first seen live, and
        once more when it is surer."""
        seen: dict[str, Alert] = {}
        for alert in self.ends.seen.alerts:
            seen.setdefault(alert.alert_id, alert)  # the first copy: dispatch drops the others
        incidents: dict[str, list[ExpectedAlert]] = {}
        for expected in self.truth.alerts:
            incidents.setdefault(expected.incident, []).append(expected)
        for expected_alerts in incidents.values():
            names = {one.alert_id for one in expected_alerts}
            came = [alert for name, alert in seen.items() if name in names]  # in the order of their coming
            live = any(alert.live for alert in came)
            silent = expected_alerts[0].silent
            must = _news_in(came) if live and not silent else sum(one.rings for one in expected_alerts)
            rang = sum(one.rings for one in came)
            if rang != must:
                yield self._wrong_bell(expected_alerts, came, must, rang)

    def _wrong_bell(self, expected: list[ExpectedAlert], came: list[Alert], must: int, rang: int) -> Difference:
        items = [self.ledger.items["alert", one.alert_id] for one in expected]
        times = [item.due_s for item in items if item.due_s is not None] or [0.0]
        words = f"{expected[0].entry_id} rang {rang} times instead of {must}"
        if rang > must:
            forgot = any(strike.forgot(min(times), max(times)) for strike in self.strikes)
            return Difference("told" if forgot else "double", max(times), words)
        live = {one.alert_id for one in expected if one.live}
        says_why = not any(alert.live for alert in came if alert.alert_id in live)
        return Difference("told" if says_why else "missing", min(times), words)

    def _actions(self) -> Iterator[Difference]:
        """What dispatchers did and no incident shows, or shows twice."""
        for action_id, at_s in self.ends.dispatchers.undecided():
            yield Difference("missing", at_s, f"what became of the action {action_id}")
        for action_id, at_s in self.ends.dispatchers.twice():
            yield Difference("double", at_s, f"the action {action_id}, or another one that was first, too")

    def _feed(self) -> Iterator[Difference]:
        """What the authority did not get, got in the wrong order, or got again after the platform had taken its acknowledgement;
        the last is told of where Redis lost its marks."""
        at_s = self.pictures.now_s()
        for name in self.ends.not_pulled():
            yield Difference("missing", at_s, f"{name} at the authority")
        authority = self.ends.authority
        for name in authority.out_of_order() if authority is not None else ():
            yield Difference("wrong_order", at_s, f"the withdrawal of {name} at the authority")
        for again_s, (kind, name) in authority.again if authority is not None else ():
            forgot = any(strike.forgot(0.0, again_s) for strike in self.strikes)
            yield Difference(
                "told" if forgot else "double", again_s, f"{kind} {name} at the authority, acknowledged before"
            )

    def _wrong(self) -> Iterator[Difference]:
        """The messages that came with wrong content: another match, another speed, live although the read is old."""
        outcome = compare_outcome(
            self.truth, SeenOutputs(self.ends.seen.alerts, self.ends.seen.violations), ringing=False
        )
        for name, words in (*outcome.alerts.wrong, *outcome.violations.wrong):
            kind: Literal["alert", "violation"] = "alert" if name.startswith("a-") else "violation"
            yield Difference("spurious", self.ledger.items[kind, name].due_s or 0.0, f"{kind} {name}: {words}")
        old = {one.alert_id for one in self.truth.alerts if not one.live}
        for alert in self.ends.seen.alerts:
            if alert.alert_id in old and alert.live:
                at_s = self.ledger.items["alert", alert.alert_id].due_s or 0.0
                yield Difference("spurious", at_s, f"alert {alert.alert_id} is taken as live")

    def _dead_letters(self) -> Iterator[Difference]:
        poison = [one.planned.fault for one in self.strikes if isinstance(one.planned.fault, PoisonRecords)]
        expected = {place for fault in poison for place in fault.expected}
        told = set()
        for letter, at_s in zip(self.ends.dead_letters, self.ends.dead_letters_s, strict=True):
            place = (letter.stage, letter.topic, letter.partition, letter.offset)
            told.add(place)
            if place not in expected:
                words = f"dead letter of {letter.stage}: {letter.reason}, {letter.detail[:80]}"
                yield Difference("spurious", at_s, words)
        for stage, topic, partition, offset in expected - told:
            yield Difference("missing", 0.0, f"{stage}'s dead letter of {topic}/{partition}/{offset}")


def _news_in(came: Iterable[Alert]) -> int:
    """How many alerts of a vehicle had to ring, in the order of arrival: the first live one, and the first live one with
    exactly the wanted plate if those before only resembled it."""
    rung: set[str] = set()
    for alert in came:
        if alert.live and (not rung or (alert.match == "exact" and "exact" not in rung)):
            rung.add(alert.match)
    return len(rung)
