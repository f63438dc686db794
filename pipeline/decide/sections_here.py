"""Runs section control without servers. After a loss it takes in the reads of the last hours again, as the agent does."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from agents.section_control import SectionMirror
from pipeline.decide.outcomes import HistoryOutcome, ProvesNothingOutcome, WithdrawnOutcome
from pipeline.reads.versions import Changed
from pipeline.runtime.settings import Settings
from pipeline.sections import outcomes
from pipeline.sections.arrivals import serving
from pipeline.sections.history import Histories
from pipeline.sections.lines import Sighting
from pipeline.sections.rules import Rules
from pipeline.sections.vehicle import PROVEN_KEEP_MS
from pipeline.stream.admission import Admission
from pipeline.stream.outputs import Outputs, Record
from schemas.outcomes import Violation
from schemas.reads import ReadBatch


@dataclass(slots=True)
class SectionsHere:
    """The agent section_control in this process. Times in ms UTC, of the broker's clock."""

    settings: Settings
    now_ms: Callable[[], int]
    replica: SectionMirror = field(default_factory=SectionMirror)
    _admission: Admission = field(init=False)
    _histories: Histories = field(init=False)
    _arrived: list[tuple[int, list[Sighting]]] = field(default_factory=list)  # for taking them again
    _sent: dict[str, Violation] = field(default_factory=dict)
    _withdrawn: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._admission = Admission(self.replica, self.settings, self.now_ms)
        self._histories = self._empty(whole_since_ms=0)

    def follow(self, collection: str, changed: Sequence[Changed[Any]]) -> None:
        """Take in changed reference data, if the agent needs this collection."""
        if self.replica.follows(collection):
            self.replica.take(collection, changed, False)
            self._histories.review()

    def take(self, records: Sequence[Record[ReadBatch]], at_ms: int) -> None:
        """Remember those of these reads that were taken on a section's line. at_ms: their arrival. Reads that admission
        refuses are left out, and reported by the agent hotlist alone."""
        index = self.replica.sections
        admitted = self._admission.admitted(records, at_ms, Outputs(), among=index.on_a_line)
        sightings = serving(admitted, index, self.replica.reference)
        if sightings:
            self._arrived.append((at_ms, sightings))
            self._histories.take(sightings, at_ms)

    def settle(self, at_ms: int) -> list[HistoryOutcome]:
        """Decide what has settled before at_ms (UTC), and return the outcomes."""
        return self._told(self._histories.settle(at_ms), at_ms)

    def next_ms(self) -> int | None:
        """The next moment at which something will have settled if nothing more arrives; None: nothing is open."""
        next_ms = self._histories.next_settled_ms()
        return None if next_ms is None else next_ms + 1

    def forget(self, at_ms: int) -> list[HistoryOutcome]:
        """Simulate that the agent lost its memory at at_ms (UTC): forget everything, then take in again the reads that
        arrived in the last `reread_ms` before at_ms, and the violations that stand. Returns the violations and withdrawals decided
        meanwhile."""
        from_ms = at_ms - self.replica.reread_ms()
        lost = any(arrived_ms < from_ms for arrived_ms, _ in self._arrived)
        self._histories = self._empty(whole_since_ms=max(0, from_ms) if lost else 0)
        self._arrived = [one for one in self._arrived if one[0] >= from_ms]
        self._histories.put_back(self._standing(at_ms), at_ms)
        found: list[outcomes.Outcome] = []
        for arrived_ms, sightings in self._arrived:
            found += self._histories.settle(arrived_ms, decided_at_ms=at_ms)
            self._histories.take(sightings, arrived_ms)
        found += self._histories.settle(at_ms)
        return [one for one in self._told(found, at_ms) if not one.explains]

    def _standing(self, at_ms: int) -> list[Violation]:
        """The violations that stand, as their topic gives them back (pipeline.stream.violation_recovery)."""
        since_ms = at_ms - PROVEN_KEEP_MS
        sent = (one for one in self._sent.values() if one.violation_id not in self._withdrawn)
        return [one for one in sent if one.decided_at_ms >= since_ms]

    def _empty(self, whole_since_ms: int) -> Histories:
        return Histories(Rules(self.replica.reference, self.settings.section_settle_ms, whole_since_ms))

    def _told(self, found: Iterable[outcomes.Outcome], at_ms: int) -> list[HistoryOutcome]:
        told: list[HistoryOutcome] = []
        for one in found:
            if isinstance(one, Violation):
                self._sent.setdefault(one.violation_id, one)
            elif isinstance(one, outcomes.Withdrawn):
                self._withdrawn.add(one.violation.violation_id)
            told.append(_outcome(one, at_ms))
        return told


def _outcome(one: outcomes.Outcome, at_ms: int) -> HistoryOutcome:
    if isinstance(one, Violation):
        return HistoryOutcome(at_ms=at_ms, violation=one)
    if isinstance(one, outcomes.Withdrawn):
        gone = WithdrawnOutcome(kind="violation", id=one.violation.violation_id, reason=one.reason)
        return HistoryOutcome(at_ms=at_ms, withdrawn=gone)
    nothing = ProvesNothingOutcome(section_id=one.section_id, reason=one.reason, detail=one.detail)
    return HistoryOutcome(at_ms=at_ms, proves_nothing=nothing)
