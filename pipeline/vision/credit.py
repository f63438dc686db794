"""Computes where in its lines a text was read, and how probable it is that it is a plate's text, and the whole of it."""

from collections.abc import Sequence
from dataclasses import replace

from pipeline.vision.ctc import Scores, spelt
from pipeline.vision.lines import PlateLines
from pipeline.vision.own import pixel_of
from pipeline.vision.rows import Row
from pipeline.vision.shapes import is_common
from pipeline.vision.verify import BlockVerdict, chance
from pipeline.vision.vote import is_bare

# log odds before the picture is seen, of texts of a common shape, of others, of letters alone or digits alone
_COMMON, _ODD, _BARE = 0.8, 0.0, -2.0
_TRUST = 1.4  # how log odds that drawn pictures taught count on real ones
_FREE = 2.0  # log odds that a line between even grounds is all of its plate, where no other line was found
_MOSTLY_WHOLE = 2.8  # log odds that a text is all of its plate, before the picture is seen
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

    Even ground to the left and right of the line (verdict.free) speaks against a missing part, so `whole` is then at least
    _FREE.
    """
    return replace(verdict, whole=max(verdict.whole, _FREE)) if verdict.free else verdict


def credit_of(verdict: BlockVerdict, text: str) -> float:
    """The probability, 0..1, that a text is a plate's text, and the whole of it.

    verdict: what the picture around the text shows. The text's own shape counts little: many words and numbers have the
    shape of a plate.
    """
    prior = _COMMON if is_common(text) else _BARE if is_bare(text) else _ODD
    return chance(_TRUST * (verdict.plate + prior)) * chance(_TRUST * (verdict.whole + _MOSTLY_WHOLE))
