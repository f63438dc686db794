"""Votes over the sights of one passage for one plate text: whole texts are voted on, because voting on single characters was
measured to be worse."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.vision.interpret import Reading, blended, certainty
from pipeline.vision.shapes import is_common

MIN_CONFIDENCE = 0.5  # rather right than wrong
_UNUSUAL = 0.85  # what the confidence of a text of no common shape counts for against MIN_CONFIDENCE
MIN_LENGTH, MAX_LENGTH = 4, 10
_BARE = 0.72  # and of letters alone or digits alone
_MAYBE_LETTERS, _MAYBE_DIGITS = str.maketrans("01", "OI"), str.maketrans("OQI", "001")


@dataclass(frozen=True, slots=True)
class Verdict:
    """The plate text that a passage's sights give together. confidence: see interpret.certainty.

    raw: the likeliest text by the pictures alone, without regard to usual shapes. alternatives: other texts with their
    probabilities, likeliest first; raw is among them unless it is the plate.
    """

    plate: str
    confidence: float
    raw: str
    alternatives: tuple[Reading, ...]


def vote(sights: Sequence[Sequence[Reading]], *, surely_a_plate: bool = False, most: int = 5) -> Verdict | None:
    """The text that the sights give most weight to, or None when it is no plausible plate (see is_plausible).

    A text's probability is its mean over the sights that show any text, so sights that disagree lower each other's.
    surely_a_plate: a person cut it out as a plate, so any text counts. most: alternatives.
    """
    ranked = weighed(sights)
    sure = min(certainty(ranked), 1.0)
    if not ranked or not (surely_a_plate or is_plausible(ranked[0].text, sure)):
        return None
    raw = max(ranked, key=lambda reading: reading.by_picture)
    others = ranked[1 : most + 1]
    if raw not in ranked[: most + 1]:
        others[-1] = raw
    likely = tuple(reading for reading in others if reading.probability >= 0.001 or reading is raw)
    return Verdict(ranked[0].text, sure, raw.text, likely)


def weighed(sights: Sequence[Sequence[Reading]]) -> list[Reading]:
    """All texts of a passage's sights, each with its mean probability over the sights that show any text, likeliest first."""
    seeing = [sight for sight in sights if sight]
    return blended([(1.0 / len(seeing), sight) for sight in seeing])


def is_plausible(text: str, confidence: float) -> bool:
    """Whether a text found in a picture is rather a plate than not: it has a plate's length, and is seen clearly enough.

    confidence: how clearly the picture shows a plate. A text of a rare shape, or of one that no country issues, needs more
    of it; a mere word or number, which are everywhere, needs most.

    >>> [is_plausible(text, 0.9) for text in ("1ABC234", "BOBBY2", "OLIFANT", "12")]
    [True, True, True, False]
    >>> is_plausible("1ABC234", 0.52), is_plausible("BOBBY2", 0.52), is_plausible("OLIFANT", 0.65)
    (True, False, False)
    """
    if not could_be_plate(text):
        return False
    return confidence * (1.0 if is_common(text) else _BARE if is_bare(text) else _UNUSUAL) >= MIN_CONFIDENCE


def could_be_plate(text: str) -> bool:
    """Whether a text has a plate's length."""
    return MIN_LENGTH <= len(text) <= MAX_LENGTH


def is_bare(text: str) -> bool:
    """Whether a text is letters alone or digits alone, where O and I count as either."""
    return text.translate(_MAYBE_LETTERS).isalpha() or text.translate(_MAYBE_DIGITS).isdigit()
