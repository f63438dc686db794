"""From the removal of a hotlist entry to the alert's withdrawal, and to the recall in the neighbour's inbox.

    python benchmarks/bench_withdrawal.py [--count 40] [--workers 2] [--json]

The agents on the way (two of the hotlist, cross_border, liaison), the neighbours' desks, the embedded Kafka and store on this
machine. One after the other an entry is put that is shared with NL, a vehicle is read that it wants, its forward is awaited in the
desk's inbox, and the entry is removed. The clock starts when the removal is written, and is read when the withdrawal of the alert
has been decoded by a consumer, and when the recall lies in the inbox; both are looked for every 10 ms. None is left out.

Appends to benchmarks/results/withdrawal.jsonl.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import uvloop
from aiokafka import AIOKafkaConsumer

from agents import AGENTS
from benchmarks.bench_latency import road
from benchmarks.common import append_result, environment, percentile
from pipeline.demo.network_data import EFFECTIVE_WITHIN_S
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.log import configure_logging
from pipeline.servers.platform import Platform
from pipeline.simulation.network import RoadNetwork
from pipeline.simulation.network_small import small_network
from pipeline.sources.producer import open_producer
from pipeline.state.collections import CAMERAS, HOTLIST, POLICIES
from pipeline.state.redis_port import open_redis
from pipeline.state.replica_writer import ReplicaWriter
from pipeline.stream import codec
from schemas import ids
from schemas.base import Position
from schemas.outcomes import Withdrawal
from schemas.reads import PlateRead
from schemas.reference import Camera, HotlistEntry, Policy
from schemas.topics import ALERTS
from tests.desks import DeskProcess

LOOK_S, LOST_S = 0.01, 60.0
ON_THE_WAY = {"cross_border": 1, "liaison": 1}
CAMERA = Camera(camera_id="BENCH-1", name="bench", network="federal", position=Position(lat=50.9, lon=4.4))
POLICY = Policy(policy_id="bench-nl", country="NL", lists=("ad_hoc",), legal_basis="Benelux police treaty, art. 13",
                purpose="bench", contact="bench", everywhere=True)  # fmt: skip


def main() -> None:
    """Measure, print, append."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    configure_logging(level="error")
    figures = uvloop.run(measure(options.count, options.workers))
    append_result("withdrawal", figures)
    print(json.dumps(figures) if options.json else "\n".join(f"{name}: {value}" for name, value in figures.items()))


async def measure(count: int, workers: int) -> dict[str, Any]:
    """One platform, so many withdrawals."""
    network = small_network()
    with tempfile.TemporaryDirectory(prefix="vigie-withdrawal-") as name:
        async with road(Path(name), network, dict.fromkeys(AGENTS, 0) | ON_THE_WAY | {"hotlist": workers}) as platform:
            withdrawn, recalled = await _withdrawals(platform, network, Path(name), count)
    return {
        "count": count, "workers": workers,
        **{f"{what}_{share}_ms": percentile(sorted(found), at) for what, found in (("withdrawal", withdrawn), ("recall", recalled))
           for share, at in (("p50", 0.5), ("p99", 0.99), ("max", 1.0))},
        **environment("aiokafka", "redis"),
    }  # fmt: skip


async def _withdrawals(
    platform: Platform, network: RoadNetwork, folder: Path, count: int
) -> tuple[list[float], list[float]]:
    """How long each took until the alert was withdrawn, and until the recall was in the inbox, ms."""
    kwargs, namespace = platform.servers.kafka.client_kwargs(), platform.settings.namespace
    desk = DeskProcess(folder, folder / "keys", "NL")  # to read the inbox of the one that runs
    took: tuple[list[float], list[float]] = ([], [])
    consumer = AIOKafkaConsumer(f"{namespace}.{ALERTS.name}", auto_offset_reset="latest", **kwargs)
    await consumer.start()
    try:
        async with (
            open_redis(platform.servers.redis_url) as client,
            open_producer(kwargs, namespace=namespace) as producer,
        ):
            writer = ReplicaWriter(client, namespace)
            await writer.put(CAMERAS, [CAMERA])
            await writer.put(POLICIES, [POLICY])
            for number in range(count):
                entry = _entry(number)
                await writer.put(HOTLIST, [entry])
                await asyncio.sleep(EFFECTIVE_WITHIN_S)
                known = len(desk.entries())
                await producer.put(_read(entry.plate))
                await _until(lambda known=known: len(desk.entries()) > known)
                began_s = time.monotonic()
                await writer.remove(HOTLIST, [entry.entry_id])
                _, recalled_s = await asyncio.gather(
                    _withdrawal(consumer, took[0], began_s),
                    _until(lambda known=known: len(desk.entries()) > known + 1),
                )
                took[1].append((recalled_s - began_s) * 1_000)
                print(f"{number + 1}: {took[0][-1]:.0f} and {took[1][-1]:.0f} ms", file=sys.stderr, flush=True)
    finally:
        await consumer.stop()
    return took


def _entry(number: int) -> HotlistEntry:
    return HotlistEntry(
        entry_id=f"bench-{number}", plate=f"1ABC{234 + number % 700}", hotlist="ad_hoc", category="theft", owner="bench",
        legal_basis="bench", share_with=("NL",),
    )  # fmt: skip


def _read(plate: str) -> PlateRead:
    now_ms = platform_now_ms()
    return PlateRead(
        read_id=ids.read_id(CAMERA.camera_id, now_ms, plate), camera_id=CAMERA.camera_id, captured_at_ms=now_ms,
        received_at_ms=now_ms, plate=plate, confidence=0.99,
    )  # fmt: skip


async def _until(is_so: Any) -> float:
    """When it was so first, by the monotonic clock. Raises TimeoutError."""
    async with asyncio.timeout(LOST_S):
        while not is_so():  # noqa: ASYNC110 - another process writes the inbox
            await asyncio.sleep(LOOK_S)
    return time.monotonic()


async def _withdrawal(consumer: AIOKafkaConsumer, took: list[float], began_s: float) -> None:
    """Wait for the next withdrawal of an alert. Raises TimeoutError."""
    async with asyncio.timeout(LOST_S):
        while True:
            for records in (await consumer.getmany(timeout_ms=10)).values():
                for record in records:
                    if isinstance(codec.decode(ALERTS, record.value), Withdrawal):
                        took.append((time.monotonic() - began_s) * 1_000)
                        return


if __name__ == "__main__":
    main()
