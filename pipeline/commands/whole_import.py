"""Imports a file as a whole for the command line: with progress, and warnings about what was imported."""

from pathlib import Path
from typing import Any

from pipeline.commands.common import errors
from pipeline.commands.entries_told import entries_told
from pipeline.commands.recording import user_name
from pipeline.commands.reference_work import collection_of, encoded_pairs, progress_of
from pipeline.commands.warnings_told import refuse_unfit, warn
from pipeline.lists.importing import Imported, Manner
from pipeline.lists.importing import import_whole as import_pairs
from pipeline.runtime.clock import platform_now_ms
from pipeline.state.collections import HOTLIST, SECTIONS
from pipeline.state.replica_writer import ReplicaWriter
from pipeline.state.switching import Refresh
from pipeline.tables.columns import Table
from pipeline.tables.files import Checked


class _Pairs:
    """Key and JSON of every good item, as often as they are gone through."""

    def __init__(self, table: Table[Any], checked: Checked[Any]) -> None:
        self._collection, self._checked = collection_of(table), checked

    def __iter__(self) -> Any:
        return iter(encoded_pairs(self._collection, self._checked))


async def import_whole(
    writer: ReplicaWriter, table: Table[Any], checked: Checked[Any], path: Path, manner: Manner
) -> Imported:
    """Import the good items of a file, all of them valid from one moment on.

    Raises BadRecord, and imports nothing, for an item that cannot be a section, and as pipeline.lists.importing.import_whole.
    """
    if table.name == SECTIONS.name:
        await refuse_unfit(writer, checked)
    refresh = Refresh(
        by=user_name(), source=path.name, list_id=manner.source.list_id if manner.source else "",
        kind="delta" if manner.delta else "replace" if manner.replace else "import", digest=checked.digest,
        sequence=manner.sequence,
    )  # fmt: skip
    pairs = _Pairs(table, checked)
    imported = await import_pairs(writer, collection_of(table), checked, pairs, refresh, manner, progress_of)
    if imported.switch is None:
        return imported
    if table.name == HOTLIST.name:
        entries_told(checked, platform_now_ms())
    await warn(writer, table, checked)
    return imported


def tell_imported(table: Table[Any], checked: Checked[Any], imported: Imported) -> None:
    """Print the result of an import on standard error."""
    staged, switch = imported.staged, imported.switch
    if switch is None:
        errors.print(f"{table.name}: this file was taken before; nothing is new.")
        return
    removed = f", {staged.removed:,} removed" if staged.removed or staged.whole else ""
    left_out = f"; {checked.bad:,} bad left out" if checked.bad else ""
    new = staged.added + staged.changed
    errors.print(f"{table.name}: {new:,} new or changed, {staged.unchanged:,} unchanged{removed}{left_out}.")
