"""A new entry is looked up in the reads of the last hours."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

from redis.asyncio import Redis

from agents import hotlist
from pipeline.hotlist.matching import AFTERWARDS
from pipeline.hotlist.watches import entry_of
from pipeline.reads.versions import Versions
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.state.collections import CAMERAS, HOTLIST, WATCHES, ZONES
from pipeline.state.replica_writer import ReplicaWriter
from pipeline.stream import codec
from pipeline.stream.look_back import look_back, matching
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
            await look_back(kafka.client_kwargs(), namespace, matching(one, cameras, zones), now_ms - 3_600_000)
            for one in (entry, entry_of(watch))
        ]
        assert [{wanted.read_id}, {blue.read_id}] == [set(one.read_ids) for one in found]
        alerts = [codec.decode(ALERTS, one) for one in await bench.values("alerts", count=2)]
    assert {("1ABC234", False, False, True), ("1XYZ999", False, False, True)} == {
        (one.read.plate, one.live, one.rings, AFTERWARDS in one.notes) for one in alerts if isinstance(one, Alert)
    }
