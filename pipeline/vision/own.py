"""Vigie's own reader of a line: a small network (convolutions, CTC), trained on synthetic plates alone; about 1 ms a line.

How it was made: `pipeline/vision/training`; what it can and cannot: the model card beside the weights.
"""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.vision.ctc import Scores
from pipeline.vision.onnx_session import session_of
from pipeline.vision.pictures import at_share

ROWS, WIDTH = 32, 192  # pixels of the network's input
STRETCH = 1.2  # lines are widened by this, so that narrow characters keep columns of their own
NAME = "vigie-ctc/1"
MODEL = Path(__file__).parent / "models" / "reader.onnx"
_COLUMN = 4  # pixels of the network's input to a column of scores
_SPACE, _STEP = 16, 16  # pixels of grey after a line; what widths are multiples of
_FLOOR = -16.0  # natural logarithm: what the network holds for impossible is only very unlikely


class OwnReader:
    """The network on onnxruntime, one thread. Not thread-safe."""

    def __init__(self, model: Path = MODEL) -> None:
        """Load the model: 30 ms, 10 MB. Raises Misconfigured when it is not there."""
        self._session = session_of(model)

    def scores(self, lines: Sequence[NDArray[np.uint8]]) -> list[Scores]:
        """Read lines, each (h, w, 3) BGR or (h, w) grey uint8, not modified. Returns the scores of each (see ctc)."""
        return [self._scores_of(prepared(line)) for line in lines]

    def _scores_of(self, line: NDArray[np.uint8]) -> Scores:
        """The scores of one line as `prepared` returns it. Columns without text are left out: half as wide a line takes half
        the time."""
        width = min(WIDTH, -(-(line.shape[1] + _SPACE) // _STEP) * _STEP)
        (found,) = self._session.run(["scores"], {"lines": padded(line, width)[None, None].astype(np.float32) / 255.0})
        return np.maximum(np.asarray(found[0], np.float64), _FLOOR)


def pixel_of(column: float, line: NDArray[np.uint8]) -> float:
    """The pixel column of a line, (h, w) or (h, w, 3), that a column of its scores stands for."""
    return float((column + 0.5) * _COLUMN * line.shape[1] / _prepared_width(line))


def _prepared_width(line: NDArray[np.uint8]) -> int:
    return int(np.clip(round(line.shape[1] * ROWS / line.shape[0] * STRETCH), 8, WIDTH))


def prepared(line: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A line as the network sees it, its contrast brought to a common range.

    line: (h, w, 3) BGR or (h, w) grey uint8, not modified. Returns (ROWS, up to WIDTH) uint8 grey.
    """
    grey = line if line.ndim == 2 else np.asarray(cv2.cvtColor(line, cv2.COLOR_BGR2GRAY), np.uint8)
    width = _prepared_width(grey)
    how = cv2.INTER_AREA if grey.shape[0] >= ROWS else cv2.INTER_CUBIC
    return levelled(np.asarray(cv2.resize(grey, (width, ROWS), interpolation=how), np.uint8))


def levelled(line: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A copy of a line with its contrast brought to a common range. line: (h, w) uint8."""
    low, high = (at_share(line, share) for share in (0.02, 0.98))
    return np.clip((line.astype(np.float32) - low) * (220.0 / max(high - low, 12.0)) + 18.0, 0, 255).astype(np.uint8)


def padded(line: NDArray[np.uint8], width: int = WIDTH) -> NDArray[np.uint8]:
    """A copy of a line with grey to its right up to width pixels. line: (h, w) uint8, w <= width."""
    whole = np.full((line.shape[0], width), 128, np.uint8)
    whole[:, : line.shape[1]] = line
    return whole
