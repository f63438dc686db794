"""What waits for a stage's loop: fetched records, in order, packed until their turn has come."""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiokafka.structs import TopicPartition

from pipeline.stream.fetched import RecordBatch
from pipeline.stream.wire import Run


@dataclass(slots=True)
class Lane:
    """A queue of fetched records that one loop works off. One for all partitions, or one for each.

    A batch is unpacked when its turn has come: what waits is small, and what is decoded is still in the processor's cache.
    """

    waiting: deque[tuple[TopicPartition, RecordBatch | Sequence[Any]]] = field(default_factory=deque)
    records: int = 0  # how many wait
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    generation: int = -1
    busy: bool = False
    task: asyncio.Task[None] | None = None
    dropped: set[TopicPartition] = field(default_factory=set)  # since the batch in hand was taken

    def keep(self, tp: TopicPartition, batches: Iterable[RecordBatch | Sequence[Any]]) -> None:
        """Have these wait, too."""
        for batch in batches:
            self.waiting.append((tp, batch))
            self.records += len(batch)
        self.arrived.set()

    def clear(self) -> None:
        """Nothing waits any more."""
        self.waiting.clear()
        self.records = 0

    def drop(self, tp: TopicPartition) -> None:
        """Nothing of this partition waits any more, and what is in hand of it counts for nothing: it comes again."""
        self.dropped.add(tp)
        self.waiting = deque(one for one in self.waiting if one[0] != tp)
        self.records = sum(len(fetched) for _, fetched in self.waiting)

    def taken(self, records: int, size: int) -> list[Run]:
        """The next records, at most so many and of so many bytes, but at least one if there is any; they wait no longer."""
        batch: list[Run] = []
        self.dropped.clear()
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
    """How many of the records fit, and how many bytes are left then; the last one may overdraw them."""
    count = 0
    for raw in fetched[:records]:
        size -= len(raw.value or b"")
        count += 1
        if size <= 0:
            break
    return count, size
