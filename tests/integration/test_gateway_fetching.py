"""Senders that wait to be asked: gateways fetch from them over HTTP, TCP and MQTT, from real servers, and lose nothing."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import argon2
import msgspec
import pytest_asyncio
from amqtt.broker import Broker
from amqtt.client import MQTTClient
from redis.asyncio import Redis

from pipeline.evidence.store import EvidenceStore
from pipeline.gateway.pulling.pullers import password_use
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.runtime.log import platform_key
from pipeline.runtime.ports import free_ports
from pipeline.runtime.sealing import Seal
from pipeline.simulation.speaking import hikvision
from pipeline.state.links import Link, Links
from schemas.pictures import Frame
from schemas.reads import PlateRead
from schemas.senders import Sender, SenderCamera, SenderPull
from tests.builders import make_camera, make_read
from tests.cameras import PASSWORD, USER, StreamingCamera, part
from tests.conftest import records_in
from tests.gateways import Gateways, make_sender
from tests.unit.gateway.payloads import PLATE, SCENE

BEAT = part(
    b"<EventNotificationAlert><eventType>videoloss</eventType><eventState>inactive</eventState></EventNotificationAlert>"
)


@pytest_asyncio.fixture
async def gateways(kafka: KafkaConnection, redis: Redis, namespace: str, tmp_path: Path) -> Gateways:
    """The servers."""
    return Gateways(kafka, redis, namespace, tmp_path)


def fetched_from(gateways: Gateways, kind: str, address: str, password: str | None = None, **more: object) -> Sender:
    """A sender that gateways fetch from."""
    seal = Seal(platform_key(gateways.folder / "platform.key"), "camera passwords")
    sealed = seal.seal(password_use("CAM-1"), password.encode()) if password is not None else None
    user = USER if password is not None else None
    pull = SenderPull(kind=kind, address=address, user=user, password=sealed, plain_password=kind == "frigate")
    return make_sender("CAM-1", secrets=(), pull=pull, **more)


def event(plate: str) -> bytes:
    """An event of now, without pictures."""
    return hikvision(make_read(plate=plate, camera_id="CAM-1", captured_at_ms=platform_now_ms())).body


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait for it."""
    for _ in range(250):
        if await holds():
            return
        await asyncio.sleep(0.1)
    raise AssertionError("not within bounds")


async def kept(gateways: Gateways, count: int) -> list[PlateRead]:
    """The reads, once there are so many."""

    async def are_there() -> bool:
        return len(await gateways.reads()) >= count

    await until(are_there)
    return await gateways.reads()


async def link(gateways: Gateways) -> Link | None:
    """How the way to the sender does."""
    return (await Links(gateways.redis, gateways.namespace).all()).get("CAM-1")


async def test_a_camera_is_listened_to_with_its_pictures_and_again_when_the_connection_breaks(
    gateways: Gateways,
) -> None:
    """Digest; heartbeats become nothing; an event that was cut off costs itself alone; of two gateways one is connected."""
    camera = StreamingCamera()

    async def is_up() -> bool:
        told = await link(gateways)
        return told is not None and told.why == ""

    async with camera.running(), gateways.running(), gateways.running():
        await gateways.let_in(fetched_from(gateways, "hikvision", camera.url, PASSWORD))
        await until(lambda: asyncio.sleep(0, camera.listeners == 1))
        with_pictures = part(event("1ABC111")) + part(PLATE, "image/jpeg", "licensePlatePicture.jpg")
        for piece in (
            BEAT,
            with_pictures[:300],
            with_pictures[300:],
            part(SCENE, "image/jpeg", "detectionPicture.jpg"),
            BEAT,
        ):
            await camera.say(piece)
        (read,) = await kept(gateways, 1)
        store = EvidenceStore.open(gateways.folder / "evidence")
        assert [PLATE, SCENE] == [await store.get(path) for path in (read.crop, read.overview) if path]
        assert ("CAM-1", "1ABC111", "address", "fetched") == (read.camera_id, read.plate, read.known_by, read.proof)
        assert "section_control" not in read.purposes
        await camera.say(part(event("1ABC222"))[:200])
        await camera.hang_up()
        await until(lambda: asyncio.sleep(0, camera.listeners == 1))
        await camera.say(part(event("1ABC333")) + BEAT)
        assert ["1ABC111", "1ABC333"] == sorted(read.plate for read in await kept(gateways, 2))
        await until(is_up)
        assert 0 == camera.wrong
        assert {"/ISAPI/Event/notification/alertStream"} == set(camera.asked)
        await gateways.let_in(make_sender("CAM-1"))
        await until(lambda: asyncio.sleep(0, camera.listeners == 0))


async def test_a_camera_that_refuses_the_password_is_not_asked_again_and_again(gateways: Gateways) -> None:
    """It would lock the gateway out; its link says why, and a right password counts at once."""
    camera = StreamingCamera()

    async def is_refused() -> bool:
        told = await link(gateways)
        return told is not None and "refuses user and password" in told.why

    async with camera.running(), gateways.running():
        await gateways.let_in(fetched_from(gateways, "hikvision", camera.url, "wrong"))
        await until(is_refused)
        told = await link(gateways)
        assert told is not None
        assert "vigie cameras fetch" in told.cure
        assert 1 == camera.wrong  # by Digest alone
        await gateways.let_in(fetched_from(gateways, "hikvision", camera.url, PASSWORD))
        await until(lambda: asyncio.sleep(0, camera.listeners == 1))


async def test_dahuas_stream_of_lines_is_read(gateways: Gateways) -> None:
    """Its heartbeats are texts; the address may name another path."""
    camera = StreamingCamera("multipart/x-mixed-replace; boundary=boundary")
    path = "/cgi-bin/eventManager.cgi?action=attach&codes=[TrafficJunction]&heartbeat=5"
    data = {
        "UTC": platform_now_ms() // 1000,
        "TrafficCar": {"PlateNumber": "1ABC444"},
        "Object": {"ObjectType": "Plate"},
    }
    said = f"Code=TrafficJunction;action=Pulse;index=0;data={json.dumps(data)}".encode()
    async with camera.running(), gateways.running():
        await gateways.let_in(fetched_from(gateways, "dahua", camera.url + path, PASSWORD))
        await until(lambda: asyncio.sleep(0, camera.listeners == 1))
        await camera.say(part(b"Heartbeat", "text/plain") + part(said, "text/plain"))
        assert ["1ABC444"] == [read.plate for read in await kept(gateways, 1)]
    assert [path] == camera.asked
    assert [] == await gateways.letters()


async def test_a_server_of_records_over_tcp_is_listened_to(gateways: Gateways) -> None:
    """In pieces, several at once."""
    connected: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()

    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await connected.put(writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    now = platform_now_ms()
    async with server, gateways.running():
        await gateways.let_in(fetched_from(gateways, "axxon", f"tcp://127.0.0.1:{port}", zone="UTC"))
        writer = await asyncio.wait_for(connected.get(), 20)
        records = b"".join(_record(now, plate) for plate in ("1ABC555", "1ABC556"))
        for piece in (records[:20], records[20:]):
            writer.write(piece)
            await writer.drain()
        assert ["1ABC555", "1ABC556"] == [read.plate for read in await kept(gateways, 2)]
        writer.close()


def _record(at_ms: int, plate: str) -> bytes:
    return f"\x02{datetime.fromtimestamp(at_ms / 1000, UTC):%Y%m%d%H%M%S}01{plate}\x03".encode()


@contextlib.asynccontextmanager
async def broker(folder: Path) -> AsyncIterator[str]:
    """A broker of MQTT on this machine that knows USER; yields its port. folder: for its file of passwords."""
    (port,) = free_ports((), 1)
    config = {
        "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
        "plugins": {"amqtt.plugins.authentication.FileAuthPlugin": {"password_file": str(folder / "passwords")}},
    }
    (folder / "passwords").write_text(f"{USER}:{argon2.PasswordHasher().hash(PASSWORD)}\n")
    running = Broker(config)
    await running.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await running.shutdown()


async def test_what_a_broker_has_comes_in_also_what_came_while_no_gateway_was_there(gateways: Gateways) -> None:
    """Two cameras of one Frigate, told apart by their names; descriptions and faces become nothing."""
    cameras = tuple(SenderCamera(camera_id=f"CAM-{name}", identities={"name": name}) for name in ("front", "back"))

    def plate(text: str, camera: str) -> bytes:
        about = {"type": "lpr", "id": text, "camera": camera, "plate": text, "score": 0.9}
        return json.dumps(about | {"timestamp": platform_now_ms() / 1000}).encode()

    async with broker(gateways.folder) as place:
        said = MQTTClient()
        await said.connect(f"mqtt://{USER}:{quote(PASSWORD)}@{place}/")
        topic = "frigate/tracked_object_update"

        async def is_up() -> bool:
            told = await link(gateways)
            return told is not None and told.why == ""

        async with gateways.running():
            await gateways.let_in(fetched_from(gateways, "frigate", f"mqtt://{place}", PASSWORD, cameras=cameras))
            await until(is_up)
            await said.publish(topic, json.dumps({"type": "face", "id": "1", "name": "x", "score": 1}).encode(), qos=1)
            await said.publish(topic, plate("1ABC666", "front"), qos=1)
            assert ["CAM-front"] == [read.camera_id for read in await kept(gateways, 1)]
        await said.publish(topic, plate("1ABC777", "back"), qos=1)
        async with gateways.running():
            reads = await kept(gateways, 2)
        assert {("CAM-front", "1ABC666"), ("CAM-back", "1ABC777")} == {(read.camera_id, read.plate) for read in reads}
        await said.disconnect()
    assert [] == await gateways.letters()


async def test_who_cannot_be_reached_is_told_of_with_a_cure(gateways: Gateways) -> None:
    """Nobody listens there; the same for a broker."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        nowhere = taken.getsockname()[1]
        async with gateways.running():
            for kind, scheme in (("axxon", "tcp"), ("dahua", "http"), ("frigate", "mqtt")):
                await gateways.let_in(fetched_from(gateways, kind, f"{scheme}://127.0.0.1:{nowhere}"))

                async def is_told() -> bool:
                    told = await link(gateways)
                    return told is not None and str(nowhere) in told.why and "reaches" in told.cure

                await until(is_told)
                await Links(gateways.redis, gateways.namespace).forget(["CAM-1"])


async def test_pictures_of_a_camera_that_reads_no_plates_go_to_those_who_read_them(gateways: Gateways) -> None:
    """Motion JPEG, at most as many a second as asked for."""
    camera = StreamingCamera("multipart/x-mixed-replace; boundary=boundary")
    await gateways.register(make_camera("CAM-1"), arrived_ms=platform_now_ms() - 3_600_000)
    async with camera.running(), gateways.running():
        await gateways.let_in(fetched_from(gateways, "mjpeg", f"{camera.url}/video.cgi", PASSWORD))
        await until(lambda: asyncio.sleep(0, camera.listeners == 1))
        began_ms = platform_now_ms()
        for number in range(40):
            await camera.say(part(SCENE + bytes([number]), "image/jpeg") + BEAT)
            await asyncio.sleep(0.05)

        async def is_there() -> bool:
            return len(await records_in(gateways.kafka, f"{gateways.namespace}.frames")) > 3

        await until(is_there)
        records = await records_in(gateways.kafka, f"{gateways.namespace}.frames")
        frames = [msgspec.msgpack.decode(one.value, type=Frame) for one in records]
        took_s = (platform_now_ms() - began_ms) / 1000
    assert {"CAM-1"} == {one.camera_id for one in frames}
    assert all(one.image.startswith(SCENE) for one in frames)
    assert len(frames) <= took_s * 8 / 0.9 + 1
    assert ["/video.cgi"] == camera.asked
