"""Which desk is alarmed, and when, because nobody has taken an urgent incident. Pure.

A desk answers for the incidents in its zones and on its lists, or for the one that was handed over to it. When none of its people
has taken an urgent one in time (Desk.answers_within_s), the desk that follows is alarmed, and after that one's time the next. The
time of a desk begins when it is asked, or with the first ring that was urgent. A desk that is no more has no time: where an
incident was handed over to one, the desks are alarmed that answer for it.
"""

from collections.abc import Iterator, Mapping

from pipeline.hotlist.standing import is_urgent_ring, standing, waits_since
from schemas.incidents import IncidentState, IncidentStep
from schemas.people import Desk

UNANSWERED = frozenset(("new", "handed_over"))


def next_alarm(state: IncidentState, desks: Mapping[str, Desk]) -> tuple[int, str] | None:
    """When the next desk must be alarmed (UTC ms, by the broker's time) and which; None: none has to be. Of several due at the
    same time the first by name."""
    if state.priority != "urgent" or state.phase not in UNANSWERED or not state.rings:
        return None
    asked = dict(_asked(state, desks))
    due = [
        (since_ms + desk.answers_within_s * 1_000, desk.successor)
        for desk_id, since_ms in asked.items()
        if (desk := desks.get(desk_id)) is not None and desk.successor in desks and desk.successor not in asked
    ]
    if state.phase == "handed_over" and state.desk not in desks:
        since_ms = min(asked.values(), default=state.changed_at_ms)
        due += [(since_ms, one) for one, desk in desks.items() if one not in asked and answers_for(desk, state)]
    return min(((at_ms, desk_id) for at_ms, desk_id in due if desk_id is not None), default=None)


def answers_for(desk: Desk, state: IncidentState) -> bool:
    """Whether the desk should answer the incident: a hit that stands is of one of the desk's lists and lies in one of the desk's
    zones, or anywhere if the desk is for everywhere."""
    zones = set(desk.zones)
    return any(
        (one.hotlist or state.hotlist) in desk.lists and (desk.everywhere or zones & set(one.zones))
        for one in standing(state)
    )


def _asked(state: IncidentState, desks: Mapping[str, Desk]) -> Iterator[tuple[str, int]]:
    """The desks that should have answered, each with the time since when, UTC ms."""
    began = waits_since(state)
    if began is None:
        return
    began_ms = max(began.at_ms, _urgent_ms(state, began))
    if state.phase == "handed_over":
        if state.desk is not None:
            yield state.desk, began_ms
    else:
        yield from ((desk_id, began_ms) for desk_id, desk in desks.items() if answers_for(desk, state))
    for step in state.steps:
        if (
            step.did == "alarmed"
            and step.forward_id is None
            and step.desk in state.alarmed
            and step.number > began.number
        ):
            yield step.desk or "", step.at_ms


def _urgent_ms(state: IncidentState, began: IncidentStep) -> int:
    """When an incident that began to wait with this step rang urgently first, UTC ms. A ring whose hit is not known any more counts
    as urgent: an alarm comes early rather than late."""
    rings = [
        step for step in state.steps if step.did == "rang" and (began.did != "rang" or step.number >= began.number)
    ]
    return next((step.at_ms for step in rings if is_urgent_ring(state, step)), began.at_ms)
