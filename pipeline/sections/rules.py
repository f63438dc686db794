"""What section control decides by: the reference data, the law, and how long reads settle."""

from dataclasses import dataclass

from pipeline.law.book import Book
from pipeline.sections.moment import Reference

SETTLE_MS = 10_000


@dataclass(frozen=True, slots=True)
class Rules:
    """What a decision is made by. settle_ms: the settling time (see pipeline.sections.vehicle). book: other rules of law than
    those that are installed.

    whole_since_ms: of the reads that the broker took before this (UTC ms) some are not remembered; what they could have
    changed proves nothing. 0: all are remembered.
    """

    reference: Reference
    settle_ms: int = SETTLE_MS
    whole_since_ms: int = 0
    book: Book | None = None
