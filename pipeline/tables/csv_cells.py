"""Converts the cells of a CSV file's lines to values: many lines at once where nothing is wrong with them, else one by one."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import msgspec

from pipeline.tables.cells import read_cell
from pipeline.tables.columns import Column, Table
from pipeline.tables.csv_header import miscounted
from pipeline.tables.plate_cells import ascii_alone
from pipeline.tables.refusals import Refused

_REMEMBERED = 1_000  # different cells of one column
_OFTEN = 2  # times that a page's cells of one column occur on average, from which on they are worth remembering
_DEFAULT = object()
_Step: TypeAlias = tuple[int, Column, str, tuple[str, ...], Callable[[str], object], dict[str, object]]
"""How a cell becomes a value: its index, its column, the field, the place within that, the parser, and the values known by text."""
Row: TypeAlias = tuple[int, list[str]]
"""A line of a CSV file: the number of its first line, and its cells."""


class Cells:
    """Converts a line's cells to values. Cells that occur again and again (a list's name, a date) are converted once."""

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
        """header: number and written name of each column, by the column's name. plain_plates: a plate may hold ASCII alone. given:
        fields that the lines need not name; one that names the default of such a field means it."""
        self._separator = separator
        columns = [replace(one, default=msgspec.UNSET) if one.name in given else one for one in columns]
        self._plan: list[_Step] = [
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
        self._nested = any(step[3] for step in self._plan)
        self._header = header
        self._file = file

    def values(self, row: list[str], line: int) -> dict[str, Any] | Refused:
        """The values by field name, or the refusal that says what is wrong with the first cell that is."""
        while len(row) > len(self._plan) and not row[-1].strip():
            row = row[:-1]
        if len(row) != len(self._plan):
            return Refused(self._file, line, miscounted(row, len(self._plan), self._separator))
        values: dict[str, Any] = {}
        for at, column, field, inner, parse, known in self._plan:
            cell = row[at]
            value = known.get(cell)
            if value is None:
                try:
                    value = _parsed(cell, column, parse)
                except ValueError as error:
                    number, name = self._header[column.name]
                    return Refused(self._file, line, str(error), column=name, number=number)
                _remember(known, cell, value)
            if value is _DEFAULT:
                continue
            if inner:
                values.setdefault(field, {})[inner[0]] = value
            else:
                values[field] = value
        return values

    def values_of_all(self, rows: Sequence[Row]) -> list[dict[str, Any]] | None:
        """What `values` gives for each of these rows, at a third of the cost. None: something is wrong with one of them, or the
        rows are of another form, so that each must be looked at alone."""
        if self._nested or {len(row) for _, row in rows} != {len(self._plan)}:
            return None
        common: dict[str, Any] = {}
        single: list[tuple[str, list[object]]] = []
        for step, cells in zip(self._plan, zip(*(row for _, row in rows), strict=True), strict=True):
            try:
                different = _values_of_column(step, cells)
            except ValueError:
                return None
            if len(different) > 1:
                single.append((step[2], [different[cell] for cell in cells]))
            elif (value := different[cells[0]]) is not _DEFAULT:
                common[step[2]] = value
        found = [common.copy() for _ in rows]
        for field, column in single:
            for values, value in zip(found, column, strict=True):
                if value is not _DEFAULT:
                    values[field] = value
        return found


def _values_of_column(step: _Step, cells: Sequence[str]) -> dict[str, object]:
    """The value of each different cell of a column. Raises ValueError for one that is wrong."""
    _, column, _, _, parse, known = step
    texts = set(cells)
    if len(texts) * _OFTEN > len(cells):
        return _different(column, parse, list(texts))
    found: dict[str, object] = {}
    for cell in texts:
        value = known.get(cell)
        if value is None:
            value = _parsed(cell, column, parse)
            _remember(known, cell, value)
        found[cell] = value
    return found


def _different(column: Column, parse: Callable[[str], object], cells: list[str]) -> dict[str, object]:
    """The value of each of these cells, none of which comes twice."""
    texts = [cell.strip() for cell in cells]
    if "" in texts or any(text[0] == "'" for text in texts):
        return {cell: _parsed(cell, column, parse) for cell in cells}
    default = column.default
    return {
        cell: _DEFAULT if (value := parse(text)) == default else value for cell, text in zip(cells, texts, strict=True)
    }


def _remember(known: dict[str, object], cell: str, value: object) -> None:
    if len(known) < _REMEMBERED:
        known[cell] = value


def _parsed(cell: str, column: Column, parse: Callable[[str], object]) -> object:
    """A cell's value; _DEFAULT where the cell is empty or holds the default. Raises ValueError."""
    text = cell.strip()
    if text.startswith("'"):
        text = read_cell(text)
    if not text:
        return _DEFAULT
    value = parse(text)
    return _DEFAULT if value == column.default else value


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
    column = next(iter(fits), None) if place else None  # else it is about the whole line
    if column is None:
        return Refused(file, line, reason)
    number, name = header.get(column.name, (None, column.name))
    return Refused(file, line, reason, column=name, number=number)
