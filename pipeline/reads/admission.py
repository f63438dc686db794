"""Decides whether the platform accepts a read at all, and for which purposes it may be used."""

from collections.abc import Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass
from typing import Literal

from pipeline.errors import Unavailable
from pipeline.plates.countries import MEANT, is_country
from pipeline.reads.versions import Versions
from schemas.reads import Network, PlateRead, Purpose
from schemas.reference import Camera

FUTURE_BOUND_MS = 5_000  # clocks within a second of each other, and a queue; beyond this a camera's clock is wrong
DAY_MS = 86_400_000
GRACE_MS = 30_000  # for an operator's import after Redis was lost; a new platform says soon what it refuses
TRUSTED_COUNTRY = 0.5  # likelier right than wrong

_POLICE: tuple[Purpose, ...] = ("hotlist", "section_control", "investigation", "cross_border")
PURPOSES_OF_NETWORK: Mapping[Network, tuple[Purpose, ...]] = {
    "federal": _POLICE,
    "local": _POLICE,
    "vehicle": ("hotlist", "investigation", "cross_border"),  # what moves measures no section
    "lez": ("lez",),
    "public_transport": (),  # nothing that the platform does, unless somebody says so
}
"""What a camera that names no purposes serves: the police's own cameras serve the police, all others what they were set up for."""

RefusalReason = Literal["unknown_camera", "captured_in_future", "older_than_retention", "not_allowed_purpose"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a read is refused. reason: short and stable, for counting; detail: for a person."""

    reason: RefusalReason
    detail: str


def need_cameras(cameras: Sized, whole: bool, running_ms: int) -> None:
    """Raise Unavailable while no camera is known and the agent has just started: the operator may be importing the reference
    data again after Redis lost it. After GRACE_MS it is no longer raised, and each read is refused as from an unknown camera.

    whole: whether everything that was imported before the cameras is in memory, too; until then nothing can be decided.
    running_ms: time since the agent's start.
    """
    if (cameras and not whole) or (not cameras and running_ms < GRACE_MS):
        raise Unavailable(
            "reference data (no camera is known, or not yet all: import sections, zones, hotlist, policies, then cameras)"
        )


def check_read(
    read: PlateRead,
    cameras: Mapping[str, Camera],
    now_ms: int,
    *,
    retention_days: int,
    future_bound_ms: int = FUTURE_BOUND_MS,
) -> Refusal | None:
    """Why this read is refused, or None when it is accepted. cameras: as they were at its capture. now_ms: the platform's
    clock, UTC.

    The plate's format is not checked: any text is accepted.
    """
    camera = cameras.get(read.camera_id)
    if camera is None:
        return Refusal(
            "unknown_camera",
            f"no camera {read.camera_id} was registered when it was captured; if it was, import it with holds_from before then",
        )
    untimely = check_time(read.captured_at_ms, now_ms, future_bound_ms=future_bound_ms, retention_days=retention_days)
    if untimely is not None:
        return untimely
    allowed_purposes = purposes_of(camera)
    if (
        read.purposes
        and camera.state != "on_trial"
        and not any(purpose in allowed_purposes for purpose in read.purposes)
    ):
        allowed = ", ".join(allowed_purposes) or "nothing"
        return Refusal(
            "not_allowed_purpose", f"for {', '.join(read.purposes)}, but {camera.camera_id} may serve {allowed}"
        )
    return None


def check_reads(
    reads: Sequence[PlateRead],
    cameras: Versions[Camera],
    now_ms: int,
    *,
    retention_days: int,
    future_bound_ms: int = FUTURE_BOUND_MS,
) -> Iterator[tuple[int, Refusal]]:
    """Yields the index and the refusal of each read to refuse (see check_read). now_ms: UTC. The camera is the one in force at
    the capture; if none was, the one that a later import says existed then (Versions.known_at).

    It takes many reads at once, because nearly all are accepted together.
    """
    earliest_ms, latest_ms, known = now_ms - retention_days * DAY_MS, now_ms + future_bound_ms, cameras.current()
    earliest_ms = max(earliest_ms, cameras.last_change_ms)
    doubtful = [
        at for at, read in enumerate(reads)
        if read.purposes or read.camera_id not in known or not earliest_ms <= read.captured_at_ms <= latest_ms
    ]  # fmt: skip
    for at in doubtful:
        read = reads[at]
        refusal = check_read(read, cameras.as_known(read.captured_at_ms), now_ms, future_bound_ms=future_bound_ms,
                             retention_days=retention_days)  # fmt: skip
        if refusal is not None:
            yield at, refusal


def check_time(
    captured_at_ms: int, now_ms: int, *, retention_days: int, future_bound_ms: int = FUTURE_BOUND_MS
) -> Refusal | None:
    """Why something captured at captured_at_ms (UTC) is refused: more than future_bound_ms ahead of now_ms, or more than
    retention_days old. None when it is accepted. now_ms: the platform's clock, UTC."""
    ahead_ms = captured_at_ms - now_ms
    if ahead_ms > future_bound_ms:
        return Refusal("captured_in_future", f"captured {ahead_ms} ms ahead of the platform's clock")
    if -ahead_ms > retention_days * DAY_MS:
        return Refusal("older_than_retention", f"captured {-ahead_ms // DAY_MS} days ago; kept for {retention_days}")
    return None


def purposes_of(camera: Camera) -> tuple[Purpose, ...]:
    """The purposes that the camera's reads may serve: those in camera.purposes (an empty tuple: none); where that is None,
    those of its network (PURPOSES_OF_NETWORK). No purpose while the camera is not active.

    >>> purposes_of(Camera(camera_id="LEZ-1", name="Avenue Louise", network="lez"))
    ('lez',)
    """
    if camera.state not in (None, "active"):
        return ()
    return PURPOSES_OF_NETWORK[camera.network] if camera.purposes is None else camera.purposes


def may_serve(read: PlateRead, camera: Camera, purpose: Purpose) -> bool:
    """Whether the read may serve this purpose: its camera must allow it, and the read too if it names purposes."""
    return purpose in purposes_of(camera) and (not read.purposes or purpose in read.purposes)


def purposes_of_read(read: PlateRead, camera: Camera) -> tuple[Purpose, ...]:
    """The purposes that the read may serve: those that its camera allows, limited to those that the read names if it names
    any."""
    return tuple(one for one in purposes_of(camera) if not read.purposes or one in read.purposes)


def trusted_country(read: PlateRead) -> str | None:
    """The country of the read, if its probability is at least TRUSTED_COUNTRY or the camera states none; else None. UK and EL are
    GB and GR, and what is no country's code says nothing."""
    if read.country is None or 0.0 < read.country_confidence < TRUSTED_COUNTRY:
        return None
    country = MEANT.get(read.country, read.country)
    return country if is_country(country) else None
