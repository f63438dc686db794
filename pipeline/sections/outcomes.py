"""The outcomes of a decision, and which violations and withdrawals are sent when they differ from the last ones."""

from dataclasses import dataclass

import msgspec

from pipeline.sections.doubts import Reason
from pipeline.sections.speed import badness
from schemas import ids
from schemas.outcomes import Violation

LATE_READS = "contradicted_by_late_reads"
LATE_REFERENCE = "reference_data_corrected"


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A violation that is withdrawn, and why."""

    violation: Violation
    reason: str


@dataclass(frozen=True, slots=True)
class ProvesNothing:
    """Two passages, or a plate's reads on a section, that prove no violation. reason: short, for counting; detail: for a
    person."""

    section_id: str
    reason: Reason | str
    detail: str = ""


Outcome = Violation | Withdrawn | ProvesNothing


def pair_of(violation: Violation) -> tuple[str, str]:
    """The ids of the two reads that prove a violation."""
    return violation.entry.read_id, violation.exit.read_id


def lessened(violation: Violation) -> Violation:
    """The violation under the id that it has as a lesser form of the one that its two reads alone would prove.

    The id is made of the reads and of what counts, so that it is the same whether the greater one was ever decided or not, where
    a version of reference data that arrived late makes it the lesser. Where a figure of the law is corrected in its table, only a
    violation that was decided before gets this id; one that is decided after has the id of its reads alone. So that none has both,
    what stands is put back before anything is decided after a loss (see pipeline.sections.put_back).
    """
    own = ids.violation_id(violation.section_id, *pair_of(violation))
    lesser = ids.lesser_violation_id(
        own, violation.distance_m, violation.corrected_kmh, violation.limit_kmh, violation.rule_version
    )
    return msgspec.structs.replace(violation, violation_id=lesser)


def changes(
    before: tuple[Violation, ...], now: list[tuple[Violation, frozenset[str]]], why: str = LATE_READS
) -> tuple[list[Outcome], tuple[Violation, ...]]:
    """The messages to send when the violations `before` stood and those in `now` stand, and the violations that are proven
    then.

    now: each with the ids of all its reads. A new violation that shares a passage with an earlier one corrects it if it is
    the lesser; a worse one is left out. why: the reason for withdrawing what nothing corrects.
    """
    outcomes: list[Outcome] = []
    proven: list[Violation] = []
    found_again = {pair_of(violation) for violation, _ in now}
    fallen = [one for one in before if pair_of(one) not in found_again]
    for violation, reads in now:
        related = [one for one in before if one.entry.read_id in reads or one.exit.read_id in reads]
        same = next((one for one in related if pair_of(one) == pair_of(violation)), None)
        if same is not None and badness(violation) >= badness(same):
            proven.append(same)
            continue
        found = violation
        if same is not None:
            found = msgspec.structs.replace(lessened(violation), corrects=same.violation_id)
            fallen.append(same)
        elif not all(one in fallen and badness(violation) <= badness(one) for one in related):
            continue
        elif related:
            found = msgspec.structs.replace(violation, corrects=related[0].violation_id)
        proven.append(found)
        outcomes.append(found)
    stood_for = {one.corrects for one in proven}
    outcomes += [Withdrawn(one, "corrected" if one.violation_id in stood_for else why) for one in fallen]
    return outcomes, tuple(proven)
