"""PaddleOCR's recogniser, offline, run by onnxruntime: no paddlepaddle, no download, one thread.

The model is PP-OCRv6 small as the wheel rapidocr carries it (none of that package's code is imported). What PaddleOCR does around
it, some arithmetic on the line, is done here: its own code loads a thousand modules for it.
"""

import importlib.metadata
import importlib.util
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.errors import Misconfigured
from pipeline.vision.ctc import Folding, Scores
from pipeline.vision.onnx_session import session_of

MODEL_NAME = "PP-OCRv6_small_rec"
MODEL_FILE = "PP-OCRv6_rec_small.onnx"
LINE_HEIGHT = 48  # pixels; what the model was trained at
_SOME_LINE = LINE_HEIGHT, 160, 3  # the shape of a line that is read while the model loads
MIN_WIDTH, MAX_WIDTH = 160, 3200  # pixels; narrower lines are padded, wider ones narrowed


class Recogniser(Protocol):
    """Gives the probabilities of one line of text. line: (h, w, 3) uint8 BGR. Returns (columns, classes) float32, those of one
    column of the line summing to 1."""

    characters: list[str]  # class 1 onward; class 0 is "no character"

    def probabilities(self, line: NDArray[np.uint8]) -> NDArray[np.float32]: ...


class PaddleRecogniser:
    """The model on onnxruntime, one thread, with PaddleOCR's own preparation of a line. Not thread-safe; use one per thread.

    A test holds its probabilities equal to those of paddleocr.TextRecognition, which takes twenty times as long to load.
    """

    def __init__(self) -> None:
        """Load the model: 0.1 to 0.3 s. Raises Misconfigured when a wheel lacks what is needed."""
        self._session = session_of(model_file())
        self._input = self._session.get_inputs()[0].name
        metadata: Mapping[str, str] = self._session.get_modelmeta().custom_metadata_map
        self.characters = [*metadata["character"].split("\n"), " "]

    def probabilities(self, line: NDArray[np.uint8]) -> NDArray[np.float32]:
        """See Recogniser."""
        (found,) = self._session.run(None, {self._input: _prepared(line)})
        return np.asarray(found[0], np.float32)


class Paddle:
    """PaddleOCR as a reader of lines. It is loaded at its first use, or by `load`."""

    def __init__(self) -> None:
        self._loading = Lock()
        self._loaded: tuple[PaddleRecogniser, Folding] | None = None

    def load(self) -> tuple[PaddleRecogniser, Folding]:
        """Load PaddleOCR unless it is loaded: 0.3 s, 90 MB. May be called from any thread. Raises Misconfigured when a wheel
        lacks what is needed."""
        with self._loading:
            if self._loaded is None:
                recogniser = PaddleRecogniser()
                recogniser.probabilities(np.zeros(_SOME_LINE, np.uint8))  # the first takes ten times as long as others
                self._loaded = recogniser, Folding(recogniser.characters)
            return self._loaded

    def scores(self, lines: Sequence[NDArray[np.uint8]]) -> list[Scores]:
        """See LineReader. Loads PaddleOCR first if it is not loaded. Raises Misconfigured as load does."""
        recogniser, folding = self.load()
        return [folding.scores(recogniser.probabilities(line)) for line in lines]


def _prepared(line: NDArray[np.uint8]) -> NDArray[np.float32]:
    """A line as PaddleX prepares it (OCRReisizeNormImg): -1..1, narrow ones padded with 0. Returns (1, 3, LINE_HEIGHT, width)."""
    height, width = line.shape[:2]
    full = min(int(LINE_HEIGHT * max(MIN_WIDTH / LINE_HEIGHT, width / height)), MAX_WIDTH)
    used = min(math.ceil(LINE_HEIGHT * (width / height)), full)
    resized = cv2.resize(line, (used, LINE_HEIGHT)).astype(np.float32).transpose((2, 0, 1)) / 255
    prepared = np.zeros((1, 3, LINE_HEIGHT, full), np.float32)
    prepared[0, :, :, :used] = (resized - 0.5) / 0.5
    return prepared


def version() -> str:
    """The reader's name and version, as a read carries it."""
    return f"paddleocr-{importlib.metadata.version('paddleocr')}/{MODEL_NAME}"


def model_file() -> Path:
    """Where the wheel rapidocr put the model. Raises Misconfigured."""
    spec = importlib.util.find_spec("rapidocr")
    folders = [Path(folder) for folder in spec.submodule_search_locations or ()] if spec else []
    for folder in folders:
        if (folder / "models" / MODEL_FILE).is_file():
            return folder / "models" / MODEL_FILE
    raise Misconfigured(
        "rapidocr", found=[str(folder) for folder in folders], allowed=f"installed with models/{MODEL_FILE}"
    )
