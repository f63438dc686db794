"""Computes plate texts with probabilities from the recogniser's scores. The picture decides; the usual shapes of plates are
weak evidence.

Recognisers' errors on plates are nearly all insertions (a crest read as 8 or 0, the letter of the EU band in front) and
look-alikes of one glyph (O and 0, I and 1). So beside the texts that the recogniser itself finds likely, each of these
repairs is scored against the picture again (exactly, not by guess) and against how common the shape is. No text is forced
into a format.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from pipeline.vision.ctc import Scores, best_texts, log_probabilities, without_pauses
from pipeline.vision.shapes import log_weight

MAX_LENGTH = 12
_SHAPE_TRUST = 0.8  # how much of the shape's log weight counts
_SHARPNESS = 0.85  # readers are surer than right: log probabilities are scaled by this before they are normalised
_TWIN_COST = 3.0  # nats; O for 0 or I for 1, one and the same glyph on many plates
_TWINS = {"O": "0", "0": "O", "Q": "0", "I": "1", "1": "I"}
_UNSEEN = 1e-4  # probability of a text that a look does not think of
_REPAIRED = 4  # best texts that repairs are tried on
_JOINED = 6  # texts of each line that are tried together
# Certainty, and the share that was right of real reads about as certain: 36 of 37 between 0.92 and 0.95, 131 of 136 between 0.95
# and 0.99, 799 of 805 above (chosen on one half of the pictures, 19 of 19; 17 of 18 in the other).
_CERTAIN, _RIGHT = (0.0, 0.88, 0.92, 0.97, 1.0), (0.0, 0.88, 0.95, 0.97, 1.0)


@dataclass(frozen=True, slots=True)
class Reading:
    """One text that a picture may show. probability: among all texts considered, shape included; by_picture: by the picture
    alone."""

    text: str
    probability: float
    by_picture: float = 0.0


def readings_of(scores: Scores, most: int = 6) -> list[Reading]:
    """The texts of one line, likeliest first. scores: see ctc. Empty when the line holds no character."""
    return posterior(candidates_of(scores), most)


def candidates_of(scores: Scores, *, twins: bool = True) -> dict[str, float]:
    """The texts that a line may show, each with its natural log probability by the picture alone.

    scores: see ctc. twins: also try texts with O for 0, I for 1 and the like; False for a reader that was trained on plates
    and tells these apart by their place.
    """
    scores = without_pauses(scores)
    found = {text: seen for text, seen in best_texts(scores) if text and len(text) <= MAX_LENGTH}
    likely = sorted(found, key=lambda text: -found[text])[:_REPAIRED]
    repaired = sorted({shorter for text in likely for shorter in _one_less(text)} - found.keys())
    found |= dict(zip(repaired, log_probabilities(scores, repaired), strict=True))
    for text, seen in sorted(found.items()) if twins else ():
        for twin in _twins(text):
            found[twin] = max(found.get(twin, -math.inf), seen - _TWIN_COST)
    return found


def texts_of_lines(lines: Sequence[dict[str, float]]) -> dict[str, float]:
    """The texts of a plate's lines, top to bottom, joined to one, with their natural log probabilities, which are added.

    K over AX59 and KA over X59 are the same text: its probability is that of both together.
    """
    if len(lines) == 1:
        return lines[0]
    ranked = [sorted(line.items(), key=lambda item: (-item[1], item[0]))[:_JOINED] for line in lines]
    joined: defaultdict[str, list[float]] = defaultdict(list)
    for parts in product(*ranked):
        joined["".join(text for text, _ in parts)].append(math.fsum(value for _, value in parts))
    return {
        text: max(values) + math.log(math.fsum(math.exp(value - max(values)) for value in values))
        for text, values in joined.items()
        if len(text) <= MAX_LENGTH
    }


def posterior(seen: dict[str, float], most: int = 6) -> list[Reading]:
    """The texts of `seen` (with their natural log probabilities), likeliest first, at most `most`, weighed with how common
    their shapes are. Their probabilities sum to less than 1; the rest is for other texts."""
    if not seen:
        return []
    unseen = math.log(max(1.0 - math.fsum(math.exp(value) for value in seen.values()), 1e-9))
    weighed = _shares({text: value + _SHAPE_TRUST * log_weight(text) for text, value in [*seen.items(), ("", unseen)]})
    by_picture = _shares({**seen, "": unseen})
    ranked = sorted(seen, key=lambda text: (-weighed[text], text))[:most]
    return [Reading(text, weighed[text], by_picture[text]) for text in ranked]


def certainty(readings: Sequence[Reading]) -> float:
    """The probability that the likeliest text is right, where confusing O with 0 or I with 1 counts as right, since many
    typefaces draw them alike. 0 where there are no readings.

    No picture tells those apart: the series of the plate may, and the other texts stay among the readings.
    """
    glyphs = readings[0].text.translate(_TO_GLYPHS) if readings else ""
    return math.fsum(reading.probability for reading in readings if reading.text.translate(_TO_GLYPHS) == glyphs)


def calibrated(certain: float) -> float:
    """The share of real reads of this certainty (see certainty) that are right, 0..1.

    >>> calibrated(0.5), calibrated(0.92), calibrated(1.0)
    (0.5, 0.95, 1.0)
    """
    return float(np.interp(certain, _CERTAIN, _RIGHT))


def blended(parts: Sequence[tuple[float, Sequence[Reading]]]) -> list[Reading]:
    """Combine several readings of one plate by averaging probabilities, each part with its weight (the weights sum to 1);
    likeliest first."""
    shares: defaultdict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for weight, readings in parts:
        for reading in readings:
            share = shares[reading.text]
            share[0] += weight * reading.probability
            share[1] += weight * reading.by_picture
    ranked = sorted(shares.items(), key=lambda item: (-item[1][0], item[0]))
    return [Reading(text, min(share, 1.0), min(by_picture, 1.0)) for text, (share, by_picture) in ranked]


def pooled(parts: Sequence[tuple[float, Sequence[Reading]]]) -> list[Reading]:
    """Combine readings of one plate from several pictures, each with its weight (the weights sum to 1); likeliest first.

    Logarithms of probabilities are averaged: a doubt that only one picture raises fades, a doubt that all share stays
    (logarithmic opinion pool: Genest and Zidek, Combining Probability Distributions, 1986).
    """
    texts = sorted({reading.text for _, readings in parts for reading in readings})
    likely, by_picture = (
        _pool(
            [(weight, {reading.text: getattr(reading, of) for reading in readings}) for weight, readings in parts],
            texts,
        )
        for of in ("probability", "by_picture")
    )
    ranked = sorted(texts, key=lambda text: (-likely[text], text))
    return [Reading(text, likely[text], by_picture[text]) for text in ranked]


def _pool(parts: Sequence[tuple[float, dict[str, float]]], texts: Sequence[str]) -> dict[str, float]:
    """Each text's probability; "" stands for all other texts. The probabilities sum to 1."""
    logs = {
        text: math.fsum(weight * math.log(max(shares.get(text, 0.0), _UNSEEN)) for weight, shares in parts)
        for text in texts
    }
    logs[""] = math.fsum(weight * math.log(max(1.0 - math.fsum(shares.values()), _UNSEEN)) for weight, shares in parts)
    top = max(logs.values())
    total = math.fsum(math.exp(value - top) for value in logs.values())
    return {text: math.exp(value - top) / total for text, value in logs.items()}


def _shares(values: dict[str, float]) -> dict[str, float]:
    """Log probabilities as probabilities that sum to 1, made less extreme."""
    top = max(values.values())
    shares = {text: math.exp(_SHARPNESS * (value - top)) for text, value in values.items()}
    total = math.fsum(shares.values())
    return {text: share / total for text, share in shares.items()}


def _one_less(text: str) -> set[str]:
    return {text[:i] + text[i + 1 :] for i in range(len(text))} - {""} if len(text) > 4 else set()


def _twins(text: str) -> set[str]:
    """The text with one look-alike character swapped, with all of them as digits, and with all as letters; without the text."""
    single = {text[:i] + _TWINS[c] + text[i + 1 :] for i, c in enumerate(text) if c in _TWINS}
    return (single | {text.translate(_TO_DIGITS), text.translate(_TO_LETTERS)}) - {text}


_TO_DIGITS = _TO_GLYPHS = str.maketrans("OQI", "001")
_TO_LETTERS = str.maketrans("01", "OI")
