"""One passage, several sights, one plate: whole texts are voted on (voting character by character was measured to be worse)."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.vision.interpret import Reading
from pipeline.vision.shapes import is_known

MIN_CONFIDENCE = 0.35
MIN_LENGTH, MAX_LENGTH = 4, 10


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a passage's sights say together. alternatives: other texts with their probabilities, likeliest first."""

    plate: str
    confidence: float
    alternatives: tuple[Reading, ...]


def vote(sights: Sequence[Sequence[Reading]], most: int = 5) -> Verdict | None:
    """The text that the sights give most weight to, or None when it is no plausible plate.

    A text's probability is its mean over the sights that show any text; sights that disagree thus lower each other.
    """
    seeing = [sight for sight in sights if sight]
    if not seeing:
        return None
    weights: defaultdict[str, float] = defaultdict(float)
    for sight in seeing:
        for reading in sight:
            weights[reading.text] += reading.probability / len(seeing)
    ranked = sorted(weights.items(), key=lambda item: (-item[1], item[0]))
    plate, confidence = ranked[0]
    if confidence < MIN_CONFIDENCE or not is_plausible(plate):
        return None
    others = tuple(Reading(text, min(weight, 1.0)) for text, weight in ranked[1 : most + 1] if weight >= 0.001)
    return Verdict(plate, min(confidence, 1.0), others)


def is_plausible(text: str) -> bool:
    """Whether a text can be a plate at all: 4 to 10 characters with a digit, or of a shape that some country issues.

    >>> [is_plausible(text) for text in ("1ABC234", "BOBBY1", "STOP", "12")]
    [True, True, False, False]
    """
    return MIN_LENGTH <= len(text) <= MAX_LENGTH and (any(c.isdigit() for c in text) or is_known(text))
