"""The agent that watches cameras, on a real broker and store: what it says, keeps and shows."""

import asyncio
import json
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis

from agents.health import LATE_MS, LOOK_MS, SETTLE_MS, Keeper
from pipeline.evidence.store import EvidenceStore
from pipeline.health.habits import HOUR_MS, HOURS, Habit
from pipeline.health.peers import MINUTE_MS
from pipeline.health.views import EVERY_MS
from pipeline.reads.versions import Changed, Version
from pipeline.runtime.partitioner import partition_of
from pipeline.state.collections import CAMERAS
from pipeline.state.health_memory import HealthMemory
from pipeline.state.mirror import Mirror
from pipeline.state.replica_writer import ReplicaWriter
from pipeline.stream.glances import Glances
from pipeline.stream.health_gauges import Gauges
from pipeline.stream.outputs import Record
from pipeline.vision.glance import Glance, glance_at
from pipeline.vision.pictures import decode_shrunk, encode_jpeg
from schemas.health import CameraHealth, CameraTrouble
from schemas.reads import ReadBatch
from tests.builders import NOON_MS, make_camera, make_read
from tests.integration.vigie_commands import Vigie

CAMERA_IDS = tuple(f"CAM-{number}" for number in range(1, 7))


class Worker:
    """A worker of the agent that has all partitions, with a clock that the test moves; each camera sends four reads a minute."""

    def __init__(self, redis: Redis, namespace: str) -> None:
        self.now_ms, self.offset = NOON_MS, 0
        self.memory = HealthMemory(redis, namespace)
        mirror = Mirror(CAMERAS)
        known = [Changed(one, (Version(make_camera(one), 1, 1),)) for one in CAMERA_IDS]
        mirror.take(CAMERAS.name, known, reset=True)
        self.keeper = Keeper(
            mine=lambda: range(8), partition_of=lambda name: partition_of(name.encode(), 8), mirror=mirror,
            memory=self.memory, zone=ZoneInfo("Europe/Brussels"), gauges=Gauges(CollectorRegistry(), "health"),
            now_ms=lambda: self.now_ms,
        )  # fmt: skip

    async def minutes(self, count: int, *, but: str = "", late_ms: int = 0) -> list[CameraHealth]:
        """Let so many minutes pass; returns what is said. but: a camera that sends nothing. late_ms: how long the reads waited
        in Kafka."""
        said = []
        for _ in range(count * 4):
            self.now_ms += MINUTE_MS // 4
            at_ms = self.now_ms - late_ms
            reads = [
                make_read(
                    camera_id=one, captured_at_ms=at_ms, received_at_ms=at_ms, plate=f"1ABC{at_ms // 15_000 % 1000}"
                )
                for one in CAMERA_IDS
                if one != but
            ]
            self.offset += 1
            record = Record("t.reads", 0, self.offset, at_ms, ReadBatch(reads=tuple(reads)), b"")
            outputs = await self.keeper.handle([record])
            if outputs.settled is not None:
                await outputs.settled()
            said += [message for _, message, _, _ in outputs.sends if isinstance(message, CameraHealth)]
        return said


async def test_a_camera_is_silent_and_well_again_and_never_because_its_reads_came_late(
    redis: Redis, namespace: str
) -> None:
    """Told of once each; after a start, and while reads wait in Kafka, nothing is judged."""
    worker = Worker(redis, namespace)
    await worker.memory.keep({one: Habit(rates=[240.0] * HOURS, weeks=[3] * HOURS, last_ms=1) for one in CAMERA_IDS})
    assert [] == await worker.minutes(10)
    (silent,) = await worker.minutes(8, but="CAM-3")
    assert ("CAM-3", ["silent"]) == (silent.camera_id, [one.kind for one in silent.troubles])
    assert {"CAM-3"} == (await worker.memory.troubled()).keys()
    assert [("CAM-3", ())] == [(one.camera_id, one.troubles) for one in await worker.minutes(2)]
    assert {} == await worker.memory.troubled()
    worker.now_ms += HOUR_MS  # the platform was away, and what was sent meanwhile comes now
    assert [] == await worker.minutes(3, but="CAM-3", late_ms=2 * LATE_MS)
    assert LOOK_MS < SETTLE_MS


async def test_what_was_learned_and_what_is_wrong_outlives_a_worker(redis: Redis, namespace: str) -> None:
    """To a tenth of a read; of cameras of which nothing is known nothing comes back, and what is well again is gone."""
    memory = HealthMemory(redis, namespace)
    habit = Habit(
        rates=[12.34, *[0.0] * (HOURS - 1)], weeks=[2, *[0] * (HOURS - 1)], delay_s=0.4, confidence=0.93, last_ms=5
    )
    await memory.keep({"CAM-1": habit})
    found = await memory.habits(["CAM-1", "CAM-2"])
    assert {"CAM-1"} == found.keys()
    assert (12.3, 2, 0.4, 0.93, 5) == (found["CAM-1"].rates[0], found["CAM-1"].weeks[0], *_rest(found["CAM-1"]))
    silent = CameraHealth(
        camera_id="CAM-1", at_ms=9, troubles=(CameraTrouble(kind="silent", since_ms=5, found=0.0, usual=240.0),)
    )
    await memory.tell([silent])
    assert {"CAM-1": silent} == await memory.troubled()
    await memory.tell([CameraHealth(camera_id="CAM-1", at_ms=10)])
    assert {} == await memory.troubled()


def _rest(habit: Habit) -> tuple[float | None, float | None, int]:
    return habit.delay_s, habit.confidence, habit.last_ms


async def test_a_person_sees_the_worst_first_each_with_its_cure(redis: Redis, namespace: str, vigie: Vigie) -> None:
    """And who never sent anything; who is well is only counted."""
    writer, memory = ReplicaWriter(redis, namespace), HealthMemory(redis, namespace)
    await writer.put(CAMERAS, [make_camera(f"CAM-{number}") for number in range(1, 5)])
    await memory.keep({f"CAM-{number}": Habit(last_ms=1) for number in (1, 2, 3)})
    troubles = {
        "CAM-2": CameraTrouble(kind="silent", since_ms=1_777_888_200_000, found=0.0, usual=240.0),
        "CAM-1": CameraTrouble(kind="clock_ahead", since_ms=1_777_888_200_000, found=61.0, usual=0.0),
    }
    await memory.tell(
        [CameraHealth(camera_id=camera_id, at_ms=1, troubles=(one,)) for camera_id, one in troubles.items()]
    )
    shown = [json.loads(line) for line in (await vigie("cameras", "health", "--json")).out.splitlines()]
    assert [("CAM-2", "silent"), ("CAM-1", "clock_ahead"), ("CAM-4", "never_seen")] == [
        (one["camera_id"], one["kind"]) for one in shown
    ]
    assert "usually 240 reads an hour" in shown[0]["says"]
    assert "NTP" in shown[1]["cure"]


async def test_a_fixed_cameras_pictures_are_looked_at_now_and_then_by_daylight(redis: Redis, namespace: str) -> None:
    """One in ten minutes; none at night, and none of a camera that moves."""
    worker, asked = Worker(redis, namespace), list[tuple[str, str]]()
    worker.keeper.show = lambda camera_id, path: asked.append((camera_id, path))
    await worker.minutes(1)
    worker.keeper.places.pop("CAM-2")
    night_ms = NOON_MS + 12 * HOUR_MS
    for at_ms in (NOON_MS, NOON_MS + MINUTE_MS, NOON_MS + EVERY_MS, night_ms):
        reads = tuple(
            make_read(camera_id=one, captured_at_ms=at_ms, overview=f"2026-03-01/{at_ms:064x}.jpg")
            for one in ("CAM-1", "CAM-2")
        )
        await worker.keeper.handle([Record("t.reads", 0, at_ms, worker.now_ms, ReadBatch(reads=reads), b"")])
    assert [("CAM-1", f"2026-03-01/{at_ms:064x}.jpg") for at_ms in (NOON_MS, NOON_MS + EVERY_MS)] == asked


async def test_a_picture_is_looked_at_where_it_is_kept(tmp_path: Path) -> None:
    """One that is gone, or is none, is passed over."""
    scene = encode_jpeg(np.random.default_rng(1).integers(0, 255, (180, 320, 3), np.uint8))
    store, found = EvidenceStore.open(tmp_path), asyncio.Queue[tuple[str, Glance]]()
    glances = Glances(store, lambda camera_id, glance: found.put_nowait((camera_id, glance)))
    paths = [await store.put(NOON_MS, b"\xff\xd8 none"), f"2026-03-01/{0:064x}.jpg", await store.put(NOON_MS, scene)]
    for camera_id, path in zip(CAMERA_IDS, paths, strict=False):
        glances.ask(camera_id, path)
    running = asyncio.create_task(glances.run())
    camera_id, glance = await found.get()
    running.cancel()
    assert ("CAM-3", True) == (camera_id, glance.detail == glance_at(decode_shrunk(scene, 2)).detail)
