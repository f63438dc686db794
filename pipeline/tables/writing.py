"""Writes reference data to files, as CSV, a JSON array or JSON lines, so that reading them gives the same items.

CSV leaves out the certificates of single distances of a section.
"""

import csv
from collections.abc import Iterable
from typing import Any, Literal, TextIO, TypeVar

import msgspec

from pipeline.tables.cells import safe_cell
from pipeline.tables.columns import Column, Table
from schemas.base import Message

T = TypeVar("T", bound=Message)
Form = Literal["csv", "json", "jsonl"]
ENCODER = msgspec.json.Encoder(order="deterministic")


def write_file(stream: TextIO, table: Table[T], items: Iterable[T], form: Form) -> int:
    """Write the items so that check_file reads the same ones back (for CSV see the module). Returns how many items were
    written. stream: opened with newline=""."""
    written = 0
    if form == "csv":
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([column.name for column in table.columns])
        for item in items:
            writer.writerow([_cell(item, column) for column in table.columns])
            written += 1
        return written
    for item in items:
        text = ENCODER.encode(item).decode()
        stream.write(text if form == "jsonl" else ("[\n" if not written else ",\n") + text)
        stream.write("\n" if form == "jsonl" else "")
        written += 1
    if form == "json":
        stream.write("\n]\n" if written else "[]\n")
    return written


def _cell(item: Message, column: Column) -> str:
    value: Any = item
    for step in column.place:
        value = getattr(value, step)
        if value is None:
            return ""
    return safe_cell(column.show(value))
