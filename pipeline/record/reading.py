"""Reads a log's entries for people, and copies a log for others. It verifies nothing: see verify."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import msgspec

from pipeline.access.checkpoint import claimed
from pipeline.access.ledger import PUBLIC
from pipeline.access.tiles import WIDTH, entries_in, entries_path, kept, records_path, shapes, tile_path
from pipeline.errors import BadRecord, Misconfigured
from pipeline.record.log_folder import CHECKPOINT, LogFolder
from pipeline.record.source import FolderSource, Source, read_part
from pipeline.runtime.private import private_folder, write_private
from schemas.accesses import Access, Intent, Outcome
from schemas.base import UNREADABLE

_DECODER = msgspec.json.Decoder(Access)


@dataclass(frozen=True, slots=True)
class ShownIntent:
    """One intent with its index in the log, and its outcome, None if there is none yet. at_ms: by the writer's clock, UTC."""

    index: int
    access_id: str
    at_ms: int
    intent: Intent
    outcome: Outcome | None = None


def packed_records(folder: Path) -> Iterator[bytes]:
    """Yields the records of a log's own folder, the newest included, or of an export, oldest first, each packed with its
    offset (pipeline.access.tiles.kept unpacks it). Raises Misconfigured, Unavailable."""
    source, ledger = FolderSource(folder), LogFolder(folder).ledger()
    size, tail = (ledger.size, ledger.tail) if ledger.size else (claimed(_note(folder)).size, ())
    for index in range(-(-(size - len(tail)) // WIDTH)):
        data = read_part(source, records_path, index, min(WIDTH, size - index * WIDTH))
        yield from entries_in(data or b"")
    yield from tail


def shown(packed: Iterable[bytes]) -> list[ShownIntent]:
    """The intents in order, each with its outcome. An entry that cannot be read is left out; `vigie audit verify` names it."""
    found: list[ShownIntent] = []
    places: dict[str, int] = {}
    for index, one in enumerate(packed):
        try:
            access = _DECODER.decode(kept(one).record)
        except (*UNREADABLE, BadRecord):
            continue
        entry = access.entry
        if isinstance(entry, Intent):
            places[access.access_id] = len(found)
            found.append(ShownIntent(index, access.access_id, access.at_ms, entry))
        elif (place := places.get(entry.intent_id)) is not None:
            found[place] = replace(found[place], outcome=entry)
    return found


def export(folder: Path, to: Path, *, public_only: bool, source_of: Callable[[Path], Source] = FolderSource) -> int:
    """Copy the log, up to its latest checkpoint, into an empty folder. Returns how many entries were copied. The log may grow
    meanwhile: that checkpoint is copied, too. public_only: copy digests and checkpoint, without the records.

    Raises Misconfigured when there is no checkpoint yet, or the other folder is not empty; Unavailable.
    """
    if to.exists() and any(to.iterdir()):
        raise Misconfigured("TO", found=str(to), allowed="a folder that is empty or does not exist")
    note, source = _note(folder), source_of(folder)
    size = claimed(note).size
    for level, full, width in shapes(size):
        for index in range(full + (width > 0)):
            wide = WIDTH if index < full else width
            _copy(source, partial(tile_path, level), index, wide, to / PUBLIC, 32 * wide)
            if level == 0:
                _copy(source, entries_path, index, wide, to / PUBLIC, 34 * wide)
            if level == 0 and not public_only:
                _copy(source, records_path, index, wide, to, None)
    private_folder(to / PUBLIC)
    write_private(to / CHECKPOINT, note.encode())
    return size


def _copy(
    source: Source, path_of: Callable[[int, int], str], index: int, width: int, to: Path, most: int | None
) -> None:
    """Copy one tile or bundle of this width."""
    data = read_part(source, path_of, index, width) or b""
    file = to / path_of(index, width)
    private_folder(file.parent)
    write_private(file, data[:most])


def _note(folder: Path) -> str:
    """The folder's checkpoint, without checking its signature. Raises Misconfigured where there is none."""
    note = LogFolder(folder).checkpoint() if (folder / PUBLIC).is_dir() else None
    if note is None:
        raise Misconfigured("LOG", found=str(folder), allowed="the folder of a log that has a checkpoint")
    return note
