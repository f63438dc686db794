"""Tells the importer of a hotlist what is remarkable about single entries."""

from typing import Any

import msgspec

from pipeline.commands.common import errors
from pipeline.commands.warnings_told import WARNINGS_TOLD
from pipeline.plates.shared import written
from pipeline.tables.cells import moment_text
from pipeline.tables.files import Checked


class _Glance(msgspec.Struct, gc=False):
    """The fields of an entry by which it is remarkable."""

    entry_id: str
    plate: str
    country: str | None = None
    valid_until_ms: int | None = None


def entries_told(checked: Checked[Any], now_ms: int) -> None:
    """Print on standard error which entries of a file have ended, and which plates two vehicles may carry: the first
    WARNINGS_TOLD of both together, and how many more there are. now_ms: UTC."""
    decode, found, count = msgspec.json.Decoder(_Glance).decode, list[str](), 0
    for _, data in checked.pairs():
        one = decode(data)
        if one.valid_until_ms is not None and one.valid_until_ms <= now_ms:
            text = f"entry {one.entry_id} ended on {moment_text(one.valid_until_ms)}: it can never ring"
        elif ways := written(one.plate, one.country):
            text = f"entry {one.entry_id}: {' and '.join(ways)} are two vehicles; a person must confirm each hit"
        else:
            continue
        count += 1
        if len(found) < WARNINGS_TOLD:
            found.append(text)
    for text in found:
        errors.print(f"warning: {text}", style="yellow")
    if count > len(found):
        errors.print(f"... and {count - len(found):,} more such entries.", style="yellow")
