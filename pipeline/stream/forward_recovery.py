"""Puts the forwards that their topic holds back into the memory of the agent cross_border, where Redis has lost it.

They are read from their own topic, so none is put back that was never sent, nor one that was recalled; the alert of each is read
where the forward says that it stands. Without them, the withdrawal of an alert or the end of a policy would recall nothing that was
told before the loss. What was taken back before it is noted as well, so that no late copy is told.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from pipeline.errors import Unavailable
from pipeline.neighbours.recalls import Sent, corrects_terms
from pipeline.state.forward_memory import RedisForwardMemory
from pipeline.state.open_forwards import MOST_REVISION, TAKEN_BACK, Recall
from pipeline.stream.recent import look_patiently, recent
from schemas.outcomes import Alert, Forward, RecordPlace, Withdrawal
from schemas.topics import ALERTS, FORWARDS, FORWARDS_KEPT_MS

EARLIER_MS = 3_600_000
"""An alert stands on its topic so much earlier than its forward at most, unless the agent was away for longer."""

TakenBack = tuple[int, str, RecordPlace]
"""Up to which revision an alert was taken back, why, and where the message stands that says so."""
log = structlog.get_logger()


@dataclass(slots=True)
class _Found:
    """What the topics tell: forwards by id, in their order; which were recalled; and by alert, what took it back."""

    sent: dict[str, Forward] = field(default_factory=dict)
    recalled: set[str] = field(default_factory=set)
    taken_back: dict[str, TakenBack] = field(default_factory=dict)

    def take(self, message: Forward | Withdrawal) -> None:
        """Add what stands on the topic of forwards."""
        if isinstance(message, Withdrawal):
            self.recalled.add(message.id)
        elif message.kind == "recall":
            self.recalled.add(message.refers_to or "")
        elif message.alert_at is not None and not corrects_terms(
            message
        ):  # if need be, the same correction is sent again
            self.sent.setdefault(message.forward_id, message)

    def take_alert(self, message: Alert | Withdrawal, place: RecordPlace) -> None:
        """Add what stands on the topic of alerts."""
        if isinstance(message, Withdrawal):
            self.taken_back[message.id] = MOST_REVISION, message.reason, place
        elif message.revision > 1 and message.confirm and self.up_to(message.alert_id) < message.revision:
            self.taken_back[message.alert_id] = message.revision, TAKEN_BACK, place

    def up_to(self, alert_id: str) -> int:
        """The revision of this alert up to which it was taken back; 0: it was not."""
        return self.taken_back[alert_id][0] if alert_id in self.taken_back else 0

    def missed(self, sent: Sent) -> list[Recall]:
        """The recall that a forward still needs because its alert was taken back; empty: it needs none."""
        if self.up_to(sent.alert.alert_id) <= sent.alert.revision:
            return []
        _, reason, place = self.taken_back[sent.alert.alert_id]
        return [Recall(sent, reason, place)]


@dataclass(frozen=True, slots=True)
class ForwardRecovery:
    """Watches the memory of forwards, and fills it again. client_kwargs: of KafkaConnection.

    kept: a forward of an alert as it is stored; None while the reference data that it needs is missing. missed: takes the recalls
    of forwards whose alert was taken back while they were not in memory.
    """

    client_kwargs: Mapping[str, Any]
    namespace: str
    memory: RedisForwardMemory
    now_ms: Callable[[], int]
    kept: Callable[[Forward, Alert], Sent | None]
    missed: Callable[[Sequence[Recall]], None]

    async def run(self) -> None:
        """Watch until cancelled. While Redis or Kafka is away, or reference data is missing, it tries again."""
        await look_patiently(self.look, "forwards.recovery_waiting")

    async def look(self) -> None:
        """Put the forwards back that their topic holds, unless Redis has them. Raises Unavailable."""
        if await self.memory.is_whole():
            return
        since_ms, found, alerts = self.now_ms() - FORWARDS_KEPT_MS, _Found(), dict[RecordPlace, Alert]()
        async for message, _, _ in recent(self.client_kwargs, self.namespace, FORWARDS, since_ms):
            found.take(message)
        wanted = {one.alert_at for one in found.sent.values()}
        async for one, place, _ in recent(self.client_kwargs, self.namespace, ALERTS, since_ms - EARLIER_MS):
            found.take_alert(one, place)
            if place in wanted and isinstance(one, Alert):
                alerts[place] = one
        count = await self._put_back(found, alerts)
        await self.memory.note_whole()
        if count:
            log.warning("forwards.put_back", forwards=count)

    async def _put_back(self, found: _Found, alerts: Mapping[RecordPlace, Alert]) -> int:
        """Returns how many were put back. Raises Unavailable."""
        await self.memory.taken_back([(alert_id, found.up_to(alert_id)) for alert_id in found.taken_back])
        await self.memory.marked_ids(sorted(found.recalled))
        count = 0
        for forward_id, forward in found.sent.items():
            place = forward.alert_at
            if forward_id in found.recalled or place is None or place not in alerts:
                continue
            sent = self.kept(forward, alerts[place])
            if sent is None:
                raise Unavailable("the reference data (no cameras are known)")
            # whoever handles the record itself gets the same answer, and sends it
            await self.memory.admitted([sent], [f"{place.partition}/{place.offset}"])
            self.missed(found.missed(sent))
            count += 1
        return count
