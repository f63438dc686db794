"""How cameras do."""

from typing import Annotated, Literal

import msgspec

from schemas.base import EpochMs, Identifier, Message

TroubleKind = Literal[
    "silent",
    "dropping",
    "clock_ahead",
    "behind",
    "clock_lost",
    "poor_reads",
    "one_plate",
    "everywhere",
    "blind",
    "moved",
]
"""silent: nothing comes; dropping: much less than usual; clock_ahead: reads are dated after their arrival; behind: long before it;
clock_lost: their sender or the gateway doubts their time; poor_reads: the camera is less sure than usual; one_plate: most of its
reads are of one plate; everywhere: it sends a plate that many places send at once; blind: its pictures show nothing; moved: they
show another view."""
MOST_TROUBLES = 8
Measure = Annotated[float, msgspec.Meta(ge=-4_102_444_800_000, le=4_102_444_800_000)]


class CameraTrouble(Message, frozen=True, kw_only=True):
    """One thing that is wrong with a camera. found, usual: reads an hour (silent, dropping), seconds from arrival to capture
    (clock_ahead) or from capture to arrival (behind), shares of reads (clock_lost, one_plate), mean confidence (poor_reads),
    places (everywhere), shares of the usual detail (blind), likeness to the usual view, -1..1 (moved)."""

    kind: TroubleKind
    since_ms: EpochMs  # UTC; of a silent camera its last read
    found: Measure
    usual: Measure


class CameraHealth(Message, frozen=True, kw_only=True):
    """What is wrong with a camera from at_ms on (UTC); no troubles: nothing any more. Topic vigie.camera_health, key camera_id.

    Written by health; read by whoever keeps cameras going. A later one replaces all earlier ones of the camera.
    """

    camera_id: Identifier
    at_ms: EpochMs
    troubles: Annotated[tuple[CameraTrouble, ...], msgspec.Meta(max_length=MOST_TROUBLES)] = ()
