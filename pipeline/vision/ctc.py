"""Computes the texts of one line, each with its probability, from the recogniser's probabilities per column (CTC).

Columns are folded to the alphabet of plates first: lower case and letters with accents count for their capital, everything
else for "no character". Scores are (columns, 37) float64 natural logarithms; index 0 is "no character", then 0-9, A-Z.
"""

import math
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
Scores = NDArray[np.float64]
_INDEX = {character: index for index, character in enumerate(ALPHABET, start=1)}
# Greek and Cyrillic capitals that plates of Greece, Cyprus and Bulgaria share with the Latin alphabet (Vienna Convention on Road
# Traffic, annex 2): the recogniser knows all three alphabets and picks any.
_TWINS = dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧАВЕКМНОРСТУХØ", "ABEZHIKMNOPTYXABEKMHOPCTYXO", strict=True))
_FLOOR = 1e-7
_SURELY_NOTHING = -1e-3  # natural logarithm
_SHRINK_EVERY = 12  # columns: each takes at most 16 nats, and a float holds 700
_MOST_LIKELY = 6  # characters that are tried at one column
_UNLIKELY = math.exp(-7.0)  # a character below this starts no text


class LineReader(Protocol):
    """Reads lines of text: returns the scores of each. Lines are (h, w, 3) uint8 BGR and not modified."""

    def scores(self, lines: Sequence[NDArray[np.uint8]]) -> list[Scores]: ...


class Folding:
    """Maps the recogniser's own character classes to the plate alphabet.

    characters: of class 1 onward (class 0 is "no character"); every letter and digit must be among them.
    """

    def __init__(self, characters: Sequence[str]) -> None:
        folded = [(number, _folded(character)) for number, character in enumerate(characters, start=1)]
        kept = sorted((_INDEX[letter], number) for number, letter in folded if letter is not None)
        self._classes = np.array([number for _, number in kept])
        self._starts = np.searchsorted([target for target, _ in kept], np.arange(1, len(ALPHABET) + 1))

    def scores(self, probabilities: NDArray[np.float32]) -> Scores:
        """probabilities: (columns, classes), those of one column summing to 1. Returns (columns, 37) log probabilities; what is no
        letter or digit of plates counts as 0, "no character"."""
        letters = np.add.reduceat(probabilities[:, self._classes].astype(np.float64), self._starts, axis=1)
        nothing = np.clip(1.0 - letters.sum(axis=1, keepdims=True), 0.0, 1.0)
        scores: Scores = np.log(np.clip(np.hstack([nothing, letters]), _FLOOR, 1.0))
        return scores


def _folded(character: str) -> str | None:
    base = _TWINS.get(character.upper()) or unicodedata.normalize("NFD", character)[:1].upper()
    return base if base in _INDEX else None


def best_texts(scores: Scores, width: int = 8, reach: float = 12.0) -> list[tuple[str, float]]:
    """The likeliest texts with their log probabilities, best first (prefix beam search).

    width: how many texts are followed. reach: texts whose log probability is lower than the best by more than this are
    dropped.
    """
    behind, shrunk = math.exp(-reach), 0.0
    beams: dict[str, tuple[float, float]] = {
        "": (1.0, 0.0)
    }  # probability: ending in nothing, ending in its last character
    for shares, likely in _columns(scores):
        nothing, grown = shares[0], dict[str, list[float]]()
        if not likely:  # nothing to rank
            beams = {
                text: ((blank + letter) * nothing, letter * shares[_INDEX[text[-1]]] if text else 0.0)
                for text, (blank, letter) in beams.items()
            }
            continue
        for text, (blank, letter) in beams.items():
            total = blank + letter
            ends = grown.setdefault(text, [0.0, 0.0])
            ends[0] += total * nothing
            last = text[-1:]
            if last:
                ends[1] += letter * shares[_INDEX[last]]
            for character, share in likely:
                ends = grown.setdefault(text + character, [0.0, 0.0])
                ends[1] += (blank if character == last else total) * share
        ranked = sorted(((blank + letter, text) for text, (blank, letter) in grown.items()), reverse=True)[:width]
        best = ranked[0][0]
        beams = {text: (grown[text][0] / best, grown[text][1] / best) for seen, text in ranked if seen > best * behind}
        shrunk += math.log(best)
    texts = [(text, math.log(blank + letter) + shrunk) for text, (blank, letter) in beams.items()]
    return sorted(texts, key=lambda item: -item[1])


def spelt(scores: Scores) -> list[tuple[str, float]]:
    """The text that the likeliest class of each column spells: each character with the column of its middle."""
    said: list[tuple[str, float]] = []
    classes = scores.argmax(axis=1).tolist()
    for column, (index, before) in enumerate(zip(classes, [0, *classes[:-1]], strict=True)):
        if index and index == before:
            character, middle = said[-1]
            said[-1] = character, middle + 0.5
        elif index:
            said.append((ALPHABET[index - 1], float(column)))
    return said


def _columns(scores: Scores) -> Iterator[tuple[list[float], list[tuple[str, float]]]]:
    """Each column's probabilities, and those of the characters that may stand there."""
    shares = np.exp(scores)
    columns = shares.tolist()
    likely: list[list[tuple[str, float]]] = [[] for _ in columns]
    rows, classes = np.nonzero(shares[:, 1:] > _UNLIKELY)
    for row, index in zip(rows.tolist(), classes.tolist(), strict=True):
        likely[row].append((ALPHABET[index], columns[row][index + 1]))
    for some in likely:
        if len(some) > _MOST_LIKELY:
            some.sort(key=lambda one: -one[1])
            del some[_MOST_LIKELY:]
    return zip(columns, likely, strict=True)


def log_probability(scores: Scores, text: str) -> float:
    """The log probability of exactly this text (CTC forward pass)."""
    return log_probabilities(scores, [text])[0]


def log_probabilities(scores: Scores, texts: Sequence[str]) -> list[float]:
    """The log probability of exactly each of these texts (CTC forward pass, all at once)."""
    if not texts:
        return []
    longest = max(len(text) for text in texts)
    states = np.zeros((len(texts), 2 * longest + 1), np.intp)
    for number, text in enumerate(texts):
        states[number, 1 : 2 * len(text) : 2] = [_INDEX[character] for character in text]
    emit = np.exp(scores)[:, states]  # (columns, texts, states)
    skip = np.zeros(states.shape)
    skip[:, 2:] = (states[:, 2:] != 0) & (states[:, 2:] != states[:, :-2])
    alpha = np.zeros((len(texts), states.shape[1] + 2))  # two columns of nothing in front
    now, one, two = alpha[:, 2:], alpha[:, 1:-1], alpha[:, :-2]
    now[:, :2] = emit[0, :, :2]
    shrunk = np.zeros(len(texts))
    for number, column in enumerate(emit[1:], start=1):
        now[:] = (now + one + skip * two) * column
        if number % _SHRINK_EVERY == 0:
            largest = np.maximum(now.max(axis=1), 1e-300)
            now /= largest[:, None]
            shrunk += np.log(largest)
    ends = np.array([2 * len(text) for text in texts])
    each = np.arange(len(texts))
    last = now[each, ends] + np.where(ends > 0, now[each, ends - 1], 0.0)
    found: NDArray[np.float64] = np.log(np.maximum(last, 1e-300)) + shrunk
    return [float(one) for one in found]


def without_pauses(scores: Scores) -> Scores:
    """The scores with each run of columns that surely hold no character shortened to one column.

    Texts keep their probabilities; searching them is quicker.
    """
    sure = scores[:, 0] > _SURELY_NOTHING
    keep = ~sure | ~np.concatenate([[False], sure[:-1]])
    kept: Scores = scores[keep]
    return kept
