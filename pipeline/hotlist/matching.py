"""Which hotlist entries a read hits, how sure that is, and the alert that comes of it.

The score is the probability that the vehicle seen is the one meant: the reader's confidence in the text, times how believable
each taken-for-another character is, times what speaks against it (another country, class, make or colour). Only an exact match
that nothing contradicts goes out without asking a person to confirm; what a person must confirm is never urgent. A match is exact
when the read says the wanted text and no vehicle may carry one that readers count as the same (see plates.twins), or the picture
excludes it: the reader names other texts that it may show, and that one not or hardly.
"""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from pipeline.hotlist.candidates import Candidate, Shown, candidates_of, sure_of, texts_of
from pipeline.hotlist.index import Hotlist
from pipeline.hotlist.lists import is_silent, priority_of
from pipeline.plates.shared import COUNTRY as SHARED_IN
from pipeline.plates.shared import written
from pipeline.plates.twins import EXCLUDED, is_twin, issued_twins
from pipeline.reads.admission import may_serve, purposes_of_read, trusted_country
from pipeline.reads.colours import may_be_the_same
from pipeline.reads.geography import in_any_zone
from pipeline.reads.makes import same_make
from pipeline.reads.versions import Versions
from schemas import ids
from schemas.outcomes import Alert, Match
from schemas.reads import PlateRead, VehicleClass, named
from schemas.reference import Camera, HotlistEntry, Priority, Zone

__all__ = ["Hit", "Hotlist", "alert_of", "match_read", "match_reads"]

LIVE_BOUND_MS = 60_000
LEAST_SCORE = 0.2  # below one in five, alerts would be mostly about the wrong vehicle, and people stop listening
SURE_SCORE = 0.8  # from here an exact match needs no person; the same bar as a policy's default for neighbours
OTHER_COUNTRY = 0.5  # factor: stolen and copied plates do travel, so another country halves it and no more
# Factor for another make, and for another colour: cameras see both poorly, and copied plates are the very case.
OTHER_LOOK = 0.7
UNSTATED = "the camera does not say how sure it is: look at the picture"
AFTERWARDS = "found afterwards: the entry arrived after the capture and says that it held then"
_DOWNGRADED: dict[Priority, Priority] = {"urgent": "high", "high": "normal", "normal": "low", "low": "low"}
_RANK: dict[Match, int] = {"exact": 3, "confusable": 2, "near": 1, "pattern": 0}
_URGENCY: dict[Priority, int] = {"urgent": 0, "high": 1, "normal": 2, "low": 3}
CLASS_GROUPS: dict[VehicleClass, str] = {
    "car": "light", "van": "light", "lorry": "heavy", "bus": "heavy", "motorcycle": "motorcycle", "trailer": "trailer",
}  # fmt: skip
"""Classes that cameras take for one another are one group; unknown says nothing."""


class Hit(msgspec.Struct, frozen=True, gc=False):
    """One entry that a read matches.

    priority: after downgrading. confirm: a person must confirm it first. notes: what does not fit. afterwards: the entry
    arrived after the capture and says that it held at the capture. excluded: see pipeline.hotlist.exclusions.
    """

    entry: HotlistEntry
    match: Match
    score: float
    priority: Priority
    confirm: bool
    notes: tuple[str, ...]
    afterwards: bool = False
    excluded: str | None = None


def match_reads(
    reads: Sequence[PlateRead], hotlist: Hotlist, cameras: Versions[Camera], zones: Versions[Zone]
) -> Iterator[tuple[PlateRead, list[Hit]]]:
    """Yields the reads that have hits, in order, each with its hits (see match_read). Cameras and zones are those known of
    the time of capture (Versions.as_known).

    It takes many reads at once, because the index rules out nearly all of them together.
    """
    offered = [
        (one, at) for at, read in enumerate(reads) if read.alternatives
        for one in read.alternatives if one.probability >= LEAST_SCORE
    ]  # fmt: skip
    texts = [read.plate for read in reads] + [one.text for one, _ in offered]
    shown: dict[int, list[Shown]] = {}
    for place, looked in sorted(hotlist.look_up(texts).items()):
        if place < len(reads):
            shown[place] = [Shown(texts[place], sure_of(reads[place]), looked)]
        else:
            one, at = offered[place - len(reads)]
            shown.setdefault(at, []).append(Shown(one.text, one.probability, looked))
    for at in sorted(shown):
        read = reads[at]
        known_at = read.captured_at_ms
        hits = _matched(read, shown[at], cameras.as_known(known_at), zones.as_known(known_at), LEAST_SCORE)
        if hits:
            yield read, hits


def match_read(
    read: PlateRead,
    hotlist: Hotlist,
    cameras: Mapping[str, Camera],
    zones: Mapping[str, Zone],
    *,
    least_score: float = LEAST_SCORE,
) -> list[Hit]:
    """The hits of one read, most urgent first. cameras, zones: as they were at its capture.

    At most one hit an entry; an empty list for an unknown camera, or where read or camera may not serve hotlists. least_score:
    hits with a lower score (0..1) are left out.

    exact: the text read is the entry's plate; confusable: it may be taken for it, or the reader itself offers the plate as an
    alternative; near: one edit away, for entries that ask for it; pattern: it fits the entry's pattern.
    """
    texts = texts_of(read, least_score)
    found = hotlist.look_up([text for text, _ in texts])
    shown = [Shown(*texts[at], looked) for at, looked in sorted(found.items())]
    return _matched(read, shown, cameras, zones, least_score)


def _matched(
    read: PlateRead,
    shown: Sequence[Shown],
    cameras: Mapping[str, Camera],
    zones: Mapping[str, Zone],
    least_score: float,
) -> list[Hit]:
    camera = cameras.get(read.camera_id)
    if camera is None or not may_serve(read, camera, "hotlist"):
        return []
    candidates = [  # what else is looked at makes a hit less likely, never more
        one for one in candidates_of(read, shown)
        if one[2] >= least_score and counts_here(read, one[0], cameras, zones)
    ]  # fmt: skip
    if not candidates:
        return []
    if len(candidates) > 1:
        candidates = _best_of_each(read, candidates)
    hits = [hit for one in candidates if (hit := hit_of(read, *one, least_score)).score >= least_score]
    if len(hits) > 1:
        hits.sort(key=lambda hit: (_URGENCY[hit.priority], -hit.score))
    return hits


def _best_of_each(read: PlateRead, candidates: Sequence[Candidate]) -> list[Candidate]:
    """The one that counts of several matches with the same entry."""
    best: dict[str, Candidate] = {}
    for one in candidates:
        before = best.get(one[0].entry_id)
        if before is None or _weight(read, *one) > _weight(read, *before):
            best[one[0].entry_id] = one
    return list(best.values())


def counts_here(read: PlateRead, entry: HotlistEntry, cameras: Mapping[str, Camera], zones: Mapping[str, Zone]) -> bool:
    """Whether the entry was valid when the picture was taken, and counts where it was taken."""
    if not entry.valid_from_ms <= read.captured_at_ms < entry.valid_until_ms:
        return False
    if not entry.zones and not entry.cameras:
        return True
    return read.camera_id in entry.cameras or in_any_zone(read, entry.zones, cameras, zones)


def _weight(read: PlateRead, entry: HotlistEntry, match: Match, score: float) -> tuple[bool, int, float]:
    """The sort key of several matches with one entry: the largest counts.

    First whether the entry held at the capture, then the closer kind of match, then the higher score.
    """
    return not _is_afterwards(read, entry), _RANK[match], score


def _is_afterwards(read: PlateRead, entry: HotlistEntry) -> bool:
    """Whether the entry arrived after the read's capture and says that it held at the capture."""
    return entry.holds_from_ms is not None and read.captured_at_ms < entry.holds_from_ms


def found_afterwards(hit: Hit) -> Hit:
    """The hit, marked as found by an entry that arrived after the capture: a person must confirm it, and it is neither
    urgent nor live."""
    priority: Priority = "high" if hit.priority == "urgent" else hit.priority
    return msgspec.structs.replace(
        hit, priority=priority, confirm=True, notes=(*hit.notes, AFTERWARDS), afterwards=True
    )


def hit_of(read: PlateRead, entry: HotlistEntry, match: Match, score: float, least_score: float) -> Hit:
    """The hit of a read on an entry. score: how probable the text makes it, 0..1; what else was read of the vehicle lowers score
    and priority, and is noted. least_score: neither country nor look lowers the score further: the text alone
    decides whether a hit is told of, since copied plates are the very case."""
    notes: list[str] = [] if read.confidence_stated else [UNSTATED]
    priority = said = priority_of(entry)
    if match in ("confusable", "near"):
        notes.append(f"read as {read.plate}, wanted {entry.plate}")
    country = trusted_country(read)
    if entry.country and country and country != entry.country:
        probability = read.country_confidence or 1.0
        score = min(score, max(least_score, score * (1.0 - (1.0 - OTHER_COUNTRY) * probability)))
        priority = _DOWNGRADED[priority]
        notes.append(f"country read as {country}, wanted {entry.country}: downgraded from {said}")
    unlike = _other_look(read, entry) if entry.vehicle_class or entry.make or entry.colour else []
    if unlike:
        score = min(score, max(least_score, score * OTHER_LOOK ** len(unlike)))
    if match == "exact" and (doubt := _twin_doubt(read, country or entry.country)):
        notes.append(doubt)
    if match == "exact" and (ways := written(read.plate, country or entry.country)):
        notes.append(f"{' and '.join(ways)} are two vehicles of {SHARED_IN} with this text")
    confirm = match != "exact" or bool(notes or unlike) or score < SURE_SCORE
    if confirm and priority == "urgent":
        priority = "high"
    hit = Hit(entry, match, score, priority, confirm, (*notes, *unlike))
    return found_afterwards(hit) if _is_afterwards(read, entry) else hit


def _twin_doubt(read: PlateRead, country: str | None) -> str | None:
    """In words, which other vehicle's plate the reader counts as one with this text; None when there is none, or the read's
    alternatives exclude it.

    country: where the vehicle comes from, as far as read or entry tells.
    """
    offered = [one.text for one in read.alternatives if one.probability >= EXCLUDED and is_twin(one.text, read.plate)]
    if read.alternatives and not offered:
        return None
    issued = issued_twins(read.plate, country)
    if not issued and issued is not None:
        return None
    if read.alternatives:
        issued = frozenset(one for one in offered if issued is None or one in issued)
        if not issued:
            return None
    named = f", such as {min(issued)}" if issued else ""
    return f"read as {read.plate}, where O and 0, I and 1 count as one: it may be another vehicle{named}"


def _other_look(read: PlateRead, entry: HotlistEntry) -> list[str]:
    """In words, where the vehicle's class, make or colour is not what the entry says."""
    unlike = []
    seen, wanted = CLASS_GROUPS.get(read.vehicle_class), CLASS_GROUPS.get(entry.vehicle_class or "unknown")
    if seen and wanted and seen != wanted:
        unlike.append(f"class seen as {read.vehicle_class}, wanted {entry.vehicle_class}")
    if read.make and entry.make and not same_make(read.make, entry.make):
        unlike.append(f"make seen as {read.make}, wanted {entry.make}")
    if read.colour and entry.colour and not may_be_the_same(read.colour, entry.colour):
        unlike.append(f"colour seen as {read.colour}, wanted {entry.colour}")
    return unlike


def alert_of(
    hit: Hit, read: PlateRead, camera: Camera | None = None, *, decided_at_ms: int, live_bound_ms: int = LIVE_BOUND_MS
) -> Alert:
    """The alert of a hit, as if it were the only one of its incident; see incidents.place. Times in ms UTC.

    It is live, and may ring, when its read was captured at most live_bound_ms before decided_at_ms and the hit was not found
    afterwards. camera: as it was at capture; None: the alert names no network and no purposes.
    """
    entry, read = hit.entry, named(read)
    alert_id = ids.alert_id(read.read_id, entry.entry_id)
    silent = is_silent(entry) or hit.excluded is not None
    live = decided_at_ms - read.captured_at_ms <= live_bound_ms and not hit.afterwards
    return Alert(
        alert_id=alert_id,
        incident_id=alert_id,
        rings=live and not silent,
        live=live,
        entry_id=entry.entry_id,
        hotlist=entry.hotlist,
        category=entry.category,
        priority=hit.priority,
        action=entry.action,
        owner=entry.owner,
        legal_basis=entry.legal_basis,
        match=hit.match,
        score=hit.score,
        confirm=hit.confirm,
        covert=entry.covert,
        wanted_plate=entry.plate,
        share_with=entry.share_with,
        case_reference=entry.case_reference,
        notes=hit.notes,
        origin=entry.origin,
        list_id=entry.list_id,
        silent=silent,
        excluded=hit.excluded,
        network=camera.network if camera else None,
        purposes=purposes_of_read(read, camera) if camera else (),
        read=read,
        decided_at_ms=decided_at_ms,
    )
