"""The process in which a camera's live video is decoded: what it may cost is bounded by the system, whatever is in it.

Its input is the video as a stream of units ("Annex B"); on its output stands each picture as a JPEG after its length. The process
ends with its input, where the video cannot be decoded, and at a picture of more than MAX_VIDEO_PIXELS. FFmpeg may open nothing but
that input.
"""

import os
import resource
import signal
import sys
import time
from pathlib import Path

import cv2

from pipeline.vision.costs import MAX_VIDEO_PIXELS
from pipeline.vision.live import EARLY, LENGTH, LONGEST_PICTURE

MEMORY_BYTES = 1536 * 1024 * 1024
"""Address space beyond what the libraries take: sixteen pictures of 12 megapixels that later ones refer to, and room to work."""
QUALITY = 90


def main(pictures_per_s: float) -> None:
    """Write the video's pictures, at most so many a second, until the video ends, or a picture is broken or too large. The
    process' environment is `live.environment_of`."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then ends this process
    os.nice(5)
    cv2.setNumThreads(1)
    _bound_memory()
    video, next_s = cv2.VideoCapture("pipe:0", cv2.CAP_FFMPEG), 0.0
    while video.grab():
        if (now_s := time.monotonic()) < next_s:
            continue
        next_s = now_s + EARLY / pictures_per_s
        good, picture = video.retrieve()
        if not good or picture.shape[0] * picture.shape[1] > MAX_VIDEO_PIXELS:
            return
        good, encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        if good and len(encoded) <= LONGEST_PICTURE:
            sys.stdout.buffer.write(LENGTH.pack(len(encoded)) + encoded.tobytes())
            sys.stdout.buffer.flush()


def _bound_memory() -> None:
    """Limit the process to MEMORY_BYTES more of memory than it has now (on Linux alone), and let it write no core dump."""
    if sys.platform == "linux":
        most = int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize() + MEMORY_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main(float(sys.argv[1]))
