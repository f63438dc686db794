"""Routes for lists of wanted plates: how fresh each is, a file checked and imported, versions, what differs, and the way back."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from pipeline.access.rights import Allowed, Matter
from pipeline.desks.directory import matter_of_entry
from pipeline.desks.list_bodies import (
    MOST_IMPORTS,
    MOST_LISTS,
    MOST_SHOWN,
    Back,
    Between,
    Differences,
    DifferenceShown,
    Import,
    Imports,
    Lists,
    import_of,
    shown_of,
)
from pipeline.desks.list_files import ListFile, ListReport, checked_list, may_be_taken, report_of
from pipeline.desks.list_outdated import counts_of, matter_of_list
from pipeline.desks.route import Asked, Route, RouteAnswer, found
from pipeline.errors import BadRecord
from pipeline.lists.importing import Imported, Manner, foreseen, import_whole
from pipeline.lists.versions import Difference, differences, is_of, rolled_back, version_numbered
from pipeline.state.collections import HOTLIST, LISTS
from pipeline.state.list_ages import ages
from pipeline.state.switching import Refresh, Switch
from pipeline.tables.files import Checked
from schemas.base import Identifier
from schemas.reference import HotlistEntry, WantedList

MOST_BYTES = 16 * 1024 * 1024
"""The most bytes of a request with a file; larger lists are imported by `vigie hotlist import`."""


async def list_lists(asked: Asked) -> RouteAnswer:
    """The lists, and how fresh each is."""
    writer = asked.house.writer
    histories = [(one.list_id, await writer.history(LISTS, one.list_id)) for one in await writer.list(LISTS)]
    every = ages(histories, await writer.switching(HOTLIST).sources(), asked.now_ms)
    told = counts_of(asked.house.live)

    def outdated(source: WantedList) -> int:
        return told[source.list_id] if isinstance(asked.may(matter_of_list(source)), Allowed) else 0

    items = tuple(
        shown_of(one, _sees(asked, one.source), outdated(one.source))
        for one in every
        if isinstance(asked.may(_matter(one.source)), Allowed)
    )
    return RouteAnswer(value=Lists(items=items[:MOST_LISTS]), count=0)


async def list_imports(asked: Asked) -> RouteAnswer:
    """The imports of one list."""
    sees = _sees(asked, await _list(asked))
    return RouteAnswer(value=Imports(items=tuple(import_of(one, sees) for one in await _switches(asked))), count=0)


async def compare(asked: Asked) -> RouteAnswer:
    """What differs between two versions of one list, as far as this person may see its entries."""
    await _list(asked)
    between, writer = asked.given(Between), asked.house.writer
    imports = await _switches(asked)
    older = between.older
    if older is None and len(imports) > 1:
        older = imports[1].number
    if older is None:
        return RouteAnswer(value=Differences(items=(), added=0, changed=0, removed=0), count=0)
    newer = None if between.newer is None else await version_numbered(writer, between.newer)
    every = await differences(writer, await version_numbered(writer, older), newer)
    seen = [one for one in every if is_of(one, asked.key) and _may(asked, one)]
    counts = {kind: sum(one.kind == kind for one in seen) for kind in ("added", "changed", "removed")}
    items = tuple(
        DifferenceShown(entry_id=one.key, change=one.kind, fields=one.fields, before=one.before, after=one.after)  # type: ignore[arg-type]  # one of the three
        for one in seen[:MOST_SHOWN]
    )
    return RouteAnswer(value=Differences(items=items, **counts), count=len(items))


async def check(asked: Asked) -> RouteAnswer:
    """What is in a file, what is wrong with it, and what would change. Nothing is written."""
    source, file = await _list(asked), asked.given(ListFile)
    with await asyncio.to_thread(checked_list, file, source, asked.house.home) as checked:
        report = await asyncio.to_thread(report_of, checked, source, asked.now_ms)
        if may_be_taken(report, file):
            staged, sudden = await foreseen(asked.house.writer, HOTLIST, _Pairs(checked), _manner(asked, source))
            report = msgspec.structs.replace(
                report, added=staged.added, changed=staged.changed, removed=staged.removed, unchanged=staged.unchanged,
                sudden=sudden is not None, strangers=staged.strangers,
            )  # fmt: skip
    return RouteAnswer(value=report, count=0)


async def take(asked: Asked) -> RouteAnswer:
    """Import a file as the whole of the list: what is not in it is removed, but for covert entries that this person may not know
    of, which stay. All of it holds from one moment on."""
    source, file = await _list(asked), asked.given(ListFile)
    with await asyncio.to_thread(checked_list, file, source, asked.house.home) as checked:
        report = await asyncio.to_thread(report_of, checked, source, asked.now_ms)
        if not may_be_taken(report, file):
            raise BadRecord("bad_lines", f"{report.bad} lines are bad, {report.good} are good; nothing was taken")
        _refuse_covert(asked, checked)
        refresh = Refresh(
            by=asked.somebody.user_id, source=file.name, list_id=source.list_id, kind="replace", digest=checked.digest,
            sequence=file.sequence,
        )  # fmt: skip
        manner = _manner(asked, source, sequence=file.sequence, confirm_share=file.confirm_share)
        try:
            imported: Imported = await import_whole(
                asked.house.writer, HOTLIST, checked, _Pairs(checked), refresh, manner
            )
        except BadRecord as error:
            raise _told(error) from None
    if imported.switch is None:
        raise BadRecord("taken_before", f"this file was taken before under the number {file.sequence}")
    return RouteAnswer(value=import_of(imported.switch, _sees(asked, source)), count=0)


async def go_back(asked: Asked) -> RouteAnswer:
    """Let the entries of the list hold again as they did in an earlier version, but for those that this person may not change. It
    is a new version, and can be gone back from."""
    source = await _list(asked)
    to = await version_numbered(asked.house.writer, asked.given(Back).version)
    if to.refresh.list_id != asked.key:
        raise BadRecord("unknown_version", f"{to.number} is no version of this list")
    switch = await rolled_back(asked.house.writer, to, asked.somebody.user_id, lambda one: _may(asked, one))
    return RouteAnswer(value=import_of(switch, _sees(asked, source)), count=0)


async def _list(asked: Asked) -> WantedList:
    """The list that the path names. Raises Problem when there is none, or this person has no right to it."""
    source: WantedList = found(await asked.house.writer.get(LISTS, asked.key))
    asked.check(_matter(source))
    return source


def _matter(source: WantedList) -> Matter:
    return Matter(hotlist=source.hotlist)


def _sees(asked: Asked, source: WantedList) -> Callable[[str], bool]:
    """Whether this person may do on the list what is asked also to the covert entries of an owner."""
    return lambda owner: isinstance(asked.may(Matter(hotlist=source.hotlist, covert_owner=owner)), Allowed)


def _manner(asked: Asked, source: WantedList, **options: Any) -> Manner:
    """A file is the whole of the list, as far as this person may know of it."""
    sees = _sees(asked, source)
    return Manner(replace=True, source=source, hides=lambda owner: not sees(owner), **options)


async def _switches(asked: Asked) -> list[Switch]:
    every = await asked.house.writer.switching(HOTLIST).switches()
    return [one for one in every if one.refresh.list_id == asked.key][:MOST_IMPORTS]


def _may(asked: Asked, one: Difference) -> bool:
    """Whether the person may do this to the entry, as it was and as it is."""
    entries = (entry for entry in (one.before, one.after) if entry is not None)
    return all(isinstance(asked.may(matter_of_entry(entry)), Allowed) for entry in entries)


def _told(error: BadRecord) -> BadRecord:
    """The refusal without how many entries the list has: some may be covert."""
    if error.reason != "sudden_change":
        return error
    return BadRecord(
        error.reason, "more entries come or go at once than the list allows: confirm_share takes it all the same"
    )


def _refuse_covert(asked: Asked, checked: Checked[HotlistEntry]) -> None:
    """Raise BadRecord for an entry that would be covert for another service than the person's."""
    for entry in checked.items():
        if entry.covert and not isinstance(asked.may(matter_of_entry(entry)), Allowed):
            raise BadRecord(
                "covert", f"entry {entry.entry_id} would be covert for {entry.owner}, which alone may add it"
            )


class _Pairs:
    """Key and JSON of every good entry of a file, as often as they are gone through."""

    def __init__(self, checked: Checked[HotlistEntry]) -> None:
        self._checked = checked

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        return iter(self._checked.pairs())


KEY = {"key": Identifier}
ROUTES = (
    Route(method="GET", path="/lists", about="The lists of wanted plates, and how fresh each is.", handle=list_lists,
          act="hotlist.see", entry="reference", answer=Lists),
    Route(method="GET", path="/lists/{key}/imports", about="The imports of one list, newest first.", handle=list_imports,
          act="hotlist.see", entry="reference", answer=Imports),
    Route(method="GET", path="/lists/{key}/differences", about="What differs between two versions of one list.",
          handle=compare, act="hotlist.see", entry="query", query=Between, answer=Differences, work="much"),
    Route(method="POST", path="/lists/{key}/check", about="What is in a file, what is wrong with it, what would change.",
          handle=check, act="hotlist.change", entry="reference", body=ListFile, most_bytes=MOST_BYTES, work="much",
          answer=ListReport),
    Route(method="POST", path="/lists/{key}/import", about="Import a file as the whole of one list.", handle=take,
          act="hotlist.change", entry="reference", body=ListFile, most_bytes=MOST_BYTES, answer=Import, work="much"),
    Route(method="POST", path="/lists/{key}/rollback", about="Let an earlier version of one list hold again.",
          handle=go_back, act="hotlist.change", entry="reference", body=Back, answer=Import, work="much"),
)  # fmt: skip
