"""A country's reads at a steady pace, and the alerts that come of them, each with the time it took."""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from itertools import product
from random import Random
from typing import Any

from aiokafka import AIOKafkaConsumer

from pipeline.runtime.clock import platform_now_ms
from pipeline.simulation.network import RoadNetwork
from pipeline.simulation.passages import CLOCKS, READER
from pipeline.sources.producer import CameraProducer
from pipeline.stream import codec
from schemas import ids
from schemas.outcomes import Withdrawal
from schemas.reads import PlateRead
from schemas.reference import Camera, HotlistEntry
from schemas.topics import ALERTS

TICK_S = 0.005
WANTED = 0.01  # of the reads
SERIES = ["9" + "".join(letters) for letters in product("ABCDEFGHJKLMNPRSTVXYZ", repeat=3)]


class Load:
    """Sends reads through a producer. A read's capture time is when it was due, so waiting to be sent counts."""

    def __init__(self, network: RoadNetwork, producer: CameraProducer, *, seed: int = 1) -> None:
        self._random = Random(f"{seed}/load")
        self._cameras = [camera for camera in network.cameras if "hotlist" in (camera.purposes or ())]
        self._wanted = [entry for entry in network.hotlist if not entry.zones and not entry.cameras]
        self._producer = producer
        self.expected: dict[str, int] = {}  # alert_id -> capture time, UTC ms
        self.sent = 0
        self.behind_ms = 0.0  # the most that sending was late

    async def run(self, reads_per_s: float, seconds: float) -> None:
        """Send reads evenly paced for so many seconds. Returns when the producer has taken the last."""
        began, began_ms, count = time.monotonic(), platform_now_ms(), 0
        total = round(reads_per_s * seconds)
        while count < total:
            due = min(total, int((time.monotonic() - began) * reads_per_s))
            for number in range(count, due):
                due_ms = began_ms + int(number * 1000 / reads_per_s)
                await self._producer.put(self._read(due_ms))
            if due > count:
                self.behind_ms = max(self.behind_ms, (time.monotonic() - began - due / reads_per_s) * 1000)
            count = due
            self.sent = max(self.sent, count)
            await asyncio.sleep(TICK_S)

    def _read(self, at_ms: int) -> PlateRead:
        draw = (
            self._random.random
        )  # choice() and randrange() take several times as long, on the platform's own processors
        camera = self._cameras[int(draw() * len(self._cameras))]
        if draw() >= WANTED:
            plate = f"{SERIES[int(draw() * len(SERIES))]}{int(draw() * 1000):03d}"
            return self._of(camera, plate, at_ms, None)
        entry = self._wanted[int(draw() * len(self._wanted))]
        read = self._of(camera, entry.plate, at_ms, entry)
        self.expected[ids.alert_id(read.read_id, entry.entry_id)] = at_ms
        return read

    def _of(self, camera: Camera, plate: str, at_ms: int, entry: HotlistEntry | None) -> PlateRead:
        return PlateRead(
            read_id=ids.read_id(camera.camera_id, at_ms, plate), camera_id=camera.camera_id, captured_at_ms=at_ms,
            received_at_ms=at_ms, plate=plate, confidence=0.97, country=entry.country if entry else "BE",
            country_confidence=0.9, lane=1, heading_deg=camera.heading_deg, position=camera.position, speed_kmh=87.5,
            vehicle_class="car", colour="grey", network=camera.network, clock=CLOCKS[camera.network], reader=READER,
        )  # fmt: skip


class Alerts:
    """A dispatcher's consumer. Notes when each alert first came into its hands, and how many came again."""

    def __init__(self, client_kwargs: dict[str, Any], namespace: str) -> None:
        self._consumer = AIOKafkaConsumer(f"{namespace}.{ALERTS.name}", auto_offset_reset="earliest", **client_kwargs)
        self._task: asyncio.Task[None] | None = None
        self.seen: dict[str, int] = {}  # alert_id -> UTC ms
        self.again = 0
        self.decided: dict[str, int] = {}  # alert_id -> when the agent decided, UTC ms
        self._news = asyncio.Event()

    async def __aenter__(self) -> "Alerts":
        await self._consumer.start()
        self._task = asyncio.create_task(self._take())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._consumer.stop()

    async def _take(self) -> None:
        while True:
            fetched = await self._consumer.getmany(timeout_ms=1_000)
            for records in fetched.values():
                for record in records:
                    alert = codec.decode(ALERTS, record.value)
                    if isinstance(alert, Withdrawal):
                        continue
                    if alert.alert_id in self.seen:
                        self.again += 1
                    self.seen.setdefault(alert.alert_id, platform_now_ms())
                    self.decided.setdefault(alert.alert_id, alert.decided_at_ms)
            self._news.set()

    async def all_of(self, wanted: Sequence[str], within_s: float) -> None:
        """Wait until all these alerts (by id) have come, but `within_s` at the most."""
        until = time.monotonic() + within_s
        while any(one not in self.seen for one in wanted) and (left_s := until - time.monotonic()) > 0:
            self._news.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), left_s)
