"""Reads reference data from CSV, a JSON array, JSON lines or XML, item by item: a file of any size takes some 40 bytes of memory
an item, and a delta its keys.

A file is checked as a whole before anything of it is used. What passed waits in a temporary file; what did not is counted, and
the first hundred are told with file, line, column and reason.
"""

import hashlib
from array import array
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Generic, TypeVar

import numpy as np

from pipeline.errors import BadRecord
from pipeline.hotlist.entries import PatternsGiven
from pipeline.tables.cells import shown
from pipeline.tables.checked import Checked
from pipeline.tables.columns import TABLES, Table
from pipeline.tables.csv_cells import refused_cell
from pipeline.tables.csv_rows import Page, csv_rows
from pipeline.tables.deltas import change_of, with_change
from pipeline.tables.foreign import foreign_form
from pipeline.tables.json_items import json_items
from pipeline.tables.opening import STANDARD_INPUT, FileForm, form_of, opened
from pipeline.tables.refusals import Refused
from pipeline.tables.taking import Taking, WrongItem
from pipeline.tables.writing import ENCODER
from pipeline.tables.xml_items import xml_items
from schemas.base import Message
from schemas.reference import HotlistEntry
from schemas.requests import Watch

__all__ = ["STANDARD_INPUT", "TABLES", "Checked", "Refused", "Table", "check_file"]

T = TypeVar("T", bound=Message)
TOLD = 100  # refusals kept in words; the rest is only counted
MOST_BAD = 100_000
"""A file with so many wrong lines is read no further: it is no list, or not of the form that it is taken for."""
_REPORT_EVERY = 5_000  # lines


def check_file(
    path: Path,
    table: Table[T],
    *,
    form: FileForm | None = None,
    told: int = TOLD,
    home: str = "BE",
    given: Mapping[str, object] | None = None,
    progress: Callable[[int], None] | None = None,
    delta: bool = False,
    encoding: str | None = None,
) -> Checked[T]:
    """Read a file of reference data to its end and tell what is in it and what is wrong with it.

    form: by default what the file's name says (.csv, .tsv, .json, .jsonl, .ndjson, .xml), else what it begins with. told: refusals
    kept in words. home: the country that would take it. given: by field, what an item says where the file says nothing.
    progress: called with the bytes read so far. delta: the file says in a column `change` what becomes of each item (add, change
    or remove). encoding: of a CSV file, one of text_lines.ENCODINGS; None: found out. Raises BadRecord when it cannot be read.
    """
    check = _Check(with_change(table) if delta else table, told, home, given or {}, delta=delta)
    try:
        with opened(path) as stream:
            name = "standard input" if path == STANDARD_INPUT else path.name
            digest = hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]  # typeshed asks for readinto, which BinaryIO lacks
            stream.seek(0)
            checked = check.run(stream, name, form or form_of(path, stream), progress, encoding)
            checked.digest = digest
            return checked
    except OSError as error:
        raise BadRecord("unreadable_file", f"{path}: {error.strerror or error}") from error


class _Check(Generic[T]):
    """Reads one file, from bytes to checked items."""

    def __init__(self, table: Table[T], told: int, home: str, given: Mapping[str, object], *, delta: bool) -> None:
        self._table = table
        self._taking = Taking(table, home, given)
        self._given = given
        self._file, self._delta = "", delta
        self._told = told
        self._checked = Checked(table)
        self._patterns = PatternsGiven() if table.message in (HotlistEntry, Watch) else None
        self._hashes = array("q")
        self._lines = array("Q")
        self._header: dict[str, tuple[int, str]] = {}  # number and written name of each column of a CSV file

    def run(
        self,
        stream: BinaryIO,
        file: str,
        form: FileForm,
        progress: Callable[[int], None] | None,
        encoding: str | None = None,
    ) -> Checked[T]:
        """Read the whole file. file: what messages call it."""
        self._file = file
        last = 0
        for number, row in enumerate(self._rows(stream, form, encoding)):
            if isinstance(row, Refused):
                last = row.line
                self._refuse(row)
            elif isinstance(row, Page):
                last = row.rows[-1][0]
                self._take_page(row)
            else:
                last = row[0]
                self._take(*row, form == "xml")
            if self._checked.bad >= MOST_BAD:
                self._refuse_rest(last)
                break
            if progress and (number % _REPORT_EVERY == 0 or isinstance(row, Page)):
                progress(stream.tell())
        self._find_duplicates()
        checked = self._checked
        if not checked.good and not checked.bad:
            self._refuse(Refused(self._file, max(1, last), "the file holds nothing to take", fatal=True))
        checked.refused.sort(key=lambda one: one.line)
        return checked

    def _rows(
        self, stream: BinaryIO, form: FileForm, encoding: str | None
    ) -> Iterable[Page | tuple[int, dict[str, Any]] | Refused]:
        if foreign := foreign_form(stream, text_alone=form in ("json", "jsonl")):
            return (Refused(self._file, 1, foreign, fatal=True),)
        if form == "csv":
            return csv_rows(stream, self._file, self._table, self._header, self._given, encoding)
        if encoding:
            why = f"is {form.upper()}, which says its encoding itself: leave --encoding out"
            return (Refused(self._file, 1, why, fatal=True),)
        if form == "xml":
            return xml_items(stream, self._file, self._table)
        return json_items(stream, self._file, lines=form == "jsonl")

    def _take_page(self, page: Page) -> None:
        """Take the lines together where nothing is wrong with them, else one by one."""
        if not self._delta and self._take_together(page):
            return
        for line, cells in page.rows:
            values = page.cells.values(cells, line)
            if isinstance(values, Refused):
                self._refuse(values)
            else:
                self._take(line, values, True)

    def _take_together(self, page: Page) -> bool:
        """Take the lines together, but for a pattern too many. Returns False, and takes none, where something is wrong with one."""
        rows = page.cells.values_of_all(page.rows)
        items = self._taking.of_all(rows) if rows is not None else None
        if items is None:
            return False
        try:
            written = [ENCODER.encode(item) for item in items]
        except (UnicodeEncodeError, RecursionError):
            return False
        for (line, _), item, data in zip(page.rows, items, written, strict=True):
            self._accept(line, item, data, "", True)
        return True

    def _take(self, line: int, values: dict[str, Any], from_csv: bool) -> None:
        change = ""
        if self._delta:
            try:
                change = change_of(values, self._table)
            except WrongItem as error:
                self._refuse_at(line, error.place, error.reason, from_csv)
                return
        if change == "remove":
            self._keep(line, values[self._table.key_field], None, b"", change)
            return
        try:
            item = self._taking.of_cells(values) if from_csv else self._taking.of_json(values)
            data = ENCODER.encode(item)
        except WrongItem as error:
            self._refuse_at(line, error.place, error.reason, from_csv)
        except (UnicodeEncodeError, RecursionError) as error:
            self._refuse_at(line, (), f"cannot be written as JSON: {error}", from_csv)
        else:
            self._accept(line, item, data, change, from_csv)

    def _accept(self, line: int, item: T, data: bytes, change: str, from_csv: bool) -> None:
        """Keep an item (also given as JSON) that may be taken, unless it is a pattern too many."""
        if self._patterns is not None and (why := self._patterns.fault_with(item.plate)):  # type: ignore[attr-defined]  # as both have
            self._refuse_at(line, ("plate",), why, from_csv)
            return
        self._keep(line, self._table.key(item), getattr(item, "holds_from_ms", None), data, change)

    def _keep(self, line: int, key: str, holds_from_ms: int | None, data: bytes, change: str) -> None:
        self._checked.add(key, data)
        self._hashes.append(hash(key) if holds_from_ms is None else hash((key, holds_from_ms)))
        self._lines.append(line)
        if change:
            self._checked.changes.setdefault(change, []).append(key)

    def _refuse_at(self, line: int, path: tuple[str | int, ...], reason: str, from_csv: bool) -> None:
        if from_csv:
            reason = "is empty, but required" if reason == "is missing" else reason
            self._refuse(refused_cell(path, reason, self._file, line, self._table, self._header))
            return
        place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
        self._refuse(Refused(self._file, line, reason, column=place or None))

    def _refuse(self, refused: Refused) -> None:
        self._checked.bad += 1
        self._checked.fatal |= refused.fatal
        if len(self._checked.refused) < self._told:
            self._checked.refused.append(refused)

    def _refuse_rest(self, line: int) -> None:
        why = f"{MOST_BAD:,} lines up to here are wrong: the rest was not read; nothing of this file is taken"
        del self._checked.refused[max(0, self._told - 1) :]  # this one is told, however many were
        self._refuse(Refused(self._file, max(1, line), why, fatal=True))

    def _find_duplicates(self) -> None:
        """Refuse every item that repeats key and begin of validity of an earlier item in the file. Needs 24 bytes an item."""
        hashes = np.frombuffer(self._hashes, dtype=np.int64) if self._hashes else np.empty(0, dtype=np.int64)
        order = np.argsort(hashes, kind="stable")
        again = np.flatnonzero(hashes[order[1:]] == hashes[order[:-1]]) + 1 if len(order) else order
        if not len(again):
            return
        first_line: dict[int, int] = {}
        for position in again.tolist():
            first_line.setdefault(int(hashes[order[position]]), self._lines[int(order[position - 1])])
        repeated = {int(order[position]) for position in again.tolist()}
        for index, key in enumerate(self._checked.keys()):
            if index in repeated:
                reason = f"{shown(key)} stands in the file before, on line {first_line[self._hashes[index]]}"
                self._refuse_at(self._lines[index], (self._table.key_field,), reason, bool(self._header))
        self._checked.leave_out(repeated)
