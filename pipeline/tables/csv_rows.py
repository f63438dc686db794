"""The lines of a CSV file as values, one dictionary a line, each with the line that it starts on.

Read are the encodings and line ends of text_lines, commas, semicolons, tabs or vertical bars, a spreadsheet's first line `sep=;`,
empty columns that a spreadsheet left at the end, quoted cells with line ends in them.
"""

import csv
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any, BinaryIO

import msgspec

from pipeline.tables.broken_rows import broken
from pipeline.tables.cells import read_cell, shown
from pipeline.tables.columns import Column, Table
from pipeline.tables.refusals import Refused, unknown_name
from pipeline.tables.text_lines import TextLines

_SEPARATORS = ",;\t|"
_REMEMBERED = 1_000  # different cells of one column
_NOTHING = " \t\r\n\x00\x1a"  # old programs end a file with the last two
_INVISIBLE = dict.fromkeys(map(ord, "\ufeff\u200b\u200c\u200d\u2060"))  # marks within a text, and spaces without width
_DEFAULT = object()
_SEP_LINE = re.compile(r'"?sep=(.|\\t)"?[,;\t|]*\s*', re.IGNORECASE)


def csv_rows(
    stream: BinaryIO,
    file: str,
    table: Table[Any],
    header: dict[str, tuple[int, str]],
    given: Collection[str] = (),
) -> Iterator[tuple[int, dict[str, Any]] | Refused]:
    """Line number and values by field name, or what is wrong with a line. After a fatal refusal nothing more comes.

    header: filled with number and written name of each column that the file has, by the column's name. given: fields that the
    lines need not name; one that names the default of such a field means it.
    """
    lines = TextLines(stream)
    source = iter(lines)
    begun = _header_line(lines, source, file)
    if isinstance(begun, Refused):
        yield begun
        return
    first_line, separator = begun
    columns = _columns(first_line, separator, file, lines.number, table, given)
    if isinstance(columns[0], Refused):
        yield from (one for one in columns if isinstance(one, Refused))
        return
    known = [column for column in columns if isinstance(column, Column)]
    names = [name.strip() for name in next(csv.reader([first_line], delimiter=separator))]
    header.update((one.name, (number, name)) for number, (one, name) in enumerate(zip(known, names, strict=True), 1))
    cells = _Cells(known, header, file, plain_plates=lines.guessed, given=given)
    rows = csv.reader(source, delimiter=separator, strict=True)
    while True:
        first = lines.number + 1
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            lines.taint(first)
            yield Refused(file, first, broken(error))
            continue
        wrong = lines.taint(first)
        if wrong:
            yield Refused(file, first, wrong)
        elif any(cell.strip(_NOTHING) for cell in row):
            yield cells.values(row, first)


def _header_line(lines: TextLines, source: Iterator[str], file: str) -> tuple[str, str] | Refused:
    """The line with the columns' names, without empty ones at its end, and what separates them."""
    first_line = next((line for line in source if line.strip()), None)
    named = _SEP_LINE.fullmatch(first_line) if first_line else None
    separator = named[1].replace("\\t", "\t") if named else ""
    if separator not in _SEPARATORS:
        reason = f"separates columns by {separator!r}: export with commas, semicolons, tabs or vertical bars"
        return Refused(file, lines.number, reason, fatal=True)
    if named:
        first_line = next((line for line in source if line.strip()), None)
    if first_line is None:
        return Refused(file, max(1, lines.number), "the file is empty", fatal=True)
    if "\x00" in first_line[:200] or "\ufffd" in first_line:
        return Refused(file, lines.number, "the file is not UTF-8 text; save it as CSV UTF-8", fatal=True)
    first_line = first_line.translate(_INVISIBLE)
    control = next((one for one in first_line if one < " " and one not in "\t\r\n"), None)
    if control:
        reason = f"holds the control character {control!r}: export with line feeds at the ends of the lines"
        return Refused(file, lines.number, reason, fatal=True)
    separator = separator or max(_SEPARATORS, key=first_line.count)
    return first_line.rstrip(separator + " \r\n") + "\n", separator


def _columns(
    header: str, separator: str, file: str, line: int, table: Table[Any], given: Collection[str]
) -> list[Column] | list[Refused]:
    by_name = {name: column for column in table.columns for name in (column.name, *column.aliases)}
    try:
        names = [name.strip() for name in next(csv.reader([header], delimiter=separator, strict=True))]
    except (csv.Error, StopIteration):
        return [Refused(file, line, "the header cannot be read: one line, one name per column", fatal=True)]
    wrong, columns = [], []
    for number, name in enumerate(names, 1):
        column = by_name.get(name) or by_name.get(name.lower().replace(" ", "_"))
        if column is None:
            reason = unknown_name(name, [one.name for one in table.columns])
        elif column in columns:
            reason = "stands twice in the header"
        else:
            columns.append(column)
            continue
        wrong.append(Refused(file, line, reason, column=name, number=number, fatal=True))
    missing = [
        column.name
        for column in table.columns
        if column.required and column not in columns and column.name not in given
    ]
    if missing and not wrong:
        wrong.append(Refused(file, line, f"the header lacks {', '.join(missing)}", fatal=True))
    return wrong or columns


class _Cells:
    """Converts a line's cells to values. Cells that occur again and again (a list's name, a date) are converted once."""

    def __init__(
        self,
        columns: list[Column],
        header: Mapping[str, tuple[int, str]],
        file: str,
        *,
        plain_plates: bool,
        given: Collection[str],
    ) -> None:
        columns = [replace(one, default=msgspec.UNSET) if one.name in given else one for one in columns]
        self._plan = [
            (one, one.place[0], one.place[1:], _plain_plate(one) if plain_plates else one.parse, dict[str, object]())
            for one in columns
        ]
        self._header = header
        self._file = file

    def values(self, row: list[str], line: int) -> tuple[int, dict[str, Any]] | Refused:
        """The line number and the values by field name, or the refusal that says what is wrong."""
        while len(row) > len(self._plan) and not row[-1].strip():
            row = row[:-1]
        if len(row) != len(self._plan):
            return Refused(self._file, line, f"has {len(row)} cells, but the header has {len(self._plan)}")
        values: dict[str, Any] = {}
        for cell, (column, field, inner, parse, known) in zip(row, self._plan, strict=True):
            value = known.get(cell)
            if value is None:
                try:
                    value = _parsed(cell, column, parse, known)
                except ValueError as error:
                    number, name = self._header[column.name]
                    return Refused(self._file, line, str(error), column=name, number=number)
            if value is _DEFAULT:
                continue
            if inner:
                values.setdefault(field, {})[inner[0]] = value
            else:
                values[field] = value
        return line, values


def _parsed(cell: str, column: Column, parse: Callable[[str], object], known: dict[str, object]) -> object:
    """A cell's value; _DEFAULT where the cell is empty or holds the default. Other values are added to `known`, by their
    text."""
    text = read_cell(cell.strip())
    if not text:
        return _DEFAULT
    value = parse(text)
    if value == column.default:
        value = _DEFAULT
    if len(known) < _REMEMBERED:
        known[cell] = value
    return value


def _plain_plate(column: Column) -> Callable[[str], object]:
    """The column's parser; of a plate's column one that takes ASCII only, since the file's encoding is guessed."""
    if column.name != "plate":
        return column.parse

    def parse(text: str) -> object:
        if not text.isascii():
            raise ValueError(
                f"{shown(text)} holds letters that depend on the file's encoding; save the file as CSV UTF-8"
            )
        return column.parse(text)

    return parse


def refused_cell(
    path: tuple[str | int, ...],
    reason: str,
    file: str,
    line: int,
    table: Table[Any],
    header: Mapping[str, tuple[int, str]],
) -> Refused:
    """The refusal of a checked value, placed at its column. header: as csv_rows filled it."""
    place = tuple(step for step in path if isinstance(step, str))
    fits = [one for one in table.columns if one.place[: len(place)] == place or place[: len(one.place)] == one.place]
    column = next(iter(fits), None)
    if column is None:
        return Refused(file, line, reason)
    number, name = header.get(column.name, (None, column.name))
    return Refused(file, line, reason, column=name, number=number)
