"""Folders that an ordinary FTP server fills: a file is taken once it is whole, and stays until Kafka has what it says."""

import asyncio
import json
import os
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest_asyncio
from redis.asyncio import Redis

from pipeline.evidence.store import EvidenceStore
from pipeline.gateway.dropped import REFUSED, TAKEN
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.runtime.ports import free_ports
from pipeline.simulation.speaking import hikvision
from schemas.reads import PlateRead
from tests.builders import make_read
from tests.gateways import Gateways, make_sender
from tests.unit.gateway.payloads import SCENE


@pytest_asyncio.fixture
async def gateways(kafka: KafkaConnection, redis: Redis, namespace: str, tmp_path: Path) -> Gateways:
    """The servers, and one sender with a folder."""
    made = Gateways(kafka, redis, namespace, tmp_path)
    await made.let_in(make_sender("CAM-1", secrets=(), folder=True))
    return made


def put(path: Path, data: bytes, *, ago_s: float = 5) -> Path:
    """Write a file as if that had ended so long ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, (time.time() - ago_s, time.time() - ago_s))
    return path


def picture_name(plate: str) -> str:
    """A camera's name for a picture of now."""
    return f"{datetime.now(ZoneInfo('Europe/Brussels')):%Y%m%d%H%M%S000}_{plate}_VEHICLE_DETECTION.jpg"


async def until(holds: Callable[[], bool]) -> None:
    """Wait for it."""
    for _ in range(250):
        if holds():
            return
        await asyncio.sleep(0.1)
    raise AssertionError("not within bounds")


async def kept(gateways: Gateways, count: int) -> list[PlateRead]:
    """The reads, once there are so many."""
    for _ in range(250):
        if len(found := await gateways.reads()) >= count:
            return found
        await asyncio.sleep(0.1)
    raise AssertionError(f"{await gateways.reads()} of {count}")


def files(folder: Path) -> list[str]:
    """The names of all that lies in a folder and its folders."""
    return sorted(path.name for path in folder.rglob("*") if not path.is_dir())


async def test_whole_files_become_reads_and_go_and_others_stay_or_are_set_aside(gateways: Gateways) -> None:
    """A picture that is still being uploaded waits for its end; what is no plate goes aside with its reason; nothing but a plain
    file is ever opened."""
    folder = gateways.folder / "drops" / "CAM-1"
    half = put(folder / picture_name("1ABC111"), SCENE[:-5])
    put(
        folder / "2026" / "29" / "event.xml",
        hikvision(make_read(plate="1ABC222", captured_at_ms=platform_now_ms())).body,
    )
    put(folder / "bad.json", b'{"camera_id": "CAM-1", "plate": "1ABC333"}')
    put(folder / "still.json.part", b"{}")
    secret = put(gateways.folder / "secret.jpg", SCENE)
    (folder / picture_name("1ABC999")).symlink_to(secret)
    async with gateways.running():
        assert ["1ABC222"] == [read.plate for read in await kept(gateways, 1)]
        aside = gateways.folder / "drops" / REFUSED / "CAM-1"
        await until(lambda: len(files(aside)) == 2)
        assert [half.name] == [name for name in files(folder) if "1ABC111" in name]
        put(half, SCENE)
        (read,) = [one for one in await kept(gateways, 2) if one.plate == "1ABC111"]
        await until(lambda: not files(gateways.folder / "drops" / TAKEN))
    assert ("CAM-1", "address", "folder", SCENE) == (
        read.camera_id, read.known_by, read.proof, await EvidenceStore.open(gateways.folder / "evidence").get(read.overview or ""),
    )  # fmt: skip
    assert ["still.json.part"] == [name for name in files(folder) if "1ABC999" not in name]
    assert {"bad.json", "bad.json.why.txt"} == {name.partition("-")[2] for name in files(aside)}
    (why,) = aside.glob("*.why.txt")
    (letter,) = await gateways.letters()
    assert why.read_text().startswith(f"{letter.reason}: {letter.detail}")
    assert 2 == len(await gateways.reads())


async def test_files_stay_while_kafka_is_away_and_the_next_gateway_takes_them(gateways: Gateways) -> None:
    """In the order in which they came, each once."""
    folder = gateways.folder / "drops" / "CAM-1"
    plates = [f"1ABC{number}" for number in range(444, 450)]
    for at, plate in enumerate(plates):
        said = {"camera_id": "CAM-1", "plate": plate, "captured_at_ms": platform_now_ms()}
        put(folder / f"{plate}.json", json.dumps(said).encode(), ago_s=20 - at)
    (nowhere,) = free_ports((), 1)
    async with gateways.running(KafkaConnection.from_url(f"kafka://127.0.0.1:{nowhere}")):
        await until(lambda: len(files(gateways.folder / "drops" / TAKEN)) == 1)
        assert len(plates) == len(files(gateways.folder / "drops"))
    async with gateways.running():
        assert plates == [read.plate for read in await kept(gateways, len(plates))]
        await until(lambda: not files(gateways.folder / "drops"))
    assert [] == await gateways.letters()
