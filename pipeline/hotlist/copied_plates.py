"""Copied plates of vehicles on no list: one plate at two places that no vehicle could reach in the time. Pure.

Where each vehicle was seen surely is kept for KEPT_MS, under a pseudonym: after so long 125 km are near enough for one vehicle. Two
sights that no vehicle could both have been are a pair. Pairs are decided together, by the time of capture, SLICE_MS at a time, once
every read of that time has come: so neither the order of arrival nor a read that comes twice makes a difference. A read that came
later than LATE_MS takes no part, whenever it is read.

What else may explain a pair counts for the vehicle. Both reads must be sure of text, time and place (copies.seen_surely), and the
text must be of one country, the same for both. A camera that makes pairs of more than MOST_PLATES plates within KEPT_MS is itself
wrong, in its place, its clock or its reading: its pairs are told to nobody. What is left becomes an alert for each sight, in one
incident a plate and day, which rings nowhere and names no wanted vehicle.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from struct import Struct

import msgspec

from pipeline.hotlist.copies import is_one_plate, no_vehicle_could, seen_surely
from pipeline.hotlist.incidents import MOST_KMH, POSITION_DOUBT_M
from pipeline.hotlist.matching import Hit, alert_of
from pipeline.plates import countries_of
from pipeline.reads.admission import may_serve
from schemas import ids
from schemas.base import Position
from schemas.incidents import SureSight
from schemas.outcomes import Alert, RecordPlace
from schemas.reads import PlateRead
from schemas.reference import COPIED_PLATES, Camera, HotlistEntry
from schemas.requests import Exclusion

CATEGORY = "copied_plate"
LATE_MS = 60_000
AHEAD_MS = 5_000
"""Reads take part that the broker took at most so long after their capture, or before it."""
KEPT_MS = 30 * 60_000
SLICE_MS = 5 * 60_000
SETTLE_MS = 2 * 60_000
"""After the end of a slice: LATE_MS, and a minute in which workers read what the broker has."""
MOST_PLATES = 3
"""A camera that makes pairs of more plates than this within KEPT_MS is believed about none. An own choice."""
ONE_COUNTRY = 0.99
"""So sure must it be, where no country was read, that the text is of one country. An own choice."""
DAY_MS = 86_400_000
_PACKED = Struct(">qiiII2sIq")
PACKED_BYTES = _PACKED.size
_DEGREE = 1e7
METRES_A_DEGREE = 111_700.0  # of a meridian; of the equator less: rounded up


class _Entry(HotlistEntry, frozen=True, kw_only=True):
    """What the alerts of a day name as their entry, COPIED_PLATES:DAY: a read may be in pairs of two days, and is an alert of its
    own in each. No list may have such an entry."""

    def _refuse_name(self) -> None: ...


class Sight(msgspec.Struct, frozen=True, order=True, gc=False):
    """Where and when a vehicle was seen surely. at_ms: UTC. lat, lon: ten millionths of a degree. doubt_ms: by how far the time may
    be off, rounded up. camera: a digest of its id. country: of the plate, where it was read, else empty. partition, offset: of the
    record with the read."""

    at_ms: int
    lat: int
    lon: int
    doubt_ms: int
    camera: int
    country: str
    partition: int
    offset: int

    def packed(self) -> bytes:
        """As it is kept: PACKED_BYTES bytes."""
        return _PACKED.pack(
            self.at_ms,
            self.lat,
            self.lon,
            self.doubt_ms,
            self.camera,
            self.country.encode(),
            self.partition,
            self.offset,
        )

    @property
    def place(self) -> RecordPlace:
        """Where the record with the read stands."""
        return RecordPlace(partition=self.partition, offset=self.offset)

    @property
    def sure(self) -> SureSight:
        """The same as pipeline.hotlist.copies holds it against another."""
        position = Position(lat=self.lat / _DEGREE, lon=self.lon / _DEGREE)
        return SureSight(position=position, doubt_ms=float(self.doubt_ms), country=self.country or None)


class Pair(msgspec.Struct, frozen=True, order=True, gc=False):
    """Two sights of one plate that no vehicle could both have been. plate: its pseudonym."""

    plate: bytes
    first: Sight
    second: Sight


@dataclass(frozen=True, slots=True)
class Copied:
    """A plate that two vehicles bear, by two of its reads, each with its camera as it was at capture."""

    reads: tuple[tuple[PlateRead, Camera], tuple[PlateRead, Camera]]


def unpacked(data: bytes) -> Iterator[Sight]:
    """The sights that stand packed in data, one after the other."""
    for at_ms, lat, lon, doubt_ms, camera, country, partition, offset in _PACKED.iter_unpack(data):
        name = country.rstrip(b"\0").decode()
        yield Sight(at_ms, lat, lon, doubt_ms, camera, name, partition, offset)


def sight_of(read: PlateRead, camera: Camera | None, recorded_at_ms: int, place: RecordPlace) -> Sight | None:
    """Where this read saw a vehicle; None: it takes no part. camera: as it was at capture. recorded_at_ms, place: when the broker
    took its record (UTC), and where that stands."""
    if not -AHEAD_MS <= recorded_at_ms - read.captured_at_ms <= LATE_MS:
        return None
    if camera is None or not may_serve(read, camera, "hotlist"):
        return None
    sure = seen_surely(read, camera)
    if sure is None or sure.doubt_ms > KEPT_MS:
        return None
    return Sight(
        read.captured_at_ms,
        round(sure.position.lat * _DEGREE),
        round(sure.position.lon * _DEGREE),
        -int(-sure.doubt_ms // 1),
        camera_number(read.camera_id),
        sure.country or "",
        place.partition,
        place.offset,
    )


def camera_number(camera_id: str) -> int:
    """The digest of a camera's id, 32 bits."""
    return int.from_bytes(blake2b(camera_id.encode(), digest_size=4).digest(), "big")


def pairs_of(plate: bytes, new: Sight, others: Iterable[Sight]) -> Iterator[Pair]:
    """The pairs that a sight makes with others of this plate (a pseudonym)."""
    for other in others:
        between_ms = abs(other.at_ms - new.at_ms)
        if _is_far(new, other, between_ms) and no_vehicle_could(between_ms, new.sure, other.sure):
            first, second = sorted((new, other))
            yield Pair(plate, first, second)


def _is_far(one: Sight, other: Sight, between_ms: int) -> bool:
    """Whether the two may be a pair at all, which is quickly told: by the way along the meridian and then along the parallel."""
    most_m = (abs(one.lat - other.lat) + abs(one.lon - other.lon)) * METRES_A_DEGREE / _DEGREE - POSITION_DOUBT_M
    return between_ms <= KEPT_MS and most_m > MOST_KMH / 3_600.0 * between_ms


def is_of_one_country(text: str, one: Sight, other: Sight) -> bool:
    """Whether two sights are of plates of the same country, as far as anybody can tell, and no other plate is read as this text."""
    read = {one.country, other.country} - {""}
    if "" in (one.country, other.country):
        likely = countries_of(text)
        if not likely or likely[0][1] < ONE_COUNTRY:
            return False
        read.add(likely[0][0])
    return len(read) == 1 and is_one_plate(text, next(iter(read)))


def slice_of(pair: Pair) -> int:
    """The number of the slice of time in which a pair is decided: that of its later sight."""
    return pair.second.at_ms // SLICE_MS


def due_ms(pair: Pair) -> int:
    """When a pair is decided, by the broker's time, UTC ms."""
    return (slice_of(pair) + 1) * SLICE_MS + SETTLE_MS


def believed(pairs: Iterable[Pair], known: Iterable[Pair]) -> list[Pair]:
    """Those of these pairs, all of one slice, that no camera at fault explains. known: all pairs of this slice and of those before
    it, for KEPT_MS."""
    plates: dict[int, set[bytes]] = {}
    for one in known:
        for camera in (one.first.camera, one.second.camera):
            plates.setdefault(camera, set()).add(one.plate)
    return [
        one for one in pairs if all(len(plates.get(at.camera, ())) <= MOST_PLATES for at in (one.first, one.second))
    ]


def alerts_of(copied: Copied, exclusion: Exclusion | None, decided_at_ms: int) -> list[Alert]:
    """The alerts of both reads, in one incident. exclusion: of this plate, if there is one."""
    (first, _), (second, _) = copied.reads
    entry_id = f"{COPIED_PLATES}:{second.captured_at_ms // DAY_MS}"
    incident_id = ids.alert_id(first.plate, entry_id)
    notes: tuple[str, ...] = (
        "two vehicles bear this plate: none could reach both places in the time; one of them may be innocent",
    )
    if exclusion is not None:
        notes += (f"known: {exclusion.exclusion_id} of {exclusion.owner}: {exclusion.reason}"[:1_000],)
    entry = _Entry(
        entry_id=entry_id,
        plate=first.plate,
        hotlist="ad_hoc",
        category=CATEGORY,
        priority="low",
        action="report",
        owner="vigie",
        legal_basis="purpose of the cameras",
        silent=True,
    )
    alerts = []
    for read, camera in copied.reads:
        hit = Hit(entry, "exact", read.confidence, "low", confirm=True, notes=notes,
                  excluded=exclusion.exclusion_id if exclusion else None)  # fmt: skip
        alert = alert_of(hit, read, camera, decided_at_ms=decided_at_ms)
        alerts.append(msgspec.structs.replace(alert, incident_id=incident_id))
    return alerts


def is_of_copied_plate(alert: Alert) -> bool:
    """Whether the alert is of a copied plate, and of no wanted vehicle."""
    return alert.entry_id.startswith(f"{COPIED_PLATES}:")
