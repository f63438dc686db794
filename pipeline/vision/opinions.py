"""Joins what the own reader and PaddleOCR see in the lines of one plate: one weighs the other, neither overrules it."""

from collections.abc import Sequence

import numpy as np

from pipeline.vision.ctc import Scores, log_probabilities
from pipeline.vision.interpret import Reading, candidates_of, posterior, texts_of_lines

_SHARES = (0.8, 0.8)  # of the own reader's and of PaddleOCR's log probabilities
_SHARES_OF_TWO = (0.8, 0.6)  # in lines of a pair: short ones, where PaddleOCR often reads a crest as a character
# nats, for the last character of an upper line to be a crest or a seal: of 34 such lines PaddleOCR read 8 so
_CREST = 1.2
_LEAST = 1e-4  # probability of all texts that a reader did not think of
_FLOOR = -9.0  # nats per column: no reader's certainty outweighs the other's by more


def read_by_one(lines: Sequence[Scores]) -> list[Reading]:
    """The readings, likeliest first, that follow from the own reader's scores alone. lines: the scores of each line of the plate,
    top to bottom."""
    return posterior(texts_of_lines([candidates_of(scores, twins=False) for scores in lines]))


def read_by_both(own: Sequence[Scores], other: Sequence[Scores]) -> list[Reading]:
    """The readings that the scores of both readers give together, likeliest first. own, other: of the same lines, top to
    bottom."""
    shares = _SHARES if len(own) == 1 else _SHARES_OF_TWO
    upper = [len(own) > 1 and number == 0 for number in range(len(own))]
    seen = [_seen_by_both(a, b, shares, at_top) for a, b, at_top in zip(own, other, upper, strict=True)]
    return posterior(texts_of_lines(seen))


def _seen_by_both(own: Scores, other: Scores, shares: tuple[float, float], at_top: bool) -> dict[str, float]:
    """The log probability of every text that either reader finds: the weighted sum of what both give it, such that the
    probabilities of these texts and of all others, summed up the same way, make 1. at_top: an upper line of two, in which the
    last character that PaddleOCR sees may be a crest."""
    own, other = np.maximum(own, _FLOOR), np.maximum(other, _FLOOR)
    by_own, by_other = candidates_of(own, twins=False), candidates_of(other)
    texts = sorted(by_own.keys() | by_other.keys())
    by_other = dict(zip(texts, _completed(other, by_other, texts), strict=True))
    if at_top:
        by_other = _without_crests(by_other)
    given = np.array([_completed(own, by_own, texts), list(by_other.values())])
    others = np.log(np.maximum(1.0 - np.exp(given).sum(axis=1), _LEAST))
    both, rest = np.array(shares) @ given, float(np.array(shares) @ others)
    whole = float(np.logaddexp.reduce([*both, rest]))
    return dict(zip(texts, (both - whole).tolist(), strict=True))


def _without_crests(seen: dict[str, float]) -> dict[str, float]:
    """The texts, sorted, each with its log probability where the last character of a longer one may be a crest."""
    weighed = dict(seen)
    for text in sorted(seen, key=len, reverse=True):
        if text[:-1] in weighed:
            weighed[text[:-1]] = float(np.logaddexp(weighed[text[:-1]], weighed[text] - _CREST))
    return weighed


def _completed(scores: Scores, seen: dict[str, float], texts: list[str]) -> list[float]:
    """Each text's log probability: the one found already, else computed from the scores."""
    missing = [text for text in texts if text not in seen]
    whole = seen | dict(zip(missing, log_probabilities(scores, missing), strict=True))
    return [whole[text] for text in texts]
