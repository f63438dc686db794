"""Finds what does not fit together in the reference data: names of things that do not exist, and sections that can prove no
violation."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator

from pipeline.hotlist.entries import told_of_name, told_of_pattern
from pipeline.hotlist.pattern_index import is_pattern
from pipeline.neighbours.checks import told_of_policies, told_of_shared
from pipeline.sections.checks import faults_of, unlawful
from pipeline.sections.doubts import moved_since
from pipeline.sections.moment import Reference
from schemas.reference import Camera, HotlistEntry, Policy, Section, WantedList, Zone

PATTERNS_TOLD = 20  # entries; how many plates a pattern matches takes milliseconds to count


def dangling(
    cameras: Iterable[Camera], sections: Iterable[Section], zones: Iterable[Zone], policies: Iterable[Policy]
) -> list[str]:
    """Warnings, in words, about items that name something that does not exist. None of them stops the platform; each is
    probably a mistake."""
    camera_ids = {camera.camera_id for camera in cameras}
    zones = list(zones)
    zone_ids = {zone.zone_id for zone in zones}
    found: list[str] = []
    for section in sections:
        found += _section(section, camera_ids)
    for zone in zones:
        found += _unknown(f"zone {zone.zone_id}", "camera", zone.cameras, camera_ids)
        if not zone.cameras and not zone.polygon:
            found.append(f"zone {zone.zone_id} has neither cameras nor a polygon: nothing is ever in it")
    policies = list(policies)
    found += told_of_policies(policies, zones)
    for policy in policies:
        found += _unknown(f"policy {policy.policy_id}", "zone", policy.zones, zone_ids)
    return found


def unfit(sections: Iterable[Section], cameras: Iterable[Camera], at_ms: int) -> list[str]:
    """Reasons, in words, why some of these cannot be sections under the law at that moment (ms UTC). Such sections must be
    refused.

    Cameras that are not known are left out: a section may be imported before its cameras, and proves nothing until it fits
    them.
    """
    known = {camera.camera_id: camera for camera in cameras}
    return [
        f"section {section.section_id}: {fault}"
        for section in sections
        for fault in (*faults_of(section, known), *unlawful(section, at_ms))
    ]


def moved(reference: Reference, at_ms: int) -> list[str]:
    """Warnings, in words, about sections whose distance proves nothing at that moment (ms UTC), because a camera was moved after
    it was certified."""
    return [
        f"section {section.section_id}: {fault}; it proves nothing until another certificate says the distance anew"
        for section in reference.sections.as_of(at_ms).values()
        for one in section.distances
        if (fault := moved_since(section, one, reference, {one.entry_camera_id: at_ms, one.exit_camera_id: at_ms}))
    ]


def dangling_entries(
    entries: Iterable[HotlistEntry],
    camera_ids: Collection[str],
    zone_ids: Collection[str],
    policies: Collection[Policy] = (),
) -> Iterator[str]:
    """Warnings about hotlist entries, like `dangling`: cameras and zones that do not exist, countries to which no policy
    forwards what is shared with them, patterns that match very many plates, and ids of covert ones that can be guessed. Entries
    that are shared alike are told of together: a million may be."""
    patterns, guessed = _Told("are patterns", PATTERNS_TOLD), _Told("are covert and have ids that can be guessed", 1)
    alike = Counter[tuple[object, ...]]()
    in_vain: dict[tuple[object, ...], str] = {}
    for entry in entries:
        if is_pattern(entry.plate):
            yield from patterns.of(entry, told_of_pattern)
        if told_of_name(entry):
            yield from guessed.of(entry, told_of_name)
        sharing = (entry.share_with, entry.covert, entry.hotlist, entry.origin, entry.category)
        alike[sharing] += 1
        if entry.share_with and alike[sharing] == 1:
            told = list(told_of_shared((entry,), policies))
            yield from told
            if told:
                in_vain[sharing] = entry.entry_id
        yield from _unknown(f"entry {entry.entry_id}", "camera", entry.cameras, camera_ids)
        yield from _unknown(f"entry {entry.entry_id}", "zone", entry.zones, zone_ids)
    yield from (*patterns.rest(), *guessed.rest())
    for shared, entry_id in in_vain.items():
        if alike[shared] > 1:
            yield f"{alike[shared] - 1:,} more entries are shared as {entry_id} is: the same is so of them"


class _Told:
    """Warnings of one kind: the first so many, each made only then; the rest are counted."""

    def __init__(self, kind: str, most: int) -> None:
        self._kind, self._most, self._count = kind, most, 0

    def of(self, entry: HotlistEntry, told: Callable[[HotlistEntry], str | None]) -> Iterator[str]:
        """Yields what is told of one more entry, while it is one of the first."""
        self._count += 1
        if self._count <= self._most and (warning := told(entry)):
            yield warning

    def rest(self) -> Iterator[str]:
        """Yields how many more there were."""
        if self._count > self._most:
            yield f"{self._count - self._most:,} more entries {self._kind}"


def unseen(lists: Iterable[WantedList], designation_ids: Collection[str]) -> Iterator[str]:
    """Yields a warning for each list that names designations (seen_by) which do not exist, and says where nobody is left who sees
    its hits."""
    for one in lists:
        unknown = [name for name in one.seen_by if name not in designation_ids]
        if unknown:
            nobody = "; nobody sees its hits at the desks" if len(unknown) == len(one.seen_by) else ""
            yield f"list {one.list_id} is seen by {', '.join(unknown)}, which are no designations{nobody}"


def _section(section: Section, camera_ids: Collection[str]) -> list[str]:
    who = f"section {section.section_id}"
    entries = {line.camera_id for line in section.entries}
    exits = {line.camera_id for line in section.exits}
    found = _unknown(who, "camera", sorted(entries | exits), camera_ids)
    certified = {(one.entry_camera_id, one.exit_camera_id) for one in section.distances}
    found += [
        f"{who} has no certified distance from {entry} to {exit_}: no violation can be proved there"
        for entry in sorted(entries)
        for exit_ in sorted(exits)
        if (entry, exit_) not in certified
    ]
    found += [
        f"{who} certifies a distance from {entry} to {exit_}, which are not its entry and exit"
        for entry, exit_ in sorted(certified)
        if entry not in entries or exit_ not in exits
    ]
    return found


def _unknown(who: str, kind: str, named: Iterable[str], known: Collection[str]) -> list[str]:
    return [f"{who} names {kind} {name}, which is unknown" for name in named if name not in known]
