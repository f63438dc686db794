"""Which hotlist entries the texts of a read may be of, how each matches, and how probable the text makes it. Pure."""

from collections.abc import Container, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from pipeline.hotlist.index import Hotlist, is_one_edit
from pipeline.hotlist.pattern_index import fits
from pipeline.plates.confusable import STRONG_COST, belief
from schemas.outcomes import Match
from schemas.reads import PlateRead
from schemas.reference import HotlistEntry

# Readers err by inserting (a crest, the EU band's letter) far more often than otherwise. Both are weak: entries must ask for them.
READ_ONE_MORE = 0.4
READ_OTHERWISE = 0.3
ALIKE = 1.0 - STRONG_COST  # where O and 0, or I and 1, must be taken for each other
NOT_STATED = 0.7
"""Counts as confidence where the camera states none: below SURE_SCORE, so that a person confirms, and high enough that neither one
contradiction nor a weaker match alone silences the hit. An own choice."""
Candidate: TypeAlias = tuple[HotlistEntry, Match, float]
"""An entry, the kind of match and how probable the text makes it, 0..1."""


class Looked(NamedTuple):
    """What the hotlist found for many texts together. suspects: the only texts that may have entries alike or near; fitting: the
    entries whose pattern each text fits."""

    suspects: Container[str]
    fitting: Mapping[str, Sequence[HotlistEntry]]


def candidates_of(read: PlateRead, hotlist: Hotlist, looked: Looked, least: float) -> list[Candidate]:
    """Entries with the kind of match and how probable the text makes them. least: texts that are less probable are not looked at,
    since no match is more probable than its text."""
    texts = texts_of(read, least)
    suspects, fitting = looked
    found: list[Candidate] = []
    doubted = [one for one in texts if one[0] in suspects]
    for text, probability in doubted:
        found += [_alike(read, text, probability, entry) for entry in hotlist.alike(text)]
    for text, probability in doubted:
        found += [_near(text, probability, entry) for entry in hotlist.near(text)]
    for text, probability in texts:
        for entry in fitting.get(text, ()):
            found.append((entry, "pattern", probability if _fits_as_read(entry.plate, text) else probability * ALIKE))
    return found


def texts_of(read: PlateRead, least: float) -> list[tuple[str, float]]:
    """The texts that the read may show, of at least this probability, each with its own: the best first."""
    sure = read.confidence if read.confidence_stated else NOT_STATED
    texts = [(read.plate, sure)] if sure >= least else []
    if read.alternatives:
        texts += [(one.text, one.probability) for one in read.alternatives if one.probability >= least]
    return texts


def _near(text: str, probability: float, entry: HotlistEntry) -> Candidate:
    share = READ_ONE_MORE if len(text) > len(entry.plate) else READ_OTHERWISE
    alike = 1.0 if is_one_edit(text, entry.plate) else ALIKE
    return entry, "near", probability * share * alike


def _fits_as_read(pattern: str, text: str) -> bool:
    """Whether a text that fits the pattern where O and 0, I and 1 count as one fits it character by character, too."""
    if "O" in text or "I" in text or "O" in pattern or "I" in pattern:
        return fits(pattern.split("*"), text)
    return True


def _alike(read: PlateRead, text: str, probability: float, entry: HotlistEntry) -> Candidate:
    match: Match = "exact" if entry.plate == read.plate else "confusable"
    return entry, match, probability * belief(text, entry.plate)
