"""Section control in the honest job: what every engine does with the reads that were taken on a section's line."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.stream_job import Job
from pipeline.runtime.clock import platform_now_ms
from pipeline.sections.history import key_of
from pipeline.sections.lines import Sighting
from pipeline.sections.moment import Reference
from pipeline.sections.passages import End
from pipeline.state.section_decider import SectionDecider
from pipeline.state.section_memory import SectionMemory
from pipeline.state.section_put_back import PuttingBack
from pipeline.state.section_records import SHARDS, Arrival, Covered, Unsent
from schemas.outcomes import Violation
from schemas.reads import PlateRead

SETTLE_MS = 500  # a run takes a second or two; the real ten would leave all deciding to its end
EVERY_S = 0.5
LONG_MS = 3_600_000


@dataclass(slots=True)
class SectionRun:
    """The section memory of one engine's run. Its reads are numbered as they come, as if they were of one partition."""

    job: Job
    memory: SectionMemory
    taken: int = 0
    next_s: float = field(default_factory=lambda: time.monotonic() + EVERY_S)
    sent: tuple[Unsent, ...] = ()
    is_whole: bool = False

    async def decide(self, reads: Sequence[PlateRead], *, last: bool) -> list[Violation]:
        """The violations that the reads bring to light: one round trip for reads on a line, and, twice a second, what has
        settled. last: nothing comes after these."""
        return await self.judge(self.job.sightings_of(reads), last=last)

    async def judge(self, sightings: Sequence[Sighting], *, last: bool) -> list[Violation]:
        """As SectionRun.decide, of sightings that are known to be on a line."""
        now_ms = platform_now_ms()
        if sightings:
            arrivals = [
                Arrival(key_of(one), End(one.side, one.read, now_ms), 0, self.taken + number, now_ms + SETTLE_MS)
                for number, one in enumerate(sightings)
            ]
            await self.memory.put([Covered(0, self.taken, self.taken + len(arrivals))], arrivals)
            self.taken += len(arrivals)
        if not last and time.monotonic() < self.next_s:
            return []
        self.next_s = time.monotonic() + EVERY_S
        return await self._settled(now_ms + LONG_MS if last else now_ms)

    async def _settled(self, until_ms: int) -> list[Violation]:
        if self.sent:
            await self.memory.sent(self.sent)
        if not self.is_whole:
            putting_back = PuttingBack.of(self.memory)
            self.is_whole = await putting_back.note_whole(await putting_back.begin())
        job = self.job
        decider = SectionDecider(self.memory, Reference(job.sections.versions, job.cameras), SETTLE_MS)
        found: list[Unsent] = []
        more = True
        while more:
            settled = await decider.settle({0: until_ms}, 1, range(SHARDS), decided_at_ms=until_ms)
            found += [one for one in settled.unsent if one not in found]
            more = settled.more
        self.sent = tuple(found)
        return [one.message for one in found if isinstance(one.message, Violation)]
