"""Reads one sight of a plate: cut into lines; read by the own network and, where that leaves doubt, by PaddleOCR as well.

The own reader is quick and knows plates; PaddleOCR is slow and knows every typeface. They err differently: where both stand behind
a text it is nearly always right, so PaddleOCR's word is added to, not put in place of, the own reader's.
"""

import math
from collections.abc import Callable, Sequence
from itertools import product
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.vision.boxes import Box
from pipeline.vision.ctc import Folding, Scores, log_probabilities
from pipeline.vision.interpret import Reading, candidates_of, posterior
from pipeline.vision.lines import Lines, lines_of
from pipeline.vision.own import NAME, OwnReader
from pipeline.vision.paddle import PaddleRecogniser, version
from pipeline.vision.pictures import Picture
from pipeline.vision.shapes import is_common, log_weight
from pipeline.vision.vote import could_be_plate

_JOINED = 6  # texts of each line that are tried together
_MORE_OF_IT = 1.5  # nats, for a cut that sees more and whose text holds that of the other
_FAR_BEHIND = 4.0  # nats
_SETTLED = 0.97  # probability of a text of a common shape that needs no second opinion
_HOPELESS = (
    0.02,
    0.2,
)  # probability of a text of a common, of another shape, below which it is not worth a second opinion
_SHARES = (0.6, 0.6)  # of the own reader's and of PaddleOCR's log probabilities
_SHARES_OF_TWO = (0.75, 0.5)  # in lines of a pair: short ones, where PaddleOCR often reads a crest as a character
_FLOOR = -9.0  # nats per column: no reader's certainty outweighs the other's by more


class LineReader(Protocol):
    """Gives the scores (see ctc) of lines, each (h, w, 3) uint8 BGR, not modified."""

    def scores(self, lines: Sequence[NDArray[np.uint8]]) -> list[Scores]: ...


class Paddle:
    """PaddleOCR as a reader of lines; loaded when it is first asked."""

    def __init__(self) -> None:
        self._loaded: tuple[PaddleRecogniser, Folding] | None = None

    def scores(self, lines: Sequence[NDArray[np.uint8]]) -> list[Scores]:
        """See LineReader. The first call takes 1 to 4 s. Raises Misconfigured when a wheel lacks what is needed."""
        if self._loaded is None:
            recogniser = PaddleRecogniser()
            self._loaded = recogniser, Folding(recogniser.characters)
        recogniser, folding = self._loaded
        return [folding.scores(recogniser.probabilities(line)) for line in lines]


class PlateReader:
    """Reads plates that were cut out. Not thread-safe."""

    def __init__(self, own: LineReader, arbiter: LineReader, name: str) -> None:
        self._own = own
        self._arbiter = arbiter
        self.name = name  # goes with every read

    @classmethod
    def load(cls, arbiter: Callable[[], LineReader] = Paddle) -> "PlateReader":
        """Load the own reader: 30 ms; PaddleOCR (1 to 4 s, 200 MB) comes when it is first needed. Raises Misconfigured."""
        return cls(OwnReader(), arbiter(), f"{NAME}+{version()}")

    def read(self, crop: Picture, inner: Box, *, surely_a_plate: bool = False, arbitrate: bool = True) -> list[Reading]:
        """The texts that a plate may say, likeliest first; empty when there is none. 4 ms, with PaddleOCR's word 15 to 30.

        crop: (H, W, 3) uint8 BGR, the plate with a margin, not modified. inner: the plate's box within it, without the margin.
        surely_a_plate: there is one, so a second opinion is asked for even where hardly anything was seen.
        arbitrate: False never asks for one.
        """
        ways = lines_of(crop, inner)
        own = _by_way(ways, self._own)
        found = [_read(scores) for scores in own]
        readings = best_way(found)
        if not arbitrate or is_settled(readings) or (not surely_a_plate and is_hopeless(readings)):
            return readings
        doubtful = _creditable(found)
        other = _by_way([ways[number] for number in doubtful], self._arbiter)
        return best_way([_read_both(own[number], b) for number, b in zip(doubtful, other, strict=True)])


def is_settled(readings: list[Reading]) -> bool:
    """Whether the own reader's word is enough: sure, and of a shape that plates have, so that grammar and picture agree."""
    return bool(readings) and readings[0].probability >= _SETTLED and is_common(readings[0].text)


def is_hopeless(readings: list[Reading]) -> bool:
    """Whether hardly anything that could be a plate is seen, as on a grille, a hedge or a shop's sign."""
    return not any(
        could_be_plate(reading.text) and reading.probability >= _HOPELESS[not is_common(reading.text)]
        for reading in readings
    )


def _creditable(found: list[list[Reading]]) -> list[int]:
    """Which ways to cut a plate are worth a second opinion: the two best, the second where it is not far behind; in their order."""
    credits = [_credit(readings) for readings in found]
    ranked = sorted(range(len(found)), key=lambda number: -credits[number])[:2]
    return sorted(number for number in ranked if credits[number] >= credits[ranked[0]] - _FAR_BEHIND)


def _by_way(ways: list[Lines], reader: LineReader) -> list[list[Scores]]:
    """The scores of each line of each way."""
    scores = iter(reader.scores([line for lines in ways for line in lines]))
    return [[next(scores) for _ in lines] for lines in ways]


def _read(lines: list[Scores]) -> list[Reading]:
    return posterior(_joined([candidates_of(scores, twins=False) for scores in lines]))


def _read_both(own: list[Scores], other: list[Scores]) -> list[Reading]:
    shares = _SHARES if len(own) == 1 else _SHARES_OF_TWO
    return posterior(_joined([_seen_by_both(a, b, shares) for a, b in zip(own, other, strict=True)]))


def _seen_by_both(own: Scores, other: Scores, shares: tuple[float, float]) -> dict[str, float]:
    """The texts that either reader thinks of, each with both readers' log probabilities, weighed."""
    own, other = np.maximum(own, _FLOOR), np.maximum(other, _FLOOR)
    by_own, by_other = candidates_of(own, twins=False), candidates_of(other)
    texts = sorted(by_own.keys() | by_other.keys())
    values = zip(_completed(own, by_own, texts), _completed(other, by_other, texts), strict=True)
    return {text: shares[0] * a + shares[1] * b for text, (a, b) in zip(texts, values, strict=True)}


def _completed(scores: Scores, seen: dict[str, float], texts: list[str]) -> list[float]:
    """Each text's log probability: as it was found, or else counted from the scores."""
    missing = [text for text in texts if text not in seen]
    whole = seen | dict(zip(missing, log_probabilities(scores, missing), strict=True))
    return [whole[text] for text in texts]


def _joined(seen: list[dict[str, float]]) -> dict[str, float]:
    """Lines top to bottom as one text; log probabilities add up."""
    if len(seen) == 1:
        return seen[0]
    ranked = [sorted(line.items(), key=lambda item: (-item[1], item[0]))[:_JOINED] for line in seen]
    return {"".join(text for text, _ in parts): sum(value for _, value in parts) for parts in product(*ranked)}


def best_way(ways: list[list[Reading]]) -> list[Reading]:
    """The most creditable of several ways to cut one plate, each given as its readings.

    A way that sees more, another line or further along the same one, has a head start where its text holds the other's: what it
    adds is more often a character that the other missed than the letter of the EU band, which the own reader knows.
    """
    best = ways[0]
    for way in ways[1:]:
        holds_it = best and way and best[0].text in way[0].text
        if _credit(way) + (_MORE_OF_IT if holds_it else 0.0) > _credit(best):
            best = way
    return best


def _credit(readings: list[Reading]) -> float:
    """How much a way to cut the plate is worth: how likely its best text is, and how common its shape."""
    if not readings:
        return -math.inf
    return math.log(max(readings[0].probability, 1e-9)) + 0.5 * log_weight(readings[0].text)
