"""Checks which hotlist entries may be accepted, and what the importer is told about one. Pure."""

import hashlib
from collections.abc import Iterable
from functools import lru_cache

from pipeline.hotlist.pattern_index import collapsed, is_pattern
from pipeline.hotlist.pattern_needs import PatternsCost, cost_us
from pipeline.hotlist.watches import fault_of_id
from pipeline.plates.countries import country_fault
from pipeline.plates.selectivity import share_matched
from schemas.reference import HotlistEntry
from schemas.requests import Exclusion

LEAST_SELECTIVE = 1e-5
"""An urgent pattern may match one plate in 100,000 at most: at a thousand reads a second one alarm in 100 seconds."""


MOST_PATTERNS_US = 200.0
"""What the patterns of all lists and watches may together add to the processor time of each read, microseconds: thirty times what
ten thousand ordinary ones do. See also pipeline.lists.patterns."""
MOST_COVERT_US = 40.0
"""The same of the covert entries of one owner. They have room of their own, so that nobody else's refusal tells of them."""


def patterns_cost_us(plates: Iterable[str]) -> float:
    """What these patterns together add to the processor time of each read, microseconds; see PatternsCost."""
    cost = PatternsCost()
    for plate in plates:
        cost.add(collapsed(plate))
    return cost.us


class PatternsGiven:
    """The patterns of one file of entries or watches, by what they cost together."""

    def __init__(self) -> None:
        self._cost = PatternsCost()

    def fault_with(self, plate: str | None) -> str | None:
        """Count one more plate. Returns why it cannot be taken together with the patterns before it, and the cure; None when it
        can, or is no pattern."""
        if plate is None or not is_pattern(plate):
            return None
        if self._cost.us <= MOST_PATTERNS_US:
            self._cost.add(collapsed(plate))
        if self._cost.us <= MOST_PATTERNS_US:
            return None
        return f"the patterns up to here cost each read more than {MOST_PATTERNS_US:g} us: leave some out, or name more characters"


COVERT = "covert-"


def covert_mark(owner: str) -> str:
    """How the ids of an owner's covert entries begin: whoever guesses one has the owner's right to it, or is told the same as of a
    name of nothing.

    >>> covert_mark("zone 5341")
    'covert-60d8d331-'
    """
    return f"{COVERT}{hashlib.sha256(owner.encode()).hexdigest()[:8]}-"


def fault_of_name(entry: HotlistEntry) -> tuple[str, str] | None:
    """The field and why, with the cure, where an id begins as those of requests to watch do, begins as those of covert entries do
    and is of one that is not, or bears the mark of another owner; else None."""
    if (fault := fault_of_id(entry)) is not None or not entry.covert:
        return fault or _not_covert("entry_id", entry.entry_id)
    mark = covert_mark(entry.owner)
    if entry.entry_id.startswith(mark) or not entry.entry_id.startswith(COVERT):
        return None
    return "entry_id", f"an id that begins with {COVERT} and is covert for {entry.owner} begins with {mark}"


def told_of_name(entry: HotlistEntry) -> str | None:
    """In words, that whoever guesses a covert entry's id learns that it is taken, and the cure; None: nobody does."""
    if not entry.covert or entry.entry_id.startswith(COVERT):
        return None
    told = f"entry {entry.entry_id} is covert, and whoever guesses its id learns that it is taken"
    return f"{told}: of ids that begin with {covert_mark(entry.owner)} nobody does"


def fault_of_exclusions_name(exclusion: Exclusion) -> tuple[str, str] | None:
    """As `fault_of_name`: of an exclusion that speaks of a covert entry, which has the same mark as the entry."""
    about = exclusion.entry_id or ""
    if not about.startswith(COVERT):
        return _not_covert("exclusion_id", exclusion.exclusion_id)
    mark = about[: len(covert_mark(""))]
    if exclusion.exclusion_id.startswith(mark):
        return None
    return "exclusion_id", f"what is about {about} has an id that begins with {mark}"


def _not_covert(field: str, name: str) -> tuple[str, str] | None:
    if not name.startswith(COVERT):
        return None
    return field, f"{name} begins with {COVERT}, as what is covert does alone: name it otherwise"


def fault_of_entry(entry: HotlistEntry) -> tuple[str, str] | None:
    """The field that keeps the entry from being taken and why, with the cure; None when it may be taken."""
    if entry.priority == "urgent" and is_pattern(entry.plate):
        share = share_matched(entry.plate, entry.country)
        if share > LEAST_SELECTIVE:
            return "plate", (
                f"{entry.plate} matches {share_text(share)}: an urgent pattern may match one in"
                f" {1 / LEAST_SELECTIVE:,.0f} at most; name more characters or the country, or ask for priority high"
            )
    return _fault_of_countries(entry.country, entry.share_with)


@lru_cache(maxsize=4096)
def _fault_of_countries(country: str | None, share_with: tuple[str, ...]) -> tuple[str, str] | None:
    for field, codes in (("country", (country,)), ("share_with", share_with)):
        for code in codes:
            fault = country_fault(code) if code else None
            if fault:
                return field, fault
    return None


def share_text(share: float) -> str:
    """A fraction of the plates on the road, in words. share: 0..1.

    >>> share_text(0.05), share_text(2e-7), share_text(0.0)
    ('one plate in 20', 'one plate in 5,000,000', 'no plate of a form that is known')
    """
    return f"one plate in {1 / share:,.0f}" if share else "no plate of a form that is known"


def told_of_pattern(entry: HotlistEntry) -> str | None:
    """How many plates the entry's pattern matches, in words; None for an entry that is no pattern."""
    if not is_pattern(entry.plate):
        return None
    share = share_text(share_matched(entry.plate, entry.country))
    return f"entry {entry.entry_id}: {entry.plate} matches {share}, and costs each read {cost_us(collapsed(entry.plate)):.2f} us"
