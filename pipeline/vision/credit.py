"""Computes where in its lines a text was read, and how probable it is that it is a plate's text, and the whole of it."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from pipeline.vision.ctc import Scores, spelt
from pipeline.vision.lines import PlateLine, PlateLines
from pipeline.vision.own import pixel_of
from pipeline.vision.pictures import Picture, at_share
from pipeline.vision.rows import Grey, Row, straighten
from pipeline.vision.shapes import is_common
from pipeline.vision.verify import BESIDE, BlockVerdict, block_of, chance, ends_are_free
from pipeline.vision.vote import is_bare

# log odds before the picture is seen, of texts of a common shape, of others, of letters alone or digits alone
_COMMON, _ODD, _BARE = -0.4, -1.2, -2.9
_WORDS, _LONGEST = -5.5, 8  # of letters alone, longer than any country lets a plate be
_MISREAD = 1  # O in a word that may have been read as 0, or I as 1
_ALTERNATING = 0.5  # and of common shapes of seven characters and more that go from letters to digits or back twice
_TRUST = 1.4  # how log odds that drawn pictures taught count on real ones
# log odds that a line between even grounds is all of its plate, where no other line was found; and by which they rise at most:
# even grounds do not outweigh a post or a blot that hides a character
_FREE, _RISE = 2.0, 4.0
_MOSTLY_WHOLE = 3.2  # log odds that a text is all of its plate, before the picture is seen
_EDGE = 0.9  # heights of a character between a text and the picture's edge, where another one might stand, cut off
_CUT_OFF = -2.9  # log odds, at most, that a text is all of its plate where the picture ends beside it
_LEVEL = 0.02  # slope
_BLACK, _WHITE = 6, 249  # of 255
_PURE = 0.17  # of a row's pixels that are black, and white: of plates at most one in seven is either, also by night
_NO_PLATE = -6.0  # log odds
_LINE_PX = 32  # that a line is turned upright with, to see its colours
_HUED, _LIGHTER, _LEAST_HUE = (
    0.45,
    45,
    30,
)  # of a ground's strongest channel: most that its weakest lacks of it on plates; of 255
_ON_A_BOARD = 2.5  # log odds of light text on such a ground, at most: many more road signs have it than plates
_HALF_A_CHARACTER = 0.29  # of its height


def read_rows(lines: PlateLines, scores: Sequence[Scores], text: str) -> list[Row]:
    """The parts of a plate's rows in which the text was read, each from its first to its last character there; where the lines
    do not spell the text, all that they spell. Empty when they spell nothing. lines, scores: of each line, top to bottom."""
    said = [spelt(one) for one in scores]
    whole = "".join(character for line in said for character, _ in line)
    begin = whole.find(text)
    first, end = (begin, begin + len(text)) if begin >= 0 else (0, len(whole))
    rows, passed = [], 0
    for line, characters in zip(lines, said, strict=True):
        kept = characters[max(first - passed, 0) : max(end - passed, 0)]
        passed += len(characters)
        if kept:
            half = _HALF_A_CHARACTER * line.picture.shape[0] / 1.5
            left, right = (pixel_of(column, line.picture) for _, column in (kept[0], kept[-1]))
            rows.append(line.part(left - half, right + half))
    return rows


def as_single(verdict: BlockVerdict) -> BlockVerdict:
    """The verdict on a line of a plate where no second line was found.

    Even ground to the left and right of the line (verdict.free) speaks against a missing part, so `whole` is then higher by up
    to _RISE, at most _FREE.
    """
    return replace(verdict, whole=max(verdict.whole, min(verdict.whole + _RISE, _FREE))) if verdict.free else verdict


def beside_a_band(verdict: BlockVerdict, grey: Grey, row: Row, line: PlateLine) -> BlockVerdict:
    """The verdict on the only row of a text, where the blue band at the left of its line is as close as another character would
    be: its shade says nothing."""
    distance = row.ends[0] - line.part(0, 1).ends[0]
    if not line.skipped or verdict.free or distance > BESIDE[1] * row.height:
        return verdict
    return replace(verdict, free=ends_are_free(block_of(grey, [row]), row.length / row.height, banded=True))


def reach_the_edge(rows: Sequence[Row], width: int) -> bool:
    """Whether a text reaches the left or right end of its picture, `width` pixels wide, beyond which the plate may go on."""
    ends = [(row.height, row.ends) for row in rows]
    return any(min(left, width - right) < _EDGE * height for height, (left, right) in ends)


def is_burnt_in(grey: Grey, row: Row) -> bool:
    """Whether a row is written into the picture, as cameras write times and names: quite level, in pure white and pure black,
    which no camera sees beside each other."""
    if abs(row.slope) > _LEVEL:
        return False
    top, bottom = (round(row.centre_y + side * row.height / 2) for side in (-1, 1))
    left, right = (round(x) for x in row.ends)
    part = grey[max(top, 0) : bottom, max(left, 0) : right]
    pure = [float(np.count_nonzero(one)) for one in (part <= _BLACK, part >= _WHITE)]
    return min(pure) > _PURE * part.size


def is_light_on_hue(crop: Picture, row: Row) -> bool:
    """Whether a row is written light on blue, green, brown or red, as on road signs and on few plates. False in a picture without
    colours. crop: (h, w, 3) BGR, not modified."""
    line = straighten(crop, row, _LINE_PX)
    beside = np.vstack([line[1 : _LINE_PX // 8], line[-_LINE_PX // 8 : -1]]).reshape(-1, 3)
    ground = np.median(beside, axis=0)
    text = line[_LINE_PX // 6 : -_LINE_PX // 6].min(axis=2)
    far = at_share(text, 0.92) - float(ground.min()), float(ground.min()) - at_share(text, 0.08)
    return far[0] > max(_LIGHTER, 1.5 * far[1]) and float(ground.max() - ground.min()) > max(
        _HUED * float(ground.max()), _LEAST_HUE
    )


def as_burnt_in(verdict: BlockVerdict) -> BlockVerdict:
    """The verdict on a text that is written into its picture."""
    return replace(verdict, plate=min(verdict.plate, _NO_PLATE))


def as_on_a_board(verdict: BlockVerdict) -> BlockVerdict:
    """The verdict on a text whose colours are rather a road sign's."""
    return replace(verdict, plate=min(verdict.plate, _ON_A_BOARD))


def as_cut_off(verdict: BlockVerdict) -> BlockVerdict:
    """The verdict on a text that reaches the picture's edge, or is hidden in part: nothing shows that it is all of its plate."""
    return replace(verdict, whole=min(verdict.whole, _CUT_OFF), free=False)


def checked(verdict: BlockVerdict, grey: Grey, rows: Sequence[Row]) -> BlockVerdict:
    """The verdict on the rows of a text in a grey picture, lowered where the text is burnt in, may be cut off, or something
    stands before it."""
    if any(is_burnt_in(grey, row) for row in rows):
        verdict = as_burnt_in(verdict)
    return as_cut_off(verdict) if verdict.crossed or reach_the_edge(rows, grey.shape[1]) else verdict


def credit_of(verdict: BlockVerdict, text: str) -> float:
    """The probability, 0..1, that a text is a plate's text, and the whole of it.

    verdict: what the picture around the text shows. The text's own shape counts little: many words and numbers have the
    shape of a plate.
    """
    prior = _prior_of(text)
    return chance(_TRUST * (verdict.plate + prior)) * chance(_TRUST * (verdict.whole + _MOSTLY_WHOLE))


def _prior_of(text: str) -> float:
    """The log odds that a text is a plate's, before the picture is seen. Words, numbers and roads' names have the shape of
    many plates; hardly anything but a plate is written like AB123CD or 1ABC234."""
    digits = sum(one.isdigit() for one in text)
    if is_bare(text) and min(digits, len(text) - digits) <= _MISREAD:
        return _BARE if len(text) <= _LONGEST else _WORDS
    if not is_common(text):
        return _ODD
    changes = sum(one.isdigit() != other.isdigit() for one, other in pairwise(text))
    return _ALTERNATING if len(text) >= 7 and changes >= 2 else _COMMON
