"""Reads one picture of a plate: cuts it into lines and reads them with the own network and, where that is not sure, with
PaddleOCR too.

The own reader is quick and knows plates; PaddleOCR is slow and knows every typeface. They make different errors: a text that
both find is nearly always right, so PaddleOCR's result is added to the own reader's and does not replace it.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.plates.looks import Looks
from pipeline.vision.boxes import Box
from pipeline.vision.credit import (
    as_on_a_board,
    as_single,
    beside_a_band,
    checked,
    credit_of,
    is_light_on_hue,
    read_rows,
)
from pipeline.vision.ctc import LineReader, Scores, spelt
from pipeline.vision.interpret import Reading, certainty, pooled
from pipeline.vision.lines import PlateLine, PlateLines, grown, lines_of, with_another_line
from pipeline.vision.looks import looks_of
from pipeline.vision.opinions import read_by_both, read_by_one
from pipeline.vision.own import NAME, OwnReader, pixel_of
from pipeline.vision.paddle import MIN_WIDTH, Paddle, version
from pipeline.vision.pictures import Picture
from pipeline.vision.rows import Row
from pipeline.vision.shapes import is_common, log_weight
from pipeline.vision.verify import BlockVerdict, BlockVerifier, Judge
from pipeline.vision.vote import MIN_LENGTH, could_be_plate

_NARROWER = 0.7  # of a line's width, for PaddleOCR
_MORE_OF_IT = 1.5  # nats, for a cut that sees more and whose text holds that of the other
# of a text of a common, of another shape
_SETTLED = (0.9, 0.97)  # certainty that needs no second opinion
_HOPELESS = (0.15, 0.4)  # probability below which it is not worth a second opinion
_NOTHING = (0.02, 0.05)  # probability below which no other cut is worth looking at
_GARBLED = (
    -14.0
)  # log probability of all columns' likeliest classes, below which even a text of a common shape is hopeless
_WORTH_A_WORD = 0.3  # credit of a text below which it is not worth a second opinion
_SURELY_WHOLE = 0.0  # log odds of a line that need no look for another, and least of two lines
_LIKELY = 0.5  # credit of a text with another line, to count
_LEGIBLE, _CLEAR = (
    0.3,
    0.9,
)  # probability of a text with another line, to count; where the picture does not show two lines


@dataclass(frozen=True, slots=True)
class Looked:
    """The ways in which one plate was cut into lines: for each way its lines, their scores, and the readings they give."""

    ways: list[PlateLines]
    own: list[list[Scores]]
    found: list[list[Reading]]


class PlateReader:
    """Reads plates that were cut out. Not thread-safe."""

    def __init__(self, own: LineReader, arbiter: LineReader, name: str, judge: Judge | None = None) -> None:
        """own: the quick reader. arbiter: the slow one, which is asked where the quick one is in doubt. name: the reader's
        name that reads carry. judge: None: every text counts as a plate's."""
        self._own = own
        self._arbiter = arbiter
        self.judge = judge
        self.name = name  # goes with every read

    @classmethod
    def load(cls, arbiter: LineReader | None = None) -> "PlateReader":
        """Load the own networks: 50 ms. arbiter: by default PaddleOCR, loaded when it is first needed. Raises Misconfigured."""
        return cls(OwnReader(), arbiter or Paddle(), f"{NAME}+{version()}", BlockVerifier())

    def read(self, crop: Picture, inner: Box, *, surely_a_plate: bool = False, arbitrate: bool = True) -> list[Reading]:
        """The texts that a plate may show, likeliest first; empty when there is none. It takes 3 ms, with PaddleOCR 15 to
        25.

        The probabilities include the doubt whether the text is on a plate, and is the whole of it, unless surely_a_plate.
        crop: (H, W, 3) uint8 BGR, the plate with a margin, not modified. inner: the plate's box in it, without the margin.
        surely_a_plate: the picture shows a plate, so PaddleOCR is asked even where the own reader found hardly anything.
        arbitrate: False never asks PaddleOCR.
        """
        looked = self._looked_at(crop, inner, surely_a_plate)
        if not looked.ways:
            return []
        readings = mixed(looked.found)
        if surely_a_plate:
            return self._arbitrated(looked) if arbitrate and not is_settled(readings) else readings
        if is_hopeless(readings) or self.judge is None:
            may_be = arbitrate and not is_hopeless(readings) and not is_settled(readings)
            return self._arbitrated(looked) if may_be else readings
        looked, readings, credit = self._judged(crop, looked, readings)
        if arbitrate and credit >= _WORTH_A_WORD and not is_settled(readings):
            readings = self._arbitrated(looked)
        return [Reading(one.text, one.probability * credit, one.by_picture * credit) for one in readings]

    def _judged(self, crop: Picture, looked: Looked, readings: list[Reading]) -> tuple[Looked, list[Reading], float]:
        """The best reading of the plate, and the probability that this is a plate's text, and the whole of it.

        Where a single line seems to be a part of its plate, the other line is looked for above and below it.
        """
        grey = np.asarray(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY), np.uint8)
        rows, verdict = self._verdict(crop, grey, looked, readings[0].text)
        if verdict is None:
            return looked, readings, 1.0
        credit = credit_of(verdict, readings[0].text)
        if len(rows) > 1 or verdict.whole >= _SURELY_WHOLE:
            return looked, readings, credit
        least = max(credit, _LIKELY) * readings[0].probability
        found = self._with_another_line(crop, grey, rows[0], readings[0].text, least)
        return found or (looked, readings, credit_of(as_single(verdict), readings[0].text))

    def _with_another_line(
        self, crop: Picture, grey: NDArray[np.uint8], row: Row, text: str, least: float
    ) -> tuple[Looked, list[Reading], float] | None:
        """The most credible reading of a plate of two lines of which one, `row`, says `text`, and its credit; None where its
        credit times its probability is not above `least`."""
        best: tuple[Looked, list[Reading], float] | None = None
        for lines in with_another_line(crop, row):
            scores = self._own.scores([line.picture for line in lines])
            said = read_by_one(scores)
            if not said or len(said[0].text) <= len(text) or said[0].probability < _LEGIBLE:
                continue
            other = Looked([lines], [scores], [said])
            _, whole = self._verdict(crop, grey, other, said[0].text)
            if whole is None or (whole.whole < _SURELY_WHOLE and said[0].probability < _CLEAR):
                continue
            credit = credit_of(whole, said[0].text)
            if credit * said[0].probability > least:
                best, least = (other, said, credit), credit * said[0].probability
                if said[0].probability >= _CLEAR:
                    break
        return best

    def _verdict(
        self, crop: Picture, grey: NDArray[np.uint8], looked: Looked, text: str
    ) -> tuple[list[Row], BlockVerdict | None]:
        """The rows in which a text was read, and the judge's verdict on them; None without rows or judge."""
        credits = _credits(looked.found)
        best = max(range(len(credits)), key=lambda at: (_says(looked.found[at], text), credits[at]))
        rows = read_rows(looked.ways[best], looked.own[best], text)
        if not rows or not self.judge:
            return rows, None
        verdict = self.judge.look(grey, rows)
        if len(rows) == 1:
            verdict = beside_a_band(verdict, grey, rows[0], looked.ways[best][0])
        verdict = checked(verdict, grey, rows)
        return rows, as_on_a_board(verdict) if is_light_on_hue(crop, rows[0]) else verdict

    def _looked_at(self, crop: Picture, inner: Box, surely_a_plate: bool) -> Looked:
        """Cut the plate in the ways that are likely to give a text, and read each with the own reader."""
        looked = Looked([], [], [])
        for lines in lines_of(crop, inner, surely_a_plate=surely_a_plate):
            if any(looked.found) and len(lines) < len(looked.ways[0]):
                break  # half of a plate of two lines, which was read whole
            scores = self._own.scores([line.picture for line in lines])
            if len(lines) == 1 and not surely_a_plate and (longer := _longer(crop, lines[0], scores[0])):
                lines, scores = longer, self._own.scores([longer[0].picture])
            looked.ways.append(lines)
            looked.own.append(scores)
            looked.found.append(read_by_one(scores) if surely_a_plate or _spells_some(scores) else [])
            if len(looked.ways) == len(lines) == 1 and is_settled(looked.found[0]):
                break  # a plate of two lines is always cut both ways: an end of either may be lost
            if not surely_a_plate and is_hopeless(looked.found[-1], _NOTHING):
                break
        return looked

    def _arbitrated(self, looked: Looked) -> list[Reading]:
        """The readings of both readers together, for one way to cut the plate. Asking PaddleOCR about all ways takes twice
        the time and changes hardly any text."""
        asked = _worth_asking(looked.ways, looked.found)
        lines = [_narrower(line.picture) for line in looked.ways[asked]]
        return read_by_both(looked.own[asked], self._arbiter.scores(lines))

    def looks(self, crop: Picture, inner: Box) -> Looks:
        """What the plate looks like beside its text: 2 ms. crop, inner: as in read."""
        return looks_of(crop, inner, self._own)


def _longer(crop: Picture, line: PlateLine, scores: Scores) -> PlateLines | None:
    """The line made longer, where its first or last character may be cut off; else None."""
    said = spelt(scores)
    if len(said) < MIN_LENGTH - 1:
        return None
    first, last = (pixel_of(column, line.picture) for _, column in (said[0], said[-1]))
    return grown(crop, line, first, last)


def _spells_some(lines: list[Scores]) -> bool:
    """Whether the likeliest classes of the lines' columns are likely enough, and spell nearly as many characters as a plate
    has; else no text of a plate's length is worth looking for."""
    likely = sum(float(scores.max(axis=1).sum()) for scores in lines)
    return likely >= _GARBLED and sum(len(spelt(scores)) for scores in lines) >= MIN_LENGTH - 1


def _says(readings: list[Reading], text: str) -> bool:
    return bool(readings) and readings[0].text == text


def is_settled(readings: list[Reading]) -> bool:
    """Whether PaddleOCR need not be asked: the own reader is sure, its likeliest text could be a plate, and is also the likeliest
    by the picture alone."""
    if not readings or max(readings, key=lambda reading: reading.by_picture) is not readings[0]:
        return False
    text = readings[0].text
    return could_be_plate(text) and certainty(readings) >= _SETTLED[not is_common(text)]


def is_hopeless(readings: list[Reading], least: tuple[float, float] = _HOPELESS) -> bool:
    """Whether none of the readings is probable enough to be a plate, as with a grille, a hedge or a shop's sign. least: the
    least probability (0..1) for a text of a common shape, and for any other text."""
    return not any(
        could_be_plate(reading.text) and reading.probability >= least[not is_common(reading.text)]
        for reading in readings
    )


def _narrower(line: Picture) -> Picture:
    """The line scaled to fewer columns: PaddleOCR reads it as well, in less time, which grows with the width above MIN_WIDTH."""
    width = max(MIN_WIDTH, round(line.shape[1] * _NARROWER))
    if width >= line.shape[1]:
        return line
    return np.asarray(cv2.resize(line, (width, line.shape[0]), interpolation=cv2.INTER_AREA), np.uint8)


def _worth_asking(ways: list[PlateLines], found: list[list[Reading]]) -> int:
    """The index of the way to cut the plate about which PaddleOCR is asked.

    It is the most credible one; of those that say the same, the shortest.
    """
    credits = _credits(found)
    best = credits.index(max(credits))
    said = [(len(lines), readings[0].text if readings else "") for lines, readings in zip(ways, found, strict=True)]
    alike = [number for number, one in enumerate(said) if one == said[best]]
    return min(alike, key=lambda number: sum(line.picture.shape[1] for line in ways[number]))


def mixed(ways: list[list[Reading]]) -> list[Reading]:
    """The readings that several ways to cut one plate give together, each way weighted by how credible it is."""
    credits = _credits(ways)
    if max(credits) == -math.inf:
        return []
    weights = [math.exp(credit - max(credits)) for credit in credits]
    return pooled([(weight / sum(weights), readings) for weight, readings in zip(weights, ways, strict=True)])


def _credits(ways: list[list[Reading]]) -> list[float]:
    """How credible each way to cut one plate is, as a logarithm.

    A way that sees more, another line or further along the same one, gets a bonus where its text contains the other's: the
    added character is more often one that the other missed than the letter of the EU band, which the own reader knows.
    """
    credits = [_credit(readings) for readings in ways]
    best = ways[credits.index(max(credits))]
    said = best[0].text if best else ""
    return [
        credit + _MORE_OF_IT if readings and readings[0].text != said and said in readings[0].text else credit
        for credit, readings in zip(credits, ways, strict=True)
    ]


def _credit(readings: list[Reading]) -> float:
    """How credible one way to cut the plate is, as a logarithm.

    It grows with the probability of its best text, and with how common that text's shape is.
    """
    if not readings:
        return -math.inf
    return math.log(max(readings[0].probability, 1e-9)) + 0.5 * log_weight(readings[0].text)
