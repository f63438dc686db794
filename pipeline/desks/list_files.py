"""A file of a list, as a browser sends it: checked line by line, and told what is wrong with each."""

import re
import tempfile
from pathlib import Path
from typing import Annotated, Any

import msgspec

from pipeline.hotlist.entries import told_of_name, told_of_pattern
from pipeline.hotlist.lists import given_by, stranger_to
from pipeline.plates.shared import written
from pipeline.runtime.private import write_private
from pipeline.tables.columns import TABLES
from pipeline.tables.files import TOLD, Checked, check_file
from schemas.base import Count, Message, Text
from schemas.reference import HotlistEntry, WantedList

MOST_CONTENT = 12 * 1024 * 1024
MOST_WARNINGS = 20


class ListFile(Message, frozen=True, kw_only=True):
    """A file that is to be the whole of a list. name: its ending says what it is (.csv, .json, .jsonl, .xml). content: base64.
    sequence: its number, as its owner counts. confirm_share: take it though many entries come or go at once. skip_bad: take the
    good lines of a file with bad ones."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    content: Annotated[bytes, msgspec.Meta(min_length=1, max_length=MOST_CONTENT)]
    sequence: Count | None = None
    confirm_share: bool = False
    skip_bad: bool = False


class LineFault(Message, frozen=True, kw_only=True):
    """What is wrong with one line, and its cure. column: its name, or the path in JSON; number: the column's, from 1."""

    line: Count
    column: Text | None = None
    number: Count | None = None
    reason: Text


class ListReport(Message, frozen=True, kw_only=True):
    """What is in a file. good, bad: lines. fatal: not even its good lines may be taken. taken_whole: nothing is wrong with it.
    faults: the first of them. warnings: what is
    remarkable. added, changed, removed, unchanged: of the list's entries, if it was imported; sudden: whether that would have to be
    confirmed, as too many come or go at once. strangers: entries that are on another list."""

    good: Count
    bad: Count
    fatal: bool
    taken_whole: bool
    faults: Annotated[tuple[LineFault, ...], msgspec.Meta(max_length=2 * TOLD)]
    warnings: Annotated[tuple[Text, ...], msgspec.Meta(max_length=MOST_WARNINGS)] = ()
    added: Count = 0
    changed: Count = 0
    removed: Count = 0
    unchanged: Count = 0
    sudden: bool = False
    strangers: Annotated[tuple[Text, ...], msgspec.Meta(max_length=10)] = ()


def checked_list(file: ListFile, source: WantedList, home: str) -> Checked[HotlistEntry]:
    """The file, read to its end. Blocks. Raises BadRecord when it cannot be read."""
    with tempfile.TemporaryDirectory(prefix="vigie-list-") as folder:  # for this user alone
        path = Path(folder) / (re.sub(r"[^\w. -]", "_", Path(file.name).name)[-100:].lstrip(".") or "file")
        write_private(path, file.content)
        table: Any = TABLES["hotlist"]
        return check_file(path, table, home=home, given=given_by(source))


def report_of(checked: Checked[HotlistEntry], source: WantedList, now_ms: int) -> ListReport:
    """The report on a file that was read to its end."""
    faults = [
        LineFault(line=one.line, column=_cut(one.column), number=one.number, reason=one.reason[:1000])
        for one in checked.refused
    ]
    warnings: list[str] = []
    strangers = 0
    for entry in checked.items():
        if why := stranger_to(source, entry.entry_id, entry.list_id, entry.hotlist):
            strangers += 1
            if strangers <= TOLD:
                faults.append(LineFault(line=0, column="list_id", reason=why[:1000]))
        elif len(warnings) < MOST_WARNINGS and (warning := _remarkable(entry, now_ms)):
            warnings.append(warning[:1000])
    return ListReport(
        good=checked.good - strangers, bad=checked.bad + strangers, fatal=checked.fatal or strangers > 0,
        taken_whole=not (checked.bad or strangers or checked.fatal) and checked.good > 0, faults=tuple(faults),
        warnings=tuple(warnings),
    )  # fmt: skip


def _remarkable(entry: HotlistEntry, now_ms: int) -> str | None:
    """What the importer should know of an entry, in words; None: nothing."""
    if entry.valid_until_ms <= now_ms:
        return f"entry {entry.entry_id} has ended: it can never ring"
    if entry.country and (ways := written(entry.plate, entry.country)):
        return f"entry {entry.entry_id}: {' and '.join(ways)} are two vehicles; a person must confirm each hit"
    return told_of_name(entry) or told_of_pattern(entry)


def _cut(text: str | None) -> str | None:
    return None if text is None else text[:1000]


def may_be_taken(report: ListReport, file: ListFile) -> bool:
    """Whether the file may be imported: nothing is wrong with it, or what is wrong is to be left out."""
    return report.taken_whole or (file.skip_bad and report.good > 0 and not report.fatal)
