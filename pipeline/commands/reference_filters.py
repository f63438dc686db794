"""Filters of the reference commands, COLUMN=PATTERN: finds columns by name, and tells which items match."""

import fnmatch
from collections.abc import Callable, Sequence
from typing import Any

from pipeline.errors import BadRecord
from pipeline.tables.columns import Column, Table


def column_named(table: Table[Any], name: str) -> Column:
    """The column of this name. Raises BadRecord naming all columns."""
    for column in table.columns:
        if name in (column.name, *column.aliases):
            return column
    known = ", ".join(column.name for column in table.columns)
    raise BadRecord("unknown_column", f"{name!r} is no column of {table.name}; known are {known}")


def cell_of(item: Any, column: Column) -> str:
    """The text of an item's cell in this column; empty where the item has no value."""
    for step in column.place:
        item = getattr(item, step)
        if item is None:
            return ""
    return column.show(item)


def filter_of(table: Table[Any], filters: Sequence[str]) -> Callable[[Any], bool]:
    """A function that tells whether an item matches every COLUMN=PATTERN. * and ? are wildcards; case does not matter.
    Raises BadRecord for an unknown column or a filter without =."""
    wanted = []
    for text in filters:
        name, equals, pattern = text.partition("=")
        if not equals:
            raise BadRecord("bad_filter", f"{text!r} is no filter: write COLUMN=VALUE, such as {table.key_field}=A*")
        wanted.append((column_named(table, name), pattern.lower()))
    return lambda item: all(fnmatch.fnmatchcase(cell_of(item, one).lower(), pattern) for one, pattern in wanted)
