"""Finds decided violations that no longer hold as they were decided, because reference data or law was corrected since.

A version of a section or a camera that arrives after the capture, and names an earlier moment, may only help the driver. So may a
rule of law that is installed later. What was decided before it arrived must come to the same as what is decided after it.
"""

from collections.abc import Sequence

from pipeline.law.book import Book
from pipeline.sections.moment import Reference
from pipeline.sections.outcomes import pair_of
from pipeline.sections.passages import End, Passage, passages_of
from pipeline.sections.speed import badness
from pipeline.sections.verdict import verdict_on
from schemas.outcomes import Violation


def is_lessened(violation: Violation, kept: Sequence[End], reference: Reference, book: Book | None) -> bool:
    """Whether its passages prove less now than the violation says, or nothing. kept: the reads of its vehicle, in the order
    of capture."""
    entry_id, exit_id = pair_of(violation)
    entry, exit_ = _with(entry_id, passages_of("entry", kept)), _with(exit_id, passages_of("exit", kept))
    if entry is None or exit_ is None:
        return False  # not remembered any more: nothing can be decided about it
    now = verdict_on(violation.section_id, entry, exit_, reference, decided_at_ms=violation.decided_at_ms, book=book)
    return not isinstance(now, Violation) or badness(now) < badness(violation)


def _with(read_id: str, passages: Sequence[Passage]) -> Passage | None:
    return next((one for one in passages if any(read.read_id == read_id for read in one.reads)), None)
