"""What the API says and takes of violations, their judgements, and their export."""

from typing import Annotated, Literal

import msgspec

from pipeline.desks.live_routes import PAGE, Newest
from pipeline.sections.judging import Phase
from pipeline.sections.workings import Workings
from schemas.base import Count, EpochMs, Message, Plate, Text, ViolationId
from schemas.judgements import Judged, Rejection, Verdict
from schemas.outcomes import Violation, Withdrawal

End = Literal["entry", "exit"]
Show = Literal["all", "to_do", "accepted", "rejected", "withdrawn"]
MOST_EXPORTED = 10_000
Note = Annotated[Text, msgspec.Meta(min_length=1)]


class CasesWanted(Newest, frozen=True, kw_only=True):
    """The query of the list. show: `to_do` is what waits for an officer, the oldest first; else the latest first."""

    show: Show = "all"


class ViolationShown(Message, frozen=True, kw_only=True):
    """A violation in its present state. entry_place, exit_place: the cameras' names, absent where they are unknown. withdrawal:
    absent unless it was withdrawn; corrected_by: the violation that stands for it. judged: absent before the first judgement.
    workings: the arithmetic, where one violation is asked for."""

    violation: Violation
    phase: Phase
    entry_place: Text | None = None
    exit_place: Text | None = None
    withdrawal: Withdrawal | None = None
    corrected_by: ViolationId | None = None
    judged: Judged | None = None
    workings: Workings | None = None


class Violations(Message, frozen=True, kw_only=True):
    """The violations that this person may see. position: where the live stream goes on from this list."""

    items: Annotated[tuple[ViolationShown, ...], msgspec.Meta(max_length=PAGE)]
    next: Text | None = None
    position: Text
    at_ms: EpochMs


class Judging(Message, frozen=True, kw_only=True):
    """What an officer decides, and what he saw: how many judgements had counted, and whether the violation was withdrawn. The
    judgement counts only while that is still so."""

    verdict: Verdict
    rejection: Rejection | None = None
    note: Note | None = None
    revision: Count
    withdrawn: bool = False


class ExportWanted(Message, frozen=True, kw_only=True):
    """Which accepted violations are exported: by the moment of leaving the section, UTC ms; until_ms is not part of it."""

    from_ms: EpochMs = 0
    until_ms: EpochMs = 4_102_444_800_000


class Accepted(Message, frozen=True, kw_only=True):
    """One accepted violation as it is exported. withdrawn: it was taken back since; whoever was told of it must be told of that."""

    violation_id: ViolationId
    plate: Plate
    country: Annotated[str, msgspec.Meta(max_length=2)] = ""
    section_id: Text
    entry_camera: Text
    entry_at: Text  # ISO 8601, UTC
    exit_camera: Text
    exit_at: Text
    distance_m: Annotated[float, msgspec.Meta(ge=0.0)]
    travel_ms: Count
    measured_kmh: Annotated[float, msgspec.Meta(ge=0.0)]
    corrected_kmh: Count
    limit_kmh: Count
    rule: Text
    rule_version: Text
    certificate: Text
    accepted_by: Text
    accepted_at: Text
    note: Text = ""
    withdrawn: bool = False


class AcceptedList(Message, frozen=True, kw_only=True):
    """The accepted violations that this person may see, by the moment of leaving the section. left_out: how many more there are."""

    items: Annotated[tuple[Accepted, ...], msgspec.Meta(max_length=MOST_EXPORTED)]
    left_out: Count = 0
