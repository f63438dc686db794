"""Versions of a collection that are imported as a whole: staged, and switched to."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from pipeline.state.follower import ROWS_AT_ONCE

LEAD_MS = 500
"""A switch holds from this much after it is made: every worker has looked by then."""
ADDED_A_SECOND, OTHERS_A_SECOND = 80_000, 40_000
"""Rows that a worker takes over; of one that was there before, the index forgets what it knew."""


class CovertCounts(msgspec.Struct, array_like=True, frozen=True):
    """How many of the counts of a Refresh are of entries that were or became covert for these owners."""

    owners: tuple[str, ...]
    added: int = 0
    changed: int = 0
    removed: int = 0


class Refresh(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a switch was made of. sequence: of a delta or whole file, as its owner counts; digest: SHA-256 of the file, hex.
    covert: what of the counts only the owners of covert entries may know."""

    by: str = ""  # the person or account that imported it
    source: str = ""  # the file's name
    list_id: str = ""  # the list that it refreshed; empty: the whole collection
    kind: str = "import"
    digest: str = ""
    sequence: int | None = None
    entries: int = 0  # of the list, or of the collection, afterwards
    added: int = 0
    changed: int = 0
    removed: int = 0
    covert: tuple[CovertCounts, ...] = ()


class Switch(msgspec.Struct, array_like=True, frozen=True):
    """A version of a collection that was imported as a whole. at_ms: from when it holds, UTC."""

    number: int
    at_ms: int
    refresh: Refresh


Done = Literal["added", "changed", "removed"]


@dataclass(slots=True)
class Part:
    """What an import changes among the entries of one list. before: how many there are; added, removed: how many come and go."""

    before: int = 0
    added: int = 0
    removed: int = 0


@dataclass(slots=True)
class Staged:
    """A version that is built and does not count yet. build: names its blocks. version, switch: numbers of the collection that it
    was compared with. whole: it replaces the whole collection. before: entries of the part that is imported, as they are now;
    hidden: those that the importer may not know of, beside them. added, changed, removed, unchanged: how many items it does this
    to; parts: the same by list, where the whole hotlist is imported (what goes to another list leaves its own); of_owners: how
    many of them are covert, by their owners and what is done."""

    build: str
    version: str
    switch: str
    whole: bool
    before: int = 0
    blocks: int = 0
    added: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0
    hidden: int = 0
    parts: dict[str, Part] = field(default_factory=lambda: defaultdict(Part))
    of_owners: Counter[tuple[tuple[str, ...], Done]] = field(default_factory=Counter)
    strangers: tuple[str, ...] = ()  # keys that another list has already

    def note(self, done: Done, *owners: str | None) -> None:
        """Note what is done to an item. owners: of the covert entry that it was, and that it becomes; None: it is none."""
        if covert := tuple(sorted({one for one in owners if one is not None})):
            self.of_owners[covert, done] += 1

    @property
    def covert(self) -> tuple[CovertCounts, ...]:
        """The counts of covert entries, by their owners."""
        return tuple(
            CovertCounts(owners, *(self.of_owners[owners, done] for done in ("added", "changed", "removed")))
            for owners in sorted({owners for owners, _ in self.of_owners})
        )

    @property
    def rows(self) -> int:
        """How many items differ from the version that is live."""
        return self.added + self.changed + self.removed

    @property
    def lead_ms(self) -> int:
        """How many ms workers need to take in all of it before it holds."""
        if self.rows <= ROWS_AT_ONCE:
            return LEAD_MS
        others = self.changed + self.removed
        return LEAD_MS + self.added * 1_000 // ADDED_A_SECOND + others * 1_000 // OTHERS_A_SECOND
