"""Packs reads into batches by partition: at most 100 together, all due once one of them has waited for 20 ms."""

from typing import NamedTuple

from pipeline.runtime.partitioner import partition_of
from schemas.reads import MAX_BATCH, PlateRead, ReadBatch

HOLD_MS = 20


class Packed(NamedTuple):
    """A batch and the partition that all its cameras belong to."""

    partition: int
    batch: ReadBatch


class Packer:
    """Collects reads by partition. The reads of one camera keep their order."""

    def __init__(self, partitions: int, *, hold_ms: int = HOLD_MS, size: int = MAX_BATCH) -> None:
        """partitions: of the reads topic. hold_ms: for how long a read waits for others. size: 1..100 reads a batch. Raises
        ValueError for another size, or no partition."""
        if not 1 <= size <= MAX_BATCH or partitions < 1:
            raise ValueError(f"a batch holds 1 to {MAX_BATCH} reads, a topic has at least one partition")
        self._hold_ms, self._size, self._partitions = hold_ms, size, partitions
        self._open: dict[int, tuple[float, list[PlateRead]]] = {}
        self._of_camera: dict[str, int] = {}

    def add(self, read: PlateRead, now_ms: float) -> Packed | None:
        """Add a read. Returns the batch that it fills, or None. now_ms: of any steady clock, the same as for due()."""
        partition = self._of_camera.get(read.camera_id)
        if partition is None:
            partition = self._of_camera[read.camera_id] = partition_of(read.camera_id.encode(), self._partitions)
        _, reads = self._open.setdefault(partition, (now_ms, []))
        reads.append(read)
        return self._close(partition) if len(reads) >= self._size else None

    def due(self, now_ms: float) -> list[Packed]:
        """Remove and return all batches held, oldest first, once one of them has been held for hold_ms; until then an empty
        list. now_ms: see add.

        The batches travel in one request, and those who read the partitions get them in one answer.
        """
        oldest_ms = min((since_ms for since_ms, _ in self._open.values()), default=now_ms)
        return self.flush() if self._open and now_ms - oldest_ms >= self._hold_ms else []

    def flush(self) -> list[Packed]:
        """Remove and return all batches held, whether due or not, oldest first."""
        ready = sorted((since_ms, partition) for partition, (since_ms, _) in self._open.items())
        return [self._close(partition) for _, partition in ready]

    def _close(self, partition: int) -> Packed:
        _, reads = self._open.pop(partition)
        return Packed(partition, ReadBatch(reads=tuple(reads)))
