"""Cameras on a port of their own, which can prove nothing and send nothing again: what comes is on disk before anything else."""

import asyncio
import contextlib
import json
from pathlib import Path

import pytest_asyncio
from redis.asyncio import Redis

from pipeline.errors import Unavailable
from pipeline.gateway.spool import Spool, Spooled
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.runtime.ports import free_ports
from pipeline.simulation.speaking import tattile
from schemas.reads import PlateRead
from schemas.senders import SenderPort
from tests.builders import make_read
from tests.gateways import Gateways, make_sender


@pytest_asyncio.fixture
async def gateways(kafka: KafkaConnection, redis: Redis, namespace: str, tmp_path: Path) -> Gateways:
    """The servers."""
    return Gateways(kafka, redis, namespace, tmp_path)


def said(plate: str) -> bytes:
    """What a camera sends of a read of now."""
    return tattile(make_read(plate=plate, camera_id="CAM-1", captured_at_ms=platform_now_ms())).body


async def connected(port: int) -> asyncio.StreamWriter:
    """A connection, as soon as the port is open."""
    for _ in range(200):
        with contextlib.suppress(OSError):
            return (await asyncio.open_connection("127.0.0.1", port))[1]
        await asyncio.sleep(0.1)
    raise AssertionError(f"nobody listens on {port}")


async def kept(gateways: Gateways, count: int) -> list[PlateRead]:
    """The reads, once there are so many."""
    for _ in range(200):
        if len(found := await gateways.reads()) >= count:
            return found
        await asyncio.sleep(0.1)
    raise AssertionError(f"{await gateways.reads()} of {count}")


async def test_a_camera_on_its_own_port_loses_nothing_while_kafka_is_away_and_a_gateway_dies(
    gateways: Gateways,
) -> None:
    """Messages in pieces, several at once, one cut off: on disk while Kafka is away; the next gateway drains them in order."""
    (port, nowhere) = free_ports((), 2)
    await gateways.let_in(make_sender("CAM-1", secrets=(), port=SenderPort(number=port, maker="tattile")))
    plates = [f"1ABC{number:03}" for number in range(12)]
    async with gateways.running(KafkaConnection.from_url(f"kafka://127.0.0.1:{nowhere}")):
        writer = await connected(port)
        stream = b"".join(said(plate) for plate in plates) + said("1CUT999")[:60]
        for at in range(0, len(stream), 100):
            writer.write(stream[at : at + 100])
            await writer.drain()
        writer.close()
        folder = gateways.folder / "spool"
        for _ in range(200):
            if len(list(folder.glob("*.message"))) == len(plates) + 1:
                break
            await asyncio.sleep(0.1)
        assert [] == await gateways.reads()
    async with gateways.running():
        reads = await kept(gateways, len(plates))
        for _ in range(100):
            if not list(folder.glob("*.message")):
                break
            await asyncio.sleep(0.1)
    assert plates == [read.plate for read in reads]
    assert {("CAM-1", "address", "port")} == {(read.camera_id, read.known_by, read.proof) for read in reads}
    assert all("hotlist" in read.purposes and "section_control" not in read.purposes for read in reads)
    assert ["incomplete_body"] == [letter.reason for letter in await gateways.letters()]
    assert [] == list(folder.glob("*.message"))


async def test_ports_open_and_close_with_registrations_and_take_only_whom_they_name(gateways: Gateways) -> None:
    """Without a restart; a stranger's messages are not read."""
    first, second = free_ports((), 2)
    async with gateways.running():
        strict = SenderPort(number=first, maker="tattile", peers=("192.0.2.1",))
        await gateways.let_in(make_sender("CAM-1", secrets=(), port=strict))
        stranger = await connected(first)
        stranger.write(said("1XXX111"))
        with contextlib.suppress(ConnectionError):
            await stranger.drain()
        moved = SenderPort(number=second, maker="tattile", peers=("127.0.0.1",))
        await gateways.let_in(make_sender("CAM-1", secrets=(), port=moved))
        writer = await connected(second)
        writer.write(said("1ABC234"))
        await writer.drain()
        assert ["1ABC234"] == [read.plate for read in await kept(gateways, 1)]
        writer.close()


async def test_half_a_character_costs_its_own_message_alone(gateways: Gateways) -> None:
    """It becomes a dead letter, over TCP and over HTTP, and the packet before and after it are read."""
    (port,) = free_ports((), 1)
    plain = make_sender("CAM-1", secrets=(), port=SenderPort(number=port, maker="axis"))
    await gateways.let_in(plain, make_sender("CAM-2"))

    def packet(plate: str, make: str) -> bytes:
        info = {"vehicle_info": {"make": make}, "capture_timestamp": platform_now_ms()}
        return json.dumps({"carState": "new", "carID": plate, "plateUTF8": plate, **info}).encode()

    async with gateways.running() as camera:
        own = {"camera_id": "CAM-2", "plate": "1OWN111", "captured_at_ms": platform_now_ms(), "make": "BMW\ud800"}
        assert 400 == (await camera.send(json.dumps(own).encode(), user="CAM-2")).status
        writer = await connected(port)
        for one in (packet("1ABC111", "BMW"), packet("1BAD111", "BMW\ud800"), packet("1ABC222", "BMW")):
            writer.write(one)
            await writer.drain()
        writer.close()
        assert ["1ABC111", "1ABC222"] == sorted(read.plate for read in await kept(gateways, 2))
    assert ["unreadable", "unreadable"] == [letter.reason for letter in await gateways.letters()]


async def test_a_spool_keeps_each_senders_order_and_makes_the_sender_wait_when_it_is_full(tmp_path: Path) -> None:
    """What cannot be kept elsewhere yet stays first; there is room again when it goes."""
    taken: list[tuple[str, bytes]] = []
    other_taken, is_back = asyncio.Event(), asyncio.Event()

    async def take(message: Spooled) -> None:
        if message.sender_id == "A" and not is_back.is_set():
            raise Unavailable("Kafka")
        taken.append((message.sender_id, message.body))
        if message.sender_id == "B":
            other_taken.set()

    def message(sender_id: str, body: bytes) -> Spooled:
        return Spooled(sender_id=sender_id, maker="tattile", received_at_ms=0, body=body)

    spool = Spool(tmp_path / "spool", 900, take)  # what A has, it must leave free
    for one in (message("B", b"2"), message("A", b"1"), message("A", bytes(300))):
        await spool.put(one)
    draining = asyncio.create_task(spool.run())
    full = asyncio.create_task(spool.put(message("A", b"3")))
    await other_taken.wait()
    assert [("B", b"2")] == taken
    is_back.set()
    await full
    await drained(spool)
    draining.cancel()
    assert [b"1", bytes(300), b"3"] == [body for sender, body in taken if sender == "A"]
    assert [] == list((tmp_path / "spool").iterdir())


async def drained(spool: Spool) -> None:
    """Wait until nothing is left on disk."""
    for _ in range(500):
        if not spool.count:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"{spool.count} are left")
