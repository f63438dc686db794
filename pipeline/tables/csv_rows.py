"""The lines of a CSV file, each with its cells and the line that it starts on, in pages of many.

Read are the encodings and line ends of text_lines, commas, semicolons, tabs or vertical bars, a spreadsheet's first line `sep=;`,
empty columns that a spreadsheet left at the end, quoted cells with line ends in them.
"""

import csv
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from pipeline.tables.broken_rows import broken
from pipeline.tables.columns import Column, Table
from pipeline.tables.csv_cells import Cells, Row
from pipeline.tables.csv_header import columns_of, header_line
from pipeline.tables.refusals import Refused
from pipeline.tables.text_lines import TextLines, is_utf8

PAGE_ROWS, PAGE_BYTES = 1_000, 1 << 20  # at most so many in memory at once, and one line more
_TOTALS = frozenset((
    "total", "totals", "grand total", "sum", "count", "subtotal", "totaal", "som", "aantal", "subtotaal", "total g\u00e9n\u00e9ral",
    "totaux", "somme", "nombre", "sous-total", "summe", "gesamt", "gesamtsumme", "anzahl", "zwischensumme",
))  # fmt: skip
"""What stands first in the line below a table in which a spreadsheet adds up."""
_FEW_CELLS = 3  # of such a line have something in them; a camera may well be called Total
_ROUND_A_TOTAL = " \t\r\n:="
_NOTHING = " \t\r\n\x00\x1a"  # old programs end a file with the last two
_MARKS = " \t\ufeff"


@dataclass(frozen=True, slots=True)
class Page:
    """Lines of a CSV file that follow each other, and what converts their cells."""

    cells: Cells
    rows: list[Row]


def csv_rows(
    stream: BinaryIO,
    file: str,
    table: Table[Any],
    header: dict[str, tuple[int, str]],
    given: Collection[str] = (),
    encoding: str | None = None,
) -> Iterator[Page | Refused]:
    """Yields the lines in pages, or what is wrong with one. After a fatal refusal nothing more comes.

    header: filled with number and written name of each column that the file has, by the column's name. given: fields that
    the lines need not name; one that names the default of such a field means it. encoding: see TextLines.
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
    cells = Cells(known, header, file, plain_plates=lines.guessed, given=given, separator=separator)
    page, full_at = list[Row](), lines.read + PAGE_BYTES
    for one in _rows(lines, csv.reader(source, delimiter=separator, strict=True), names, file):
        if not isinstance(one, Refused):
            page.append(one)
            if len(page) < PAGE_ROWS and lines.read < full_at:
                continue
        if page:
            yield Page(cells, page)
            page, full_at = [], lines.read + PAGE_BYTES
        if isinstance(one, Refused):
            yield one
    if page:
        yield Page(cells, page)


def _rows(lines: TextLines, rows: Iterator[list[str]], names: list[str], file: str) -> Iterator[Row | Refused]:
    """The rows below the header with something in them, each with its first line; or what is wrong with one. names: those of the
    header."""
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
        cell = row[0] if row else ""
        if lines.bad and (wrong := lines.taint(first)):
            yield Refused(file, first, wrong)
        elif names[0] in cell and [one.strip(_MARKS) for one in row[: len(names)]] == names:
            yield Refused(file, first, "is the header once more: two files in one? delete this line")
        elif cell.strip(_ROUND_A_TOTAL).lower() in _TOTALS and sum(bool(one.strip()) for one in row) <= _FEW_CELLS:
            yield Refused(file, first, f"is a total, no entry: {cell.strip()!r} stands first; delete this line")
        elif cell.strip(_NOTHING) or any(one.strip(_NOTHING) for one in row):
            yield first, row
