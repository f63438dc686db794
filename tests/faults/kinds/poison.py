"""Records that no source should send."""

import struct
import zlib
from collections.abc import Iterator
from random import Random
from typing import Any, ClassVar

import msgspec
from aiokafka import AIOKafkaProducer

from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.sender import OVERHEAD_BYTES
from pipeline.stream import codec
from schemas import ids
from schemas.outcomes import Forward
from schemas.pictures import Crop, Frame, Track
from schemas.reads import PlateRead, ReadBatch
from schemas.topics import FORWARDS, FRAMES, TOPICS, TRACKS
from tests.faults.fault import Fault
from tests.faults.road import NAMESPACE, PARTITIONS, Road

PLATE = "1POI999"  # of the reads that can be read, but may not enter
_DEEP = 100_000
_FUTURE_MS = 4_000_000_000_000
PAYLOADS: tuple[bytes | None, ...] = (
    None, b"", b"\0", b"not json", b"\xff\xfe\xfd", b"null", b"[]", b"{}", b'"reads"', b"9" * 400_000,
    b'{"reads":[]}', b'{"reads":{}}', b'{"reads":[null,1,"x"]}', b'{"reads":[{"read_id":"\\ud800"}]}',
    b'{"reads":[NaN,Infinity]}', b'{"reads":[1e999,-0,true,"\\u0000"]}', b'{"reads":[' + b"9" * 9_000 + b"]}",
    b'{"reads":[' + b"0," * 60_000 + b"0]}", b'{"reads":[{"captured_at_ms":1e30,"plate":["x"]}],"reads":7}', b"\xef\xbb\xbf{}",
    b"[" * _DEEP, b'{"reads":' + b"[" * _DEEP, b'{"reads":[{"read_id":' + b"[" * _DEEP, b"\x81\xa1x" + b"\x91" * _DEEP,
)  # fmt: skip
_TOLD_BY = {"frames": ("decode",), "tracks": ("ocr",), "reads": ("hotlist",),
            "alerts": ("cross_border",), "forwards": ("liaison",),
            "violations": (), "receipts": ("incidents",), "actions": ("incidents",), "incidents": (),
            "judgements": (),
            "dead_letters": (), "accesses": ("audit",), "checkpoints": ()}  # fmt: skip
MOST_BYTES = {topic.name: topic.max_message_bytes - OVERHEAD_BYTES for topic in TOPICS}


class PoisonRecords(Fault):
    """Garbage on every topic, and reads that may not enter. Each agent that reads the topic must make a dead letter of each,
    with its topic, partition and offset."""

    name: ClassVar[str] = "poison"
    promise: ClassVar[str] = "every poisoned record is in the dead letters with its place; everything else goes on"

    def __init__(self) -> None:
        self.expected: list[tuple[str, str, int, int]] = []  # stage, topic, partition, offset
        self._random = Random()

    def choose(self, random: Random) -> str:
        self._random = Random(random.random())
        return f"{len(PAYLOADS)} kinds on {len(_TOLD_BY)} topics"

    async def strike(self, road: Road) -> None:
        kwargs = road.pair.kafka.client_kwargs()
        # idempotent: a record that is sent again would be a second one, which nobody expects
        producer = AIOKafkaProducer(enable_idempotence=True, max_request_size=2**20, **kwargs)
        await producer.start()
        try:
            for topic, stages in _TOLD_BY.items():
                for payload in PAYLOADS:
                    if payload is None or len(payload) < MOST_BYTES[topic]:  # what is larger the broker refuses
                        await self._put(producer, topic, payload, stages)
            for topic, value, stages in _wicked(self._random):
                await self._put(producer, topic, value, stages)
            for batch in (_from_nowhere(), _from_the_future(road)):
                await self._put(producer, "reads", msgspec.json.encode(batch), ("hotlist",))
        finally:
            await producer.stop()

    async def _put(self, producer: Any, topic: str, payload: bytes | None, stages: tuple[str, ...]) -> None:
        partition = self._random.randrange(PARTITIONS[topic])
        name = f"{NAMESPACE}.{topic}"
        placed = await producer.send_and_wait(name, payload, key=b"poison", partition=partition)
        self.expected += [(stage, name, partition, placed.offset) for stage in stages]


def _wicked(random: Random) -> Iterator[tuple[str, bytes, tuple[str, ...]]]:
    """Well-formed messages with impossible content: topic, value, and the agents that must make a dead letter of it."""
    now_ms, name = platform_now_ms(), random.randbytes(8).hex()
    for image in (b"", b"no picture", b"\xff\xd8\xff\xe0 the beginning of one", _huge_png()):
        frame = Frame(camera_id="POISON", captured_at_ms=now_ms, received_at_ms=now_ms, image=image)
        yield "frames", codec.encode(FRAMES, frame), ("decode",)
        crop = Crop(captured_at_ms=now_ms, image=image, box=(-(2**40), 0, 2**40, 0), quality=1.0)
        track = Track(track_id=name, camera_id="POISON", captured_at_ms=now_ms, received_at_ms=now_ms, crops=(crop,),
                      overview=image, overview_captured_at_ms=now_ms)  # fmt: skip
        yield "tracks", codec.encode(TRACKS, track), ("ocr",)
    for at_ms in (0, _FUTURE_MS):
        frame = Frame(camera_id="POISON", captured_at_ms=at_ms, received_at_ms=now_ms, image=b"")
        yield "frames", codec.encode(FRAMES, frame), ("decode",)
    yield "forwards", codec.encode(FORWARDS, _to_nobody(name, now_ms)), ("liaison",)


def _huge_png() -> bytes:
    """A PNG of a few bytes whose header claims four billion pixels."""
    header = struct.pack(">II5B", 65_000, 65_000, 8, 2, 0, 0, 0)
    crc = struct.pack(">I", zlib.crc32(b"IHDR" + header))
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", len(header)) + b"IHDR" + header + crc


def _to_nobody(name: str, now_ms: int) -> Forward:
    words = dict.fromkeys(
        ("case_reference", "legal_basis", "purpose", "handling_code", "offence_category", "place", "contact"), "x"
    )
    return Forward(
        forward_id=f"f-{name}", to_country="ZZ", plate=PLATE, confidence=1.0, captured_at_ms=now_ms, action="report",
        created_at_ms=now_ms, expires_at_ms=now_ms + 60_000, **words,
    )  # fmt: skip


def _from_nowhere() -> ReadBatch:
    return ReadBatch(reads=(_read("NO-SUCH-CAMERA", 1_767_225_600_000),))


def _from_the_future(road: Road) -> ReadBatch:
    return ReadBatch(reads=(_read(road.network.cameras[0].camera_id, _FUTURE_MS),))


def _read(camera_id: str, at_ms: int) -> PlateRead:
    return PlateRead(
        read_id=ids.read_id(camera_id, at_ms, PLATE), camera_id=camera_id, captured_at_ms=at_ms,
        received_at_ms=at_ms, plate=PLATE, confidence=0.9,
    )  # fmt: skip
