"""reads -> pairs of sightings in Redis -> violations. Two round trips to Redis per batch at most.

A pair that proves nothing is forgotten at once, as the law has it. One that proves a violation stays in the section memory: if this
process dies before the broker has acknowledged it, the replayed read finds the same pair, and the violation has the same id.
For the same reason a Redis that forgot everything costs nothing but time: the last hour is read again.
What may not enter is left out and counted here: the hotlist agent reads the same topic and reports it to the dead letters.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from pipeline.reads.admission import may_serve
from pipeline.reads.versions import Versions
from pipeline.runtime.log import pseudonym, reference
from pipeline.sections.verdict import Innocent, SectionIndex, SectionPair, Sighting, sightings_of, verdict_at_the_time
from pipeline.state.collections import CAMERAS, SECTIONS
from pipeline.state.mirror import Mirror
from pipeline.state.section_memory import SectionMemory
from pipeline.stream.admission import Admission
from pipeline.stream.agent import Agent, RedisState
from pipeline.stream.context import Context
from pipeline.stream.outputs import Handler, Outputs, Record, by_time
from schemas.outcomes import Violation
from schemas.reads import ReadBatch
from schemas.reference import Camera
from schemas.topics import READS, VIOLATIONS

log = structlog.get_logger()


class Replica(Mirror):
    """What this agent decides from, kept up to date by the follower."""

    def __init__(self) -> None:
        self.sections = SectionIndex()
        super().__init__(CAMERAS, indexes={SECTIONS.name: self.sections})
        self.cameras: Versions[Camera] = self.of(CAMERAS)


@dataclass(frozen=True, slots=True)
class Controller:
    """The handler and what it needs."""

    replica: Replica
    admission: Admission
    memory: SectionMemory
    now_ms: Callable[[], int]

    async def handle(self, records: Sequence[Record[ReadBatch]]) -> Outputs:
        """The violations that these batches complete; Unavailable while Redis is away and there are sightings."""
        if records:
            self.admission.need_cameras()
        outputs, now_ms = Outputs(), self.now_ms()
        sightings = [
            sighting
            for at_ms, some in by_time(records, now_ms)
            for sighting in self._sightings_of(some, at_ms, outputs)
        ]
        pairs = await self.memory.pair(sightings) if sightings else []
        innocent: list[SectionPair] = []
        for pair in pairs:
            verdict = self._verdict_on(pair, now_ms)
            if isinstance(verdict, Innocent):
                innocent.append(pair)
            else:
                outputs.send(VIOLATIONS, verdict, key=verdict.section_id)
        if innocent:
            await self.memory.forget(innocent)
        return outputs

    def _sightings_of(self, records: Sequence[Record[ReadBatch]], now_ms: int, outputs: Outputs) -> list[Sighting]:
        cameras, sections = self.replica.cameras, self.replica.sections
        return [
            sighting
            for read in self.admission.admitted(records, now_ms, outputs, among=sections.on_a_line)
            if may_serve(read, cameras.as_of(read.captured_at_ms)[read.camera_id], "section_control")
            for sighting in sightings_of(read, sections)
        ]

    def _verdict_on(self, pair: SectionPair, now_ms: int) -> Violation | Innocent:
        verdict = verdict_at_the_time(pair, self.replica.sections.versions, decided_at_ms=now_ms)
        if isinstance(verdict, Violation):
            log.info("violation.found", violation=reference(verdict.violation_id), section_id=pair.section_id,
                     plate=pseudonym(verdict.plate), lag_ms=now_ms - pair.exit.captured_at_ms)  # fmt: skip
        elif verdict.reason != "not_above_limit":
            log.info("passage.proves_nothing", section_id=pair.section_id, reason=verdict.reason, detail=verdict.detail)
        return verdict


async def start(context: Context) -> Handler[ReadBatch]:
    """Load the replica, then pair. Raises Unavailable when Redis is away."""
    replica, settings = Replica(), context.settings
    await context.follow(replica, CAMERAS, SECTIONS)
    admission = Admission(replica, settings, context.now_ms)
    memory = SectionMemory(context.redis, settings.namespace)
    return Controller(replica, admission, memory, context.now_ms).handle


AGENT = Agent(
    name="section_control",
    source=READS,
    outputs=(VIOLATIONS,),
    start=start,
    reports_refused=False,  # the hotlist agent does
    redis_state=RedisState(
        if_lost="the last hour's reads are taken again; a vehicle that entered its section earlier leaves it unmeasured",
        reread_ms=3_600_000,  # the longest that a passage takes, unless a section says otherwise
        reread_unsaved=True,
    ),
)
