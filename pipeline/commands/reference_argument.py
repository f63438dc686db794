"""Parses the argument of the command `add`: COLUMN=VALUE... or a JSON object."""

import csv
import tempfile
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Any

from pipeline.commands.reference_filters import column_named
from pipeline.errors import BadRecord
from pipeline.runtime.private import write_private
from pipeline.runtime.settings import load_settings
from pipeline.tables.columns import Table
from pipeline.tables.files import Checked, check_file


def one_item(table: Table[Any], cells: Sequence[str], json: str | None) -> Checked[Any]:
    """The item on the command line, checked like a file of one line. json: the item as JSON; None: cells are COLUMN=VALUE.
    Raises BadRecord."""
    if json is not None:
        return _checked_text(table, json, ".json")
    names, values = [], []
    for text in cells:
        name, equals, value = text.partition("=")
        if not equals:
            raise BadRecord("bad_argument", f"{text!r} is no COLUMN=VALUE")
        names.append(column_named(table, name).name)
        values.append(value)
    missing = [column.name for column in table.columns if column.required and column.name not in names]
    if missing:
        raise BadRecord("bad_argument", "give " + " ".join(f"{name}=..." for name in missing) + ", too")
    lines = StringIO()
    csv.writer(lines).writerows([names, values])
    return _checked_text(table, lines.getvalue(), ".csv")


def _checked_text(table: Table[Any], text: str, suffix: str) -> Checked[Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"argument{suffix}")
        write_private(path, text.encode("utf-8", "surrogateescape"))
        return check_file(path, table, home=load_settings().liaison.sender)
