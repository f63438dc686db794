"""What the API says and takes of lists of wanted plates."""

from collections.abc import Callable
from typing import Annotated, Literal

import msgspec

from pipeline.state.list_ages import ListAge
from pipeline.state.switching import Switch
from schemas.base import Count, EpochMs, Identifier, Message, Text
from schemas.reference import HotlistEntry, WantedList

MOST_LISTS, MOST_IMPORTS, MOST_SHOWN = 1_000, 1_000, 500


class Import(Message, frozen=True, kw_only=True):
    """One import as a whole, without what it did to covert entries that this person may not know of. version: its number. source:
    the file's name, or the version that was gone back to. by: who did it."""

    version: Count
    holds_from_ms: EpochMs
    kind: Identifier  # import, replace, delta or rollback
    source: Text
    by: Text
    sequence: Count | None = None
    added: Count
    changed: Count
    removed: Count


class ListShown(Message, frozen=True, kw_only=True):
    """A list, how old it is, and the import that refreshed it last. outdated: how many incidents with a hit of it dispatchers
    dismissed because it is not wanted any more, of those in this process's memory (the last day's and some older); 0 also where
    this person may not see its hits."""

    item: WantedList
    age_ms: Count
    stale: bool
    last: Import | None = None
    outdated: Count = 0


class Lists(Message, frozen=True, kw_only=True):
    """The lists that this person may see."""

    items: Annotated[tuple[ListShown, ...], msgspec.Meta(max_length=MOST_LISTS)]


class Imports(Message, frozen=True, kw_only=True):
    """The imports of one list, the newest first."""

    items: Annotated[tuple[Import, ...], msgspec.Meta(max_length=MOST_IMPORTS)]


class Between(Message, frozen=True, kw_only=True):
    """Two versions to compare. older absent: the import before the last one. newer absent: what holds now."""

    older: Count | None = None
    newer: Count | None = None


class DifferenceShown(Message, frozen=True, kw_only=True):
    """One entry that differs. fields: which of its fields do, where it is in both versions."""

    entry_id: Identifier
    change: Literal["added", "changed", "removed"]
    fields: Annotated[tuple[Identifier, ...], msgspec.Meta(max_length=64)] = ()
    before: HotlistEntry | None = None
    after: HotlistEntry | None = None


class Differences(Message, frozen=True, kw_only=True):
    """What differs between two versions of a list, the first MOST_SHOWN of it by entry_id, and how much there is in all."""

    items: Annotated[tuple[DifferenceShown, ...], msgspec.Meta(max_length=MOST_SHOWN)]
    added: Count
    changed: Count
    removed: Count


class Back(Message, frozen=True, kw_only=True):
    """The version that is to hold again."""

    version: Count


def shown_of(one: ListAge, sees: Callable[[str], bool], outdated: int) -> ListShown:
    """The list, as the API shows it. sees: see import_of."""
    return ListShown(
        item=one.source,
        age_ms=one.age_ms,
        stale=one.is_stale,
        last=import_of(one.switch, sees) if one.switch else None,
        outdated=outdated,
    )


def import_of(one: Switch, sees: Callable[[str], bool]) -> Import:
    """The import, as the API shows it. sees: whether the covert entries of an owner may be seen; others do not count."""
    refresh = one.refresh
    hidden = [each for each in refresh.covert if not all(map(sees, each.owners))]
    return Import(
        version=one.number, holds_from_ms=one.at_ms, kind=refresh.kind, source=refresh.source, by=refresh.by,
        sequence=refresh.sequence, added=refresh.added - sum(each.added for each in hidden),
        changed=refresh.changed - sum(each.changed for each in hidden),
        removed=refresh.removed - sum(each.removed for each in hidden),
    )  # fmt: skip
