"""What the API says and takes of cameras as those who keep them going see them."""

from typing import Annotated, Literal

import msgspec

from pipeline.health.habits import DAY, HOURS
from pipeline.state.adopting import LENGTH
from pipeline.state.waiting_room import LONGEST, LONGEST_SAMPLE, MOST, Knock, Why
from schemas.base import Count, EpochMs, Identifier, Message, Probability, Text
from schemas.health import CameraTrouble
from schemas.reads import PlateRead, Purpose, VehicleClass
from schemas.reference import Camera, CameraState, References
from schemas.senders import IdentityName, IdentityValue

PAGE, MOST_PASSAGES, MOST_AT_ONCE = 1_000, 12, 60
Rate = Annotated[float, msgspec.Meta(ge=0.0, le=1e9)]
Hours = Annotated[tuple[Rate | None, ...], msgspec.Meta(max_length=DAY)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST + len("from "))]
Secret = Annotated[str, msgspec.Meta(max_length=LENGTH)]


class CameraShown(Message, frozen=True, kw_only=True):
    """How one camera does. zones: that it lies in. mine: whether this person may change it. is_expected: whether reads are
    expected of it; has_sent: whether one ever came. troubles: empty where it is well, and where no reads are expected."""

    camera: Camera
    zones: References = ()
    mine: bool = False
    is_expected: bool
    has_sent: bool = False
    troubles: Annotated[tuple[CameraTrouble, ...], msgspec.Meta(max_length=8)] = ()


class CamerasShown(Message, frozen=True, kw_only=True):
    """Some cameras, by camera_id. next: what to ask for to go on; absent: these were the last."""

    items: Annotated[tuple[CameraShown, ...], msgspec.Meta(max_length=PAGE)]
    next: Text | None = None


class Usual(Message, frozen=True, kw_only=True):
    """What was learned of a camera. found, usual: reads in each of the last whole hours until until_ms (UTC), the latest last;
    null: not counted, not known. known_hours: of the week's 168, of how many it is known what is usual. delay_s: from capture to
    arrival of its quickest reads; confidence: of its reads on average. last_ms: its last read, as it was kept last, an hour ago
    at most; absent: none ever came."""

    found: Hours = ()
    usual: Hours = ()
    until_ms: EpochMs
    known_hours: Annotated[int, msgspec.Meta(ge=0, le=HOURS)]
    delay_s: Annotated[float, msgspec.Meta(ge=-1e9, le=1e9)] | None = None
    confidence: Probability | None = None
    last_ms: EpochMs | None = None


class Speaker(Message, frozen=True, kw_only=True):
    """Who sends for a camera, and how its clock is read. secrets: when each was made (UTC). cameras: how many it speaks for."""

    sender_id: Identifier
    cameras: Count
    secrets: Annotated[tuple[EpochMs, ...], msgspec.Meta(max_length=8)]
    by_address: bool
    port: Annotated[int, msgspec.Meta(ge=1, le=65_535)] | None = None
    zone: Text | None = None
    utc_is_local: bool = False
    offset_is_wrong: bool = False
    date_order: Literal["day_first", "month_first"] | None = None


class CameraPage(Message, frozen=True, kw_only=True):
    """All that is known of one camera. purposes: what its reads serve now; none while it is not active. speaker absent: nobody
    sends for it through a gateway."""

    shown: CameraShown
    purposes: Annotated[tuple[Purpose, ...], msgspec.Meta(max_length=8)]
    usual: Usual | None = None
    speaker: Speaker | None = None


class NewState(Message, frozen=True, kw_only=True):
    """The state that some cameras are to have from now on. All of them change; or none, where one is unknown or this person may
    not change it. At most MOST_AT_ONCE cameras: one entry of the record names them all."""

    cameras: Annotated[tuple[Identifier, ...], msgspec.Meta(min_length=1, max_length=MOST_AT_ONCE)]
    state: CameraState


class WaitingSample(Message, frozen=True, kw_only=True):
    """What somebody sends who is not let in: names of fields, of all else each letter as x and each digit as 0. maker: absent where
    none is recognised; text: empty for what is compressed, and for a picture."""

    maker: Name | None = None
    content_type: Annotated[str, msgspec.Meta(max_length=LONGEST)]
    text: Annotated[str, msgspec.Meta(max_length=LONGEST_SAMPLE)]


class Waiting(Message, frozen=True, kw_only=True):
    """Somebody who knocks at a gateway and is not let in. who: as it calls itself, or where it came from."""

    who: Name
    peer: Name
    why: Why
    program: Name
    first_ms: EpochMs
    last_ms: EpochMs
    count: Count
    sample: WaitingSample | None = None


class AllWaiting(Message, frozen=True, kw_only=True):
    """Who waits, the last one first."""

    items: Annotated[tuple[Waiting, ...], msgspec.Meta(max_length=MOST)]


class Adoption(Message, frozen=True, kw_only=True):
    """Who waits is let in for a camera. camera: to be registered with it; absent: it is registered already. identities: what its
    messages say, where it speaks for several cameras."""

    who: Name
    camera_id: Identifier
    camera: Camera | None = None
    identities: Annotated[dict[IdentityName, IdentityValue], msgspec.Meta(max_length=8)] = {}
    by_address: bool = False
    zone: Text | None = None
    utc_is_local: bool = False
    offset_is_wrong: bool = False
    date_order: Literal["day_first", "month_first"] | None = None


class Forgotten(Message, frozen=True, kw_only=True):
    """Who is to be forgotten; it is noted again when it comes again."""

    who: Name


class Given(Message, frozen=True, kw_only=True):
    """What is typed into the camera; the password is shown this once. address: the path with the secret in it, where it may stand
    there."""

    sender_id: Identifier
    password: Secret
    address: Text | None = None


class Passage(Message, frozen=True, kw_only=True):
    """One of the last passages at a camera. place: names its pictures. late_ms: how long after its capture it came; confidence
    absent: the camera does not say."""

    place: Annotated[str, msgspec.Meta(pattern=r"\A\d{1,19}-\d{1,2}\Z", max_length=22)]
    captured_at_ms: EpochMs
    late_ms: Annotated[int, msgspec.Meta(ge=-4_102_444_800_000, le=4_102_444_800_000)]
    plate: Text
    confidence: Probability | None = None
    lane: Annotated[int, msgspec.Meta(ge=0, le=32)] | None = None
    vehicle_class: VehicleClass
    clock_doubted: bool
    crop: bool
    overview: bool


class Passages(Message, frozen=True, kw_only=True):
    """The last passages at a camera, the latest first, of those that the topic still holds and that were looked through."""

    items: Annotated[tuple[Passage, ...], msgspec.Meta(max_length=MOST_PASSAGES)]


def waiting_of(one: Knock) -> Waiting:
    """Who waits, as the API shows it."""
    sample = one.sample
    shown = sample and WaitingSample(maker=sample.maker, content_type=sample.content_type, text=sample.text)
    return Waiting(who=one.name, peer=one.peer, why=one.why, program=one.program, first_ms=one.first_ms, last_ms=one.last_ms,
                   count=one.count, sample=shown or None)  # fmt: skip


def passage_of(place: str, read: PlateRead) -> Passage:
    """The read, as the API shows it to who keeps the camera going."""
    return Passage(
        place=place, captured_at_ms=read.captured_at_ms, late_ms=read.received_at_ms - read.captured_at_ms, plate=read.plate,
        confidence=read.confidence if read.confidence_stated else None, lane=read.lane, vehicle_class=read.vehicle_class,
        clock_doubted=read.clock is not None and not read.clock.synced, crop=read.crop is not None,
        overview=read.overview is not None,
    )  # fmt: skip
