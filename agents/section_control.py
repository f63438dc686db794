"""The agent section_control: remembers the reads of each plate on each section, and sends violations and withdrawals once
those reads have settled.

A batch with reads at a section's line takes one round trip to Redis. Once a second, what has settled is decided. A decision
is stored before its messages are sent, and its messages are kept until the broker has acknowledged them, so that another
worker sends them if this one dies. Whether something has settled is judged by the broker's time in all partitions: a backlog
in one makes all wait, and changes no decision.

Redis stores which records it has, and a gap shows that it lost some: they are read again from there, or, where nothing is
left, from as long ago as matters; until the violations that stand are put back from their topic, nothing is decided. When a
section or a camera has changed, and at a start, when perhaps the law has, the violations that stand are looked at again, because
what arrived late may help the driver. Reads that may not enter are left out and counted here: the hotlist agent reads the same
topic and reports them to the dead letters.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic

import structlog
from prometheus_client import Counter

from pipeline.errors import Unavailable
from pipeline.runtime.log import pseudonym, reference
from pipeline.sections.arrivals import serving
from pipeline.sections.history import key_of
from pipeline.sections.lines import SectionIndex
from pipeline.sections.moment import Reference
from pipeline.sections.outcomes import Outcome, ProvesNothing, Withdrawn
from pipeline.sections.passages import End
from pipeline.state.collections import CAMERAS, SECTIONS
from pipeline.state.mirror import Mirror
from pipeline.state.section_decider import SectionDecider
from pipeline.state.section_memory import SectionMemory
from pipeline.state.section_put_back import PuttingBack
from pipeline.state.section_records import Arrival, Covered, Unsent, shards_of
from pipeline.stream.admission import Admission
from pipeline.stream.agent import Agent
from pipeline.stream.context import Context
from pipeline.stream.covering import Covering, runs_of
from pipeline.stream.outputs import Handler, Outputs, Record
from pipeline.stream.progress import RereadFrom
from pipeline.stream.violation_recovery import ViolationRecovery
from schemas.outcomes import Violation
from schemas.reads import ReadBatch
from schemas.topics import READS, VIOLATIONS

EVERY_S = 1.0  # between two decisions of what has settled
LEAST_REREAD_MS = (
    3 * 3_600_000
)  # after a loss of everything: two passages and an upload that is late, as sections are by default
log = structlog.get_logger()


class SectionMirror(Mirror):
    """The reference data that this agent decides from: a copy in memory, which the follower keeps up to date."""

    def __init__(self) -> None:
        self.sections = SectionIndex()
        super().__init__(CAMERAS, indexes={SECTIONS.name: self.sections})
        self.cameras = self.of(CAMERAS)
        self.reference = Reference(self.sections.versions, self.cameras)
        self._changed: set[str] = set()  # sections
        self.on_change(SECTIONS, self._changed.update)
        self.on_change(CAMERAS, self._cameras_changed)

    def _cameras_changed(self, camera_ids: list[str]) -> None:
        lines = self.sections.cameras
        self._changed.update(section_id for one in camera_ids for section_id, _, _ in lines.get(one, ()))

    def changed_sections(self) -> frozenset[str]:
        """The ids of the sections that changed, or whose cameras did, since this was called last; then forget them."""
        changed = frozenset(self._changed)
        self._changed.clear()
        return changed

    def reread_ms(self) -> int:
        """How many ms back to read again when Redis has lost everything."""
        waits = [
            section.max_travel_ms * 2 + section.max_late_ms for section in self.reference.sections.current().values()
        ]
        return max(LEAST_REREAD_MS, *waits, 0)


@dataclass(slots=True)
class Controller:
    """The handler and what it needs. next_s: when to decide again, in seconds of time.monotonic(). reviewed: whether the
    violations that stood at the start were looked at again."""

    context: Context
    replica: SectionMirror
    memory: SectionMemory
    decider: SectionDecider
    lost: Counter
    admission: Admission
    covering: Covering = field(default_factory=Covering)
    next_s: float = 0.0  # of the monotonic clock: when to decide again
    reviewed: bool = False  # whether the violations that stood at the start were looked at again

    async def handle(self, records: Sequence[Record[ReadBatch]]) -> Outputs:
        """Store the reads that were taken on a section's line; once a second decide what has settled. Returns the
        violations and withdrawals. Raises Unavailable while Redis is away and there is something to store or decide."""
        if records:
            self.admission.need_cameras()
        rereading = self.context.rereading()
        records = [record for record in records if record.partition not in rereading] if rereading else records
        outputs = Outputs()
        await self._take(records, outputs)
        if monotonic() >= self.next_s:
            await self._settle(outputs)
        outputs.hold = self.covering.hold()
        return outputs

    async def _take(self, records: Sequence[Record[ReadBatch]], outputs: Outputs) -> None:
        """Store those of these reads that were taken on a section's line."""
        covering, runs = self.covering, runs_of(records)
        covering.begins(runs, self.context.fetch_states() if covering.is_new(runs) else {})
        arrivals = self._arrivals(records, outputs)
        lost = await self._remember(covering.covered(runs), arrivals) if arrivals else set()
        covering.handled({partition: run for partition, run in runs.items() if partition not in lost}, monotonic())

    def _arrivals(self, records: Sequence[Record[ReadBatch]], outputs: Outputs) -> list[Arrival]:
        """The arrivals that these records make at the lines of sections. Reads that may not enter are refused in the
        outputs.

        Whether they may is judged at the time when the broker took the record, with the camera as it was then, so that a
        replay gives the same result.
        """
        sections, cameras = self.replica.sections, self.replica.sections.cameras
        return [
            Arrival(
                key_of(sighting),
                End(sighting.side, sighting.read, record.recorded_at_ms),
                record.partition,
                record.offset,
                record.recorded_at_ms + self.decider.settle_ms,
            )
            for record in records
            if any(read.camera_id in cameras for read in record.message.reads)
            for sighting in serving(
                self.admission.admitted((record,), record.recorded_at_ms, outputs, among=sections.on_a_line),
                sections,
                self.replica.reference,
            )
        ]

    async def _remember(self, covered: Sequence[Covered], arrivals: Sequence[Arrival]) -> set[int]:
        """Store these arrivals. Returns the partitions of which the memory has lost records, which are read again."""
        lost = await self.memory.put(covered, arrivals)
        if lost:
            self._read_again(lost)
            covered = [one for one in covered if one.partition not in lost]
            await self.memory.put(covered, [one for one in arrivals if one.partition not in lost])
        self.covering.was_told(covered)
        return set(lost)

    def _read_again(self, lost: Mapping[int, int | None]) -> None:
        """Have the records that the memory has lost read again."""
        back_ms, now_ms = self.replica.reread_ms(), self.context.now_ms()
        log.error("memory.lost", partitions=sorted(lost), cure="read again", back_ms=back_ms)
        self.lost.inc()
        self.covering.reread(lost, now_ms - back_ms)
        self.context.read_again({
            partition: RereadFrom(back_ms=back_ms, asked_ms=now_ms) if known is None else RereadFrom(known)
            for partition, known in lost.items()
        })  # fmt: skip

    async def _settle(self, outputs: Outputs) -> None:
        """Report how far this worker has read, decide what has settled, and send the messages."""
        self.next_s = monotonic() + EVERY_S
        covering, states, count = self.covering, self.context.fetch_states(), self.context.partitions(READS)
        covering.looked(states, monotonic())
        lost = await self._remember(covering.all_covered(states), ())
        await self._review()
        known = [partition for partition, state in states.items() if not state.rewinding and partition not in lost]
        found = await self.decider.settle(
            covering.time.until(known), count, shards_of(states, count), decided_at_ms=self.context.now_ms()
        )
        if found.newest_ms is not None:
            covering.time.heard(found.newest_ms, monotonic())
        if found.more:
            self.next_s = 0.0
        self._send(found.unsent, outputs)

    async def _review(self) -> None:
        """Have the violations decided again that changed reference data may lessen; at the first call, all violations."""
        changed = self.replica.changed_sections()
        if not self.reviewed:
            await self.memory.review()
            self.reviewed = True
        elif changed:
            try:
                await self.memory.review(sorted(changed))
            except Unavailable:
                self.reviewed = False  # all of them, as soon as the store is back
                raise

    def _send(self, unsent: Sequence[Unsent], outputs: Outputs) -> None:
        for one in unsent:
            outputs.send(VIOLATIONS, one.message, key=one.section_id)
        if unsent:

            async def sent() -> None:
                await self.memory.sent(unsent)

            outputs.settled = sent


def told(now_ms: Callable[[], int]) -> Callable[[Outcome], None]:
    """Returns a function that logs an outcome of the decisions: a violation, a withdrawal, or why a passage proves nothing;
    a passage that was not too fast is not logged."""

    def tell(outcome: Outcome) -> None:
        if isinstance(outcome, Violation):
            log.info("violation.found", violation=reference(outcome.violation_id), section_id=outcome.section_id,
                     plate=pseudonym(outcome.plate), lag_ms=now_ms() - outcome.exit.captured_at_ms)  # fmt: skip
        elif isinstance(outcome, Withdrawn):
            log.info("violation.withdrawn", violation=reference(outcome.violation.violation_id), reason=outcome.reason)
        elif isinstance(outcome, ProvesNothing) and outcome.reason != "not_above_limit":
            log.info(
                "passage.proves_nothing", section_id=outcome.section_id, reason=outcome.reason, detail=outcome.detail
            )

    return tell


async def start(context: Context) -> Handler[ReadBatch]:
    """Load the reference data and return the handler. Raises Unavailable when Redis is away."""
    replica, settings = SectionMirror(), context.settings
    await context.follow(replica, CAMERAS, SECTIONS)
    admission = Admission(replica, settings, context.now_ms)
    memory = SectionMemory(context.redis, settings.namespace)
    decider = SectionDecider(memory, replica.reference, settings.section_settle_ms, told(context.now_ms))
    lost = context.metrics.counter("vigie_memory_lost", "Times that Redis forgot what this agent relies on")
    controller = Controller(context, replica, memory, decider, lost, admission)
    context.on_reset(controller.covering.forget)
    putting_back = PuttingBack(context.redis, settings.namespace)
    recovery = ViolationRecovery(
        context.sender.client_kwargs, settings.namespace, putting_back, settings.section_settle_ms, context.now_ms
    )
    context.background(recovery.run, "violations that Redis lost")
    return controller.handle


AGENT = Agent(
    name="section_control",
    source=READS,
    outputs=(VIOLATIONS,),
    start=start,
    elsewhere=(READS,),  # the hotlist agent does
    looks_up=(VIOLATIONS,),  # to put them back where Redis has lost them
    tick_ms=1_000,
    fetch_every_ms=100,  # a passage settles for seconds: nobody waits for a read, and each fetch with one takes a round trip
    niceness=5,  # an alert does not wait for an average speed
)
