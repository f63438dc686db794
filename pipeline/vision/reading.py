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
_MORE_OF_IT = 1.5  # nats, for a cut of two lines whose text holds that of one


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
        return best_way([(len(lines), self._read_lines(lines)) for lines in lines_of(crop, inner)])

    def _read_lines(self, lines: Lines) -> list[Reading]:
        seen = [candidates_of(self._folding.scores(self._recogniser.probabilities(line))) for line in lines]
        return posterior(_joined(seen))


def _joined(seen: list[dict[str, float]]) -> dict[str, float]:
    """Lines top to bottom as one text; log probabilities add up."""
    if len(seen) == 1:
        return seen[0]
    ranked = [sorted(line.items(), key=lambda item: (-item[1], item[0]))[:_JOINED] for line in seen]
    return {"".join(text for text, _ in parts): sum(value for _, value in parts) for parts in product(*ranked)}


def best_way(ways: list[tuple[int, list[Reading]]]) -> list[Reading]:
    """The most creditable of several ways to cut one plate, each given as its count of lines and its readings.

    A way with another line has a head start where its text holds the other's. (A longer cut of the same line has none: what it
    adds is as often the letter of the EU band as a character that the shorter one missed.)
    """
    count, best = ways[0]
    for lines, way in ways[1:]:
        holds_it = lines > count and best and way and best[0].text in way[0].text
        if _credit(way) + (_MORE_OF_IT if holds_it else 0.0) > _credit(best):
            count, best = lines, way
    return best


def _credit(readings: list[Reading]) -> float:
    """How much a way to cut the plate is worth: how likely its best text is, and how common its shape."""
    if not readings:
        return -math.inf
    return math.log(max(readings[0].probability, 1e-9)) + 0.5 * log_weight(readings[0].text)
