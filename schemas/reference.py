"""Reference data, kept in Redis as collections: cameras, sections, zones, hotlist, lists, policies; further
ones are in schemas.requests, people, senders and judgements.

Each item has versions in time: what arrives holds from `holds_from_ms`, where it says so, else from its arrival, until the next
version of it begins. A decision takes the version that held when the picture was taken.
"""

from typing import Annotated, Literal

import msgspec

from schemas.base import Country, Degrees, EpochMs, Identifier, Message, Position, Text
from schemas.reads import Network, Purpose, VehicleClass

Metres = Annotated[float, msgspec.Meta(gt=0.0, le=200_000.0)]
LimitKmh = Annotated[int, msgspec.Meta(ge=5, le=200)]
PLATE_PATTERN = r"\A(?:[A-Z0-9]+|(?=(?:[?*]*[A-Z0-9]){2})[A-Z0-9?]*(?:\*[A-Z0-9?]*){0,2})\Z"
PlatePattern = Annotated[str, msgspec.Meta(pattern=PLATE_PATTERN, max_length=16)]
"""A plate in compact form, or a pattern with at least two of its characters: `*` alone would stop every vehicle. It has two
stars at most: each more costs every read, and tells next to nothing."""
HotList = Literal["national_wanted", "stolen", "sis", "no_insurance", "no_inspection", "ad_hoc"]
Priority = Literal["urgent", "high", "normal", "low"]
Action = Literal["stop", "observe", "report"]
Origin = Literal["national", "sis", "interpol", "neighbour"]
"""Where an entry came from. What came from elsewhere goes abroad through its own channel alone."""
Channel = Literal["bilateral", "sirene"]
"""The way to a neighbour: its desk, for our own entries; the SIRENE bureaux, for those of the Schengen Information System."""
COPIED_PLATES = "copied_plates"
"""The entry of the alerts of copied plates; that of one day is COPIED_PLATES:DAY. It stands on no list."""


MAX_REFERENCES = 10_000
References = Annotated[tuple[Identifier, ...], msgspec.Meta(max_length=MAX_REFERENCES)]
"""Names of cameras, zones or designations that an item means."""
Countries = Annotated[tuple[Country, ...], msgspec.Meta(max_length=64)]
Purposes = Annotated[tuple[Purpose, ...], msgspec.Meta(max_length=8)]
DurationMs = Annotated[int, msgspec.Meta(gt=0, le=31 * 86_400_000)]
Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
"""A place in a picture, relative to its width or height: 0 is left or top, 1 right or bottom."""


def _refuse_turned(from_ms: int, until_ms: int) -> None:
    """Raise ValueError for a period that contains no moment; its end is not part of it."""
    if until_ms <= from_ms:
        raise ValueError("valid_until_ms is not after valid_from_ms")


def _refuse_blank(**texts: str) -> None:
    """Raise ValueError naming those of the texts that are blank."""
    blank = [name for name, text in texts.items() if not text.strip()]
    if blank:
        raise ValueError(f"{', '.join(blank)} must not be empty")


Road = Literal["motorway", "main_road"]
"""Kinds of road for which the law has limits by class of vehicle."""


class PicturePoint(Message, frozen=True, kw_only=True):
    """A point of a camera's picture, in shares of its width and height."""

    x: Share
    y: Share


class Region(Message, frozen=True, kw_only=True):
    """A part of a camera's picture: a polygon; the last corner is joined to the first."""

    corners: Annotated[tuple[PicturePoint, ...], msgspec.Meta(min_length=3, max_length=32)]


class ClockStatement(Message, frozen=True, kw_only=True):
    """What is certified of a camera's clock, for cameras whose reads do not state it."""

    number: Text  # of the certificate
    source: Literal["gnss", "ptp", "ntp"]
    worst_error_ms: Annotated[float, msgspec.Meta(gt=0.0)]  # right after synchronising
    most_sync_age_ms: Annotated[
        int, msgspec.Meta(ge=0, le=86_400_000)
    ]  # it synchronises at least this often, or sends no reads
    valid_from_ms: EpochMs
    valid_until_ms: EpochMs

    def __post_init__(self) -> None:
        """Raise ValueError when the number is blank or valid_until_ms is not after valid_from_ms."""
        _refuse_blank(number=self.number)
        _refuse_turned(self.valid_from_ms, self.valid_until_ms)


class ReadingStatement(Message, frozen=True, kw_only=True):
    """What is certified of a camera's reading. It counts for reads that do not say how sure the camera is."""

    number: Text  # of the certificate
    least_confidence: Annotated[float, msgspec.Meta(gt=0.0, le=1.0)]  # at least this share of its reads is right
    valid_from_ms: EpochMs
    valid_until_ms: EpochMs

    def __post_init__(self) -> None:
        """Raise ValueError when the number is blank or valid_until_ms is not after valid_from_ms."""
        _refuse_blank(number=self.number)
        _refuse_turned(self.valid_from_ms, self.valid_until_ms)


CameraState = Literal["planned", "on_trial", "active", "suspended", "retired"]
"""Only an active camera's reads serve anything. On trial they are kept; planned, suspended or retired: gateways take none."""


class Camera(Message, frozen=True, kw_only=True):
    """A camera that may send reads or frames. Collection cameras, key camera_id."""

    camera_id: Identifier
    name: Text
    network: Network
    position: Position | None = None  # None: it moves, and each read brings its own
    heading_deg: Degrees | None = None  # of the traffic it sees
    purposes: Purposes | None = None  # None: the least that its network is for (see reads.admission)
    contact: Text | None = None
    regions: Annotated[
        tuple[Region, ...], msgspec.Meta(max_length=16)
    ] = ()  # where plates are followed; empty: everywhere
    position_error_m: Annotated[float, msgspec.Meta(ge=0.0, le=1000.0)] | None = None  # the true place is this near
    clock_statement: ClockStatement | None = None
    reading_statement: ReadingStatement | None = None  # counts where a read's confidence is not stated
    line: tuple[PicturePoint, PicturePoint] | None = None  # a section's line as it lies in the camera's picture
    sees: Literal["front", "rear", "both"] | None = None  # which end of the vehicles; None: not stated
    state: CameraState | None = None  # None: active, as cameras are that were registered before there were states
    holds_from_ms: EpochMs | None = None  # of this version; None: from its arrival


class Line(Message, frozen=True, kw_only=True):
    """Where a section is entered or left: a camera, and one of its lanes; lane None: all its lanes."""

    camera_id: Identifier
    lane: Annotated[int, msgspec.Meta(ge=0, le=32)] | None = None


class Certificate(Message, frozen=True, kw_only=True):
    """The metrological certificate that a violation rests on."""

    number: Text
    valid_from_ms: EpochMs
    valid_until_ms: EpochMs

    def __post_init__(self) -> None:
        """Raise ValueError when the number is blank or valid_until_ms is not after valid_from_ms."""
        _refuse_blank(number=self.number)
        _refuse_turned(self.valid_from_ms, self.valid_until_ms)


class Distance(Message, frozen=True, kw_only=True):
    """The certified shortest distance between two cameras of a section."""

    entry_camera_id: Identifier
    exit_camera_id: Identifier
    metres: Metres
    certificate: Certificate | None = None  # of this pair; None: the section's


class Section(Message, frozen=True, kw_only=True):
    """A road section under average-speed control. Collection sections, key section_id."""

    section_id: Identifier
    name: Text
    country: Country  # whose tolerance rule applies
    entries: Annotated[tuple[Line, ...], msgspec.Meta(min_length=1, max_length=64)]
    exits: Annotated[tuple[Line, ...], msgspec.Meta(min_length=1, max_length=64)]
    distances: Annotated[tuple[Distance, ...], msgspec.Meta(min_length=1, max_length=4096)]
    limit_kmh: LimitKmh
    class_limits_kmh: Annotated[
        dict[VehicleClass, LimitKmh], msgspec.Meta(max_length=16)
    ] = {}  # where a class may drive less
    certificate: Certificate
    max_travel_ms: DurationMs = 3_600_000  # beyond this a passage is a stop, not a speed
    max_clock_error_ms: Annotated[float, msgspec.Meta(gt=0)] = 100.0  # a clock worse than this proves nothing
    max_late_ms: Annotated[int, msgspec.Meta(ge=0, le=172_800_000)] = (
        3_600_000  # an end waits so much longer for a late upload
    )
    rear_only: bool = False  # a violation needs both ends seen from behind
    road: Road | None = None  # whose limits of law by class of vehicle hold beside the signs; None: none of them
    holds_from_ms: EpochMs | None = None  # of this version; None: from its arrival


class Zone(Message, frozen=True, kw_only=True):
    """A named area. Collection zones, key zone_id. A read lies in it when its camera is one of `cameras` or its position is
    inside `polygon`."""

    zone_id: Identifier
    name: Text
    kind: Literal["border", "lez", "watch"]
    cameras: References = ()
    polygon: Annotated[tuple[Position, ...], msgspec.Meta(max_length=10_000)] = ()  # corners in order, closed by itself
    country: Country | None = None  # border zones: who lies behind it
    outbound_heading_deg: Degrees | None = None  # border zones: the way out
    holds_from_ms: EpochMs | None = None  # of this version; None: from its arrival


class HotlistEntry(Message, frozen=True, kw_only=True):
    """A wanted plate, or a pattern: ? stands for one character, * for any number of them. Collection hotlist, key entry_id."""

    entry_id: Identifier
    plate: PlatePattern
    hotlist: HotList
    category: Text  # e.g. theft, kidnapping, uninsured
    priority: Priority = "normal"
    action: Action = "report"
    owner: Text  # the service that asked
    legal_basis: Text
    country: Country | None = None
    valid_from_ms: EpochMs = 0
    valid_until_ms: EpochMs = 4_102_444_800_000
    zones: References = ()  # empty: everywhere
    cameras: References = ()
    vehicle_class: VehicleClass | None = None
    make: Text | None = None
    colour: Text | None = None
    share_with: Countries = ()  # empty: stays at home
    covert: bool = False  # hits are seen by the owner alone
    near: bool = False  # also match reads one edit away
    case_reference: Text | None = None
    origin: Origin = "national"  # where it came from; what is on the list sis came from SIS, whatever stands here
    list_id: Identifier | None = None  # the list that it is on, of collection lists
    silent: bool | None = None  # its hits never ring; None: as its kind of list does (see pipeline.hotlist.lists)
    holds_from_ms: EpochMs | None = None  # of this version; None: from its arrival

    def __post_init__(self) -> None:
        """Raise ValueError for blank texts, a valid_until_ms that is not after valid_from_ms, and the entry_id of copied plates."""
        if self.entry_id.startswith(COPIED_PLATES):
            self._refuse_name()
        if (
            self.valid_from_ms < self.valid_until_ms
            and self.category.strip()
            and self.owner.strip()
            and self.legal_basis.strip()
        ):
            return  # quick, because a hotlist has a million
        _refuse_blank(category=self.category, owner=self.owner, legal_basis=self.legal_basis)
        _refuse_turned(self.valid_from_ms, self.valid_until_ms)

    def _refuse_name(self) -> None:
        if self.entry_id.partition(":")[0] == COPIED_PLATES:
            raise ValueError(
                f"the entry_id {self.entry_id} is that of copied plates: choose one that does not begin so"
            )


class WantedList(Message, frozen=True, kw_only=True):
    """A list of wanted plates that somebody keeps and refreshes. Collection lists, key list_id.

    Its list_id, hotlist, owner, legal_basis, category, origin, priority, action and silent count for each entry that is imported
    into it and leaves them out.
    """

    list_id: Identifier
    name: Text
    hotlist: HotList  # the kind of its entries
    owner: Text  # who keeps it, and is told when it is stale
    authority: Text  # who decides what is on it
    legal_basis: Text
    category: Text | None = None
    origin: Origin | None = None
    priority: Priority | None = None
    action: Action | None = None
    silent: bool | None = None
    seen_by: References = ()  # the designations that alone may see its hits; empty: as role, list, zone and purpose let
    refresh_every_ms: DurationMs = 86_400_000  # it is stale a twelfth later: after 26 hours for a day
    most_change_share: Annotated[float, msgspec.Meta(gt=0.0, le=10.0)] = (
        0.2  # of its entries that may come or go unasked
    )
    contact: Text | None = None
    holds_from_ms: EpochMs | None = None  # of this version; None: from its arrival

    def __post_init__(self) -> None:
        """Raise ValueError when name, owner, authority or legal_basis is blank."""
        _refuse_blank(name=self.name, owner=self.owner, authority=self.authority, legal_basis=self.legal_basis)


class Policy(Message, frozen=True, kw_only=True):
    """What may be forwarded to one country. Collection policies, key policy_id."""

    policy_id: Identifier
    country: Country
    lists: Annotated[tuple[HotList, ...], msgspec.Meta(min_length=1, max_length=16)]
    categories: Annotated[tuple[Text, ...], msgspec.Meta(max_length=1000)] = ()  # empty: every category of those lists
    legal_basis: Text
    purpose: Text
    handling_code: Text = "police use only"
    zones: References = ()  # empty: from nowhere, unless `everywhere` says otherwise
    everywhere: bool = False  # without zones: hits from anywhere; somebody must have asked for that
    directions: Annotated[tuple[Literal["outbound", "inbound"], ...], msgspec.Meta(max_length=8)] = ()  # empty: both
    min_confidence: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)] = 0.8
    per_case: bool = False  # one message per case: only entries with a case reference
    expires_after_ms: DurationMs = 3_600_000
    contact: Text
    channel: Channel = "bilateral"
    treaty: Identifier | None = None  # one of those in law/tables/treaty.toml; it must bind the country
    holds_from_ms: EpochMs | None = None  # of this version; None: from its arrival

    def __post_init__(self) -> None:
        """Raise ValueError when legal_basis or purpose is blank."""
        _refuse_blank(legal_basis=self.legal_basis, purpose=self.purpose)
