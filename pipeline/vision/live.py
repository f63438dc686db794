"""What a gateway and the process that decodes a camera's live video agree on. Apart from that process, as it loads OpenCV."""

import struct
from collections.abc import Mapping

FORMS: Mapping[str, str] = {"H264": "h264", "H265": "hevc"}
"""The forms of video that are understood, as SDP calls them and as FFmpeg does."""
LENGTH = struct.Struct("=I")
"""Stands before each picture on the process' output: how many bytes the picture has."""
LONGEST_PICTURE = 16 * 1024 * 1024
MODULE = "pipeline.vision.video_child"
EARLY = 0.9
"""The share of the time between two pictures after which the next one is taken: cameras keep no exact pace."""
_PROBED = 4_096
"""Bytes by which FFmpeg learns what the video is; with more it would begin seconds later."""


def environment_of(encoding: str) -> dict[str, str]:
    """The whole environment of the process that decodes this form, one of FORMS: FFmpeg takes its options from there. It may open
    nothing but the process' input."""
    options = f"input_format;{FORMS[encoding]}|protocol_whitelist;pipe|probesize;{_PROBED}|threads;1"
    return {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OPENCV_FFMPEG_CAPTURE_OPTIONS": options}
