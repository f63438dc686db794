"""The demo's lists of wanted plates: one of each kind, which together hold all its entries, each in two versions."""

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from pipeline.lists.importing import Manner, import_whole
from pipeline.state.collections import HOTLIST, LISTS
from pipeline.state.replica_writer import ReplicaWriter
from pipeline.state.switching import Refresh
from pipeline.tables.files import TABLES, Checked
from schemas.reference import HotlistEntry, WantedList

_PROSECUTOR = "Federal prosecutor"
WANTED_LISTS: tuple[WantedList, ...] = (
    WantedList(list_id="WANTED", name="Wanted in Belgium", hotlist="national_wanted", owner="Federal judicial police",
               authority=_PROSECUTOR, legal_basis="Code of criminal procedure, art. 44/11/3"),
    WantedList(list_id="STOLEN", name="Stolen vehicles", hotlist="stolen", owner="Vehicle crime unit",
               authority=_PROSECUTOR, legal_basis="Regulation (EU) 2018/1862, art. 38"),
    WantedList(list_id="SIS", name="Schengen Information System", hotlist="sis", owner="SIRENE bureau",
               authority="SIRENE bureau", legal_basis="Regulation (EU) 2018/1862"),
    WantedList(list_id="UNINSURED", name="Not insured", hotlist="no_insurance", owner="Mobility inspectorate",
               authority="Mobility inspectorate", legal_basis="Act of 21 November 1989, art. 2"),
    WantedList(list_id="UNINSPECTED", name="Inspection lapsed", hotlist="no_inspection", owner="Mobility inspectorate",
               authority="Mobility inspectorate", legal_basis="Royal decree of 15 March 1968, art. 23"),
    WantedList(list_id="LOCAL", name="Police zones' own", hotlist="ad_hoc", owner="Police zones",
               authority="Chief of each zone", legal_basis="Police function act, art. 44/2"),
)  # fmt: skip


def on_lists(entries: Iterable[HotlistEntry]) -> tuple[HotlistEntry, ...]:
    """The entries, each on the list of its kind."""
    list_ids = {one.hotlist: one.list_id for one in WANTED_LISTS}
    return tuple(replace(one, list_id=list_ids[one.hotlist]) for one in entries)


def version_before(entries: Sequence[HotlistEntry]) -> list[HotlistEntry]:
    """A list as the file before had it. entries: all of one list. The first had another priority, the last, unless it is the first,
    was not on it yet, and a vehicle that has been found since was."""
    first, *others = entries
    found = replace(first, entry_id=f"FOUND-{first.list_id}", plate="9ZZZ999", country="BE", covert=False, near=False)
    return [replace(first, priority="normal" if first.priority == "low" else "low"), *others[:-1], found]


async def import_lists(entries: Sequence[HotlistEntry], earlier: ReplicaWriter, now: ReplicaWriter) -> None:
    """Put the lists, and import the two versions of each, with writers whose clocks are apart. entries: on_lists(...). Raises
    Unavailable."""
    await now.put(LISTS, WANTED_LISTS)
    for source in WANTED_LISTS:
        on_it = [one for one in entries if one.list_id == source.list_id]
        await _import(source, version_before(on_it), earlier, "monday")
        await _import(source, on_it, now, "tuesday")


async def _import(source: WantedList, entries: Iterable[HotlistEntry], writer: ReplicaWriter, name: str) -> None:
    refresh = Refresh(
        by="machine:demo", source=f"{source.list_id.lower()}-{name}.csv", list_id=source.list_id, kind="replace"
    )
    with Checked(TABLES["hotlist"]) as checked:
        for entry in entries:
            checked.add(entry.entry_id, HOTLIST.encode(entry))
        manner = Manner(replace=True, source=source, confirm_share=True)
        await import_whole(writer, HOTLIST, checked, [*checked.pairs()], refresh, manner)
