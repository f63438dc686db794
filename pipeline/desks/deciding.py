"""Sends what a person decided to the agent incidents, and waits until the incident shows what became of it."""

import asyncio
from dataclasses import dataclass, field

from pipeline.errors import Unavailable
from pipeline.hotlist.acting import is_decided
from pipeline.runtime.sender import Outgoing, Sender
from pipeline.stream import codec
from schemas.incidents import IncidentAction, IncidentState
from schemas.topics import ACTIONS

PATIENCE_S = 5.0


@dataclass(slots=True)
class Deciding:
    """The actions under way in this process. sender: open while it is used."""

    sender: Sender
    namespace: str
    patience_s: float = PATIENCE_S
    _awaited: dict[str, "asyncio.Future[IncidentState]"] = field(default_factory=dict)

    async def decided(self, action: IncidentAction, state: IncidentState) -> IncidentState:
        """Send the action, unless `state`, the present one, shows what became of it; return the incident in which it is decided.

        Raises Unavailable when that takes too long: it may be decided later, and the same action sent again is decided once.
        """
        if is_decided(state, action.action_id):
            return state
        future = self._awaited.get(action.action_id)
        if future is None:
            future = self._awaited[action.action_id] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(self.patience_s):
                await self.sender.send_all([
                    Outgoing(f"{self.namespace}.{ACTIONS.name}", codec.encode(ACTIONS, action), action.incident_id.encode())
                ])  # fmt: skip
                return await asyncio.shield(future)
        except TimeoutError as error:
            raise Unavailable(
                "the incident (what was sent is not decided yet: ask again)", retry_after_s=1.0
            ) from error
        finally:
            self._awaited.pop(action.action_id, None)

    def changed(self, state: IncidentState) -> None:
        """Note a new state of an incident."""
        for action_id, future in self._awaited.items():
            if not future.done() and is_decided(state, action_id):
                future.set_result(state)
