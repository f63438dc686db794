"""What the judgements of a violation amount to. Pure: a function of the topic's order alone, so that every process finds the same.

Whether a violation was taken back is told apart from how it was judged: which of the two came first makes no difference.
"""

from typing import Literal

import msgspec

from schemas.judgements import (
    MOST_JUDGEMENTS,
    MOST_NOT_COUNTED,
    Judged,
    JudgedStep,
    Judgement,
    NotCounted,
    WhyNotCounted,
)
from schemas.outcomes import RecordPlace

Phase = Literal["open", "asked", "accepted", "rejected", "recalled", "withdrawn"]
"""Of a case. recalled: it was taken back, and an officer had accepted it and has not noted that yet."""
TO_DO: tuple[Phase, ...] = ("recalled", "open", "asked")


def judged(state: Judged | None, one: Judgement, at: RecordPlace, at_ms: int) -> Judged:
    """The state with this judgement, which stands at `at` on its topic; at_ms: the broker's time. A copy of one that is known
    changes nothing: the same object is returned."""
    before = state or Judged(violation_id=one.violation_id)
    if is_decided(before, one.judgement_id):
        return before
    why = _refusal(before, one)
    if why is not None:
        return msgspec.structs.replace(
            before, not_counted=(*before.not_counted, _not_counted(before, one, why, at_ms))[-MOST_NOT_COUNTED:]
        )
    step = JudgedStep(
        judgement_id=one.judgement_id,
        verdict=one.verdict,
        rejection=one.rejection,
        note=one.note,
        who=one.who,
        at=at,
        at_ms=at_ms,
    )
    verdict = before.verdict if one.verdict == "noted" else one.verdict
    return msgspec.structs.replace(before, revision=before.revision + 1, verdict=verdict, steps=(*before.steps, step))


def is_decided(state: Judged | None, judgement_id: str) -> bool:
    """Whether the state shows what became of this judgement."""
    if state is None:
        return False
    ids = [one.judgement_id for one in state.steps] + [one.judgement_id for one in state.not_counted]
    return judgement_id in ids


def counted_at(state: Judged | None, at: RecordPlace) -> bool:
    """Whether the judgement that stands there counted."""
    return state is not None and any(one.at == at for one in state.steps)


def phase_of(state: Judged | None, *, withdrawn: bool) -> Phase:
    """What is left to do about the case.

    >>> phase_of(None, withdrawn=False), phase_of(None, withdrawn=True)
    ('open', 'withdrawn')
    """
    verdict = None if state is None else state.verdict
    if withdrawn:
        seen = state is not None and bool(state.steps) and state.steps[-1].verdict == "noted"
        return "recalled" if verdict == "accepted" and not seen else "withdrawn"
    if verdict == "accepted" or verdict == "rejected" or verdict == "asked":
        return verdict
    return "open"


def _refusal(before: Judged, one: Judgement) -> WhyNotCounted | None:
    if one.revision != before.revision:
        return "acted_before"
    if len(before.steps) >= MOST_JUDGEMENTS:
        return "too_many"
    last = before.steps[-1] if before.steps else None
    if one.verdict == "noted":
        fits = before.verdict == "accepted" and last is not None and last.verdict != "noted"
        return None if fits else "changes_nothing"
    if last is None or one.verdict == "asked":
        return None
    same = (one.verdict, one.rejection) == (last.verdict, last.rejection)
    return "changes_nothing" if same else None


def _not_counted(before: Judged, one: Judgement, why: WhyNotCounted, at_ms: int) -> NotCounted:
    """The judgement as one that does not count. The first of two is the one that came after what the officer saw."""
    first = before.steps[one.revision] if one.revision < len(before.steps) else None
    return NotCounted(
        judgement_id=one.judgement_id,
        verdict=one.verdict,
        who=one.who,
        at_ms=at_ms,
        why=why,
        first_who=first.who if first else None,
        first_verdict=first.verdict if first else None,
        first_at_ms=first.at_ms if first else None,
    )
