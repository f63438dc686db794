"""Puts the incidents of the last day back into the memory of the agent incidents, where Redis has lost it: the last state of each
from their own topic, with the alerts that may have to be sent again.

Nothing is decided about incidents meanwhile: what persons did, confirmations above all, must be known before anything is added to
an incident.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog

from pipeline.errors import Unavailable
from pipeline.state.alert_memory import DAY_MS
from pipeline.state.incident_memory import IncidentMemory
from pipeline.stream.recent import PAGE, in_pages, look_patiently, recent
from schemas.incidents import IncidentState
from schemas.outcomes import Alert, RecordPlace, Withdrawal
from schemas.topics import ALERTS, INCIDENTS

log = structlog.get_logger()
CLOCKS_MS = 600_000
"""By how much a camera's clock may be ahead of the broker's. An own choice, far above what counts as a working clock."""


@dataclass(frozen=True, slots=True)
class IncidentRecovery:
    """Watches the memory of incidents, and fills it again. client_kwargs: of KafkaConnection."""

    client_kwargs: Mapping[str, Any]
    namespace: str
    memory: IncidentMemory
    now_ms: Callable[[], int]

    async def run(self) -> None:
        """Watch until cancelled. While Redis or Kafka is away it tries again."""
        await look_patiently(self.look, "incidents.recovery_waiting")

    async def look(self) -> None:
        """Put the incidents of the last day back, unless Redis has them. Raises Unavailable."""
        if await self.memory.is_whole():
            return
        begun = await self.memory.begin()
        from_ms = self.now_ms() - DAY_MS
        messages = partial(recent, self.client_kwargs, self.namespace)
        states: dict[str, IncidentState] = {}
        async for state, _, _ in messages(INCIDENTS, from_ms):
            known = states.get(state.incident_id)
            if known is None or known.change < state.change:
                states[state.incident_id] = state
        found = list(states.values())
        for start in range(0, len(found), PAGE):
            await self.memory.restored(found[start : start + PAGE])
        await self._restore_alerts(messages(ALERTS, alerts_from_ms(found, from_ms)), states)
        if not await self.memory.note_whole(begun):
            raise Unavailable("incidents' memory (Redis lost it again meanwhile)")
        if states:
            log.warning("incidents.put_back", incidents=len(states))

    async def _restore_alerts(
        self, messages: AsyncIterator[tuple[Alert | Withdrawal, RecordPlace, int]], states: Mapping[str, IncidentState]
    ) -> None:
        async for page in in_pages(messages):
            alerts = [one for one in page if isinstance(one, Alert) and one.revision == 1]
            await self.memory.restored_alerts([one for one in alerts if one.incident_id in states])


def alerts_from_ms(states: Sequence[IncidentState], from_ms: int) -> int:
    """Since when (UTC ms) the broker took the alerts of these incidents, at the latest from_ms: an incident that changed within the
    last day may have begun long before, and what a person undoes then must be sent again."""
    captured = (one.captured_at_ms - CLOCKS_MS for state in states for one in state.sightings)
    return max(0, min([from_ms, *captured]))
