"""What persons asked to watch for: each request is an entry of the kind ad_hoc, found in its zone until it ends.

A request names a plate or a part of one, or only what the vehicle looks like: then each read in the zone that shows that make and
that colour is a hit, whatever its plate. A read that lacks the make or the colour is none: silence proves nothing. So many
vehicles look alike that such hits ring only where the request's priority is high or urgent.
"""

from collections.abc import Iterator, Mapping, Sequence

from pipeline.hotlist.index import Hotlist
from pipeline.hotlist.matching import CLASS_GROUPS, Hit, counts_here, found_afterwards, hit_of, match_read, match_reads
from pipeline.reads.admission import may_serve
from pipeline.reads.colours import families_of
from pipeline.reads.makes import make_of
from pipeline.reads.versions import Changed, Version, Versions
from schemas.reads import PlateRead
from schemas.reference import Camera, HotlistEntry, Zone
from schemas.requests import Watch

ANY_PLATE = "*"
LOOKS_SCORE = 0.2
"""As LEAST_SCORE of matching: one vehicle in five of that make and colour may be meant, at the very most. An own choice."""
CATEGORY = "watch"


PREFIX = "watch:"


def entry_id_of(watch_id: str) -> str:
    """The id of the entry that a request makes."""
    return f"{PREFIX}{watch_id}"


def fault_of_id(entry: HotlistEntry) -> tuple[str, str] | None:
    """The field entry_id and why a list may not have this entry: its hits would be taken for those of a request; None: it may."""
    if entry.entry_id.startswith(PREFIX):
        return (
            "entry_id",
            f"{entry.entry_id} is the entry of a request to watch: choose an id that does not begin with {PREFIX}",
        )
    return None


def entry_of(watch: Watch) -> HotlistEntry:
    """The entry that a request makes. It is shared with nobody."""
    return HotlistEntry(
        entry_id=entry_id_of(watch.watch_id),
        plate=watch.plate or ANY_PLATE,
        hotlist="ad_hoc",
        category=CATEGORY,
        priority=watch.priority,
        action=watch.action,
        owner=watch.service,
        legal_basis=watch.legal_basis,
        country=watch.country,
        valid_from_ms=watch.valid_from_ms,
        valid_until_ms=watch.valid_until_ms,
        zones=(watch.zone,),
        vehicle_class=watch.vehicle_class,
        make=watch.make,
        colour=watch.colour,
        case_reference=watch.case_reference,
        silent=watch.plate is None and watch.priority in ("normal", "low"),
    )


class Watches:
    """The requests in memory, with their versions, as entries."""

    def __init__(self) -> None:
        self._with_plate = Hotlist()
        self._looks: Versions[HotlistEntry] = Versions()

    def __len__(self) -> int:
        """The number of stored versions."""
        return len(self._with_plate) + len(self._looks)

    def take(self, changed: Sequence[Changed[Watch]], *, reset: bool = False) -> None:
        """Add the versions in `changed` to those that are known. reset: first forget all that is known.

        A request that changes from a plate to a look, or back, ends as what it was.
        """
        self._with_plate.take([_part(one, with_plate=True) for one in changed], reset=reset)
        looks = [_part(one, with_plate=False) for one in changed]
        self._looks.take([one for one in looks if _is_any(one) or self._looks.history(one.key)], reset=reset)

    def get(self, entry_id: str, at_ms: int) -> HotlistEntry | None:
        """The entry of this id as it held at at_ms (UTC); None: there was none."""
        return self._with_plate.get(entry_id, at_ms) or self._looks.at(entry_id, at_ms)

    def matched(
        self, reads: Sequence[PlateRead], cameras: Versions[Camera], zones: Versions[Zone]
    ) -> Iterator[tuple[PlateRead, list[Hit]]]:
        """Yields the reads that have hits, each with its hits: first those of requests with a plate, then those of the others, so a
        read may come twice. cameras, zones: as in match_reads."""
        if len(self._with_plate):
            yield from match_reads(reads, self._with_plate, cameras, zones)
        if not len(self._looks):
            return
        for read in reads:
            if read.make is None and read.colour is None:
                continue
            hits = self._looks_like(read, cameras.as_known(read.captured_at_ms), zones.as_known(read.captured_at_ms))
            if hits:
                yield read, hits

    def _looks_like(self, read: PlateRead, cameras: Mapping[str, Camera], zones: Mapping[str, Zone]) -> list[Hit]:
        """The hits of one read on what vehicles look like. A request that arrived after the capture finds it afterwards."""
        held = self._looks.as_of(read.captured_at_ms)
        found = [hit for one in held.values() for hit in look_of(read, one, cameras, zones)]
        later = (one for key, one in self._looks.current().items() if key not in held)
        return found + [found_afterwards(hit) for one in later for hit in look_of(read, one, cameras, zones)]


def hits_of(
    read: PlateRead, entry: HotlistEntry, cameras: Mapping[str, Camera], zones: Mapping[str, Zone]
) -> list[Hit]:
    """The hits of one read on one entry, of the hotlist or of a request."""
    if entry.plate == ANY_PLATE:
        return look_of(read, entry, cameras, zones)
    return match_read(read, Hotlist((entry,)), cameras, zones)


def look_of(
    read: PlateRead, entry: HotlistEntry, cameras: Mapping[str, Camera], zones: Mapping[str, Zone]
) -> list[Hit]:
    """The one hit of a read that shows the make and the colour, and no other class of vehicle, that the entry names; an empty list
    otherwise, and where the entry was not valid then or does not count there."""
    camera = cameras.get(read.camera_id)
    if camera is None or not _shows(read, entry) or not may_serve(read, camera, "hotlist"):
        return []
    if not counts_here(read, entry, cameras, zones):
        return []
    note = f"looks like what is watched for: {entry.make}, {entry.colour}; its plate is not known"
    hit = hit_of(read, entry, "pattern", LOOKS_SCORE, LOOKS_SCORE)
    return [Hit(hit.entry, hit.match, hit.score, hit.priority, hit.confirm, (*hit.notes, note))]


def _shows(read: PlateRead, entry: HotlistEntry) -> bool:
    make, colour = make_of(read.make or ""), families_of(read.colour or "")
    if not make or make != make_of(entry.make or "") or colour.isdisjoint(families_of(entry.colour or "")):
        return False
    seen, wanted = CLASS_GROUPS.get(read.vehicle_class), CLASS_GROUPS.get(entry.vehicle_class or "unknown")
    return seen is None or wanted is None or seen == wanted


def _is_any(changed: Changed[HotlistEntry]) -> bool:
    return any(version.item is not None for version in changed.versions)


def _part(changed: Changed[Watch], *, with_plate: bool) -> Changed[HotlistEntry]:
    """The versions of a request as entries; where it is of the other kind, there is no entry."""
    versions = tuple(
        Version(
            entry_of(one.item) if one.item is not None and (one.item.plate is not None) == with_plate else None,
            one.holds_from_ms,
            one.arrived_at_ms,
        )
        for one in changed.versions
    )
    return Changed(entry_id_of(changed.key), versions)
