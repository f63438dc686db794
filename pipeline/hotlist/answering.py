"""Which desk is alarmed, and when, because nobody has taken an urgent incident. Pure.

A desk answers for the incidents in its zones and on its lists, or for the one that was handed over to it. When none of its people
has taken an urgent one in time (Desk.answers_within_s), the desk that follows is alarmed, and after that one's time the next; a
desk that none follows is alarmed itself. When the time of the last one has passed, too, or no desk answers for the incident,
everybody who may see it is alarmed, and again every AGAIN_MS, until somebody takes it or it expires. The time of a desk begins when
it is asked, or with the first ring that was urgent. A desk that is no more has no time: where an incident was handed over to one,
the desks are alarmed that answer for it.
"""

from collections.abc import Iterator, Mapping, Sequence

from pipeline.hotlist.standing import is_urgent_ring, standing, waits_since
from schemas.incidents import MOST_ALARMED, IncidentState, IncidentStep
from schemas.people import Desk

UNANSWERED = frozenset(("new", "handed_over"))
AGAIN_MS = 300_000
"""Between two alarms of everybody. An own choice."""
NO_DESK_MS = 60_000
"""After so long everybody is alarmed where a desk that was asked is no more, or none answers for the incident; as the usual
Desk.answers_within_s."""


def next_alarm(state: IncidentState, desks: Mapping[str, Desk]) -> tuple[int, str | None] | None:
    """When the next desk must be alarmed (UTC ms, by the broker's time) and which, None for everybody; None: none has to be. Of
    several due at the same time the first by name. desks: all; where there are none, nobody is alarmed."""
    began = waits_since(state)
    if began is None or state.priority != "urgent" or state.phase not in UNANSWERED or not state.rings or not desks:
        return None
    began_ms = max(began.at_ms, _urgent_ms(state, began))
    asked = [*_asked(state, desks, began_ms), *_alarmed(state, began)]
    first = dict(reversed(asked))
    due = [
        (first[one] + _within_ms(desks, one), follows) for one in first if (follows := _next(state, desks, one, first))
    ]
    if state.phase == "handed_over" and state.desk not in desks:
        since_ms = min(first.values(), default=state.changed_at_ms)
        due += [(since_ms, one) for one, desk in desks.items() if one not in first and answers_for(desk, state)]
    if due and len(state.alarmed) < MOST_ALARMED:
        return min(due)
    return _everybody_ms(state, desks, asked, began, began_ms), None


def answers_for(desk: Desk, state: IncidentState) -> bool:
    """Whether the desk should answer the incident: a hit that stands is of one of the desk's lists and lies in one of the desk's
    zones, or anywhere if the desk is for everywhere."""
    zones = set(desk.zones)
    return any(
        (one.hotlist or state.hotlist) in desk.lists and (desk.everywhere or zones & set(one.zones))
        for one in standing(state)
    )


def _asked(state: IncidentState, desks: Mapping[str, Desk], began_ms: int) -> Iterator[tuple[str, int]]:
    """The desks that should answer first, each with the time since when, UTC ms."""
    if state.phase != "handed_over":
        yield from ((desk_id, began_ms) for desk_id, desk in desks.items() if answers_for(desk, state))
    elif state.desk is not None:
        yield state.desk, began_ms


def _alarmed(state: IncidentState, began: IncidentStep) -> Iterator[tuple[str, int]]:
    """The desks that were alarmed since the incident began to wait, each with the time, UTC ms."""
    for step in state.steps:
        if step.did == "alarmed" and step.forward_id is None and step.number > began.number and step.desk is not None:
            yield step.desk, step.at_ms


def _next(state: IncidentState, desks: Mapping[str, Desk], desk_id: str, asked: Mapping[str, int]) -> str | None:
    """Which desk is alarmed after this one's time; None: none that was not asked already."""
    desk = desks.get(desk_id)
    if desk is None:
        return None
    if desk.successor in desks:
        return desk.successor if desk.successor not in asked else None
    return desk_id if desk_id not in state.alarmed else None


def _everybody_ms(
    state: IncidentState,
    desks: Mapping[str, Desk],
    asked: Sequence[tuple[str, int]],
    began: IncidentStep,
    began_ms: int,
) -> int:
    """When everybody is alarmed, or alarmed again, UTC ms."""
    for step in reversed(state.steps):
        if step.did == "alarmed" and step.forward_id is None and step.desk is None and step.number > began.number:
            return step.at_ms + AGAIN_MS
    return max([at_ms + _within_ms(desks, one) for one, at_ms in asked], default=began_ms + NO_DESK_MS)


def _within_ms(desks: Mapping[str, Desk], desk_id: str) -> int:
    return desks[desk_id].answers_within_s * 1_000 if desk_id in desks else NO_DESK_MS


def _urgent_ms(state: IncidentState, began: IncidentStep) -> int:
    """When an incident that began to wait with this step rang urgently first, UTC ms. A ring whose hit is not known any more counts
    as urgent: an alarm comes early rather than late."""
    rings = [
        step for step in state.steps if step.did == "rang" and (began.did != "rang" or step.number >= began.number)
    ]
    return next((step.at_ms for step in rings if is_urgent_ring(state, step)), began.at_ms)
