"""A new entry is looked up in the reads of the last hours."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
from redis.asyncio import Redis

from agents import hotlist
from pipeline.hotlist.matching import AFTERWARDS
from pipeline.hotlist.watches import entry_of
from pipeline.reads.versions import Versions
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.state.collections import CAMERAS, HOTLIST, WATCHES, ZONES
from pipeline.state.look_back_mark import LookBackMark
from pipeline.state.replica_writer import ReplicaWriter
from pipeline.stream import codec
from pipeline.stream.look_back import look_back, matching
from pipeline.stream.looking_back import LookingBack
from schemas.outcomes import Alert
from schemas.topics import ALERTS
from tests.builders import make_camera, make_entry, make_read, make_watch, make_zone
from tests.integration.stage_probe import Bench

EFFECTIVE_S = 1.5


async def test_reads_of_before_are_found_by_what_is_new_and_ring_nowhere(
    kafka: KafkaConnection, redis: Redis, namespace: str, tmp_path: Path
) -> None:
    """By an entry and by a request for a look; what neither means is sent no second time."""
    bench, now_ms = Bench(kafka, redis, namespace, tmp_path), platform_now_ms()
    camera, zone = make_camera(), make_zone("ZONE-A", cameras=("E40-1",))
    writer = ReplicaWriter(redis, namespace)
    before = ReplicaWriter(redis, namespace, now_ms=lambda: now_ms - 3_600_000)
    await before.put(ZONES, [zone])
    await before.put(CAMERAS, [camera])
    wanted, blue, other = (
        make_read(plate, captured_at_ms=now_ms - 1_000 * number, **look)
        for number, (plate, look) in enumerate(
            (("1ABC234", {}), ("1XYZ999", {"make": "BMW", "colour": "blue"}), ("1QQQ111", {}))
        )
    )
    entry = make_entry("1ABC234", valid_from_ms=now_ms - 60_000)
    watch = make_watch(None, make="BMW", colour="blue", valid_from_ms=now_ms - 60_000, valid_until_ms=now_ms + 60_000)
    cameras, zones = Versions({"E40-1": camera}), Versions({"ZONE-A": zone})
    async with AsyncExitStack() as stack:
        stack.push_async_callback(bench.sender.stop)
        await stack.enter_async_context(bench.worker(hotlist.AGENT))
        await bench.send([wanted, blue, other])
        await writer.put(HOTLIST, [entry])
        await writer.put(WATCHES, [watch])
        await asyncio.sleep(EFFECTIVE_S)
        found = [
            await look_back(kafka.client_kwargs(), namespace, matching((one,), cameras, zones), now_ms - 3_600_000)
            for one in (entry, entry_of(watch))
        ]
        assert [{wanted.read_id}, {blue.read_id}] == [set(one.read_ids) for one in found]
        alerts = [codec.decode(ALERTS, one) for one in await bench.values("alerts", count=2)]
    assert {("1ABC234", False, False, True), ("1XYZ999", False, False, True)} == {
        (one.read.plate, one.live, one.rings, AFTERWARDS in one.notes) for one in alerts if isinstance(one, Alert)
    }


async def test_what_is_new_is_looked_up_by_itself_also_what_came_while_nobody_looked(
    kafka: KafkaConnection, redis: Redis, namespace: str, tmp_path: Path
) -> None:
    """It rings nowhere and must be confirmed; what was there before, and what is covert, is not looked up."""
    bench, now_ms = Bench(kafka, redis, namespace, tmp_path), platform_now_ms()
    writer = ReplicaWriter(redis, namespace)
    before = ReplicaWriter(redis, namespace, now_ms=lambda: now_ms - 3_600_000)
    await before.put(CAMERAS, [make_camera()])
    plates = ["1ABC234", "1ABC235", "1ABC236", "1ABC237"]
    reads = [make_read(plate, captured_at_ms=now_ms - 5_000) for plate in plates]
    entries = [make_entry(plate, entry_id=plate, valid_from_ms=now_ms - 60_000) for plate in plates]
    await before.put(HOTLIST, [entries[0]])
    work = LookingBack(client=redis, client_kwargs=kafka.client_kwargs(), namespace=namespace, hours=1, now_ms=platform_now_ms,
                       settle_s=EFFECTIVE_S, pause_s=0.1)  # fmt: skip
    mark = LookBackMark(redis, namespace)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(bench.sender.stop)
        await stack.enter_async_context(bench.worker(hotlist.AGENT))
        await bench.send(reads)
        await bench.values("alerts", count=1)  # the reads are decided
        await mark.begin(now_ms)
        await writer.put(HOTLIST, [entries[1]])
        async with asyncio.timeout(60):
            looking = asyncio.create_task(work.run())
            await bench.values("alerts", count=2)
            await writer.put(HOTLIST, [msgspec.structs.replace(entries[2], covert=True), entries[3]])
            alerts = [codec.decode(ALERTS, one) for one in await bench.values("alerts", count=3)]
        looking.cancel()
        await asyncio.wait([looking])
    found = {(one.read.plate, one.live, one.rings, one.confirm) for one in alerts if isinstance(one, Alert)}
    assert {(plates[0], True, True, False), (plates[1], False, False, True), (plates[3], False, False, True)} == found
