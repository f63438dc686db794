"""What a list of wanted plates implies for its entries, and checks of the list. Pure."""

from schemas.reference import HotlistEntry, Priority, WantedList

QUIET = frozenset(("no_insurance", "no_inspection"))
"""Kinds of lists on which normal counts as low, and low makes no sound unless the entry says silent=false."""
LEAST_SHARE_ENTRIES = 100
"""Entries of no list may be changed at once as one likes while there are fewer than this."""
DEFAULT_SHARE = 0.5
"""Of the present entries of no list, that an import may add or remove unasked."""


def priority_of(entry: HotlistEntry) -> Priority:
    """The entry's priority; on a quiet list, normal becomes low."""
    return "low" if entry.priority == "normal" and entry.hotlist in QUIET else entry.priority


def is_silent(entry: HotlistEntry) -> bool:
    """Whether hits of the entry never ring: as the entry says; else where its list is quiet and its priority low."""
    return entry.silent if entry.silent is not None else entry.hotlist in QUIET and priority_of(entry) == "low"


def given_by(source: WantedList) -> dict[str, object]:
    """The values, by field, that this list gives to entries whose line leaves them out."""
    given = {
        "list_id": source.list_id, "hotlist": source.hotlist, "owner": source.owner, "legal_basis": source.legal_basis,
        "category": source.category, "origin": source.origin, "priority": source.priority, "action": source.action,
        "silent": source.silent,
    }  # fmt: skip
    return {field: value for field, value in given.items() if value is not None}


def stranger_to(source: WantedList, entry_id: str, list_id: str | None, hotlist: str) -> str | None:
    """Why an entry that says so cannot be on this list, in words; None when it can."""
    if list_id != source.list_id:
        return f"entry {entry_id} says that it is of list {list_id}, not {source.list_id}"
    if hotlist != source.hotlist:
        return f"entry {entry_id} is of the kind {hotlist}; list {source.list_id} is of {source.hotlist}"
    return None


def stale_since_ms(source: WantedList, refreshed_ms: int | None, begun_ms: int) -> int:
    """From when the list counts as stale, UTC ms, unless it is refreshed again: a twelfth of its rhythm after the refresh
    was due.

    refreshed_ms: the last refresh; None: there was none, and begun_ms, when the list was created, counts instead.
    """
    last_ms = begun_ms if refreshed_ms is None else refreshed_ms
    return last_ms + source.refresh_every_ms * 13 // 12


def sudden_change(before: int, added: int, removed: int, source: WantedList | None) -> str | None:
    """Why an import must be confirmed, in words that begin with "it": it removes or adds a larger share of the present entries
    than is allowed. None: it need not, or there are no entries yet.

    before: the number of present entries. source: the list that they are of, with its share; None: they are of none, DEFAULT_SHARE
    is allowed, and below LEAST_SHARE_ENTRIES entries any change.
    """
    share = source.most_change_share if source else DEFAULT_SHARE
    if not before or (source is None and before < LEAST_SHARE_ENTRIES):
        return None
    for count, what in ((removed, "loses"), (added, "gains")):
        if count > share * before:
            return f"it {what} {count:,} of {before:,} entries at once ({count / before:.0%}), and {share:.0%} is what it may"
    return None
