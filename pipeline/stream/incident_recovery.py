"""Puts incidents back into the memory of the agent incidents, where Redis has lost it: the last state of each from their own topic,
with the alerts that may have to be sent again.

While those of the last day are put back, nothing is decided about incidents: what persons did, confirmations above all, must be
known before anything is added to an incident. Those before, of which a neighbour may say something yet, follow afterwards.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from pipeline.state.alert_memory import DAY_MS
from pipeline.state.incident_changes import restored
from pipeline.state.incident_memory import SHARED_KEPT_MS, IncidentMemory, is_kept_long
from pipeline.stream.recent import PAGE, in_pages, look_patiently, put_back, recent
from schemas.incidents import IncidentState
from schemas.outcomes import Alert
from schemas.topics import ALERTS, INCIDENTS

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
        """Put back the incidents of the last day, unless Redis has them, and then those before that are kept long. Raises
        Unavailable."""
        await put_back(self.memory.whole, self._fill, "incidents.put_back")
        await put_back(self.memory.older, self._fill_older, "incidents.older_put_back")

    async def _fill(self, _begun: str) -> int:
        from_ms = self.now_ms() - DAY_MS
        states = await self._last_states(from_ms, lambda _: True)
        for page in _pages(states.values()):
            await self.memory.restored(page)
        await self._restore_alerts(states, from_ms)
        return len(states)

    async def _fill_older(self, _begun: str) -> int:
        """Decisions go on meanwhile: what has come for such an incident is taken in when it is looked at next, which is soon."""
        from_ms = self.now_ms() - SHARED_KEPT_MS
        states = await self._last_states(from_ms, is_kept_long)
        for page in _pages(states.values()):
            put = {one.incident_id: partial(restored, one) for one in page}
            await self.memory.update(put, {}, lambda _: 0)
        await self._restore_alerts(states, from_ms)
        return len(states)

    async def _last_states(self, from_ms: int, counts: Callable[[IncidentState], bool]) -> dict[str, IncidentState]:
        """The last state of each incident of those that count, from from_ms on (UTC)."""
        states: dict[str, IncidentState] = {}
        async for state, _, _ in recent(self.client_kwargs, self.namespace, INCIDENTS, from_ms):
            known = states.get(state.incident_id)
            if counts(state) and (known is None or known.change < state.change):
                states[state.incident_id] = state
        return states

    async def _restore_alerts(self, states: Mapping[str, IncidentState], from_ms: int) -> None:
        since_ms = alerts_from_ms(list(states.values()), from_ms)
        async for page in in_pages(recent(self.client_kwargs, self.namespace, ALERTS, since_ms)):
            alerts = [one for one in page if isinstance(one, Alert) and one.revision == 1]
            await self.memory.restored_alerts([one for one in alerts if one.incident_id in states])


def _pages(states: Iterable[IncidentState]) -> Iterator[list[IncidentState]]:
    """The states, PAGE at a time."""
    left = list(states)
    for start in range(0, len(left), PAGE):
        yield left[start : start + PAGE]


def alerts_from_ms(states: Sequence[IncidentState], from_ms: int) -> int:
    """Since when (UTC ms) the broker took the alerts of these incidents, at the latest from_ms: an incident that changed within the
    last day may have begun long before, and what a person undoes then must be sent again."""
    captured = (one.captured_at_ms - CLOCKS_MS for state in states for one in state.sightings)
    return max(0, min([from_ms, *captured]))
