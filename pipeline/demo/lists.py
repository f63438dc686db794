"""The demo's lists of wanted plates: one of each kind, which together hold all its entries."""

from collections.abc import Iterable

from msgspec.structs import replace

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
