"""From a person's confirmation of a hit to the neighbour's acknowledgement, while a second neighbour is down and a third silent.

    python benchmarks/bench_confirm.py [--count 40] [--json]

The agents on the way (hotlist, incidents, cross_border, liaison), three neighbours' desks, the embedded Kafka and store on this
machine. One after the other a look-alike of an entry is read that is shared with FR, LU and NL; when its incident is there, its
alert is confirmed. The clock starts when the confirmation is handed to the broker, as the desks do, and is read when the receipt of
NL's acknowledgement has been decoded by a consumer. LU refuses every request with 503, FR takes requests and never answers. None is
left out but the first five, which warm up.

Appends to benchmarks/results/confirm.jsonl.
"""

import argparse
import asyncio
import contextlib
import json
import secrets
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import uvloop
from aiokafka import AIOKafkaConsumer

from agents import AGENTS
from benchmarks.common import append_result, environment, percentile
from pipeline.demo.network_data import EFFECTIVE_WITHIN_S
from pipeline.receiver.credentials import create_credentials, settings_toml
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.log import configure_logging
from pipeline.runtime.sender import Outgoing, Sender
from pipeline.runtime.settings import load_settings
from pipeline.servers.platform import Platform
from pipeline.sources.producer import open_producer
from pipeline.state.collections import CAMERAS, HOTLIST, POLICIES
from pipeline.state.redis_port import open_redis
from pipeline.state.replica_writer import ReplicaWriter
from pipeline.stream import codec
from schemas import ids
from schemas.base import Position
from schemas.incidents import IncidentAction, IncidentState
from schemas.outcomes import Receipt
from schemas.reads import PlateRead
from schemas.reference import Camera, HotlistEntry, Policy
from schemas.topics import ACTIONS, INCIDENTS, RECEIPTS
from tests.desks import DeskProcess

LOST_S, WARM_UP = 60.0, 5
COUNTRIES = ("FR", "LU", "NL")
ON_THE_WAY = {"hotlist": 1, "incidents": 1, "cross_border": 1, "liaison": 1}
CAMERA = Camera(camera_id="BENCH-1", name="bench", network="federal", position=Position(lat=50.9, lon=4.4))
WANTED, READ = "1AB", "1A8"  # a reader takes B and 8 for each other


def main() -> None:
    """Measure, print, append."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    configure_logging(level="error")
    figures = uvloop.run(measure(options.count))
    append_result("confirm", figures)
    print(json.dumps(figures) if options.json else "\n".join(f"{name}: {value}" for name, value in figures.items()))


async def measure(count: int) -> dict[str, Any]:
    """One platform, so many confirmations."""
    with tempfile.TemporaryDirectory(prefix="vigie-confirm-") as name:
        async with road(Path(name)) as platform:
            took = await confirmations(platform, count + WARM_UP)
    found = sorted(took[WARM_UP:])
    return {
        "count": count,
        **{f"acknowledged_{share}_ms": percentile(found, at) for share, at in (("p50", 0.5), ("p99", 0.99), ("max", 1.0))},
        **environment("aiokafka", "redis"),
    }  # fmt: skip


@contextlib.asynccontextmanager
async def road(folder: Path) -> AsyncIterator[Platform]:
    """Run the agents on the way and the three desks, of which only NL's answers, while the block lasts."""
    files = create_credentials(folder / "keys")
    desks = [DeskProcess(folder, folder / "keys", country) for country in COUNTRIES]
    await asyncio.gather(*(desk.start() for desk in desks))
    config = folder / "vigie.toml"
    config.write_text(settings_toml(files, {desk.country: desk.url for desk in desks}))
    settings = load_settings({"VIGIE_DATA_DIR": str(folder / "data"), "VIGIE_CONFIG": str(config)})
    platform = Platform(settings, workers=dict.fromkeys(AGENTS, 0) | ON_THE_WAY, config=config)
    try:
        await platform.start()
        await desks[0].tell("hang")
        await desks[1].tell("unavailable")
        yield platform
    finally:
        await platform.stop()
        await asyncio.gather(*(desk.stop() for desk in desks))


async def confirmations(platform: Platform, count: int) -> list[float]:
    """How long each took until NL's acknowledgement was read, ms."""
    kwargs, namespace = platform.servers.kafka.client_kwargs(), platform.settings.namespace
    topics = [f"{namespace}.{one.name}" for one in (INCIDENTS, RECEIPTS)]
    consumer, sender = AIOKafkaConsumer(*topics, auto_offset_reset="latest", **kwargs), Sender(kwargs)
    await consumer.start()
    took: list[float] = []
    try:
        async with (
            open_redis(platform.servers.redis_url) as client,
            open_producer(kwargs, namespace=namespace) as producer,
        ):
            writer = ReplicaWriter(client, namespace)
            await writer.put(POLICIES, [_policy(country) for country in COUNTRIES])
            await writer.put(HOTLIST, [_entry(number) for number in range(count)])
            await writer.put(CAMERAS, [CAMERA])
            await asyncio.sleep(EFFECTIVE_WITHIN_S)
            for number in range(count):
                await producer.put(_read(f"{READ}C{number + 100}"))
                state = await _next(consumer, lambda one: isinstance(one, IncidentState) and one.phase == "new")
                action = _confirmation(state)
                began_s = time.monotonic()
                await sender.send_all([
                    Outgoing(f"{namespace}.{ACTIONS.name}", codec.encode(ACTIONS, action), action.incident_id.encode())
                ])  # fmt: skip
                await _next(consumer, lambda one, of=state.incident_id: _is_acknowledged(one, of))
                took.append((time.monotonic() - began_s) * 1_000)
                print(f"{number + 1}: {took[-1]:.0f} ms", file=sys.stderr, flush=True)
    finally:
        await consumer.stop()
        await sender.stop()
    return took


def _is_acknowledged(message: Any, incident_id: str) -> bool:
    is_it = isinstance(message, Receipt) and message.incident_id == incident_id
    return is_it and message.to_country == "NL" and message.outcome == "acknowledged"


async def _next(consumer: AIOKafkaConsumer, wanted: Any) -> Any:
    """The next message that is wanted; others are dropped. Raises TimeoutError."""
    async with asyncio.timeout(LOST_S):
        while True:
            for partition, records in (await consumer.getmany(timeout_ms=100)).items():
                topic: Any = INCIDENTS if partition.topic.endswith(INCIDENTS.name) else RECEIPTS
                for record in records:
                    message = codec.decode(topic, record.value)
                    if wanted(message):
                        return message


def _policy(country: str) -> Policy:
    return Policy(policy_id=f"bench-{country}", country=country, lists=("ad_hoc",), legal_basis="Benelux police treaty, art. 13",
                  purpose="bench", contact="bench", everywhere=True, min_confidence=0.3)  # fmt: skip


def _entry(number: int) -> HotlistEntry:
    return HotlistEntry(entry_id=f"bench-{number}", plate=f"{WANTED}C{number + 100}", hotlist="ad_hoc", category="theft",
                        owner="bench", legal_basis="bench", share_with=COUNTRIES, case_reference=f"bench/{number}")  # fmt: skip


def _read(plate: str) -> PlateRead:
    now_ms = platform_now_ms()
    return PlateRead(read_id=ids.read_id(CAMERA.camera_id, now_ms, plate), camera_id=CAMERA.camera_id, captured_at_ms=now_ms,
                     received_at_ms=now_ms, plate=plate, confidence=0.99)  # fmt: skip


def _confirmation(state: IncidentState) -> IncidentAction:
    return IncidentAction(
        action_id=ids.action_id("bench", secrets.token_hex(8)), incident_id=state.incident_id, did="confirm",
        revision=state.revision, rings=state.rings, who="bench", role="dispatcher", alert_id=state.incident_id,
        at_ms=platform_now_ms(),
    )  # fmt: skip


if __name__ == "__main__":
    main()
