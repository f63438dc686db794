"""Tells whether anything moved in a fixed camera's picture, and whether a plate lies in a region that the camera is to watch.

A frame in which nothing moved needs no search for plates: those found before are still there. The first frame of each second
is always searched, so that slow movement is found as well. Whether a frame is searched depends on that frame, on the one before
it, and on the times when both were captured; on nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.vision.boxes import Box
from pipeline.vision.pictures import Picture
from schemas.reference import Camera, Region

SEARCH_EVERY_MS = 1000
_LONGEST_GAP_MS = 2000  # between two frames that are compared
_BLOCK_PX = 8
_MOVED = 8  # of 255, in a block's mean: noise of 20 in every pixel moves it by 2.5
_FEW_BLOCKS = 3  # fewer that moved are a flicker; the smallest plate that can be read is as large


@dataclass(frozen=True, slots=True)
class CameraView:
    """What a camera can see. fixed: the camera does not move. regions: where plates are followed; empty: everywhere."""

    fixed: bool = False
    regions: tuple[Region, ...] = ()

    @classmethod
    def of(cls, camera: Camera | None) -> "CameraView":
        """The view of a registered camera; None: an unknown camera, so not fixed, and followed everywhere."""
        return cls() if camera is None else cls(camera.position is not None, camera.regions)

    def shows(self, box: Box, width: int, height: int) -> bool:
        """Whether the centre of a plate's box lies in a region where plates are followed.

        width, height: of the picture, pixels.
        """
        if not self.regions:
            return True
        centre = (box[0] + box[2] / 2) / width, (box[1] + box[3] / 2) / height
        return any(_is_inside(centre, region) for region in self.regions)


@dataclass(slots=True)
class Motion:
    """One camera's last frame, reduced to the mean brightness of its blocks, and its capture time (UTC ms)."""

    at_ms: int = 0
    blocks: NDArray[np.int16] | None = None

    def is_still(self, picture: Picture, at_ms: int) -> bool:
        """Whether nothing moved between the frame of the last call and this one, which is kept for the next call. False also
        for the first frame, the first of each second, one of another size, and one more than 2 s after the last or before it.

        0.7 ms at 1280x720. picture: (H, W, 3) uint8 BGR, not modified. at_ms: its capture time, UTC.
        """
        before, before_ms = self.blocks, self.at_ms
        self.blocks, self.at_ms = _blocks_of(picture), at_ms
        if before is None or before.shape != self.blocks.shape or not 0 <= at_ms - before_ms <= _LONGEST_GAP_MS:
            return False
        if at_ms // SEARCH_EVERY_MS != before_ms // SEARCH_EVERY_MS:
            return False
        change = self.blocks - before
        return int(np.count_nonzero(np.abs(change - int(np.median(change))) >= _MOVED)) < _FEW_BLOCKS


def _blocks_of(picture: Picture) -> NDArray[np.int16]:
    """The mean brightness of each block of the picture, as int16."""
    size = max(1, picture.shape[1] // _BLOCK_PX), max(1, picture.shape[0] // _BLOCK_PX)
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.int16)


def _is_inside(point: tuple[float, float], region: Region) -> bool:
    """Whether a ray from the point to the right crosses the outline an odd number of times."""
    corners, inside = region.corners, False
    for one, other in zip(corners, (*corners[1:], corners[0]), strict=True):
        if (one.y > point[1]) != (other.y > point[1]):
            inside ^= point[0] < one.x + (point[1] - one.y) * (other.x - one.x) / (other.y - one.y)
    return inside


def in_view(boxes: Sequence[Box], view: CameraView, picture: Picture) -> list[Box]:
    """The boxes that the view shows (see CameraView.shows). picture: (H, W, 3), in whose pixels the boxes are."""
    height, width = picture.shape[:2]
    return [box for box in boxes if view.shows(box, width, height)]
