"""Which desk is alarmed, and when, because nobody has taken an urgent incident. Pure.

A desk answers for the incidents in its zones and on its lists, or for the one that was handed over to it. When none of its people
has taken an urgent one in time (Desk.answers_within_s), the desk that follows is alarmed, and after that one's time the next.
"""

from collections.abc import Iterator, Mapping

from pipeline.hotlist.standing import standing, waits_since
from schemas.incidents import IncidentState
from schemas.people import Desk

UNANSWERED = frozenset(("new", "handed_over"))


def next_alarm(state: IncidentState, desks: Mapping[str, Desk]) -> tuple[int, str] | None:
    """When the next desk must be alarmed (UTC ms, by the broker's time) and which; None: none has to be. Of several due at the
    same time the first by name."""
    if state.priority != "urgent" or state.phase not in UNANSWERED or not state.rings:
        return None
    asked = dict(_asked(state, desks))
    due = (
        (since_ms + desk.answers_within_s * 1_000, desk.successor)
        for desk_id, since_ms in asked.items()
        if (desk := desks.get(desk_id)) is not None and desk.successor in desks and desk.successor not in asked
    )
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
    if state.phase == "handed_over":
        if state.desk is not None:
            yield state.desk, began.at_ms
    else:
        yield from ((desk_id, began.at_ms) for desk_id, desk in desks.items() if answers_for(desk, state))
    for step in state.steps:
        if (
            step.did == "alarmed"
            and step.forward_id is None
            and step.desk in state.alarmed
            and step.number > began.number
        ):
            yield step.desk or "", step.at_ms
