"""The honest job: what every engine does with the reads, with the same functions; and the reads themselves.

A hotlist of a million in memory, sections in Redis (see stream_sections); alerts and violations come out.
"""

from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from random import Random
from typing import Any, TypeVar

from benchmarks.bench_import import entries
from pipeline.hotlist.matching import Hotlist, alert_of, match_read, match_reads
from pipeline.reads.admission import check_read, check_reads, may_serve
from pipeline.reads.versions import Versions, since_ever
from pipeline.runtime.settings import Settings
from pipeline.sections.lines import SectionIndex, Sighting, sightings_of
from pipeline.simulation.network import RoadNetwork
from pipeline.simulation.network_big import big_network
from schemas import ids
from schemas.outcomes import Alert
from schemas.reads import ClockState, PlateRead
from schemas.reference import Camera, Zone

KEPT_DAYS = Settings().retention_days
T = TypeVar("T")
WANTED = 0.01  # of the reads
SPEEDING = 0.05  # of the pairs on sections
LETTERS = "ABCDEFGHJKLMNPRSTVXYZ"
GAP = 200  # reads between the two ends of a section
CLOCK = ClockState(source="ntp", offset_ms=1.5, worst_error_ms=15.0, sync_age_ms=64_000)


@dataclass(slots=True)
class Job:
    """The reference data in memory, and the decisions on it."""

    hotlist: Hotlist
    cameras: Versions[Camera]
    zones: Versions[Zone]
    sections: SectionIndex
    wanted: list[str]  # some plates that are on the hotlist

    @staticmethod
    def load(entries_count: int, cameras: int = 10_000) -> "Job":
        """A country with so many cameras, their sections, and so many hotlist entries; seed 1."""
        job = Job.of(big_network(cameras, 1, hotlist=0))
        source = entries(entries_count)
        while chunk := list(islice(source, 2_000)):
            job.hotlist.take([since_ever(entry.entry_id, entry) for entry in chunk])
            job.wanted += [entry.plate for entry in chunk[:5]]
        return job

    @staticmethod
    def of(network: RoadNetwork) -> "Job":
        """The job with a network's own reference data."""
        zones = Versions({zone.zone_id: zone for zone in network.zones})
        wanted = [entry.plate for entry in network.hotlist]
        sections = SectionIndex.of(network.sections)
        return Job(Hotlist(network.hotlist), Versions(network.by_id), zones, sections, wanted)

    def alerts_of(self, reads: Sequence[PlateRead], now_ms: int) -> list[Alert]:
        """Take the reads in, leave out those that intake refuses, and return the alerts of the others. now_ms: the moment of
        the decision (UTC)."""
        if len(reads) == 1:  # what looks at many at once costs more for one
            return self._alerts_of_one(reads[0], now_ms)
        refused = dict(check_reads(reads, self.cameras, now_ms, retention_days=KEPT_DAYS))
        if refused:
            reads = [read for at, read in enumerate(reads) if at not in refused]
        found = match_reads(reads, self.hotlist, self.cameras, self.zones)
        return [alert_of(hit, read, decided_at_ms=now_ms) for read, hits in found for hit in hits]

    def _alerts_of_one(self, read: PlateRead, now_ms: int) -> list[Alert]:
        if check_read(read, self.cameras.current(), now_ms, retention_days=KEPT_DAYS) is not None:
            return []
        hits = match_read(read, self.hotlist, self.cameras.current(), self.zones.current())
        return [alert_of(hit, read, decided_at_ms=now_ms) for hit in hits]

    def sightings_of(self, reads: Sequence[PlateRead]) -> list[Sighting]:
        """The section lines that the reads were seen on, of cameras that may serve section control."""
        return [
            sighting
            for read in self.sections.on_a_line(reads)
            if may_serve(read, self.cameras.current()[read.camera_id], "section_control")
            for sighting in sightings_of(read, self.sections)
        ]


def reads_of(job: Job, count: int, now_ms: int, seed: int = 1) -> Iterator[PlateRead]:
    """Yields `count` reads of all cameras, one in 40 on a section, one in 100 wanted; captured in the minutes before now_ms
    (UTC)."""
    random = Random(f"{seed}/stream")
    cameras = list(job.cameras.current().values())
    controlled = {
        line.camera_id: section for section in job.sections.versions.current().values() for line in section.entries
    }
    leaving: dict[int, tuple[str, str, int]] = {}
    step_ms = 0.2
    for number in range(count):
        at_ms = now_ms - 900_000 + int(number * step_ms)
        if number in leaving:
            camera_id, plate, at_ms = leaving.pop(number)
            yield _read(job.cameras.current()[camera_id], plate, at_ms, 0.95)
            continue
        camera = random.choice(cameras)
        plate = f"9{''.join(random.choices(LETTERS, k=3))}{random.randrange(1000):03d}"
        section = controlled.get(camera.camera_id)
        if section is None:
            if random.random() < WANTED:
                plate = random.choice(job.wanted)
        else:
            pace = 1.3 if random.random() < SPEEDING else 0.9
            travel_ms = round(section.distances[0].metres * 3600 / (section.limit_kmh * pace))
            leaving.setdefault(number + GAP, (section.exits[0].camera_id, plate, at_ms + travel_ms))
        yield _read(camera, plate, at_ms, round(random.uniform(0.9, 0.995), 3))


def _read(camera: Camera, plate: str, at_ms: int, confidence: float) -> PlateRead:
    return PlateRead(
        read_id=ids.read_id(camera.camera_id, at_ms, plate), camera_id=camera.camera_id, captured_at_ms=at_ms,
        received_at_ms=at_ms + 100, plate=plate, confidence=confidence, country="BE", country_confidence=0.9, lane=1,
        heading_deg=camera.heading_deg, speed_kmh=87.5, vehicle_class="car", colour="grey", network=camera.network,
        clock=CLOCK, reader="camera-anpr/4.2",
    )  # fmt: skip


class BlockingRedis:
    """A blocking client behind the methods that the section memory uses, for engines without an event loop."""

    def __init__(self, client: Any) -> None:
        self._client = client

    @property
    def connection_pool(self) -> "BlockingPool":
        """The client's connections."""
        return BlockingPool(self._client.connection_pool)

    def pipeline(self, transaction: bool) -> "BlockingRedis":
        """A pipeline of the blocking client."""
        return BlockingRedis(self._client.pipeline(transaction=transaction))

    def hdel(self, *arguments: Any) -> None:
        """Add the command to the pipeline."""
        self._client.hdel(*arguments)

    async def execute(self) -> Any:
        """Block until the pipeline's answers are there, and return them."""
        return self._client.execute()

    async def script_load(self, source: str) -> None:
        """Load the script; blocks."""
        self._client.script_load(source)

    async def zrem(self, *arguments: Any) -> None:
        """Remove members of a sorted set; blocks."""
        self._client.zrem(*arguments)


class BlockingPool:
    """A pool of blocking connections, behind the methods of one that does not block."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool

    async def get_connection(self) -> "BlockingConnection":
        """A connection; blocks."""
        return BlockingConnection(self._pool.get_connection())

    async def release(self, connection: "BlockingConnection") -> None:
        """Give it back."""
        self._pool.release(connection.inner)


class BlockingConnection:
    """A blocking connection, behind the methods of one that does not block. It tries nothing again."""

    def __init__(self, inner: Any) -> None:
        self.inner, self.retry = inner, self

    async def call_with_retry(self, act: Callable[[], Awaitable[T]], _failed: object) -> T:
        """What the action returns."""
        return await act()

    async def send_packed_command(self, packed: bytes) -> None:
        """Send the bytes; blocks."""
        self.inner.send_packed_command([packed])

    async def read_response(self) -> Any:
        """The next answer; blocks."""
        return self.inner.read_response()


def without_loop(work: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that never really waits. Raises RuntimeError where it does."""
    try:
        work.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    raise RuntimeError("it waited")
