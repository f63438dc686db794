"""Keeps the trackers of all cameras of one worker, bounded in memory, and makes messages of their passages."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import cv2
import numpy as np

from pipeline.vision.attributes import colour_in
from pipeline.vision.crossing import Crossing, crossing_of
from pipeline.vision.locate import find_plates
from pipeline.vision.motion import CameraView, Motion, in_view
from pipeline.vision.pictures import Picture, decode_picture, encode_jpeg, overview_of, upright_size
from pipeline.vision.sights import Sight, sight_of
from pipeline.vision.tracking import Spent, TrackedPassage, Tracker
from schemas.pictures import Crop, Frame, Track
from schemas.reference import PicturePoint

IDLE_MS = 500  # without a frame for so long, a camera's open passages are handed on
SILENT_MS = 600_000  # platform time without a frame after which a camera is forgotten
MAX_HELD_BYTES = 256 * 1024 * 1024  # pictures of open passages in all
EVERYTHING = CameraView()
PictureLine = tuple[PicturePoint, PicturePoint]
_CHANGED = 1.1  # a plate that grew or shrank by this factor shows the direction


def sights_in(image: bytes) -> list[Sight]:
    """The plates of one encoded picture, best first. Raises BadRecord (see decode_picture). 15 to 30 ms."""
    return sights_of(decode_picture(image))


def sights_of(picture: Picture, view: CameraView = EVERYTHING) -> list[Sight]:
    """The plates of one picture that its camera is to follow, best first. picture: (H, W, 3) uint8 BGR, not modified."""
    boxes = in_view([located.box for located in find_plates(picture)], view, picture)
    return [sight_of(picture, box) for box in boxes]


def warm_up() -> None:
    """Search drawn plates once, so that what libraries set up at their first use does not delay a real picture: 0.2 s."""
    picture = np.full((720, 1280, 3), 90, np.uint8)
    for left, top in ((100, 100), (700, 400)):
        cv2.rectangle(picture, (left, top), (left + 200, top + 42), (20, 200, 240), -1)
        cv2.putText(picture, "AB 1234", (left + 12, top + 34), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (10, 10, 10), 3)
    for _ in range(2):
        sights_in(encode_jpeg(picture))


def track_of(passage: TrackedPassage, line: PictureLine | None = None) -> Track:
    """The message that carries a complete passage to the agent ocr. line: a section's line in the camera's picture, whose
    crossing is timed; None: there is none. Raises BadRecord where the best sight's frame cannot be decoded."""
    best = passage.seen[0]
    frame, growth = best.frame, passage.growth()
    crossing = _crossing(passage, line) if line is not None else None
    return Track(
        track_id=passage.track_id,
        camera_id=frame.camera_id,
        captured_at_ms=frame.captured_at_ms,
        received_at_ms=frame.received_at_ms,
        crops=tuple(
            Crop(
                captured_at_ms=one.frame.captured_at_ms,
                image=one.sight.image,
                box=one.sight.box,
                quality=one.sight.quality,
            )
            for one in passage.seen
        ),
        overview=overview_of(frame.image),
        overview_captured_at_ms=frame.captured_at_ms,
        position=frame.position,
        heading_deg=frame.heading_deg,
        clock=frame.clock,
        direction="approaching" if growth >= _CHANGED else "leaving" if growth <= 1 / _CHANGED else None,
        line_at_ms=crossing.at_ms if crossing else None,
        line_doubt_ms=crossing.doubt_ms if crossing else 0.0,
        colour=colour_in(frame.image, best.sight.box),
    )


def _crossing(passage: TrackedPassage, line: PictureLine) -> Crossing | None:
    """When the plate crossed the line; None when its detections are not on both sides of it."""
    width, height = upright_size(passage.seen[0].frame.image)
    path = [
        (one.captured_at_ms, ((one.box[0] + one.box[2] / 2) / width, (one.box[1] + one.box[3] / 2) / height))
        for one in sorted(passage.detections, key=lambda one: one.captured_at_ms)
    ]
    return crossing_of(path, line)


class Passages:
    """Follows plates with one tracker for each camera. Times named now_ms are the platform's clock; all others are the
    cameras' capture times (UTC).

    A camera counts as idle when its partition has moved on without frames of it, or has no more frames: never because this
    process is behind, so that a backlog gives the same passages as live traffic.
    """

    def __init__(self) -> None:
        self._trackers: dict[str, Tracker] = {}
        self._motion: dict[str, Motion] = {}
        self.watched_still = 0  # frames that were not searched, ever
        self._fed_ms: dict[str, int] = {}
        self._sent_ms: dict[str, int] = {}
        self._partition_ms: dict[int, int] = {}
        self._partitions: dict[str, int] = {}

    def unknown(self, camera_ids: Iterable[str]) -> list[str]:
        """The cameras among these that have no tracker yet; `add` each before its frames."""
        return sorted({camera_id for camera_id in camera_ids if camera_id not in self._trackers})

    def add(self, camera_id: str, partition: int, spent: Sequence[Spent]) -> None:
        """Begin to follow a camera. spent: the detections that passages used up before this worker began."""
        self._trackers[camera_id] = Tracker(camera_id, spent)
        self._partitions[camera_id] = partition

    def partition_of(self, camera_id: str) -> int:
        """The partition that a followed camera's frames come from."""
        return self._partitions[camera_id]

    def watch(
        self, frame: Frame, offset: int, now_ms: int, sent_ms: int | None = None, view: CameraView = EVERYTHING
    ) -> list[TrackedPassage]:
        """Find and follow the plates of one frame; return the passages that are complete now. The camera must have been added.

        A frame of a fixed camera in which nothing moved is not searched while no passage is open. now_ms: the platform's clock.
        sent_ms: when the frame entered the topic; None: now. view: of the camera. Raises BadRecord (see decode_picture).
        """
        picture = decode_picture(frame.image)
        tracker, at_ms = self._trackers[frame.camera_id], frame.captured_at_ms
        if view.fixed and frame.position is None:
            still = self._motion.setdefault(frame.camera_id, Motion()).is_still(picture, at_ms)
            if still and tracker.stay(at_ms, offset):
                self.watched_still += 1
                self._note(frame.camera_id, now_ms, now_ms if sent_ms is None else sent_ms)
                return []
        return self.observe(frame, offset, sights_of(picture, view), now_ms, sent_ms)

    def observe(
        self, frame: Frame, offset: int, sights: Sequence[Sight], now_ms: int, sent_ms: int | None = None
    ) -> list[TrackedPassage]:
        """Take the sights found in one frame of a camera that was added; return the passages that are complete now.

        now_ms: the platform's clock. sent_ms: when the frame entered the topic; None: now.
        """
        self._note(frame.camera_id, now_ms, now_ms if sent_ms is None else sent_ms)
        return self._trackers[frame.camera_id].observe(frame, offset, sights)

    def _note(self, camera_id: str, now_ms: int, sent_ms: int) -> None:
        """Note that a frame of this camera arrived."""
        partition = self._partitions[camera_id]
        self._fed_ms[camera_id] = now_ms
        self._sent_ms[camera_id] = sent_ms
        self._partition_ms[partition] = max(sent_ms, self._partition_ms.get(partition, sent_ms))

    def flush(
        self,
        now_ms: int,
        caught_up: Callable[[int], bool] = lambda _partition: True,
        most_bytes: int = MAX_HELD_BYTES,
    ) -> list[TrackedPassage]:
        """Return and close the open passages of idle cameras; then, while the pictures held take more than most_bytes, those
        of the camera that holds most.

        caught_up: whether every frame that a partition holds now was observed.
        """
        handed_on: list[TrackedPassage] = []
        for camera_id, tracker in self._trackers.items():
            if tracker.open_since() is not None and self._is_idle(camera_id, now_ms, caught_up):
                handed_on += tracker.flush()
        held = {camera_id: tracker.held_bytes() for camera_id, tracker in self._trackers.items()}
        while sum(held.values()) > most_bytes:
            largest = max(held, key=lambda camera_id: held[camera_id])
            handed_on += self._trackers[largest].flush()
            held[largest] = 0
        return handed_on

    def _is_idle(self, camera_id: str, now_ms: int, caught_up: Callable[[int], bool]) -> bool:
        partition = self._partitions[camera_id]
        if self._partition_ms[partition] - self._sent_ms[camera_id] >= IDLE_MS:
            return True
        return now_ms - self._fed_ms[camera_id] >= IDLE_MS and caught_up(partition)

    def forget_silent(self, now_ms: int) -> None:
        """Drop the cameras that sent nothing for SILENT_MS. Call it after take_spent. now_ms: the platform's clock, UTC."""
        for camera_id, fed_ms in list(self._fed_ms.items()):
            if now_ms - fed_ms >= SILENT_MS:
                for known in (self._trackers, self._motion, self._fed_ms, self._sent_ms, self._partitions):
                    known.pop(camera_id, None)

    def open_since(self) -> dict[int, int]:
        """By partition, the offset of the earliest frame that an open passage needs; a partition without open passages is left
        out."""
        since: dict[int, int] = {}
        for camera_id, tracker in self._trackers.items():
            offset, partition = tracker.open_since(), self._partitions[camera_id]
            if offset is not None:
                since[partition] = min(offset, since.get(partition, offset))
        return since

    def take_spent(self) -> dict[str, list[Spent]]:
        """By camera, the detections that passages used up since the last call; cameras without any are left out."""
        taken = {camera_id: tracker.take_spent() for camera_id, tracker in self._trackers.items()}
        return {camera_id: spent for camera_id, spent in taken.items() if spent}

    def forget_spent(self, before_offsets: Mapping[int, int]) -> None:
        """Forget the detections of frames below before_offsets (by partition), which cannot come again."""
        for camera_id, tracker in self._trackers.items():
            if self._partitions[camera_id] in before_offsets:
                tracker.forget_spent(before_offsets[self._partitions[camera_id]])

    def clear(self) -> None:
        """Forget everything: partitions were reassigned, unfinished frames will come again."""
        self._trackers.clear()
        self._motion.clear()
        self._fed_ms.clear()
        self._sent_ms.clear()
        self._partition_ms.clear()
        self._partitions.clear()
