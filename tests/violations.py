"""Builds violations for tests, and what officers say of them."""

from itertools import count
from typing import Any

import msgspec

from pipeline.sections.verdict import verdict_on
from schemas import ids
from schemas.judgements import Judged, Judgement
from schemas.outcomes import RecordPlace, Violation, Withdrawal
from tests.builders import NOON_MS, cameras_along, make_ends, make_section, passage_of, reference_of

AN, BO = "an.officer", "bo.officer"
NOWHERE = RecordPlace(partition=0, offset=0)
_KEYS = count()


def make_violation(
    plate: str = "1ABC234", *, at_ms: int = NOON_MS, metres: float = 2_500.0, travel_ms: int = 60_000, **fields: Any
) -> Violation:
    """The violation of a vehicle that left section S1 at at_ms, as section control decides it. fields: given to both reads."""
    section = make_section(metres=metres)
    certificate = msgspec.structs.replace(section.certificate, valid_from_ms=0, valid_until_ms=at_ms + 10**10)
    section = msgspec.structs.replace(section, certificate=certificate)
    entry, exit_ = make_ends(
        entry={"captured_at_ms": at_ms - travel_ms, "plate": plate, "network": "federal", "vehicle_class": "car"}
        | fields,
        exit_={"captured_at_ms": at_ms, "plate": plate, "network": "federal", "vehicle_class": "car"} | fields,
    )
    found = verdict_on(
        section.section_id,
        passage_of("entry", entry),
        passage_of("exit", exit_),
        reference_of(section, cameras=cameras_along(section)),
        decided_at_ms=at_ms + 10_000,
    )
    assert isinstance(found, Violation), found
    return found


def withdrawn(violation: Violation, at_ms: int = NOON_MS) -> Withdrawal:
    """The violation is taken back because of a read that came late."""
    return Withdrawal(kind="violation", id=violation.violation_id, reason="contradicted_by_late_reads",
                      by="section_control", at_ms=at_ms)  # fmt: skip


def judgement(
    violation: Violation, verdict: Any = "accepted", who: str = AN, *, seen: Judged | None = None, **fields: Any
) -> Judgement:
    """What an officer says who sees this state."""
    needs: dict[str, Any] = {"rejected": {"rejection": "plate_misread"}, "asked": {"note": "is the sign still there?"}}
    given = {
        "judgement_id": ids.action_id(who, str(next(_KEYS))), "violation_id": violation.violation_id, "violation_at": NOWHERE,
        "revision": seen.revision if seen else 0, "verdict": verdict, "who": who, "role": "authority_officer",
        "at_ms": NOON_MS,
    }  # fmt: skip
    return Judgement(**(given | needs.get(verdict, {}) | fields))
