"""Two dispatchers who act on every incident that rings: both take it at once, and who has it closes it."""

import asyncio
from collections.abc import Callable, Iterator

from pipeline.errors import Unavailable
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.sender import Outgoing, Sender
from pipeline.stream import codec
from schemas import ids
from schemas.incidents import IncidentAction, IncidentState
from schemas.topics import ACTIONS
from tests.faults.road import NAMESPACE, Road

DISPATCHERS = ("an", "bo")
AGAIN_S = 0.5


class Dispatchers:
    """What they did, and what the incidents show of it. sent_s: by action, when the broker took it, in seconds of the run."""

    def __init__(self, road: Road, now_s: Callable[[], float]) -> None:
        self._road, self._now_s = road, now_s
        self._to_send: asyncio.Queue[IncidentAction] = asyncio.Queue()
        self._acted: set[tuple[str, str]] = set()
        self.actions: dict[str, IncidentAction] = {}
        self.sent_s: dict[str, float] = {}
        self.states: dict[str, IncidentState] = {}

    def saw(self, state: IncidentState) -> None:
        """They see a state of an incident, and act. An older one is dropped, as at the desks."""
        known = self.states.get(state.incident_id)
        if known is not None and known.change >= state.change:
            return
        self.states[state.incident_id] = state
        if state.phase == "new" and state.rings and state.revision == 0:
            for who in DISPATCHERS:
                self._act(state, "take", who)
        elif state.phase == "taken" and state.holder is not None:
            self._act(state, "close", state.holder)

    def _act(self, state: IncidentState, did: str, who: str) -> None:
        name = f"{state.incident_id} {did} {state.revision} {state.rings}"
        if (name, who) in self._acted:
            return
        self._acted.add((name, who))
        self._to_send.put_nowait(
            IncidentAction(
                action_id=ids.action_id(who, name), incident_id=state.incident_id,
                did=did,  # type: ignore[arg-type]  # one of the two that they do
                revision=state.revision, rings=state.rings, who=who, role="dispatcher", ending="stopped",
                at_ms=platform_now_ms(),
            )
        )  # fmt: skip

    async def run(self) -> None:
        """Send what they do until cancelled; what the broker did not take is sent again, as a browser's request is repeated."""
        sender = Sender(self._road.pair.kafka.client_kwargs())
        try:
            while True:
                action = await self._to_send.get()
                value, key = codec.encode(ACTIONS, action), action.incident_id.encode()
                self.actions[action.action_id] = action
                while True:
                    try:
                        await sender.send_all([Outgoing(f"{NAMESPACE}.{ACTIONS.name}", value, key)])
                        break
                    except Unavailable:
                        await asyncio.sleep(AGAIN_S)
                self.sent_s[action.action_id] = self._now_s()
        finally:
            await sender.stop()

    def undecided(self) -> Iterator[tuple[str, float]]:
        """The actions that the broker took and no incident shows, each with when."""
        shown = {action_id for state in self.states.values() for action_id in _decided(state)}
        yield from ((action_id, at_s) for action_id, at_s in self.sent_s.items() if action_id not in shown)

    def twice(self) -> Iterator[tuple[str, float]]:
        """The actions that were decided twice, or count although another was first, each with when it was sent."""
        for state in self.states.values():
            decided = _decided(state)
            takes = [step.action_id or "" for step in state.steps if step.did == "take"]
            doubled = {one for one in decided if decided.count(one) > 1} | set(takes[1:])
            yield from ((one, self.sent_s.get(one, 0.0)) for one in doubled)


def _decided(state: IncidentState) -> list[str]:
    steps = [one.action_id for one in state.steps if one.action_id is not None]
    return steps + [one.action_id for one in state.refused]
