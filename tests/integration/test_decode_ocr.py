"""decode and ocr on the real stores: the same reads as a picture read here, a crash in mid-passage, what cannot be decoded."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import numpy as np
from aiokafka import AIOKafkaConsumer
from redis.asyncio import Redis

from agents import agent_named, decode
from agents.decode import DecodeHandler
from pipeline.evidence.store import EvidenceStore
from pipeline.reads.admission import check_time
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.runtime.sender import Outgoing, Sender
from pipeline.runtime.settings import load_settings
from pipeline.state.collections import CAMERAS
from pipeline.state.replica_writer import ReplicaWriter
from pipeline.state.spent_detections import SpentDetections
from pipeline.stream import codec
from pipeline.stream.app import run_agent
from pipeline.stream.context import Context
from pipeline.stream.metrics import StageMetrics
from pipeline.stream.outputs import Outputs, Record
from pipeline.vision.passages import IDLE_MS
from pipeline.vision.pictures import decode_picture, encode_jpeg
from pipeline.vision.reading import PlateReader
from pipeline.vision.rendering.passages import render_passage
from pipeline.vision.scene import read_picture
from pipeline.vision.tracking import Spent
from schemas.outcomes import DeadLetter
from schemas.pictures import Frame, Track
from schemas.reads import PlateRead, ReadBatch
from schemas.topics import DEAD_LETTERS, FRAMES, READS, Topic
from tests.builders import KEPT_DAYS, NOON_MS, make_camera

PLATES = ("1ABC234", "2XYZ987", "AB123CD")


def passage(plate: str, camera_id: str, at_ms: int, views: int = 5) -> list[Frame]:
    """The frames of one vehicle that approaches a camera."""
    return render_passage(Random(plate), plate, "BE", views=views).frames(camera_id, at_ms)


def records_of(frames: Sequence[Frame], first_offset: int = 0) -> list[Record[Frame]]:
    """Frames as the stage gives them, of partition 0."""
    return [Record("frames", 0, first_offset + n, NOON_MS, frame, b"") for n, frame in enumerate(frames)]


def tracks_of(outputs: Outputs) -> list[Track]:
    """The tracks among what a handler wants sent."""
    return [message for _, message, _, _ in outputs.sends if isinstance(message, Track)]


class Clock:
    """The platform's clock, set by the test."""

    def __init__(self) -> None:
        self.now_ms = NOON_MS

    def __call__(self) -> int:
        return self.now_ms


def decoder_on(redis: Redis, namespace: str, clock: Clock) -> DecodeHandler:
    """A decoder as a fresh process has it."""
    return DecodeHandler(SpentDetections(redis, namespace), clock, partial(check_time, retention_days=KEPT_DAYS))


async def settle(outputs: Outputs) -> Outputs:
    """What the stage does when the broker has acknowledged all."""
    if outputs.settled is not None:
        await outputs.settled()
    return outputs


async def test_a_process_killed_between_two_passages_makes_each_once(redis: Redis) -> None:
    """One vehicle was handed on, the next is in view: started again from what is held back, nothing is lost or made twice."""
    namespace, clock = f"t{secrets.token_hex(4)}", Clock()
    frames = passage("1ABC234", "C1", NOON_MS) + passage("2XYZ987", "C1", NOON_MS + 1_000)
    undisturbed = decoder_on(redis, f"{namespace}-other", clock)
    expected = tracks_of(await undisturbed.handle(records_of(frames)))
    clock.now_ms += IDLE_MS
    expected += tracks_of(await undisturbed.handle([]))

    killed = decoder_on(redis, namespace, clock)
    before = await settle(await killed.handle(records_of(frames[:7])))
    again = decoder_on(redis, namespace, clock)
    after = tracks_of(await again.handle(records_of(frames[before.hold[0] :], before.hold[0])))
    clock.now_ms += IDLE_MS
    after += tracks_of(await again.handle([]))

    assert before.hold[0] == 5
    assert sorted(track.track_id for track in expected) == sorted(t.track_id for t in tracks_of(before) + after)


async def test_frames_that_come_again_after_their_track_was_sent_are_used_up(redis: Redis) -> None:
    """The crash came after the tracks were safe and before the offsets were committed."""
    namespace, clock = f"t{secrets.token_hex(4)}", Clock()
    frames = records_of(passage("1ABC234", "C1", NOON_MS))
    first = decoder_on(redis, namespace, clock)
    assert 1 == len(tracks_of(await settle(await first.handle(frames))))
    again = decoder_on(redis, namespace, clock)
    sent = tracks_of(await again.handle(frames))
    clock.now_ms += IDLE_MS
    assert [] == sent + tracks_of(await again.handle([]))


async def test_what_was_used_up_is_forgotten_once_its_frames_are_committed(redis: Redis) -> None:
    """Not a moment before: until then a crash brings them again."""
    namespace, clock, committed = f"t{secrets.token_hex(4)}", Clock(), dict[int, int]()
    store = SpentDetections(redis, namespace)
    frames = records_of(passage("1ABC234", "C1", NOON_MS) + passage("2XYZ987", "C1", NOON_MS + 60_000))
    decoder = DecodeHandler(store, clock, partial(check_time, retention_days=KEPT_DAYS), committed=lambda: committed)
    await settle(await decoder.handle(frames[:5]))
    clock.now_ms += 60_000
    await settle(await decoder.handle([]))
    assert min(one.offset for one in (await store.load(["C1"]))["C1"]) < 5
    committed[0] = 5
    await settle(await decoder.handle(frames[5:]))
    clock.now_ms += IDLE_MS
    await settle(await decoder.handle([]))
    assert 5 <= min(one.offset for one in (await store.load(["C1"]))["C1"])


async def test_used_up_detections_are_kept_per_camera_and_dropped_when_committed(redis: Redis) -> None:
    """What was saved is loaded, twice saving changes nothing, what lies before the first frame that may come again goes."""
    store = SpentDetections(redis, f"t{secrets.token_hex(4)}")
    spent = [Spent(NOON_MS + number, (1, 2, 3, 4), number, "t-1") for number in range(3)]
    for _ in range(2):
        await store.save({"C1": spent}, {})
    assert {"C1": spent, "C2": []} == await store.load(["C1", "C2"])
    await store.save({"C1": spent[2:]}, {"C1": 2})
    assert {"C1": spent[2:]} == await store.load(["C1"])


async def test_frames_in_which_nothing_moved_are_counted(redis: Redis, tmp_path: Path) -> None:
    """A fixed camera over an empty road: the first frame is searched, the others are not."""
    namespace = f"t{secrets.token_hex(4)}"
    settings = load_settings({"VIGIE_NAMESPACE": namespace, "VIGIE_DATA_DIR": str(tmp_path)}, None)
    await ReplicaWriter(redis, namespace, now_ms=lambda: NOON_MS - 1_000).put(CAMERAS, [make_camera("C1")])
    metrics = StageMetrics("decode")
    context = Context(settings, redis, metrics, Sender({"bootstrap_servers": "none"}), Clock())
    handle = await decode.start(context)
    road = encode_jpeg(np.full((240, 320, 3), 120, np.uint8))
    frames = [
        Frame(camera_id="C1", captured_at_ms=at, received_at_ms=at, image=road) for at in range(NOON_MS, NOON_MS + 5)
    ]
    await handle(records_of(frames))
    await context.close()
    assert 4 == metrics.registry.get_sample_value("vigie_frames_still_total", {"agent": "decode"})


@asynccontextmanager
async def running(
    agents: Sequence[str], kafka: KafkaConnection, redis: Redis, namespace: str, folder: Path
) -> AsyncIterator[None]:
    """These agents, until the block ends."""
    settings = load_settings({"VIGIE_NAMESPACE": namespace, "VIGIE_DATA_DIR": str(folder)}, None)
    stopped = asyncio.Event()
    tasks = [
        asyncio.create_task(run_agent(agent_named(name), settings, kafka, redis, stopped=stopped)) for name in agents
    ]
    try:
        yield
    finally:
        stopped.set()
        await asyncio.gather(*tasks)


async def taken(kafka: KafkaConnection, namespace: str, topic: Topic[Any], *, messages: int) -> list[Any]:
    """What a topic holds once it holds so many messages (the reads of a batch one by one), and whatever follows within a second."""
    found: list[Any] = []
    consumer = AIOKafkaConsumer(f"{namespace}.{topic.name}", auto_offset_reset="earliest", **kafka.client_kwargs())
    await consumer.start()
    try:
        async with asyncio.timeout(120):
            while True:
                fetched = await consumer.getmany(timeout_ms=1_000)
                for record in (record for records in fetched.values() for record in records):
                    message = codec.decode(topic, record.value)
                    found += message.reads if isinstance(message, ReadBatch) else [message]
                if len(found) >= messages and not fetched:
                    return found
    finally:
        await consumer.stop()


async def test_the_stream_reads_what_is_read_here(
    kafka: KafkaConnection, redis: Redis, namespace: str, tmp_path: Path
) -> None:
    """Single pictures through frames and both agents: the reads of read_picture, with pictures to prove them; bad ones refused."""
    now_ms = platform_now_ms()
    pictures = {f"C{n}": passage(plate, f"C{n}", now_ms - 1_000, views=2)[-1] for n, plate in enumerate(PLATES)}
    reader = PlateReader.load()
    expected = {camera_id: read_picture(frame.image, reader).reads for camera_id, frame in pictures.items()}
    bad = [
        msgspec.structs.replace(pictures["C0"], camera_id="C8", image=b"no picture"),
        msgspec.structs.replace(pictures["C0"], camera_id="C9", image=pictures["C0"].image[:5_000]),
    ]
    sender = Sender(kafka.client_kwargs())
    await sender.send_all(
        [
            Outgoing(f"{namespace}.frames", codec.encode(FRAMES, frame), frame.camera_id.encode())
            for frame in [*pictures.values(), *bad]
        ]
    )
    async with running(["decode", "ocr"], kafka, redis, namespace, tmp_path):
        reads: list[PlateRead] = await taken(kafka, namespace, READS, messages=sum(map(len, expected.values())))
        letters: list[DeadLetter] = await taken(kafka, namespace, DEAD_LETTERS, messages=len(bad))
    await sender.stop()

    found = {(read.camera_id, read.plate, read.confidence) for read in reads}
    assert found == {(camera_id, read.plate, read.confidence) for camera_id, some in expected.items() for read in some}
    assert ["not_a_picture", "truncated_picture"] == sorted(letter.reason for letter in letters)
    evidence = EvidenceStore.open(tmp_path / "evidence")
    for read in reads:
        assert read.crop is not None
        assert read.overview is not None
        assert pictures[read.camera_id].image == await evidence.get(read.overview)
        assert decode_picture(await evidence.get(read.crop)).shape[1] < 400
