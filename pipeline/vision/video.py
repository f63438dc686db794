"""The pictures of a video file, each with its time."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from pipeline.vision.costs import is_video
from pipeline.vision.pictures import MAX_PIXELS, Picture


def frames_of(file: Path, *, frames_per_s: float | None = None) -> Iterator[tuple[int, int, Picture]]:
    """Decode a video. Yields each frame's number (from 1), its time in ms since the start, and the picture.

    Times grow: a frame whose container gives no later time is one millisecond after the frame before it.
    frames_per_s: yield at most so many frames per second of the video's time; None yields all.
    Yields nothing when no frame of the file can be decoded, when it is no video, or when its frames are larger than MAX_PIXELS.
    """
    if not is_video(file):
        return
    video = cv2.VideoCapture(str(file), cv2.CAP_FFMPEG)  # no other of its readers: one takes pictures of any size
    try:
        if video.get(cv2.CAP_PROP_FRAME_WIDTH) * video.get(cv2.CAP_PROP_FRAME_HEIGHT) > MAX_PIXELS:
            return
        number, due_ms, last_ms = 0, 0.0, -1
        while True:
            good, frame = video.read()
            if not good:
                return
            number += 1
            at_ms = max(float(video.get(cv2.CAP_PROP_POS_MSEC)), last_ms + 1)  # of the frame just read
            if at_ms + 0.5 < due_ms:
                continue
            due_ms = at_ms + 1000.0 / frames_per_s if frames_per_s else 0.0
            last_ms = round(at_ms)
            yield number, last_ms, np.asarray(frame, np.uint8)
    finally:
        video.release()
