"""Records that nobody should have sent."""

from random import Random
from typing import Any, ClassVar

import msgspec
from aiokafka import AIOKafkaProducer

from schemas import ids
from schemas.reads import PlateRead, ReadBatch
from tests.faults.fault import Fault
from tests.faults.road import NAMESPACE, PARTITIONS, Road

PLATE = "1POI999"  # of the reads that can be read, but may not enter
_DEEP = 100_000
_FUTURE_MS = 4_000_000_000_000
PAYLOADS: tuple[bytes | None, ...] = (
    None, b"", b"\0", b"not json", b"\xff\xfe\xfd", b"null", b"[]", b"{}", b'"reads"', b"9" * 400_000,
    b'{"reads":[]}', b'{"reads":{}}', b'{"reads":[null,1,"x"]}', b'{"reads":[{"read_id":"\\ud800"}]}',
    b"[" * _DEEP, b'{"reads":' + b"[" * _DEEP, b'{"reads":[{"read_id":' + b"[" * _DEEP, b"\x81\xa1x" + b"\x91" * _DEEP,
)  # fmt: skip
_TOLD_BY = {"frames": ("decode",), "tracks": ("ocr",), "reads": ("hotlist", "section_control"),
            "alerts": ("cross_border",), "forwards": ("liaison",)}  # fmt: skip


class PoisonRecords(Fault):
    """Garbage on every topic, and reads that may not enter: each must be dead-lettered with its place by whoever reads there."""

    name: ClassVar[str] = "poison"
    promise: ClassVar[str] = "every poisoned record is in the dead letters with its place; everything else goes on"

    def __init__(self) -> None:
        self.expected: list[tuple[str, str, int, int]] = []  # stage, topic, partition, offset
        self._random = Random()

    def choose(self, random: Random) -> str:
        self._random = Random(random.random())
        return f"{len(PAYLOADS)} kinds on {len(_TOLD_BY)} topics"

    async def strike(self, road: Road) -> None:
        producer = AIOKafkaProducer(acks="all", max_request_size=2**20, **road.pair.kafka.client_kwargs())
        await producer.start()
        try:
            for topic, stages in _TOLD_BY.items():
                for payload in PAYLOADS:
                    await self._put(producer, topic, payload, stages)
            for batch in (_from_nowhere(), _from_the_future(road)):
                await self._put(producer, "reads", msgspec.json.encode(batch), ("hotlist",))
        finally:
            await producer.stop()

    async def _put(self, producer: Any, topic: str, payload: bytes | None, stages: tuple[str, ...]) -> None:
        partition = self._random.randrange(PARTITIONS.get(topic, 32))
        name = f"{NAMESPACE}.{topic}"
        placed = await producer.send_and_wait(name, payload, key=b"poison", partition=partition)
        self.expected += [(stage, name, partition, placed.offset) for stage in stages]


def _from_nowhere() -> ReadBatch:
    return ReadBatch(reads=(_read("NO-SUCH-CAMERA", 1_767_225_600_000),))


def _from_the_future(road: Road) -> ReadBatch:
    return ReadBatch(reads=(_read(road.network.cameras[0].camera_id, _FUTURE_MS),))


def _read(camera_id: str, at_ms: int) -> PlateRead:
    return PlateRead(
        read_id=ids.read_id(camera_id, at_ms, PLATE), camera_id=camera_id, captured_at_ms=at_ms,
        received_at_ms=at_ms, plate=PLATE, confidence=0.9,
    )  # fmt: skip
