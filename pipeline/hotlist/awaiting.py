"""Which neighbour has not said in time what came of a message about an incident. Pure.

Silence is no answer: who is told that a neighbour acknowledged a message may think that somebody acts. So a message that was not
delivered in time, and one that was acknowledged but of which nothing was said by the time that was promised, are told once each.
What the neighbour says afterwards is shown all the same.
"""

from pipeline.hotlist.standing import ENDED
from schemas.incidents import IncidentState, NeighbourAnswer
from schemas.outcomes import WITHDRAWN


def next_overdue(state: IncidentState) -> tuple[int, NeighbourAnswer] | None:
    """From when on (UTC ms, perhaps in the future) which answer leaves something open that must be told; None: none does, or the
    incident is over. Of several the earliest, then the first by forward_id."""
    if state.phase in ENDED:
        return None
    settled = {one.forward_id for one in state.answers if one.later is not None}
    settled |= {step.forward_id for step in state.steps if step.forward_id is not None}
    due = [
        (at_ms, one) for one in state.answers if one.forward_id not in settled and (at_ms := _due_ms(one)) is not None
    ]
    return min(due, key=lambda pair: (pair[0], pair[1].forward_id), default=None)


def _due_ms(answer: NeighbourAnswer) -> int | None:
    if answer.outcome == "expired":
        return None if answer.reason == WITHDRAWN else answer.at_ms
    return answer.answer_by_ms
