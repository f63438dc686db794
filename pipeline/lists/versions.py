"""Versions of the hotlist: two are compared, one is gone back to, an entry's history is told.

Nothing is stored for a version of the whole hotlist: the entries have versions in time, and a version of the whole is a
moment.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from pipeline.errors import BadRecord, Unavailable
from pipeline.lists.patterns import within_bound
from pipeline.reads.versions import KEPT_MS, held_at, with_versions
from pipeline.runtime.clock import platform_now_ms
from pipeline.state.collections import HOTLIST
from pipeline.state.replica_writer import ReplicaWriter
from pipeline.state.switching import Refresh, Switch
from pipeline.tables.cells import moment_text
from schemas.reference import HotlistEntry


@dataclass(frozen=True, slots=True)
class Difference:
    """One entry that differs between two moments. fields: the changed fields of an entry that is in both."""

    key: str
    plate: str
    before: HotlistEntry | None
    after: HotlistEntry | None

    @property
    def kind(self) -> str:
        """added, changed or removed."""
        return "added" if self.before is None else "removed" if self.after is None else "changed"

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the changed fields; empty for an added or removed entry."""
        return fields_changed(self.before, self.after) if self.before and self.after else ()


def fields_changed(before: HotlistEntry, after: HotlistEntry) -> tuple[str, ...]:
    """The names of the fields in which the two entries differ."""
    return tuple(name for name in after.__struct_fields__ if getattr(before, name) != getattr(after, name))


async def version_numbered(writer: ReplicaWriter, number: int) -> Switch:
    """The version with this number. Raises BadRecord when it is unknown, or so old that its entries are no longer kept."""
    found = next((one for one in await writer.switching(HOTLIST).switches() if one.number == number), None)
    if found is None:
        raise BadRecord("unknown_version", f"{number} is no version; `vigie hotlist versions` lists them")
    if found.at_ms < platform_now_ms() - KEPT_MS:
        raise BadRecord(
            "version_gone", f"version {number} is of {moment_text(found.at_ms)}: what held so long ago is gone"
        )
    return found


async def differences(writer: ReplicaWriter, older: Switch, newer: Switch | None) -> list[Difference]:
    """The entries that differ between two versions, sorted by key. newer None: the present hotlist."""
    latest = (await writer.switching(HOTLIST).switches())[0].at_ms  # may be to come in a moment
    until_ms = max(latest, platform_now_ms()) if newer is None else newer.at_ms
    found: list[Difference] = []
    async for page in writer.histories(HOTLIST):
        for one in page:
            history = with_versions((), one.versions)
            before, after = held_at(history, older.at_ms), held_at(history, until_ms)
            if before != after:
                found.append(Difference(one.key, (after or before).plate, before, after))  # type: ignore[union-attr]  # one is there
    return sorted(found, key=lambda one: one.key)


async def rolled_back(
    writer: ReplicaWriter, to: Switch, by: str, concerns: Callable[[Difference], bool] = lambda _one: True
) -> Switch:
    """Make the entries as they were at this version; for a version that refreshed a list, only the entries of that list.

    by: who does it. concerns: whether an entry that differs may be changed; others stay as they are. Raises BadRecord when nothing
    differs, or when the patterns would cost each read too much, Unavailable when others change the hotlist meanwhile.
    """
    list_id = to.refresh.list_id
    found = [
        one for one in await differences(writer, to, None) if (not list_id or is_of(one, list_id)) and concerns(one)
    ]
    if not found:
        raise BadRecord("nothing_to_do", f"the entries are as at version {to.number}")
    back = [(one.key, HOTLIST.encode(one.before)) for one in found if one.before is not None]
    gone = [one.key for one in found if one.before is None]
    removed = frozenset(gone)
    refresh = Refresh(by=by, source=f"version {to.number}", list_id=list_id, kind="rollback",
                      sequence=to.refresh.sequence)  # fmt: skip
    switching = writer.switching(HOTLIST)
    async with within_bound(writer, HOTLIST, back, lambda one: getattr(one, HOTLIST.key_field) not in removed):
        staged = await switching.stage(back, replace=False, list_id=list_id, removes=gone)
        switch = await switching.switch(staged, refresh)
    if switch is None:
        await switching.drop(staged)
        raise Unavailable("the hotlist, which others changed while it was compared")
    await switching.fold()
    await asyncio.sleep(max(0, switch.at_ms - platform_now_ms()) / 1_000)
    return switch


def is_of(one: Difference, list_id: str) -> bool:
    """Whether the entry is, or was, on this list."""
    return any(entry is not None and entry.list_id == list_id for entry in (one.before, one.after))


async def told_history(writer: ReplicaWriter, key: str) -> Sequence[dict[str, Any]]:
    """The versions of an entry in the order in which they hold: from when, what changed, and which import brought it (None:
    no import did). Raises BadRecord for an entry that does not exist and was not removed lately."""
    history = await writer.history(HOTLIST, key)
    if not history:
        raise BadRecord("unknown_entry", f"{key} is no entry, and none that was removed lately")
    imports = {one.at_ms: one for one in await writer.switching(HOTLIST).switches()}
    told: list[dict[str, Any]] = []
    before: HotlistEntry | None = None
    for version in history:
        item, brought = version.item, imports.get(version.arrived_at_ms)
        changed = ["new"] if before is None else list(fields_changed(before, item)) if item else []
        told.append({
            "begins_ms": version.begins_ms, "holds_from_ms": version.holds_from_ms, "arrived_at_ms": version.arrived_at_ms,
            "changed": changed, "item": msgspec.to_builtins(item), "version": brought.number if brought else None,
            "source": brought.refresh.source if brought else None, "by": brought.refresh.by if brought else None,
        })  # fmt: skip
        before = item
    return told
