"""Runs the deciding agents in one process on a history, in the order of its arrival, and yields their decisions.

The agents' own handlers run on reference data and memory in this process, on a clock that the history sets. The broker takes
what they send at once, so that cross_border sees each alert when it is raised. Between two lines
time passes: what has settled by then is decided, and what has expired is withdrawn, each at its own time. After the last line it
passes until all has settled, and no alert is open any more.
"""

from collections.abc import AsyncIterator, Iterable
from heapq import heappop, heappush
from types import SimpleNamespace
from typing import Any

from aiokafka.structs import TopicPartition

from pipeline.decide.agents_here import cross_border_here, hotlist_here
from pipeline.decide.history import HistoryEvent
from pipeline.decide.outcomes import HistoryOutcome, NotForwardedOutcome, RefusedOutcome, outcome_of
from pipeline.decide.reference import ReferenceData
from pipeline.decide.sections_here import SectionsHere
from pipeline.errors import BadRecord
from pipeline.neighbours import policy
from pipeline.reads.admission import GRACE_MS
from pipeline.runtime.settings import Settings
from pipeline.state.alert_memory import OPEN_MS
from pipeline.stream.outputs import Outputs, Record
from pipeline.stream.wire import Wire
from schemas.outcomes import Alert
from schemas.reads import ReadBatch
from schemas.topics import READS


class Deciding:
    """One run over a history; make a new one for each history."""

    def __init__(self, settings: Settings) -> None:
        self._now_ms = -GRACE_MS  # long enough ago that no agent still waits for its first cameras
        self._told: set[tuple[object, ...]] = set()
        self._out: list[HistoryOutcome] = []
        self._moments: list[int] = []  # at which something changes although nothing arrives; a heap
        self._offset = 0
        self._wire = Wire("hotlist", settings.namespace, READS)
        self._hotlist = hotlist_here(settings, self._clock)
        self._cross_border = cross_border_here(settings, self._clock, self._not_forwarded)
        self._sections = SectionsHere(settings, self._clock)
        self._reference = ReferenceData(
            settings.liaison.sender, self._follow, lambda: self._sections.replica.cameras.as_of(self._now_ms)
        )

    async def outcomes(self, events: Iterable[HistoryEvent]) -> AsyncIterator[HistoryOutcome]:
        """The outcomes of a history, in order. Raises BadRecord, naming the line, for a wrong line."""
        for event in events:
            await self._pass_time(event.at_ms)
            self._now_ms = event.at_ms
            await self._take(event)
            await self._tick()
            for outcome in self._taken_out():
                yield outcome
        await self._pass_time(self._now_ms + OPEN_MS)
        while (next_ms := self._sections.next_ms()) is not None:
            await self._pass_time(next_ms)
        for outcome in self._taken_out():
            yield outcome

    async def _take(self, event: HistoryEvent) -> None:
        if event.reads is not None:
            await self._read(event)
        elif event.forget is not None:
            self._hotlist.forget()
            self._cross_border.forget()
            self._say(self._sections.forget(event.at_ms))
        else:
            try:
                for moment in self._reference.take(event):
                    heappush(self._moments, moment)
            except BadRecord as error:
                if error.reason == "bad_line":
                    raise
                self._say(
                    [
                        HistoryOutcome(
                            at_ms=event.at_ms, refused=RefusedOutcome(reason=error.reason, detail=error.detail)
                        )
                    ]
                )

    async def _read(self, event: HistoryEvent) -> None:
        raw = SimpleNamespace(value=event.payload(), offset=self._offset, timestamp=event.at_ms)
        self._offset += 1
        records, refused = self._wire.decoded([(TopicPartition(READS.name, 0), [raw])])
        self._refused(refused)
        batches: list[Record[ReadBatch]] = records  # type: ignore[assignment]  # the wire decodes reads
        if batches:
            await self._sent(await self._hotlist.handle_records(batches))
            self._sections.take(batches, event.at_ms)

    async def _pass_time(self, until_ms: int) -> None:
        """Move the clock to until_ms, and do on the way what is due at its own time."""
        while True:
            settles_ms = self._sections.next_ms()
            moments = [
                moment for moment in (settles_ms, *self._moments[:1]) if moment is not None and moment <= until_ms
            ]
            if not moments:
                return
            self._now_ms = max(self._now_ms, min(moments))
            while self._moments and self._moments[0] <= self._now_ms:
                heappop(self._moments)
            await self._tick()

    async def _tick(self) -> None:
        """Let the agents do what is due after time has passed or reference data has changed."""
        await self._sent(await self._hotlist.handle([], self._now_ms))
        await self._sent(await self._cross_border.handle([], self._now_ms))
        self._say(self._sections.settle(self._now_ms))

    async def _sent(self, outputs: Outputs) -> None:
        """Take an agent's outputs; pass alerts and their withdrawals to cross_border."""
        self._refused(outputs)
        for topic, message, _, _ in outputs.sends:
            self._say([outcome_of(message, self._now_ms)])
            if topic.message is Alert:
                await self._sent(await self._cross_border.handle([message], self._now_ms))  # type: ignore[list-item]  # what the topic carries

    def _refused(self, outputs: Outputs) -> None:
        self._say([HistoryOutcome(at_ms=self._now_ms, refused=RefusedOutcome(reason=one.reason, detail=one.detail))
                   for one in outputs.refusals])  # fmt: skip

    def _not_forwarded(self, _alert: Alert, one: policy.NotForwarded) -> None:
        self._say(
            [
                HistoryOutcome(
                    at_ms=self._now_ms, not_forwarded=NotForwardedOutcome(country=one.country, reason=one.reason)
                )
            ]
        )

    def _say(self, found: Iterable[HistoryOutcome]) -> None:
        """Keep the outcomes that are new; a second copy is dropped, as every reader does."""
        for outcome in found:
            identity = outcome.identity
            if identity is None or identity not in self._told:
                self._out.append(outcome)
            if identity is not None:
                self._told.add(identity)

    def _taken_out(self) -> list[HistoryOutcome]:
        found, self._out = self._out, []
        return found

    def _follow(self, collection: str, changed: Any) -> None:
        for agent in (self._hotlist, self._cross_border, self._sections):
            agent.follow(collection, changed)

    def _clock(self) -> int:
        return self._now_ms
