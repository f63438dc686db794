"""Hands over the incidents of persons who went home: whose shift or session has ended, and who works in no other one.

Whoever closes a laptop ends nothing: the incidents would be his until they expire. So they wait for his desk, if somebody works
there, and else for the desk that follows. It is an action like the one that he would have done, on the state that it was decided
from; every process of the desks finds the same one, and it counts once.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import structlog

from pipeline.desks.deciding import Deciding
from pipeline.desks.directory import Directory
from pipeline.desks.live import Live
from pipeline.errors import Unavailable
from pipeline.hotlist.answering import answers_for
from pipeline.hotlist.standing import ENDED
from pipeline.runtime.log import reference
from pipeline.state.collections import DESKS
from pipeline.state.session_store import SessionStore
from schemas import ids
from schemas.incidents import IncidentAction, IncidentState
from schemas.people import Desk

EVERY_S = 5.0
GRACE_MS = 60_000
"""So long after a session ended its person may log in again, and still has what he had."""
log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class Leaving:
    """Looks for persons who went home, and hands over their incidents. grace_ms: see GRACE_MS."""

    live: Live
    sessions: SessionStore
    directory: Directory
    deciding: Deciding[IncidentAction, IncidentState]
    now_ms: Callable[[], int]
    grace_ms: int = GRACE_MS
    every_s: float = EVERY_S
    _away: dict[str, int] = field(default_factory=dict)  # since when nobody has worked for this person, UTC ms

    async def run(self) -> None:
        """Look until cancelled. While a server is away nobody counts as gone; afterwards each absence begins anew."""
        while True:
            try:
                await self.look()
            except Unavailable as error:
                self._away.clear()
                log.debug("leaving.waiting", cause=str(error))
            await asyncio.sleep(self.every_s)

    async def look(self) -> None:
        """Hand over what persons hold who have been away for too long; what is not decided in time is tried at the next look.
        Raises Unavailable while it is not known who works."""
        held, now_ms = self._held(), self.now_ms()
        working = await self.sessions.working(now_ms) if held else {}
        self._away = {who: self._away.get(who, now_ms) for who in held if who not in working}
        desks = set().union(*working.values())
        for who, since_ms in self._away.items():
            for state in held[who] if now_ms - since_ms >= self.grace_ms else ():
                action = handed_over(state, self._desks(state, now_ms), desks, now_ms)
                if action is not None:
                    try:
                        await self.deciding.decided(action, action.action_id, action.incident_id, state)
                    except Unavailable as error:  # of this one: the next look hands it over
                        log.debug("leaving.undecided", cause=str(error))
                        continue
                    if state.covert_owner is None:  # not even that there was one is for those who read logs
                        log.info("incident.left", incident=reference(state.incident_id), to_desk=action.to_desk)

    def _held(self) -> dict[str, list[IncidentState]]:
        """The incidents that somebody holds, by holder."""
        found: dict[str, list[IncidentState]] = {}
        for shown in self.live.items["incident"].values():
            state = shown.event.message
            if isinstance(state, IncidentState) and state.holder is not None and state.phase not in ENDED:
                found.setdefault(state.holder, []).append(state)
        return found

    def _desks(self, state: IncidentState, now_ms: int) -> dict[str, Desk]:
        """The desk of an incident and the one that follows it; where its desk is no more, those that answer for it."""
        desk = self.directory.desk(state.desk or "", now_ms)
        if desk is None:
            every = self.directory.of(DESKS).as_of(now_ms)
            return {desk_id: one for desk_id, one in every.items() if answers_for(one, state)}
        follows = self.directory.desk(desk.successor, now_ms) if desk is not None and desk.successor else None
        return {one.desk_id: one for one in (desk, follows) if one is not None}


def handed_over(
    state: IncidentState, desks: Mapping[str, Desk], staffed: set[str], now_ms: int
) -> IncidentAction | None:
    """The action that hands this incident over, in the name of its holder, who went home; None: nobody holds it, its holder did
    nothing in it in a role, or there is no desk for it. desks: its own and the one that follows; where its own is no more, those
    that answer for it. staffed: the desks at which somebody works. The same state gives the same action, whoever decides."""
    own = desks.get(state.desk or "")
    desk = own or min(desks.values(), key=lambda one: (one.desk_id not in staffed, one.desk_id), default=None)
    by = next((one for one in reversed(state.steps) if one.who == state.holder and one.role is not None), None)
    if desk is None or by is None or by.role is None or state.holder is None:
        return None
    follows = desks.get(desk.successor or "") if own is not None else None
    to = desk if desk.desk_id in staffed or follows is None else follows
    return IncidentAction(
        action_id=ids.action_id(state.holder, f"{state.incident_id} left {state.revision}"),
        incident_id=state.incident_id,
        did="hand_over",
        revision=state.revision,
        rings=state.rings,
        who=state.holder,
        role=by.role,
        desk=state.desk,
        to_desk=to.desk_id,
        left=True,
        at_ms=now_ms,
    )
