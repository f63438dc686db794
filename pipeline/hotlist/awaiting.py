"""Which neighbour has not said in time what came of a message about an incident. Pure.

Silence is no answer: who is told that a neighbour acknowledged a message may think that somebody acts. So a message that was not
delivered in time, and one that was acknowledged but of which nothing was said by the time that was promised, are told once each,
also where the incident was closed because the neighbour acts now. What the neighbour says afterwards is shown all the same. Of a
message that was recalled nothing is expected; but a recall that was not delivered is told however the incident ended: the neighbour
may still stop whoever is innocent.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from pipeline.hotlist.standing import ENDED, ended_by
from schemas import ids
from schemas.base import Country, ForwardId
from schemas.incidents import MOST_ANSWERS, MOST_AWAITED, IncidentState, NeighbourAnswer
from schemas.outcomes import WITHDRAWN


def next_overdue(state: IncidentState) -> tuple[int, NeighbourAnswer] | None:
    """From when on (UTC ms, perhaps in the future) which answer leaves something open that must be told; None: none does. Where the
    incident is over and was not passed on, a recall alone. Of several the earliest, then the first by forward_id."""
    awaits = is_awaited(state)
    left = _open(state, (*state.answers, *state.awaited))
    due = [(at_ms, one) for one in left if (awaits or one.recall) and (at_ms := _due_ms(one)) is not None]
    return min(due, key=lambda pair: (pair[0], pair[1].forward_id), default=None)


def is_awaited(state: IncidentState) -> bool:
    """Whether somebody relies on what neighbours say: the incident is not over, or was closed as passed on."""
    return state.phase not in ENDED or is_passed_on(state)


def is_passed_on(state: IncidentState) -> bool:
    """Whether a person closed the incident because it was passed on."""
    last = ended_by(state)
    return state.phase == "closed" and last is not None and last.ending == "passed_on"


def kept(
    state: IncidentState, answers: Sequence[NeighbourAnswer]
) -> tuple[tuple[NeighbourAnswer, ...], tuple[NeighbourAnswer, ...]]:
    """Those of these answers that are kept, MOST_ANSWERS at the most, and those others that leave something open, MOST_AWAITED at
    the most."""
    shown = _most(state, answers, MOST_ANSWERS)
    others = [one for one in _open(state, answers) if one not in shown]
    return shown, _most(state, others, MOST_AWAITED)


def _most(state: IncidentState, answers: Sequence[NeighbourAnswer], most: int) -> tuple[NeighbourAnswer, ...]:
    """At most so many of these answers. First those go that leave nothing open, the oldest first, but what a neighbour said later
    after the others; then, of the country of which most are open, the one that is due last: no neighbour's silence goes unnoticed.
    """
    left = list(answers)
    while len(left) > most:
        still = {id(one) for one in _open(state, left)}
        count = Counter(one.to_country for one in left if id(one) in still)

        def needed(one: NeighbourAnswer, still: set[int] = still, count: Counter[str] = count) -> tuple[int, int, int]:
            if id(one) not in still:
                return int(one.later is not None), 0, 0
            return 2, -count[one.to_country], -(_due_ms(one) or 0)

        left.remove(min(left, key=needed))
    return tuple(left)


def _open(state: IncidentState, answers: Sequence[NeighbourAnswer]) -> list[NeighbourAnswer]:
    """Those of these answers of whose messages something must yet be said or told."""
    due = [one for one in answers if _due_ms(one) is not None]
    settled = {one.forward_id for one in answers if one.later is not None}
    settled |= {step.forward_id for step in state.steps if step.forward_id is not None}
    settled |= {one for country in {one.to_country for one in due} for one in _taken_back(state, country)}
    answered = {one.forward_id for one in answers}
    return [
        one
        for one in due
        if one.forward_id not in settled and ids.forward_id(one.forward_id, one.to_country, "recall") not in answered
    ]


def _taken_back(state: IncidentState, country: Country) -> Iterator[ForwardId]:
    """The forwards to this country of hits that were withdrawn, or taken back by a person since: they are recalled."""
    for one in state.sightings:
        for revision in range(1, one.revision + one.withdrawn):
            yield ids.forward_id_of(one.alert_id, revision, country)


def _due_ms(answer: NeighbourAnswer) -> int | None:
    if answer.outcome == "expired":
        return None if answer.reason == WITHDRAWN else answer.at_ms
    return answer.answer_by_ms
