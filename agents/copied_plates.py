"""The agent copied_plates: finds plates that two vehicles bear, also of vehicles on no list, and sends quiet alerts of both reads.

It keeps where each vehicle was seen surely for half an hour, under a pseudonym (pipeline.hotlist.copied_plates says why so long and
what counts), and the pairs of sights that no vehicle could both have been. A batch takes one round trip to Redis. Every second the
worker that has the first partition decides the pairs of the slices of time that have settled, by the broker's time; only then are
their reads read again from their topic.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import groupby

import structlog

from pipeline.hotlist.copied_plates import (
    KEPT_MS,
    SLICE_MS,
    Copied,
    Pair,
    Sight,
    alerts_of,
    believed,
    camera_number,
    is_of_one_country,
    pairs_of,
    sight_of,
    slice_of,
)
from pipeline.hotlist.copies import clock_doubt_ms, is_sure_of_text
from pipeline.runtime.log import plate_digest, pseudonym, reference
from pipeline.state.collections import CAMERAS, EXCLUSIONS
from pipeline.state.last_seen import PAIRS_KEPT_MS, PLATE_BYTES, LastSeen
from pipeline.state.mirror import Mirror
from pipeline.stream.admission import Admission
from pipeline.stream.agent import Agent, RedisState
from pipeline.stream.brokers_clock import BrokersClock
from pipeline.stream.context import Context
from pipeline.stream.lookup import Lookup
from pipeline.stream.outputs import Handler, Outputs, Record
from schemas.outcomes import Alert, RecordPlace
from schemas.reads import PlateRead, ReadBatch
from schemas.reference import COPIED_PLATES, Camera
from schemas.requests import Exclusion
from schemas.topics import ALERTS, READS

TICK_MS = 1_000
DECIDES = 0
"""Who has this partition decides."""
log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class Finder:
    """The handler and what it needs. mine: the partitions of this worker; message: the batch of reads at a place, None: it is not
    kept any more; clock: the broker's. looked_ms: when it last looked what is due, by that clock."""

    mirror: Mirror
    admission: Admission
    memory: LastSeen
    mine: Callable[[], Collection[int]]
    message: Callable[[RecordPlace], Awaitable[ReadBatch | None]]
    clock: BrokersClock
    looked_ms: int = 0

    async def handle(self, records: Sequence[Record[ReadBatch]]) -> Outputs:
        """Keep where vehicles were seen surely, and return the alerts of what has settled. Raises Unavailable while Redis or Kafka
        is away, and while the cameras are not known."""
        if records:
            self.admission.need_cameras()
        outputs = Outputs()
        sights = [sight for record in records for sight in self._sights(record, outputs)]
        if sights:
            found = await self.memory.put(sights)
            await self.memory.found([pair for one in found for pair in pairs_of(*one)])
        now_ms = self.clock.now_ms()
        if DECIDES in self.mine() and abs(now_ms - self.looked_ms) >= TICK_MS:
            self.looked_ms = now_ms
            await self._decide(now_ms, outputs)
        return outputs

    def _sights(self, record: Record[ReadBatch], outputs: Outputs) -> list[tuple[bytes, Sight]]:
        """The sights of one record, each with its plate's pseudonym."""
        self.clock.heard(record.recorded_at_ms)
        reads = self.admission.admitted((record,), record.recorded_at_ms, outputs, among=_sure)
        cameras, at_ms, place = self.mirror.of(CAMERAS), record.recorded_at_ms, record.place
        found = []
        for read in reads:
            sight = sight_of(read, cameras.known_at(read.camera_id, read.captured_at_ms), at_ms, place)
            if sight is not None:
                found.append((plate_digest(read.plate)[:PLATE_BYTES], sight))
        return found

    async def _decide(self, now_ms: int, outputs: Outputs) -> None:
        """Send the alerts of the pairs that are due."""
        due = sorted(await self.memory.due(now_ms), key=slice_of)
        for number, some in groupby(due, key=slice_of):
            pairs, end_ms = list(some), (number + 1) * SLICE_MS
            known = await self.memory.between(end_ms - KEPT_MS, end_ms)
            told = believed(pairs, known)
            if len(told) < len(pairs):
                log.warning("copied_plates.camera_doubted", pairs=len(pairs) - len(told),
                            cure="look at place, clock and reading of a camera that contradicts others")  # fmt: skip
            alerts: dict[str, Alert] = {}
            for pair in told:
                copied = await self._copied(pair)
                if copied is not None:
                    alerts |= {one.alert_id: one for one in alerts_of(copied, self._exclusion(copied), now_ms)}
            for alert in alerts.values():
                outputs.send(ALERTS, alert, key=alert.read.plate)
                log.info("copied_plate.found", incident=reference(alert.incident_id), plate=pseudonym(alert.read.plate))
        if due:
            outputs.settled = lambda: self.memory.settled(due, now_ms - PAIRS_KEPT_MS)

    async def _copied(self, pair: Pair) -> Copied | None:
        """The two reads of a pair; None: they are not kept any more, or their text may be of two plates."""
        first, second = await self._read(pair, pair.first), await self._read(pair, pair.second)
        if first is None or second is None or not is_of_one_country(first[0].plate, pair.first, pair.second):
            return None
        return Copied((first, second))

    async def _read(self, pair: Pair, sight: Sight) -> tuple[PlateRead, Camera] | None:
        batch = await self.message(sight.place)
        for read in batch.reads if batch is not None else ():
            if read.captured_at_ms == sight.at_ms and camera_number(read.camera_id) == sight.camera:
                camera = self.mirror.of(CAMERAS).known_at(read.camera_id, read.captured_at_ms)
                if camera is not None and plate_digest(read.plate)[:PLATE_BYTES] == pair.plate:
                    return read, camera
        return None

    def _exclusion(self, copied: Copied) -> Exclusion | None:
        """The exclusion of this plate; of several the first by name."""
        read = copied.reads[1][0]
        at_ms, known = read.captured_at_ms, self.mirror.of(EXCLUSIONS).as_known(read.captured_at_ms)
        found = (
            one
            for _, one in sorted(known.items())
            if one.entry_id == COPIED_PLATES
            and one.plate == read.plate
            and one.valid_from_ms <= at_ms < one.valid_until_ms
        )
        return next(found, None)


def _sure(reads: Sequence[PlateRead]) -> Sequence[PlateRead]:
    """The reads that are sure of text and time; where they were is not looked at."""
    return [read for read in reads if is_sure_of_text(read) and clock_doubt_ms(read) is not None]


async def start(context: Context) -> Handler[ReadBatch]:
    """Load the reference data and return the handler. Raises Unavailable when Redis is away."""
    mirror = Mirror(CAMERAS, EXCLUSIONS)
    await context.follow(mirror, CAMERAS, EXCLUSIONS)
    lookup = Lookup(context.sender.client_kwargs, context.settings.namespace, READS, context.partitions(READS))
    context.on_stop(lookup.close)
    clock = BrokersClock(context.now_ms, context.monotonic_s)
    finder = Finder(
        mirror=mirror,
        admission=Admission(mirror, context.settings, context.now_ms),
        memory=LastSeen(context.redis, context.settings.namespace),
        mine=context.fetch_states,
        message=lookup.message,
        clock=clock,
    )
    return finder.handle


AGENT: Agent[ReadBatch] = Agent(
    name="copied_plates",
    source=READS,
    elsewhere=(READS,),  # hotlist reports them
    outputs=(ALERTS,),
    start=start,
    tick_ms=TICK_MS,
    fetch_every_ms=1_000,  # it is decided minutes later
    niceness=10,
    redis_state=RedisState(
        if_lost="a copied plate whose pair of sights was not decided yet is not told of",
        reread_ms=KEPT_MS,
        reread_unsaved=True,
    ),
)
