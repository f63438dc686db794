"""Warns of reference data that names what does not exist, and refuses what the law does not let be."""

from collections.abc import Iterable
from typing import Any

import msgspec

from pipeline.commands.common import errors
from pipeline.errors import BadRecord
from pipeline.reads.versions import Versions
from pipeline.runtime.clock import platform_now_ms
from pipeline.sections.moment import Reference
from pipeline.state.collections import CAMERAS, DESIGNATIONS, EXCLUSIONS, HOTLIST, LISTS, POLICIES, SECTIONS, ZONES
from pipeline.state.replica_writer import ReplicaWriter
from pipeline.tables.columns import Table
from pipeline.tables.files import Checked
from pipeline.tables.reference_checks import dangling, dangling_entries, moved, unfit, unseen
from schemas.reference import Camera, Section

WARNINGS_TOLD = 20
_SPECIAL = (b'"zones":', b'"cameras":', b'"share_with":', b"?", b"*")


async def refuse_unfit(writer: ReplicaWriter, checked: Checked[Any]) -> None:
    """Raise BadRecord, with the reasons, when one of the sections in the file cannot be a section under the law."""
    decode = msgspec.json.Decoder(Section).decode
    sections = [decode(data) for _, data in checked.pairs()]
    if faults := unfit(sections, await writer.list(CAMERAS), platform_now_ms()):
        raise BadRecord("unfit_section", "; ".join(faults[:WARNINGS_TOLD]))


def _special_entries(checked: Checked[Any]) -> Iterable[Any]:
    """The entries that name zones, cameras or countries, or are patterns: few of a million are."""
    decode = msgspec.json.Decoder(checked.table.message).decode
    return (decode(data) for _, data in checked.pairs() if any(mark in data for mark in _SPECIAL))


async def warn(writer: ReplicaWriter, table: Table[Any], checked: Checked[Any] | None = None) -> None:
    """Print a warning on standard error for each item that names something that does not exist; of cameras and sections also for
    each section that proves nothing as things are. At most WARNINGS_TOLD, and how many more there are. checked: the imported
    entries, for the hotlist, of which no others are looked at; of the other kinds all that is stored is looked at."""
    count = 0
    for count, text in enumerate(await _doubts(writer, table, checked), 1):
        if count <= WARNINGS_TOLD:
            errors.print(f"warning: {text}", style="yellow")
    if count > WARNINGS_TOLD:
        errors.print(f"... and {count - WARNINGS_TOLD:,} more warnings.", style="yellow")


async def _doubts(writer: ReplicaWriter, table: Table[Any], checked: Checked[Any] | None) -> Iterable[str]:
    cameras, zones = await writer.list(CAMERAS), await writer.list(ZONES)
    policies = await writer.list(POLICIES)
    if table.name == "hotlist":
        entries = _special_entries(checked) if checked else ()
        return dangling_entries(entries, {one.camera_id for one in cameras}, {one.zone_id for one in zones}, policies)
    if table.name == EXCLUSIONS.name:
        return await _unknown_to_exclusions(writer)
    if table.name == LISTS.name:
        known = {one.designation_id for one in await writer.list(DESIGNATIONS)}
        return unseen(await writer.list(LISTS), known)
    sections = await writer.list(SECTIONS)
    found = dangling(cameras, sections, zones, policies)
    if table.name == CAMERAS.name:
        found += [f"{fault}; it proves nothing" for fault in unfit(sections, cameras, platform_now_ms())]
    if table.name in (CAMERAS.name, SECTIONS.name):
        found += moved(await _reference(writer), platform_now_ms())
    return found


async def _reference(writer: ReplicaWriter) -> Reference:
    """All versions of sections and cameras that are kept."""
    sections, cameras = Versions[Section](kept_ms=SECTIONS.kept_ms), Versions[Camera](kept_ms=CAMERAS.kept_ms)
    async for changed_sections in writer.histories(SECTIONS):
        sections.take(changed_sections)
    async for changed_cameras in writer.histories(CAMERAS):
        cameras.take(changed_cameras)
    return Reference(sections, cameras)


async def _unknown_to_exclusions(writer: ReplicaWriter) -> list[str]:
    """Warnings about exclusions that name an entry or a list that does not exist: they exclude nothing."""
    found: list[str] = []
    for one in await writer.list(EXCLUSIONS):
        if one.entry_id is not None and await writer.get(HOTLIST, one.entry_id) is None:
            found.append(f"exclusion {one.exclusion_id} names entry {one.entry_id}, which is unknown")
        if one.list_id is not None and await writer.get(LISTS, one.list_id) is None:
            found.append(f"exclusion {one.exclusion_id} names list {one.list_id}, which is unknown")
    return found
