"""The agent health: watches what cameras send, and says which is silent, drops, has a wrong clock, reads poorly, or shows
nothing or another view in its pictures.

It learns what each usually sends in every hour of the week. Every half minute it judges all cameras of its partitions; what is
different then goes to the topic camera_health, and to Redis for `vigie cameras health`. After a start, a change of partitions, or
while records come late, it judges nothing until what had waited has come: a camera is not silent because the platform was away.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import partial
from zoneinfo import ZoneInfo

import structlog

from pipeline.errors import VigieError
from pipeline.evidence.store import EvidenceStore
from pipeline.health.daylight import is_day
from pipeline.health.habits import Habit
from pipeline.health.recent import SeenRead
from pipeline.health.views import EVERY_MS
from pipeline.health.watch import Watch, is_to_send
from pipeline.state.collections import CAMERAS
from pipeline.state.health_memory import HealthMemory, by_kind
from pipeline.state.mirror import Mirror
from pipeline.stream.agent import Agent
from pipeline.stream.context import Context
from pipeline.stream.glances import Glances
from pipeline.stream.health_gauges import Gauges
from pipeline.stream.outputs import Handler, Outputs, Record
from pipeline.tables.local_days import zone_of
from pipeline.vision.bounded_decoder import BoundedDecoder
from pipeline.vision.glance import Glance
from schemas.health import CameraHealth
from schemas.reads import PlateRead, ReadBatch, stated_confidence
from schemas.reference import Camera
from schemas.topics import CAMERA_HEALTH, READS

LOOK_MS = 30_000
LATE_MS = 60_000
"""A record that Kafka had so long ago says that others wait, too."""
SETTLE_MS = 120_000
"""So long nothing is judged after a start, or after a late record."""
log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class Keeper:
    """The handler and what it needs. mine: the partitions of this worker; partition_of: a camera's; now_ms: the agent's clock;
    show: has a picture of a camera, by its path, looked at (see `glance`)."""

    mine: Callable[[], Collection[int]]
    partition_of: Callable[[str], int]
    mirror: Mirror
    memory: HealthMemory
    zone: ZoneInfo
    gauges: Gauges
    now_ms: Callable[[], int]
    show: Callable[[str, str], None] = lambda _camera_id, _path: None
    watch: Watch = field(init=False)
    looked_ms: int = 0
    quiet_until_ms: int = 0
    untold: dict[str, CameraHealth] = field(default_factory=dict)  # Kafka does not have it yet
    unkept: dict[str, CameraHealth] = field(default_factory=dict)  # Kafka has it, Redis not yet
    unsaved: dict[str, Habit] = field(default_factory=dict)
    partitions: dict[str, int] = field(default_factory=dict)
    places: dict[str, tuple[float, float]] = field(default_factory=dict)  # of watched cameras that stand still
    shown_ms: dict[str, int] = field(default_factory=dict)  # when a picture of each was looked at last

    def __post_init__(self) -> None:
        """Begin to watch."""
        self.begin_again()

    def begin_again(self) -> None:
        """Forget what came: other partitions are watched now, or the same from another record on."""
        now_ms = self.now_ms()
        self.watch = Watch(self.zone, now_ms)
        self.looked_ms, self.quiet_until_ms = 0, now_ms + SETTLE_MS

    async def handle(self, records: Sequence[Record[ReadBatch]]) -> Outputs:
        """Returns the health of cameras that changed. Raises Unavailable while Redis is away and cameras are to be watched of
        which it may know something."""
        now_ms, outputs = self.now_ms(), Outputs()
        is_time = now_ms - self.looked_ms >= LOOK_MS
        if is_time:
            await self._follow(now_ms)
        for record in records:
            self._take(record, now_ms)
        if is_time:
            self.looked_ms = now_ms
            if now_ms >= self.quiet_until_ms:
                self._look(now_ms)
        for one in self.untold.values():
            outputs.send(CAMERA_HEALTH, one, key=one.camera_id)
        if self.untold or self.unkept or self.unsaved:
            outputs.settled = self._settled
        return outputs

    def _take(self, record: Record[ReadBatch], now_ms: int) -> None:
        at_ms = record.recorded_at_ms
        if now_ms - at_ms > LATE_MS:
            self.quiet_until_ms = now_ms + SETTLE_MS
        for read in record.message.reads:
            if read.camera_id in self.watch:
                place = self.places.get(read.camera_id)
                self.watch.take(read.camera_id, _seen(read), at_ms, place)
                if place is not None and read.overview is not None:
                    self._show(read.camera_id, read.overview, place, read.captured_at_ms)

    def _show(self, camera_id: str, path: str, place: tuple[float, float], at_ms: int) -> None:
        """Have a picture looked at, where it is time for one, by daylight."""
        if at_ms - self.shown_ms.get(camera_id, 0) >= EVERY_MS and is_day(*place, at_ms):
            self.shown_ms[camera_id] = at_ms
            self.show(camera_id, path)

    def glance(self, camera_id: str, glance: Glance) -> None:
        """Take in a glance at a picture that was asked for with `show`."""
        self.watch.glance(camera_id, glance)

    def _look(self, now_ms: int) -> None:
        for one in self.watch.look(now_ms):
            self.untold[one.camera_id] = one
            log.info("camera.health", camera_id=one.camera_id, troubles=[trouble.kind for trouble in one.troubles])
        self.unsaved |= self.watch.learn(now_ms)
        self.gauges.show(self.watch)

    async def _settled(self) -> None:
        """Keep what Kafka has, and what was learned. While Redis is away both wait."""
        self.unkept, self.untold = self.unkept | self.untold, {}
        try:
            await self.memory.tell(self.unkept.values())
            await self.memory.keep(self.unsaved)
        except VigieError as error:
            log.warning("health.not_kept", cause=str(error))
            return
        self.unkept, self.unsaved = {}, {}

    async def _follow(self, now_ms: int) -> None:
        """Watch the cameras of this worker's partitions that are to send."""
        mine = self.mine()
        wanted = {
            camera_id: camera
            for camera_id, camera in self.mirror.of(CAMERAS).as_of(now_ms).items()
            if is_to_send(camera) and self._partition(camera_id) in mine
        }
        for camera_id in self.watch.cameras():
            if camera_id not in wanted and (ended := self.watch.end(camera_id, now_ms)) is not None:
                self.untold[camera_id] = ended
        self.places = {
            camera_id: (one.position.lat, one.position.lon)
            for camera_id, one in wanted.items()
            if one.position is not None
        }
        new = [camera_id for camera_id in wanted if camera_id not in self.watch]
        if not new:
            return
        habits, troubled = await self.memory.habits(new), await self.memory.troubled()
        for camera_id in new:
            self.watch.begin(
                camera_id,
                self._groups(wanted[camera_id]),
                habits.get(camera_id) or Habit(),
                by_kind(troubled.get(camera_id)),
                now_ms,
            )

    def _partition(self, camera_id: str) -> int:
        if camera_id not in self.partitions:
            self.partitions[camera_id] = self.partition_of(camera_id)
        return self.partitions[camera_id]

    def _groups(self, camera: Camera) -> tuple[str, ...]:
        """What the camera shares its fate with: its network, and the partition that its reads come through."""
        return f"network/{camera.network}", f"partition/{self._partition(camera.camera_id)}"


def _seen(read: PlateRead) -> SeenRead:
    doubted = read.clock is not None and read.clock.source == "none" and not read.clock.synced
    return SeenRead(read.captured_at_ms, read.received_at_ms, read.plate, stated_confidence(read), doubted)


async def start(context: Context) -> Handler[ReadBatch]:
    """Load the cameras and return the handler. Raises Unavailable when Redis is away."""
    mirror = Mirror(CAMERAS)
    await context.follow(mirror, CAMERAS)
    keeper = Keeper(
        mine=context.fetch_states,
        partition_of=partial(context.partition_of, READS),
        mirror=mirror,
        memory=HealthMemory(context.redis, context.settings.namespace),
        zone=zone_of(context.settings.country),
        gauges=Gauges(context.metrics.registry, AGENT.name),
        now_ms=context.now_ms,
    )
    context.on_reset(keeper.begin_again)
    context.on_stop((await BoundedDecoder.installed()).stop)
    glances = Glances(EvidenceStore.open(context.settings.evidence), keeper.glance)
    keeper.show = glances.ask
    context.background(glances.run, "glances")
    return keeper.handle


AGENT: Agent[ReadBatch] = Agent(
    name="health",
    source=READS,
    elsewhere=(READS,),  # hotlist reports them
    outputs=(CAMERA_HEALTH,),
    start=start,
    tick_ms=1_000,
    fetch_every_ms=500,
    niceness=10,
)
