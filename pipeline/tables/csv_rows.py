"""The lines of a CSV file as values, one dictionary a line, each with the line that it starts on.

Read are the encodings and line ends of text_lines, commas, semicolons, tabs or vertical bars, a spreadsheet's first line `sep=;`,
empty columns that a spreadsheet left at the end, quoted cells with line ends in them.
"""

import csv
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from operator import itemgetter
from typing import Any, BinaryIO, TypeAlias

import msgspec

from pipeline.tables.broken_rows import broken
from pipeline.tables.cells import read_cell
from pipeline.tables.columns import Column, Table
from pipeline.tables.csv_header import columns_of, header_line, miscounted
from pipeline.tables.plate_cells import ascii_alone
from pipeline.tables.refusals import Refused
from pipeline.tables.text_lines import TextLines, is_utf8

_REMEMBERED = 1_000  # different cells of one column, or of several together
_SAMPLE = 200  # rows
_FEW = 20  # different cells of a column
_Step: TypeAlias = tuple[int, Column, str, tuple[str, ...], Callable[[str], object], dict[str, object]]
"""How a cell becomes a value: its index, its column, the field, the place within that, the parser, and the values known by text."""
_NOTHING = " \t\r\n\x00\x1a"  # old programs end a file with the last two
_MARKS = " \t\ufeff"
_DEFAULT = object()


def csv_rows(
    stream: BinaryIO,
    file: str,
    table: Table[Any],
    header: dict[str, tuple[int, str]],
    given: Collection[str] = (),
    encoding: str | None = None,
) -> Iterator[tuple[int, dict[str, Any]] | Refused]:
    """Yields line number and values by field name of each line, or what is wrong with it. After a fatal refusal nothing more
    comes.

    header: filled with number and written name of each column that the file has, by the column's name. given: fields that
    the lines need not name; one that names the default of such a field means it. encoding:
    see TextLines.
    """
    lines = TextLines(stream, encoding)
    if encoding == lines.encoding != "utf-8" and is_utf8(stream):
        yield Refused(file, 1, f"is UTF-8, not {encoding}: leave --encoding out", fatal=True)
        return
    source = iter(lines)
    begun = header_line(lines, source, file)
    if isinstance(begun, Refused):
        yield begun
        return
    first_line, separator = begun
    columns = columns_of(first_line, separator, file, lines.number, table, given)
    if isinstance(columns[0], Refused):
        yield from (one for one in columns if isinstance(one, Refused))
        return
    known = [column for column in columns if isinstance(column, Column)]
    names = [name.strip() for name in next(csv.reader([first_line], delimiter=separator))]
    header.update((one.name, (number, name)) for number, (one, name) in enumerate(zip(known, names, strict=True), 1))
    cells = _Cells(known, header, file, plain_plates=lines.guessed, given=given, separator=separator)
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
        if lines.bad and (wrong := lines.taint(first)):
            yield Refused(file, first, wrong)
        elif row and row[0].strip(_MARKS) == names[0] and [cell.strip(_MARKS) for cell in row[: len(names)]] == names:
            yield Refused(file, first, "is the header once more: two files in one? delete this line")
        elif row and (row[0].strip(_NOTHING) or any(cell.strip(_NOTHING) for cell in row)):
            yield cells.values(row, first)


class _Cells:
    """Converts a line's cells to values. Cells that occur again and again (a list's name, a date) are converted once, and what
    most of a line's cells say together is looked up at once, as long as the lines say few different things."""

    def __init__(
        self,
        columns: list[Column],
        header: Mapping[str, tuple[int, str]],
        file: str,
        *,
        plain_plates: bool,
        given: Collection[str],
        separator: str,
    ) -> None:
        self._separator = separator
        columns = [replace(one, default=msgspec.UNSET) if one.name in given else one for one in columns]
        self._plan = [
            (
                at,
                one,
                one.place[0],
                one.place[1:],
                ascii_alone(one.parse) if plain_plates and one.name == "plate" else one.parse,
                {"": _DEFAULT},
            )
            for at, one in enumerate(columns)
        ]
        self._header = header
        self._file = file
        self._rows = 0
        self._alike: list[_Step] = []  # columns in which few different things stand
        self._others = self._plan
        self._together: dict[tuple[str, ...], dict[str, Any]] = {}  # what the former say, by their cells

    def values(self, row: list[str], line: int) -> tuple[int, dict[str, Any]] | Refused:
        """The line number and the values by field name, or the refusal that says what is wrong."""
        while len(row) > len(self._plan) and not row[-1].strip():
            row = row[:-1]
        if len(row) != len(self._plan):
            return Refused(self._file, line, miscounted(row, len(self._plan), self._separator))
        self._rows += 1
        if self._rows == _SAMPLE or len(self._together) > _REMEMBERED:
            self._choose()
        values: dict[str, Any] = {}
        if self._alike:
            cells = self._cells_of(row)
            known = self._together.get(cells)
            if known is None:
                known = {}
                if self._fill(known, row, self._alike, line):
                    return self._fill({}, row, self._plan, line) or (line, {})  # the first that is wrong
                self._together[cells] = known
            values = known.copy()
        return self._fill(values, row, self._others, line) or (line, values)

    def _choose(self) -> None:
        """Choose the columns that are looked up together: those with few different cells so far."""
        few = [step for step in self._plan if not step[3] and len(step[5]) <= _FEW]
        if len(few) == len(self._alike):  # together they say too many different things
            few = sorted(few, key=lambda step: len(step[5]))[: len(few) // 2]
        self._alike = few if len(few) > 1 else []
        self._others = [step for step in self._plan if step not in self._alike]
        self._together = {}
        if self._alike:
            self._cells_of = itemgetter(*(step[0] for step in self._alike))

    def _fill(self, values: dict[str, Any], row: list[str], steps: list[_Step], line: int) -> Refused | None:
        """Add what these columns' cells say to the values; the refusal of the first that is wrong."""
        for at, column, field, inner, parse, known in steps:
            cell = row[at]
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
        return None


def _parsed(cell: str, column: Column, parse: Callable[[str], object], known: dict[str, object]) -> object:
    """A cell's value; _DEFAULT where the cell is empty or holds the default. Other values are added to `known`, by their
    text."""
    text = cell.strip()
    if text.startswith("'"):
        text = read_cell(text)
    if not text:
        return _DEFAULT
    value = parse(text)
    if value == column.default:
        value = _DEFAULT
    if len(known) < _REMEMBERED:
        known[cell] = value
    return value


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
