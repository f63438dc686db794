"""Reference data from files: CSV, a JSON array or JSON lines, checked line by line in bounded memory.

A file is checked as a whole before anything of it is used. What passed waits in a temporary file; what did not is told with file,
line, column and reason.
"""

import tempfile
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, BinaryIO, Generic, TypeVar

import msgspec
import numpy as np

from pipeline.errors import BadRecord
from pipeline.tables.cells import shown
from pipeline.tables.columns import TABLES, Table
from pipeline.tables.csv_rows import csv_rows, refused_cell
from pipeline.tables.json_items import json_items, looks_like_lines
from pipeline.tables.refusals import Refused
from pipeline.tables.taking import Taking, WrongItem
from pipeline.tables.writing import ENCODER, Form
from schemas.base import Message

__all__ = ["TABLES", "Checked", "Refused", "Table", "check_file"]

T = TypeVar("T", bound=Message)
TOLD = 100  # refusals kept in words; the rest is only counted
_IN_MEMORY = 8 << 20  # bytes of checked items; more wait on disk
_REPORT_EVERY = 5_000  # lines


@dataclass(slots=True)
class Checked(Generic[T]):
    """A file that was read to its end. A context manager: leaving it drops the temporary file."""

    table: Table[T]
    good: int = 0  # items that may be taken
    bad: int = 0  # lines that may not
    fatal: bool = False  # the file is broken as a whole: nothing may be taken
    refused: list[Refused] = field(default_factory=list)  # the first of them, by line
    _spool: IO[bytes] = field(default_factory=lambda: tempfile.SpooledTemporaryFile(_IN_MEMORY))  # noqa: SIM115  # __exit__ closes
    _left_out: set[int] = field(default_factory=set)

    def pairs(self) -> Iterator[tuple[str, bytes]]:
        """Key and JSON of every good item, in the file's order. May be called again."""
        self._spool.seek(0)
        for index, line in enumerate(self._spool):
            if index not in self._left_out:
                key, _, data = line.rstrip(b"\n").partition(b"\t")
                yield key.decode(), data

    def items(self) -> Iterator[T]:
        """Every good item, in the file's order."""
        decoder = msgspec.json.Decoder(self.table.message)
        for _, data in self.pairs():
            yield decoder.decode(data)

    def __enter__(self) -> "Checked[T]":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._spool.close()


def check_file(
    path: Path,
    table: Table[T],
    *,
    form: Form | None = None,
    told: int = TOLD,
    home: str = "BE",
    progress: Callable[[int], None] | None = None,
) -> Checked[T]:
    """Read a file of reference data to its end and tell what is in it and what is wrong with it.

    form: by default what the file's name says (.csv, .tsv, .json, .jsonl, .ndjson), else what it begins with. told: refusals
    kept in words. home: the country that would take it. progress: called with the bytes read so far. Raises BadRecord when it
    cannot be read.
    """
    try:
        with path.open("rb") as stream:
            return _Check(table, path.name, told, home).run(stream, form or _form_of(path, stream), progress)
    except OSError as error:
        raise BadRecord("unreadable_file", f"{path}: {error.strerror or error}") from error


def _form_of(path: Path, stream: BinaryIO) -> Form:
    head = stream.read(1 << 16)
    stream.seek(0)
    suffix = path.suffix.lower()
    if suffix in (".jsonl", ".ndjson"):
        return "jsonl"
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if suffix == ".json" or (suffix not in (".csv", ".tsv", ".txt") and start in (b"[", b"{")):
        return "jsonl" if looks_like_lines(head) else "json"
    return "csv"


class _Check(Generic[T]):
    """Reads one file, from bytes to checked items."""

    def __init__(self, table: Table[T], file: str, told: int, home: str) -> None:
        self._table = table
        self._taking = Taking(table, home)
        self._file = file
        self._told = told
        self._checked = Checked(table)
        self._hashes = array("q")
        self._lines = array("Q")
        self._header: dict[str, tuple[int, str]] = {}  # number and written name of each column of a CSV file

    def run(self, stream: BinaryIO, form: Form, progress: Callable[[int], None] | None) -> Checked[T]:
        """Read the file to its end."""
        if form == "csv":
            rows = csv_rows(stream, self._file, self._table, self._header)
        else:
            rows = json_items(stream, self._file, lines=form == "jsonl")
        last = 0
        for number, row in enumerate(rows):
            if isinstance(row, Refused):
                self._refuse(row)
            else:
                last = row[0]
                self._take(*row, form == "csv")
            if progress and number % _REPORT_EVERY == 0:
                progress(stream.tell())
        self._find_duplicates()
        checked = self._checked
        if not checked.good and not checked.bad:
            self._refuse(Refused(self._file, max(1, last), "the file holds nothing to take", fatal=True))
        checked.refused.sort(key=lambda one: one.line)
        return checked

    def _take(self, line: int, values: dict[str, Any], from_csv: bool) -> None:
        try:
            item = self._taking.of_cells(values) if from_csv else self._taking.of_json(values)
            data = ENCODER.encode(item)
        except WrongItem as error:
            self._refuse_at(line, error.place, error.reason, from_csv)
        except (UnicodeEncodeError, RecursionError) as error:
            self._refuse_at(line, (), f"cannot be written as JSON: {error}", from_csv)
        else:
            key = self._table.key(item)
            self._checked._spool.write(b"%b\t%b\n" % (key.encode(), data))
            self._hashes.append(hash((key, getattr(item, "holds_from_ms", None))))
            self._lines.append(line)
            self._checked.good += 1

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
        for index, (key, _) in enumerate(self._checked.pairs()):
            if index in repeated:
                reason = f"{shown(key)} stands in the file before, on line {first_line[self._hashes[index]]}"
                self._refuse_at(self._lines[index], (self._table.key_field,), reason, bool(self._header))
        self._checked._left_out = repeated
        self._checked.good -= len(repeated)
