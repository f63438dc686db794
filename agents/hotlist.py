"""reads -> the hotlist -> alerts. Everything is decided from memory; a batch that has hits takes two round
trips to Redis.

A read that may not enter (unknown camera, from the future, older than retention) goes to the dead letters; the rest of its batch
goes on.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

import msgspec
import structlog

from pipeline.hotlist.incidents import plate_of
from pipeline.hotlist.matching import Hotlist, alert_of, match_reads
from pipeline.reads.admission import Refusal, check_reads, need_cameras
from pipeline.reads.geography import position_of
from pipeline.runtime.log import pseudonym
from pipeline.runtime.settings import Settings
from pipeline.state.alert_memory import AlertMemory, RedisAlertMemory
from pipeline.state.collections import CAMERAS, HOTLIST, ZONES
from pipeline.state.follower import Follower
from pipeline.state.mirror import Mirror
from pipeline.stream.agent import Agent, RedisState
from pipeline.stream.codec import reads_in
from pipeline.stream.context import Context
from pipeline.stream.outputs import Handler, Outputs, Record, by_time
from schemas.outcomes import Alert
from schemas.reads import ReadBatch
from schemas.reference import Camera, Zone
from schemas.topics import ALERTS, READS

log = structlog.get_logger()


class Replica(Mirror):
    """What this agent decides from, kept up to date by the follower."""

    def __init__(self) -> None:
        self.hotlist = Hotlist()
        super().__init__(CAMERAS, ZONES, indexes={HOTLIST.name: self.hotlist})
        self.cameras: dict[str, Camera] = self.of(CAMERAS)
        self.zones: dict[str, Zone] = self.of(ZONES)


@dataclass(frozen=True, slots=True)
class Matcher:
    """The handler and what it needs."""

    replica: Replica
    memory: AlertMemory
    settings: Settings
    now_ms: Callable[[], int]
    started_ms: int

    async def handle(self, records: Sequence[Record[ReadBatch]]) -> Outputs:
        """The alerts of these batches, each with its incident; Unavailable while Redis is away and there are hits."""
        if records:
            need_cameras(self.replica.cameras, self.replica.whole, self.now_ms() - self.started_ms)
        outputs, alerts, now_ms = Outputs(), list[Alert](), self.now_ms()
        for at_ms, some in by_time(records, now_ms):
            alerts += self._alerts_of(some, at_ms, outputs)
        placed = await self._placed(alerts) if alerts else []
        for alert in placed:
            outputs.send(ALERTS, alert, key=plate_of(alert))
            log.info("alert.raised", alert_id=alert.alert_id, incident_id=alert.incident_id, match=alert.match,
                     rings=alert.rings, priority=alert.priority, camera_id=alert.read.camera_id,
                     plate=pseudonym(alert.read.plate), lag_ms=now_ms - alert.read.captured_at_ms)  # fmt: skip
        if placed:
            outputs.settled = lambda: self.memory.told(placed)
        return outputs

    def _alerts_of(self, records: Sequence[Record[ReadBatch]], now_ms: int, outputs: Outputs) -> list[Alert]:
        replica, settings = self.replica, self.settings
        reads = [read for record in records for read in record.message.reads]
        refusals = dict(
            check_reads(
                reads,
                replica.cameras,
                now_ms,
                future_bound_ms=settings.future_bound_ms,
                retention_days=settings.retention_days,
            )
        )
        if refusals:
            _refuse(records, refusals, outputs)
            reads = [read for at, read in enumerate(reads) if at not in refusals]
        return [
            alert_of(
                hit,
                read,
                replica.cameras.get(read.camera_id),
                decided_at_ms=now_ms,
                live_bound_ms=settings.live_bound_ms,
            )
            for read, hits in match_reads(reads, replica.hotlist, replica.cameras, replica.zones)
            for hit in hits
        ]

    async def _placed(self, alerts: Sequence[Alert]) -> list[Alert]:
        """Each alert in its incident, ringing or not; at a replay as it was decided first, without those withdrawn since."""
        wheres = [position_of(alert.read, self.replica.cameras.get(alert.read.camera_id)) for alert in alerts]
        return [alert for alert in await self.memory.placed(alerts, wheres) if alert is not None]


def _refuse(records: Sequence[Record[ReadBatch]], refusals: Mapping[int, Refusal], outputs: Outputs) -> None:
    """Each refused read, named by its place among all of these records' reads, with its record and the place that it had there."""
    reads = [(record, read) for record in records for read in record.message.reads]
    for at, refusal in refusals.items():
        record, read = reads[at]
        outputs.refuse(record, refusal.reason, refusal.detail, index=_places(record.payload).get(read.read_id),
                       payload=msgspec.json.encode(read))  # fmt: skip


@lru_cache(maxsize=1)  # a batch of an unknown camera asks for each of its reads
def _places(payload: bytes) -> dict[str, int]:
    """Where each read stood in its batch as it came, by read_id: bad reads before it have been taken out since."""
    places: dict[str, int] = {}
    for at, part in enumerate(reads_in(payload)):
        with suppress(msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            places.setdefault(_NAMED.decode(part).read_id, at)
    return places


class _Named(msgspec.Struct):
    read_id: str


_NAMED = msgspec.json.Decoder(_Named)


async def start(context: Context) -> Handler[ReadBatch]:
    """Load the replica, then match. Raises Unavailable when Redis is away."""
    replica, settings = Replica(), context.settings
    follower = Follower(context.redis, settings.namespace, (CAMERAS, ZONES, HOTLIST), replica.take,
                        on_caught_up=replica.caught_up)  # fmt: skip
    await follower.load()
    context.background(follower.run, "replica")
    memory = RedisAlertMemory(context.redis, settings.namespace)
    log.info("hotlist.loaded", entries=len(replica.hotlist), cameras=len(replica.cameras))
    return Matcher(replica, memory, settings, context.now_ms, context.now_ms()).handle


AGENT = Agent(
    name="hotlist",
    source=READS,
    outputs=(ALERTS,),
    start=start,
    redis_state=RedisState(
        if_lost="an incident that goes on may ring a second time, under another id", reread_unsaved=True
    ),
)
