"""A source that sends reads a second time: in another order, to other partitions, compressed, in transactions."""

from random import Random
from typing import Any, ClassVar

from aiokafka import AIOKafkaProducer

from pipeline.stream import codec
from schemas.reads import PlateRead, ReadBatch
from schemas.topics import READS
from tests.faults.fault import Fault
from tests.faults.road import NAMESPACE, PARTITIONS, Road

CODECS = (None, "gzip", "snappy", "lz4", "zstd")
OLDER_THAN_S = 8.0  # what was sent since may not have been read: then these would be no second copies
BATCHES = (1, 7, 100)  # reads a record


class ReadsAgain(Fault):
    """The reads of the last minutes are sent again: shuffled, to any partition, with every codec, half of them in
    transactions, some of which are aborted."""

    name: ClassVar[str] = "reads_again"
    promise: ClassVar[str] = (
        "a read that comes again, wherever and in whatever form, leads to nothing that was not there"
    )

    def __init__(self) -> None:
        self._random = Random()

    def choose(self, random: Random) -> str:
        self._random = Random(random.random())
        return f"{len(CODECS)} codecs, {len(BATCHES)} sizes, in and out of transactions"

    async def strike(self, road: Road) -> None:
        reads = road.sent_before(OLDER_THAN_S)
        self._random.shuffle(reads)
        for compression in CODECS:
            some, reads = reads[: len(reads) // 2], reads[len(reads) // 2 :]
            await self._send(road, some, compression)

    async def _send(self, road: Road, reads: list[PlateRead], compression: str | None) -> None:
        options: dict[str, Any] = {"compression_type": compression, "linger_ms": 20}
        in_transaction = self._random.random() < 0.5
        if in_transaction:
            options["transactional_id"] = f"again-{self._random.random()}"
        producer = AIOKafkaProducer(**options, **road.pair.kafka.client_kwargs())
        await producer.start()
        try:
            if in_transaction:
                await producer.begin_transaction()
            while reads:
                size = self._random.choice(BATCHES)
                some, reads = reads[:size], reads[size:]
                value = codec.encode(READS, ReadBatch(reads=tuple(some)))
                partition = self._random.randrange(PARTITIONS["reads"])
                await producer.send(f"{NAMESPACE}.reads", value, partition=partition)
            if in_transaction and self._random.random() < 0.3:
                await producer.abort_transaction()
            elif in_transaction:
                await producer.commit_transaction()
            else:
                await producer.flush()
        finally:
            await producer.stop()
