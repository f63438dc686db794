"""Decides whether the time of a read proves anything, from what is stated of its clock by the read or by a certificate of
its camera.

A statement that is missing never counts for a clock. Source, worst error and the age of the last synchronisation must each
be stated, by the read or by the camera's clock statement that held then; where both state one, the worse counts. Since the
last synchronisation a clock may have drifted by DRIFT_PPM.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import isfinite
from typing import Literal

from pipeline.reads.drift import DRIFT_PPM
from pipeline.sections.speed import exactly
from schemas.reads import ClockState, PlateRead
from schemas.reference import Camera, ClockStatement

ClockFault = Literal["clock_not_stated", "clock_not_synced"]


@dataclass(frozen=True, slots=True)
class Timing:
    """The proven time of a read: the state of its clock, with everything stated, and the doubt in ms."""

    clock: ClockState
    doubt_ms: Fraction


def timing_of(read: PlateRead, camera: Camera | None) -> Timing | ClockFault:
    """The proven time of this read, or the reason why its time proves nothing. camera: as it was registered at capture."""
    said = read.clock
    if said is not None and (said.synced is False or said.source == "none"):
        return "clock_not_synced"
    statement = _statement_at(camera, read.captured_at_ms)
    source = said.source if said is not None else statement.source if statement else None
    error_ms = _worse((said.worst_error_ms or None) if said else None, statement.worst_error_ms if statement else None)
    age_ms = _worse(said.sync_age_ms if said else None, statement.most_sync_age_ms if statement else None)
    if source is None or error_ms is None or age_ms is None:
        return "clock_not_stated"
    if not (isfinite(error_ms) and isfinite(age_ms) and isfinite(read.time_doubt_ms)):
        return "clock_not_stated"
    clock = ClockState(
        source=source, offset_ms=said.offset_ms if said else 0.0, worst_error_ms=error_ms, sync_age_ms=int(age_ms)
    )
    doubt_ms = exactly(error_ms) + exactly(age_ms) * DRIFT_PPM / 1_000_000 + exactly(read.time_doubt_ms)
    return Timing(clock, doubt_ms)


def least_sure(read: PlateRead, cameras: Iterable[Camera | None]) -> Timing | ClockFault:
    """The timing with the most doubt that timing_of gives for these versions of the camera; where it gives a reason for one
    of them, that reason. cameras: at least one."""
    worst: Timing | None = None
    for camera in cameras:
        found = timing_of(read, camera)
        if not isinstance(found, Timing):
            return found
        if worst is None or found.doubt_ms > worst.doubt_ms:
            worst = found
    return worst or "clock_not_stated"


def _statement_at(camera: Camera | None, at_ms: int) -> ClockStatement | None:
    """The camera's clock statement, if it holds at that moment; else None."""
    found = camera.clock_statement if camera else None
    return found if found and found.valid_from_ms <= at_ms < found.valid_until_ms else None


def _worse(read_ms: float | None, camera_ms: float | None) -> float | None:
    stated = [value for value in (read_ms, camera_ms) if value is not None]
    return max(stated, default=None)
