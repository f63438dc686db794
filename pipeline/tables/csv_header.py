"""The header of a CSV file: what separates its columns, and which columns they are."""

import csv
import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from pipeline.tables.columns import Column, Table
from pipeline.tables.header_words import column_called, doubt_about, folded
from pipeline.tables.refusals import Refused, unknown_name
from pipeline.tables.text_lines import TextLines

_SEPARATORS = ",;\t|"
_INVISIBLE = dict.fromkeys(map(ord, "\ufeff\u200b\u200c\u200d\u2060"))  # marks within a text, and spaces without width
_SEP_LINE = re.compile(r'"?sep=(.|\\t)"?[,;\t|]*\s*', re.IGNORECASE)


def header_line(lines: TextLines, source: Iterator[str], file: str) -> tuple[str, str] | Refused:
    """The line with the columns' names, without empty ones at its end, and what separates them; or why there is none, which is
    fatal for the file."""
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


def columns_of(
    header: str, separator: str, file: str, line: int, table: Table[Any], given: Collection[str]
) -> list[Column] | list[Refused]:
    """The columns that the header names, in its order; or the fatal refusals of unknown, repeated and missing names."""
    by_name = {name: column for column in table.columns for name in (column.name, *column.aliases)}
    alike = {folded(name): column for name, column in by_name.items()}
    try:
        names = [name.strip() for name in next(csv.reader([header], delimiter=separator, strict=True))]
    except (csv.Error, StopIteration):
        return [Refused(file, line, "the header cannot be read: one line, one name per column", fatal=True)]
    wrong, columns, known = [], [], [one.name for one in table.columns]
    for number, name in enumerate(names, 1):
        column = by_name.get(name) or alike.get(folded(name))
        if column is None and table.of_lists:
            column = by_name.get(column_called(name) or "")
        if column is None and name and table.of_lists and (doubt := doubt_about(name)):
            reason = doubt
        elif column is None:
            reason = unknown_name(name, known) if name else "has no name: name this column, or delete it"
        elif column in columns:
            reason = "stands twice in the header"
        else:
            columns.append(column)
            continue
        wrong.append(Refused(file, line, reason, column=name, number=number, fatal=True))
    if not columns:
        reason = f"names no column: the first line has the columns' names; delete what stands above. Known are {', '.join(known)}"
        return [Refused(file, line, reason, fatal=True)]
    missing = [
        column.name
        for column in table.columns
        if column.required and column not in columns and column.name not in given
    ]
    if missing and not wrong:
        wrong.append(Refused(file, line, f"the header lacks {', '.join(missing)}", fatal=True))
    return wrong or columns


def miscounted(row: Sequence[str], wanted: int, separator: str) -> str:
    """What is wrong with a line that has more or fewer cells than the header, with the cure where another character seems to part
    its cells. wanted: the header's columns.

    >>> miscounted(["A1,1ABC234"], 2, ";")
    "separates its cells by ',', the header by ';': write the same one on every line"
    """
    whole = separator.join(row)
    other = next((one for one in _SEPARATORS if one != separator and whole.count(one) == wanted - 1 > 0), None)
    if other is not None and len(row) == 1:
        return f"separates its cells by {other!r}, the header by {separator!r}: write the same one on every line"
    cure = f"quote a cell that holds {separator!r}" if len(row) > wanted else "delete it if it is none of the table"
    return f"has {len(row)} cells, but the header has {wanted}: {cure}"
