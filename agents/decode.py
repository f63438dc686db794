"""frames -> tracks: finds plates in pictures, follows them per camera, hands on the best crops of each passage once.

A passage that is still open keeps its first frame uncommitted, so a crash brings its frames again. Frames of passages that were
handed on by then come again with them: what those used up is in Redis before the commit, and is not used twice.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import cv2

from pipeline.errors import BadRecord
from pipeline.intake import Refusal, check_time
from pipeline.runtime.app import Context
from pipeline.runtime.outputs import Handler, Outputs, Record
from pipeline.state.spent_detections import SpentDetections
from pipeline.vision.passages import Passages, sights_in, track_of
from pipeline.vision.sights import Sight
from schemas.pictures import Frame
from schemas.topics import FRAMES, TRACKS

NAME = "decode"
SOURCE = FRAMES
OUTPUTS = (TRACKS,)
TICK_MS = 100  # so that a passage ends although its camera sends nothing more
MAX_RECORDS = 16  # some 0.4 s of work: a batch's tracks leave together
COMMIT_LAG_MS = 20_000  # what is committed is never older than what could have been so long ago
IF_REDIS_FORGETS = "frames that come again after a crash may give a passage a second track"


async def start(context: Context) -> Handler:
    """Begin with no passages: the frames of those that were open come again."""
    cv2.setNumThreads(1)  # one process per core scales better than threads
    settings = context.settings
    check = partial(check_time, future_bound_ms=settings.future_bound_ms, retention_days=settings.retention_days)
    decoder = Decoder(SpentDetections(context.redis, settings.namespace), context.now_ms, context.waiting, check)
    context.on_reset(decoder.forget)
    return decoder.handle


@dataclass(slots=True)
class Decoder:
    """The handler and what it keeps between batches."""

    spent: SpentDetections
    now_ms: Callable[[], int]
    waiting: Callable[[int], int] = lambda _partition: 0  # records of a partition that were not handled yet
    check: Callable[[int, int], Refusal | None] = check_time  # captured_at_ms, now_ms
    passages: Passages = field(default_factory=Passages)
    _safe: deque[tuple[int, dict[int, int]]] = field(
        default_factory=deque
    )  # platform time, offsets that could be committed
    _next: dict[int, int] = field(default_factory=dict)

    def forget(self) -> None:
        """Partitions were reassigned."""
        self.passages.clear()
        self._safe.clear()
        self._next.clear()

    async def handle(self, records: Sequence[Record[Frame]]) -> Outputs:
        """Take frames (none: only time has passed). Raises Unavailable before anything was changed."""
        outputs = Outputs()
        found = await asyncio.to_thread(self._find, records)
        await self._meet([record for record, sights in found if isinstance(sights, list)])
        passages = []
        for record, sights in found:
            self._next[record.partition] = record.offset + 1
            if isinstance(sights, BadRecord):
                outputs.refuse(record, sights.reason, sights.detail)
            else:
                passages += self.passages.observe(
                    record.message, record.offset, sights, self.now_ms(), record.recorded_at_ms
                )
        handled = {record.partition: record.offset for record in records}
        passages += self.passages.flush(self.now_ms(), lambda partition: self._caught_up(partition, handled))
        for track in await asyncio.to_thread(lambda: [track_of(passage) for passage in passages]):
            outputs.send(TRACKS, track, key=track.camera_id)
        outputs.hold = self.passages.open_since()
        self._settle_later(outputs)
        self.passages.forget_silent(self.now_ms())
        return outputs

    def _find(self, records: Sequence[Record[Frame]]) -> list[tuple[Record[Frame], list[Sight] | BadRecord]]:
        """The plates of each frame, or why there are none to be had."""
        found: list[tuple[Record[Frame], list[Sight] | BadRecord]] = []
        for record in records:
            now_ms = record.now_ms(self.now_ms())
            refusal = self.check(record.message.captured_at_ms, now_ms)
            sights = BadRecord(refusal.reason, refusal.detail) if refusal else _sights(record.message.image)
            found.append((record, sights))
        return found

    def _caught_up(self, partition: int, handled: dict[int, int]) -> bool:
        return partition not in handled and self.waiting(partition) == 0

    async def _meet(self, records: Sequence[Record[Frame]]) -> None:
        """Begin to follow cameras that were not seen before."""
        partitions = {record.message.camera_id: record.partition for record in records}
        known = await self.spent.load(self.passages.unknown(partitions))
        for camera_id, spent in known.items():
            self.passages.add(camera_id, partitions[camera_id], spent)

    def _settle_later(self, outputs: Outputs) -> None:
        """Have what was used up written once the tracks are safe, and forget what can no longer come again."""
        spent, keep_from = self.passages.take_spent(), self._committed_by_now(outputs.hold)
        self.passages.forget_spent(keep_from)
        if spent:
            partitions = {camera_id: self.passages.partition_of(camera_id) for camera_id in spent}
            by_camera = {camera_id: keep_from[p] for camera_id, p in partitions.items() if p in keep_from}
            outputs.settled = lambda: self.spent.save(spent, by_camera)

    def _committed_by_now(self, hold: dict[int, int]) -> dict[int, int]:
        """Per partition an offset that has surely been committed: what could have been, COMMIT_LAG_MS ago."""
        now_ms, safe = self.now_ms(), {}
        self._safe.append((now_ms, {p: min(offset, hold.get(p, offset)) for p, offset in self._next.items()}))
        while self._safe and self._safe[0][0] <= now_ms - COMMIT_LAG_MS:
            safe = self._safe.popleft()[1]
        return safe


def _sights(image: bytes) -> list[Sight] | BadRecord:
    try:
        return sights_in(image)
    except BadRecord as error:
        return error
