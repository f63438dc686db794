"""Fetched records that wait for a stage's loop, in order, packed until they are needed."""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiokafka.structs import TopicPartition

from pipeline.stream.fetched import RecordBatch
from pipeline.stream.wire import Run

NO_GENERATION = -1


@dataclass(slots=True)
class PartitionQueue:
    """The fetched records that one loop of the stage processes: those of all partitions, or those of one.

    A batch is unpacked when the loop takes it, so that the queue is small and what is decoded is still in the processor's
    cache.
    """

    waiting: deque[tuple[TopicPartition, RecordBatch | Sequence[Any]]] = field(default_factory=deque)
    records: int = 0  # how many wait
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    generation: int = NO_GENERATION  # of the consumer group, in which the records were fetched
    busy: bool = False  # the loop has taken a batch and has not settled it yet
    task: asyncio.Task[None] | None = None
    discarded: set[TopicPartition] = field(default_factory=set)  # since the loop took its batch

    def append(self, tp: TopicPartition, batches: Iterable[RecordBatch | Sequence[Any]]) -> None:
        """Queue these batches."""
        for batch in batches:
            self.waiting.append((tp, batch))
            self.records += len(batch)
        self.arrived.set()

    def clear(self, generation: int | None = None) -> None:
        """Discard what waits. generation: that of the records that will come; None: the same."""
        self.waiting.clear()
        self.records = 0
        if generation is not None:
            self.generation = generation

    def discard(self, tp: TopicPartition) -> None:
        """Discard the queued records of this partition, and do not settle those of the batch in flight: both are fetched again."""
        self.discarded.add(tp)
        self.waiting = deque(one for one in self.waiting if one[0] != tp)
        self.records = sum(len(fetched) for _, fetched in self.waiting)

    def records_of(self, tp: TopicPartition) -> int:
        """How many records of this partition wait."""
        return sum(len(fetched) for waiting, fetched in self.waiting if waiting == tp)

    def take(self, records: int, size: int) -> list[Run]:
        """Remove and return the next records: at most `records` of them, and `size` bytes, which the last one may exceed; at
        least one if there is any."""
        batch: list[Run] = []
        self.discarded.clear()
        while self.waiting and records > 0 and size > 0:
            tp, fetched = self.waiting.popleft()
            self.records -= len(fetched)
            if isinstance(fetched, RecordBatch):
                fetched = fetched.unpacked()
            count, size = _fitting(fetched, records, size)
            records -= count
            if count:  # a batch whose records were all compacted away has none
                batch.append((tp, fetched[:count]))
            if count < len(fetched):
                self.waiting.appendleft((tp, fetched[count:]))
                self.records += len(fetched) - count
        return batch


def _fitting(fetched: Sequence[Any], records: int, size: int) -> tuple[int, int]:
    """How many of the records fit into so many records and bytes, and the bytes that are left; the last one may exceed them."""
    count = 0
    for raw in fetched[:records]:
        size -= len(raw.value or b"")
        count += 1
        if size <= 0:
            break
    return count, size
