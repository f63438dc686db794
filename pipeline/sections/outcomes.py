"""The outcomes of a decision, and which violations and withdrawals are sent when they differ from the last ones."""

from dataclasses import dataclass

import msgspec

from pipeline.sections.doubts import Reason
from pipeline.sections.speed import badness
from schemas.outcomes import Violation


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A violation that is withdrawn, and why."""

    violation: Violation
    reason: str


@dataclass(frozen=True, slots=True)
class ProvesNothing:
    """A passage over a section that proves no violation, and why."""

    section_id: str
    reason: Reason | str
    detail: str = ""


Outcome = Violation | Withdrawn | ProvesNothing


def changes(
    before: tuple[Violation, ...], now: list[tuple[Violation, frozenset[str]]]
) -> tuple[list[Outcome], tuple[Violation, ...]]:
    """The messages to send when the violations `before` stood and those in `now` stand, and the violations that are proven
    then.

    now: each with the ids of all its reads. A new violation that shares a passage with an earlier one corrects it if it is
    the lesser; a worse one is left out.
    """
    outcomes: list[Outcome] = []
    proven: list[Violation] = []
    fallen = {one.violation_id: one for one in before}
    for violation, _ in now:
        fallen.pop(violation.violation_id, None)
    for violation, reads in now:
        related = [one for one in before if one.entry.read_id in reads or one.exit.read_id in reads]
        same = [one for one in related if one.violation_id == violation.violation_id]
        if same:
            proven.append(same[0])
        elif all(one.violation_id in fallen and badness(violation) <= badness(one) for one in related):
            found = msgspec.structs.replace(violation, corrects=related[0].violation_id) if related else violation
            proven.append(found)
            outcomes.append(found)
    corrected = {one.corrects for one in proven}
    outcomes += [
        Withdrawn(one, "corrected" if one.violation_id in corrected else "contradicted_by_late_reads")
        for one in fallen.values()
    ]
    return outcomes, tuple(proven)
