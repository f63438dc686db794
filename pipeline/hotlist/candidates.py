"""Which hotlist entries the texts of a read may be of, how each matches, and how probable the text makes it. Pure."""

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from pipeline.hotlist.edits import is_one_edit
from pipeline.hotlist.index import Looked
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


class Shown(NamedTuple):
    """A text that a read may show, how probable it is (0..1), and what the hotlist found for it."""

    text: str
    probability: float
    looked: Looked


def candidates_of(read: PlateRead, shown: Sequence[Shown]) -> list[Candidate]:
    """Entries with the kind of match and how probable the text makes them. shown: the read's texts for which something was
    found, the plate first."""
    found: list[Candidate] = []
    for text, probability, (alike, _, _) in shown:
        for entry in alike:
            found.append(_alike(read, text, probability, entry))
    for text, probability, (_, near, _) in shown:
        for entry in near:
            found.append(_near(text, probability, entry))
    for text, probability, (_, _, fitting) in shown:
        for entry in fitting:
            found.append((entry, "pattern", probability if _fits_as_read(entry.plate, text) else probability * ALIKE))
    return found


def texts_of(read: PlateRead, least: float) -> list[tuple[str, float]]:
    """The texts that the read may show, of at least this probability, each with its own: the plate first, then the alternatives."""
    texts = [(read.plate, sure)] if (sure := sure_of(read)) >= least else []
    if read.alternatives:
        texts += [(one.text, one.probability) for one in read.alternatives if one.probability >= least]
    return texts


def sure_of(read: PlateRead) -> float:
    """How probable the text of the read is, 0..1; NOT_STATED where the camera does not say."""
    return read.confidence if read.confidence_stated else NOT_STATED


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
    plate = entry.plate
    match: Match = "exact" if plate == read.plate else "confusable"
    return entry, match, probability if plate == text else probability * belief(text, plate)
