"""Yields the pictures of a video file, each with its time."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from pipeline.errors import BadRecord
from pipeline.vision.costs import MAX_VIDEO_PIXELS, has_costly_jpeg, is_video
from pipeline.vision.pictures import Picture

_JPEGS = {cv2.VideoWriter.fourcc(*name) for name in ("MJPG", "mjpg", "jpeg", "JPEG")} | {0}
"""What a container calls JPEGs; a bare stream of them has no name."""
_USUAL_STEP_MS = 40.0
_SHORTEST_STEP_MS, _LONGEST_STEP_MS = 1.0, 1000.0
_WHOLE = 0.9  # of the frames, and of the time, that a container states; some count frames that hold no picture


@dataclass(slots=True)
class VideoClock:
    """Computes times of a video's frames that only go forward, from the times that its container states.

    Where a stated time is less than 1 ms after the one before, as where two recordings were joined, the frame comes one step later
    instead: the last step that went forward, at most 1000 ms; at the beginning, what the container states, else 40 ms.
    """

    step_ms: float = _USUAL_STEP_MS
    shift_ms: float = 0.0
    before_ms: float | None = None  # the container's time of the last frame

    def at(self, container_ms: float) -> float:
        """The time of the next frame, in ms since the start."""
        before, self.before_ms = self.before_ms, container_ms
        if before is not None:
            step = container_ms - before
            if step >= _SHORTEST_STEP_MS:
                self.step_ms = min(step, _LONGEST_STEP_MS)
            else:
                self.shift_ms += self.step_ms - step
        return container_ms + self.shift_ms


def frames_of(file: Path, *, frames_per_s: float | None = None) -> Iterator[tuple[int, int, Picture]]:
    """Decode a video. Yields each frame's number (from 1), its time in ms since the start (see VideoClock), and the picture.

    frames_per_s: yield at most so many frames per second of the video's time; None yields all.

    Yields nothing when no frame of the file can be decoded, when it is no video, or when its frames would cost too much: larger
    than MAX_VIDEO_PIXELS, or JPEGs of too many scans. Raises OSError when the file cannot be read, and BadRecord truncated_video
    after the last frame of an AVI, MP4 or QuickTime file that states more frames, and more time, than it holds.
    """
    if not is_video(file):
        return
    video = cv2.VideoCapture(str(file), cv2.CAP_FFMPEG)  # no other of its readers: one takes pictures of any size
    try:
        if video.get(cv2.CAP_PROP_FRAME_WIDTH) * video.get(cv2.CAP_PROP_FRAME_HEIGHT) > MAX_VIDEO_PIXELS:
            return
        if int(video.get(cv2.CAP_PROP_FOURCC)) in _JPEGS and has_costly_jpeg(file):
            return
        clock, number, due_ms = VideoClock(_step_of(video)), 0, 0.0
        while True:
            good, frame = video.read()
            if not good:
                break
            number += 1
            at_ms = clock.at(float(video.get(cv2.CAP_PROP_POS_MSEC)))  # of the frame just read
            if at_ms + 0.5 < due_ms:
                continue
            due_ms = at_ms + 1000.0 / frames_per_s if frames_per_s else 0.0
            yield number, round(at_ms), np.asarray(frame, np.uint8)
        stated = _stated_frames(file, video)
        if 0 < number < _WHOLE * stated and (clock.before_ms or 0.0) < _WHOLE * stated * _step_of(video):
            raise BadRecord("truncated_video", f"{number} of the {stated} frames that it states can be decoded")
    finally:
        video.release()


def _stated_frames(file: Path, video: cv2.VideoCapture) -> int:
    """How many frames an AVI, MP4 or QuickTime file says that it holds; 0 for other containers, of which most have no such
    number and one would be computed from their length."""
    with file.open("rb") as content:
        head = content.read(8)
    states = head[:4] == b"RIFF" or head[4:] in (b"ftyp", b"moov")
    return int(video.get(cv2.CAP_PROP_FRAME_COUNT)) if states else 0


def _step_of(video: cv2.VideoCapture) -> float:
    """Milliseconds between two frames, as the container says; the usual ones where it says nothing sensible."""
    rate = float(video.get(cv2.CAP_PROP_FPS))
    return 1000.0 / rate if 1.0 <= rate <= 240.0 else _USUAL_STEP_MS
