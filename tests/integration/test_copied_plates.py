"""The agent that finds copied plates, on a real broker and store: pairs across workers, orders, replays and losses."""

from collections.abc import AsyncIterator, Sequence
from itertools import permutations
from pathlib import Path

import pytest
from redis.asyncio import Redis

from agents import copied_plates
from pipeline.hotlist.copied_plates import MOST_PLATES, SETTLE_MS, SLICE_MS
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.runtime.settings import load_settings
from pipeline.state.collections import CAMERAS, EXCLUSIONS
from pipeline.state.replica_writer import ReplicaWriter
from pipeline.stream import codec
from pipeline.stream.context import Context
from pipeline.stream.metrics import StageMetrics
from pipeline.stream.outputs import Handler, Outputs, Record
from pipeline.stream.recent import recent
from pipeline.stream.stream_time import FetchState
from schemas.base import Position
from schemas.outcomes import Alert
from schemas.reads import PlateRead, ReadBatch
from schemas.topics import READS
from tests.builders import make_camera, make_exclusion, make_read
from tests.integration.stage_probe import Bench

PLACES = {"WEST": 2.9, "MIDDLE": 4.35, "EAST": 5.8}  # a hundred kilometres from each to the next


class First(Context):
    """What an agent is given that has the first partition."""

    def fetch_states(self) -> dict[int, FetchState]:
        """The partitions that it has."""
        return {0: FetchState(first=0, position=0, high=0, polled=0, waiting=0, rewinding=False)}


class House:
    """A namespace with cameras in the west, the middle and the east, and workers of the agent."""

    def __init__(self, kafka: KafkaConnection, redis: Redis, namespace: str, folder: Path) -> None:
        self.bench, self.redis, self.namespace = Bench(kafka, redis, namespace, folder), redis, namespace
        self.settings = load_settings({"VIGIE_NAMESPACE": namespace, "VIGIE_DATA_DIR": str(folder)}, None)
        self.now_ms = platform_now_ms()
        self.writer = ReplicaWriter(redis, namespace, now_ms=lambda: self.now_ms - 3_600_000)
        self.contexts: list[Context] = []

    async def worker(self, *, decides: bool = True) -> Handler:
        """A started worker's handler. decides: it has the first partition."""
        context = (First if decides else Context)(
            self.settings, self.redis, StageMetrics("test"), self.bench.sender, lambda: self.now_ms,
            partition_counts={READS.name: 4},
        )  # fmt: skip
        self.contexts.append(context)
        return await copied_plates.start(context)

    async def forget(self) -> None:
        """Empty the agent's memory."""
        await self.redis.delete(*[key async for key in self.redis.scan_iter(f"{{{self.namespace}:sights*")])

    async def records(self, *reads: PlateRead) -> list[Record[ReadBatch]]:
        """These reads as the broker took them, each in a record of its own."""
        await self.bench.send(*[[read] for read in reads], partition=0)
        places = recent(self.bench.sender.client_kwargs, self.namespace, READS, 0)
        found = [
            Record(f"{self.namespace}.reads", at.partition, at.offset, ms, batch, b"") async for batch, at, ms in places
        ]
        return found[-len(reads) :]

    def read(self, after_s: float, camera_id: str, plate: str = "1ABC234") -> PlateRead:
        """A sure read, so long after the test began."""
        return make_read(plate, camera_id, self.now_ms + round(after_s * 1_000), confidence=0.99)

    async def settled(self, worker: Handler) -> list[Alert]:
        """What the worker sends once everything has settled. It is acknowledged."""
        later_ms = self.now_ms + 2 * SLICE_MS + SETTLE_MS
        return await acknowledged(
            await worker([Record("t.reads", 0, 99, later_ms, ReadBatch(reads=(self.read(0, "NONE"),)), b"")])
        )


async def acknowledged(outputs: Outputs) -> list[Alert]:
    """The alerts that a worker sends, as their readers decode them, after the broker has them."""
    if outputs.settled is not None:
        await outputs.settled()
    sent = [codec.decode(topic, codec.encode(topic, message)) for topic, message, _, _ in outputs.sends]
    return [one for one in sent if isinstance(one, Alert)]


@pytest.fixture
async def house(kafka: KafkaConnection, redis: Redis, namespace: str, tmp_path: Path) -> AsyncIterator[House]:
    """A furnished house; everything of it is stopped at the end."""
    found = House(kafka, redis, namespace, tmp_path)
    cameras = [make_camera(name, position=Position(lat=50.85, lon=lon)) for name, lon in PLACES.items()]
    await found.writer.put(CAMERAS, cameras)
    yield found
    for context in found.contexts:
        await context.close()
    await found.bench.sender.stop()


def ids_of(alerts: Sequence[Alert]) -> set[str]:
    """Their ids."""
    return {one.alert_id for one in alerts}


async def test_a_plate_on_no_list_that_two_vehicles_bear_is_told_with_both_reads(house: House) -> None:
    """Two workers saw one vehicle each; nothing is said before everything of that time has come, and then once."""
    west, east = await house.records(house.read(0, "WEST"), house.read(5, "EAST"))
    decides, other = await house.worker(), await house.worker(decides=False)
    assert not await acknowledged(await decides([west]))
    assert not await acknowledged(await other([east]))
    alerts = await house.settled(decides)
    assert [["EAST", "WEST"], 1] == [sorted(one.read.camera_id for one in alerts), len({a.incident_id for a in alerts})]
    assert not await house.settled(decides)


async def test_neither_order_nor_copies_nor_another_worker_changes_what_is_told(house: House) -> None:
    """A vehicle that drives from the west to the middle, and another in the east; every order, then everything again."""
    records = await house.records(house.read(0, "WEST"), house.read(2, "EAST"), house.read(4, "WEST"))
    found = set[frozenset[str]]()
    for order in permutations(records):
        worker = await house.worker()
        for record in (*order, order[0], *order):
            await worker([record])
        found.add(frozenset(ids_of(await house.settled(worker))))
        await house.forget()
    assert [3] == [len(one) for one in found]


async def test_what_was_sent_before_a_crash_is_sent_again_under_the_same_ids(house: House) -> None:
    """The worker died between the broker's acknowledgement and its own note."""
    records = await house.records(house.read(0, "WEST"), house.read(5, "EAST"))
    worker = await house.worker()
    await worker(records)
    later_ms = house.now_ms + 2 * SLICE_MS + SETTLE_MS
    silent = Record("t.reads", 0, 99, later_ms, ReadBatch(reads=(house.read(0, "NONE"),)), b"")
    lost = [message for _, message, _, _ in (await worker([silent])).sends if isinstance(message, Alert)]
    again = await house.settled(await house.worker())
    assert ids_of(lost) == ids_of(again)
    assert 2 == len(again)


async def test_of_a_vehicle_nothing_is_kept_but_a_pseudonym_for_half_an_hour(house: House) -> None:
    """No key and no value names the plate or the camera, and each ends by itself."""
    worker = await house.worker()
    await worker(await house.records(house.read(0, "WEST"), house.read(5, "EAST")))
    keys = [key async for key in house.redis.scan_iter(f"{{{house.namespace}:sights:*")]
    assert 1 == len(keys)
    kept = keys[0] + (await house.redis.get(keys[0]) or b"")
    assert not [name for name in (b"1ABC234", b"WEST", b"EAST") if name in kept]
    assert 0 < await house.redis.pttl(keys[0]) <= 32 * 60_000


async def test_a_camera_that_stands_elsewhere_than_its_registry_says_makes_no_copied_plates(house: House) -> None:
    """Every vehicle that passes it contradicts itself, so nobody is told of any."""
    worker = await house.worker()
    for number in range(MOST_PLATES + 1):
        plate = f"1ABC{number:03}"
        await worker(await house.records(house.read(number, "MIDDLE", plate), house.read(number + 30, "EAST", plate)))
    assert not await house.settled(worker)


async def test_an_exclusion_with_evidence_says_who_is_innocent(house: House) -> None:
    """It is named in the alerts from within a second on."""
    known = make_exclusion("1ABC234", entry_id="copied_plates", reason="the owner's is blue", valid_from_ms=0,
                           valid_until_ms=house.now_ms + 86_400_000)  # fmt: skip
    await house.writer.put(EXCLUSIONS, [known])
    worker = await house.worker()
    await worker(await house.records(house.read(0, "WEST"), house.read(5, "EAST")))
    assert [known.exclusion_id] * 2 == [one.excluded for one in await house.settled(worker)]
