"""The agent decode: finds plates in frames, follows them per camera, and sends the best crops of each passage once, as a
track.

The offset of a passage's first frame is not committed while the passage is open, so that its frames come again after a
crash. Frames of passages that were already sent come again with them: the detections that these used up are in Redis before
the commit, and are not used twice.

Known cameras need less work: plates outside a camera's regions are not followed, and a fixed camera's frame in which nothing
moved is not searched.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import msgspec

from pipeline.errors import BadRecord
from pipeline.reads.admission import Refusal, check_time, purposes_of
from pipeline.reads.versions import Versions
from pipeline.state.collections import CAMERAS
from pipeline.state.mirror import Mirror
from pipeline.state.spent_detections import SpentDetections
from pipeline.stream.agent import Agent, RedisState
from pipeline.stream.context import Context
from pipeline.stream.outputs import Handler, Outputs, Record
from pipeline.vision.bounded_decoder import BoundedDecoder
from pipeline.vision.motion import CameraView
from pipeline.vision.passages import Passages, PictureLine, track_of, warm_up
from pipeline.vision.pictures import one_thread
from pipeline.vision.tracking import TrackedPassage
from schemas.pictures import Frame, Track
from schemas.reference import Camera
from schemas.topics import FRAMES, TRACKS


async def start(context: Context) -> Handler[Frame]:
    """Begin without passages: the frames of those that were open come again. Returns the handler. Raises Unavailable when
    Redis is away."""
    one_thread()
    context.on_stop((await BoundedDecoder.installed()).stop)
    settings = context.settings
    check = partial(check_time, future_bound_ms=settings.future_bound_ms, retention_days=settings.retention_days)
    replica = Mirror(CAMERAS)
    await context.follow(replica, CAMERAS)
    spent = SpentDetections(context.redis, settings.namespace)
    still = context.metrics.counter(
        "vigie_frames_still", "Frames that were not searched, because nothing moved in them"
    )
    await asyncio.to_thread(warm_up)
    decoder = DecodeHandler(
        spent, context.now_ms, check, context.waiting, context.committed, replica.of(CAMERAS), count_still=still.inc
    )
    context.on_reset(decoder.forget)
    return decoder.handle


@dataclass(slots=True)
class DecodeHandler:
    """The handler, and what it keeps between batches."""

    spent: SpentDetections
    now_ms: Callable[[], int]
    check: Callable[[int, int], Refusal | None]  # captured_at_ms, now_ms
    waiting: Callable[[int], int] = lambda _partition: 0  # records of a partition that were not handled yet
    # by partition, the offset that the group begins at after a crash
    committed: Callable[[], Mapping[int, int]] = dict
    cameras: Versions[Camera] = field(default_factory=Versions)  # what is known of them; a camera may be unknown yet
    passages: Passages = field(default_factory=Passages)
    count_still: Callable[[int], None] = lambda _frames: None  # frames that were not searched since the last call
    _complete: list[TrackedPassage] = field(default_factory=list)  # not handed on yet

    def forget(self) -> None:
        """Forget all open passages: the partitions were reassigned."""
        self.passages.clear()
        self._complete.clear()

    async def handle(self, records: Sequence[Record[Frame]]) -> Outputs:
        """Returns the tracks of the passages that these frames complete, and of passages whose time is over. Raises
        Unavailable, before anything is changed, while Redis is away and a camera is new to this worker."""
        outputs = Outputs()
        await self._meet(records)
        still_before = self.passages.watched_still
        await asyncio.to_thread(self._watch, records, outputs)
        self.count_still(self.passages.watched_still - still_before)
        handled = {record.partition: record.offset for record in records}
        passages, self._complete = self._complete, []
        passages += self.passages.flush(self.now_ms(), lambda partition: self._caught_up(partition, handled))
        for track in await asyncio.to_thread(
            lambda: [track_of(passage, self._line_of(passage)) for passage in passages]
        ):
            outputs.send(TRACKS, self._with_purposes(track), key=track.camera_id)
        outputs.hold = self.passages.open_since()
        self._settle_later(outputs)
        self.passages.forget_silent(self.now_ms())
        return outputs

    def _line_of(self, passage: TrackedPassage) -> PictureLine | None:
        """The section's line in the picture of the passage's camera, as it was at the capture; None: it has none, or the camera is
        not known."""
        frame = passage.seen[0].frame
        camera = self.cameras.known_at(frame.camera_id, frame.captured_at_ms)
        return camera.line if camera else None

    def _with_purposes(self, track: Track) -> Track:
        """The track with its camera's network, and what the camera's reads may be used for, as they were at the capture."""
        camera = self.cameras.known_at(track.camera_id, track.captured_at_ms)
        if camera is None:
            return track
        return msgspec.structs.replace(track, network=camera.network, purposes=purposes_of(camera))

    def _watch(self, records: Sequence[Record[Frame]], outputs: Outputs) -> None:
        """Follow the plates of each frame; refuse frames that may not enter or cannot be decoded.

        Complete passages are kept: when a later frame fails, all frames come again, and no passage may be lost.
        """
        for record in records:
            try:
                self._complete += self._watch_one(record)
            except BadRecord as error:
                outputs.refuse(record, error.reason, error.detail)

    def _watch_one(self, record: Record[Frame]) -> list[TrackedPassage]:
        frame, now_ms = record.message, self.now_ms()
        refusal = self.check(frame.captured_at_ms, record.now_ms(now_ms))
        if refusal:
            raise BadRecord(refusal.reason, refusal.detail)
        view = CameraView.of(self.cameras.known_at(frame.camera_id, frame.captured_at_ms))
        return self.passages.watch(frame, record.offset, now_ms, record.recorded_at_ms, view)

    def _caught_up(self, partition: int, handled: dict[int, int]) -> bool:
        return partition not in handled and self.waiting(partition) == 0

    async def _meet(self, records: Sequence[Record[Frame]]) -> None:
        """Begin to follow the cameras that are new to this worker."""
        partitions = {record.message.camera_id: record.partition for record in records}
        known = await self.spent.load(self.passages.unknown(partitions))
        for camera_id, spent in known.items():
            self.passages.add(camera_id, partitions[camera_id], spent)

    def _settle_later(self, outputs: Outputs) -> None:
        """Write the used-up detections when the tracks are acknowledged, and forget those whose frames can no longer come
        again."""
        spent, keep_from = self.passages.take_spent(), self.committed()
        self.passages.forget_spent(keep_from)
        if spent:
            partitions = {camera_id: self.passages.partition_of(camera_id) for camera_id in spent}
            by_camera = {camera_id: keep_from[p] for camera_id, p in partitions.items() if p in keep_from}
            outputs.settled = lambda: self.spent.save(spent, by_camera)


AGENT = Agent(
    name="decode",
    source=FRAMES,
    outputs=(TRACKS,),
    start=start,
    max_records=16,  # some 0.4 s of work: a batch's tracks leave together
    tick_ms=100,  # so that a passage ends although its camera sends nothing more
    redis_state=RedisState(if_lost="frames that come again after a crash may give a passage a second track"),
)
