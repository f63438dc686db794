"""Reads one sight of a plate: cut into lines, recognise each with PaddleOCR, weigh the texts."""

import math
from itertools import product

from pipeline.vision.boxes import Box
from pipeline.vision.ctc import Folding
from pipeline.vision.interpret import Reading, candidates_of, posterior
from pipeline.vision.lines import Lines, lines_of
from pipeline.vision.paddle import PaddleRecogniser, Recogniser, version
from pipeline.vision.pictures import Picture
from pipeline.vision.shapes import log_weight

_JOINED = 6  # texts of each line that are tried together


class PlateReader:
    """Reads plates that were cut out. Holds the model (about 250 MB); not thread-safe."""

    def __init__(self, recogniser: Recogniser, name: str) -> None:
        self._recogniser = recogniser
        self._folding = Folding(recogniser.characters)
        self.name = name  # goes with every read

    @classmethod
    def load(cls) -> "PlateReader":
        """Load PaddleOCR and its model, offline: 1 to 3 s. Raises Misconfigured when a wheel lacks what is needed."""
        return cls(PaddleRecogniser(), version())

    def read(self, crop: Picture, inner: Box) -> list[Reading]:
        """The texts that a plate may say, likeliest first; empty when there is none. 10 to 25 ms.

        crop: (H, W, 3) uint8 BGR, the plate with a margin, not modified. inner: the plate's box within it, without the margin.
        """
        ways = [self._read_lines(lines) for lines in lines_of(crop, inner)]
        return max(ways, key=_credit)

    def _read_lines(self, lines: Lines) -> list[Reading]:
        seen = [candidates_of(self._folding.scores(self._recogniser.probabilities(line))) for line in lines]
        return posterior(_joined(seen))


def _joined(seen: list[dict[str, float]]) -> dict[str, float]:
    """Lines top to bottom as one text; log probabilities add up."""
    if len(seen) == 1:
        return seen[0]
    ranked = [sorted(line.items(), key=lambda item: (-item[1], item[0]))[:_JOINED] for line in seen]
    return {"".join(text for text, _ in parts): sum(value for _, value in parts) for parts in product(*ranked)}


def _credit(readings: list[Reading]) -> float:
    """How much a way to cut the plate is worth: how likely its best text is, and how common its shape."""
    if not readings:
        return -math.inf
    return math.log(max(readings[0].probability, 1e-9)) + 0.5 * log_weight(readings[0].text)
