"""What a stage has committed: where a worker goes on that takes its place."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

from aiokafka.structs import TopicPartition
from faust.types import TP

from pipeline.stream import codec
from pipeline.stream.batch import StageOptions
from pipeline.stream.fetched import Chunk
from pipeline.stream.metrics import StageMetrics
from pipeline.stream.outputs import Outputs, Record
from pipeline.stream.progress import Progress, RereadFrom
from pipeline.stream.stage import Stage
from schemas.reads import ReadBatch
from schemas.topics import READS
from tests.builders import make_read

ONE, TWO = TopicPartition("t.reads", 1), TopicPartition("t.reads", 2)
PAYLOAD = codec.encode(READS, ReadBatch(reads=(make_read(),)))


class Fetch(list[Any]):
    """Records as a fetch brings them, from this offset on."""

    def __init__(self, first: int, count: int) -> None:
        super().__init__(SimpleNamespace(offset=first + at, timestamp=1_000, value=PAYLOAD) for at in range(count))
        self.last = first + count - 1

    def since(self, offset: int) -> "Fetch":
        """The rest of it."""
        return Fetch(offset, self.last - offset + 1) if offset > self[0].offset else self


class Held:
    """A handler whose batches wait until they are let go."""

    def __init__(self) -> None:
        self.begun, self.go, self.offsets = asyncio.Event(), asyncio.Event(), list[tuple[int, int]]()

    async def handle(self, records: Sequence[Record[Any]]) -> Outputs:
        """Decide a batch."""
        self.offsets += [(record.partition, record.offset) for record in records]
        self.begun.set()
        await self.go.wait()
        return Outputs()


@asynccontextmanager
async def running(held: Held) -> AsyncIterator[Stage]:
    """A stage at work, with two partitions."""
    options = StageOptions(agent="probe", source=READS, namespace="t")
    stage = Stage(options, held.handle, cast(Any, SimpleNamespace()), StageMetrics("probe"), lambda: 2_000)
    stage.assigned([ONE, TWO])
    work = asyncio.create_task(stage.run())
    try:
        yield stage
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


def take(stage: Stage, **first: int) -> None:
    """Three records of each of these partitions arrive, from this offset on."""
    places = {"one": ONE, "two": TWO}
    stage.take(Chunk(1, {places[name]: cast(Any, [Fetch(offset, 3)]) for name, offset in first.items()}))


async def settled(stage: Stage) -> None:
    """What is in hand is done."""
    async with asyncio.timeout(10):
        while any(queue.busy or queue.waiting for queue in stage._queues.values()):
            await stage.room()


async def test_what_is_settled_is_committed_once() -> None:
    """The next offset of each partition."""
    held = Held()
    held.go.set()
    async with running(held) as stage:
        take(stage, one=10, two=20)
        await settled(stage)
        assert {ONE: 13, TWO: 23} == stage.progress.offsets()
        stage.progress.committed({ONE: 13, TWO: 23})
        assert {} == stage.progress.offsets()


async def test_a_handler_is_told_what_cannot_come_again() -> None:
    """What is settled may come again until the broker has its offset; after a reread, what lies behind it may, too."""
    held = Held()
    held.go.set()
    async with running(held) as stage:
        take(stage, one=10)
        await settled(stage)
        assert {} == stage.progress.committed_offsets()
        stage.progress.committed({ONE: 13})
        assert {ONE: 13} == stage.progress.committed_offsets()
        take(stage, one=13)
        await settled(stage)
        assert {ONE: 13} == stage.progress.committed_offsets()
        stage.rewound({}, {ONE: 3}, {})
        assert {ONE: 3} == stage.progress.committed_offsets()


async def test_a_batch_in_hand_when_its_partition_is_rewound_settles_nothing_of_it() -> None:
    """What was made of it was lost; a worker that died now would otherwise go on behind it. The other partition moves on."""
    held = Held()
    async with running(held) as stage:
        take(stage, one=10, two=20)
        await held.begun.wait()
        stage.rewound({}, {ONE: 3}, {})
        held.go.set()
        await settled(stage)
        assert {ONE: 3, TWO: 23} == stage.progress.offsets()
        take(stage, one=3)
        await settled(stage)
        assert {ONE: 6, TWO: 23} == stage.progress.offsets()
        assert [(1, 3), (1, 4), (1, 5)] == held.offsets[-3:]


async def test_an_offset_that_was_on_its_way_when_its_partition_was_rewound_is_taken_back() -> None:
    """The broker's answer comes after the reread, and is followed by the lower one."""
    held = Held()
    held.go.set()
    async with running(held) as stage:
        take(stage, one=10)
        await settled(stage)
        on_its_way = stage.progress.offsets()
        stage.rewound({}, {ONE: 3}, {})
        stage.progress.committed(on_its_way)
        assert {ONE: 3} == stage.progress.offsets()


async def test_a_reread_is_done_when_the_broker_knows_that_its_partition_went_back() -> None:
    """Not by an offset that was on its way, nor for an earlier reread; where nothing went back, at once."""
    held, once, more = Held(), RereadFrom(back_ms=1), RereadFrom(back_ms=2)
    held.go.set()
    async with running(held) as stage:
        take(stage, one=10, two=20)
        await settled(stage)
        on_its_way = stage.progress.offsets()
        stage.progress.ask_reread({ONE: once, TWO: once})
        assert {ONE: False, TWO: False} == stage.progress.rereads_committed()
        stage.rewound({ONE: once, TWO: once}, {ONE: 3}, {ONE: 500})
        assert ({ONE: False, TWO: True}, {}) == (stage.progress.rereads_committed(), stage.progress.rereads())
        assert (500, 1_000) == (stage.progress.recorded_ms(ONE), stage.progress.recorded_ms(TWO))
        stage.progress.committed(on_its_way)
        assert not stage.progress.rereads_committed()[ONE]
        stage.progress.ask_reread({ONE: more})
        stage.progress.committed(stage.progress.offsets())
        assert ({ONE: False, TWO: True}, {ONE: more}) == (stage.progress.rereads_committed(), stage.progress.rereads())
        stage.rewound({ONE: once}, {}, {})
        assert not stage.progress.rereads_committed()[ONE]
        stage.rewound({ONE: more}, {ONE: 3}, {})
        assert not stage.progress.rereads_committed()[ONE]
        stage.progress.committed(stage.progress.offsets())
        assert {ONE: True, TWO: True} == stage.progress.rereads_committed()
        stage.progress.committed(on_its_way)  # it was tried again by the broker's client, after the reread
        assert ({ONE: False, TWO: True}, 3) == (stage.progress.rereads_committed(), stage.progress.offsets()[ONE])
        stage.progress.committed({ONE: 3})
        stage.progress.ask_reread({ONE: once})
        stage.rewound({ONE: once}, {ONE: 3}, {})  # which the broker has, but another commit may be on its way
        assert ({ONE: False, TWO: True}, 3) == (stage.progress.rereads_committed(), stage.progress.offsets()[ONE])
        stage.assigned([ONE])
        assert {} == stage.progress.rereads_committed()


def test_what_faust_assigned_is_committed_as_aiokafka_takes_it() -> None:
    """Each has a class of its own for a partition; they are equal. A reread comes before anything is settled."""
    progress = Progress()
    progress.begin([cast(Any, TP("t.reads", 1))])
    progress.rewound({}, dict.fromkeys(progress.positions(), 3), {})
    assert [TopicPartition] == [type(tp) for tp in progress.offsets()]
