"""Writes rendered passages as an H.264 video, to try video files with. Needs PyAV, which only a development install has."""

from pathlib import Path

import cv2
import numpy as np

from pipeline.errors import Misconfigured
from pipeline.vision.rendering.passages import BETWEEN_FRAMES_MS, SIZE, RenderedPassage

_PAUSE_FRAMES = 8  # of an empty picture between two passages, so that none continues another


def render_video(passages: list[RenderedPassage], file: Path) -> int:
    """Write the passages one after another into an .mp4. Returns how many frames it has, the empty ones between passages
    included. Raises Misconfigured without PyAV."""
    try:
        import av
    except ImportError as error:
        raise Misconfigured(
            "PyAV", found="not installed", allowed="installed (`uv sync` with the dev group)"
        ) from error
    count = 0
    with av.open(str(file), "w") as container:
        stream = container.add_stream("h264", rate=round(1000 / BETWEEN_FRAMES_MS))
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": "18"}
        for passage in passages:
            pictures = [cv2.imdecode(np.frombuffer(view.image, np.uint8), cv2.IMREAD_COLOR) for view in passage.views]
            pictures += [np.full_like(pictures[0], 90)] * _PAUSE_FRAMES
            for picture in pictures:
                for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")):
                    container.mux(packet)
                count += 1
        for packet in stream.encode():
            container.mux(packet)
    return count
