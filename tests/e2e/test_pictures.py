"""Pictures through the whole road while decode and ocr are killed: the same reads as without any fault, each once."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import msgspec
import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer

from pipeline.runtime.clock import platform_now_ms
from pipeline.sources.producer import open_producer
from pipeline.stream import codec
from pipeline.vision.rendering.passages import render_passage
from schemas.pictures import Frame
from schemas.reads import PlateRead
from schemas.topics import READS
from tests.e2e.road import WholeRoad

pytestmark = pytest.mark.timeout(300)
PASSAGES = 40
PLATES = [f"1{chr(65 + number % 8)}BX{300 + 7 * number}" for number in range(PASSAGES)]


@pytest_asyncio.fixture
async def road(tmp_path: Path) -> AsyncIterator[WholeRoad]:
    """A platform of the test's own: it may be harmed."""
    async with WholeRoad(tmp_path) as made:
        yield made


def frames_of(road: WholeRoad, started_ms: int) -> list[Frame]:
    """Passages over four cameras, two seconds apart at each, in the order of their capture."""
    cameras = [camera.camera_id for camera in road.network.cameras if camera.position is not None][:4]
    frames: list[Frame] = []
    for number, plate in enumerate(PLATES):
        passage = render_passage(Random(number), plate, "BE", views=4)
        frames += passage.frames(cameras[number % 4], started_ms + number * 500)
    return sorted(frames, key=lambda frame: frame.captured_at_ms)


async def reads_of(road: WholeRoad, consumer: AIOKafkaConsumer, count: int) -> list[PlateRead]:
    """All reads of pictures, once there are so many different ones and no more come for three seconds."""
    found: list[PlateRead] = []
    async with asyncio.timeout(150):
        while True:
            fetched = await consumer.getmany(timeout_ms=3_000)
            for record in (record for records in fetched.values() for record in records):
                found += codec.decode(READS, record.value).reads
            if len({read.read_id for read in found}) >= count and not fetched:
                return found


async def test_decode_and_ocr_killed_in_mid_stream_lose_and_double_no_passage(road: WholeRoad) -> None:
    """kill -9 of both while vehicles pass: one read by id for each passage, with the plate that it carries."""
    assert road.platform.fleet
    servers, namespace = road.platform.servers, road.platform.settings.namespace
    consumer = AIOKafkaConsumer(f"{namespace}.reads", auto_offset_reset="earliest", **servers.kafka.client_kwargs())
    await consumer.start()
    try:
        async with open_producer(servers.kafka.client_kwargs(), namespace=namespace) as producer:
            started_ms = platform_now_ms()
            kills = {len(PLATES): "decode", 2 * len(PLATES): "ocr", 3 * len(PLATES): "decode"}
            for number, frame in enumerate(frames_of(road, started_ms)):
                await asyncio.sleep(max(0, frame.captured_at_ms - platform_now_ms()) / 1000)
                await producer.put_frame(msgspec.structs.replace(frame, received_at_ms=platform_now_ms()))
                for worker in road.platform.fleet.of(kills.get(number, "none")):
                    worker.process.kill()
        reads = await reads_of(road, consumer, PASSAGES)
    finally:
        await consumer.stop()
    by_id = {read.read_id: read for read in reads}
    assert sorted(PLATES) == sorted(read.plate for read in by_id.values())
    assert [] == road.dead_letters


async def test_what_is_no_picture_is_told_and_the_stream_goes_on(road: WholeRoad) -> None:
    """A text, a truncated JPEG, one pixel, a decompression bomb, a camera nobody knows, times that cannot be: each a reason."""
    servers, namespace = road.platform.servers, road.platform.settings.namespace
    good = frames_of(road, platform_now_ms())[3]
    now_ms = platform_now_ms()

    def frame(image: bytes, **changes: object) -> Frame:
        return msgspec.structs.replace(good, image=image, captured_at_ms=now_ms, **changes)

    bad = [
        frame(b"no picture at all"),
        frame(good.image[: len(good.image) // 2]),
        frame(png(1, 1)),
        frame(png(60_000, 60_000)),
    ]
    unknown = frame(good.image, camera_id="NOBODY")
    future = msgspec.structs.replace(good, captured_at_ms=now_ms + 3_600_000)
    last_year = msgspec.structs.replace(good, captured_at_ms=now_ms - 365 * 86_400_000)
    async with open_producer(servers.kafka.client_kwargs(), namespace=namespace) as producer:
        for one in [*bad, unknown, future, last_year]:
            await producer.put_frame(one)
    async with asyncio.timeout(60):
        while len(road.dead_letters) < 7:  # noqa: ASYNC110 - a watcher fills the list
            await asyncio.sleep(0.1)
    reasons = sorted(letter.reason for letter in road.dead_letters)
    assert reasons == [
        "captured_in_future", "not_a_picture", "older_than_retention", "picture_too_large", "picture_too_small",
        "truncated_picture", "unknown_camera",
    ]  # fmt: skip


def png(width: int, height: int) -> bytes:
    """A valid PNG header of this size; behind it a little data that would unpack to black."""
    import struct
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes(min(height, 1000) * (min(width, 1000) + 1)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
