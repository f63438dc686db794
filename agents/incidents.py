"""The agent incidents: keeps the state of each incident, from its alerts, what persons do, and what neighbours answer.

What one batch brings for an incident is decided at once; it takes two round trips to Redis. Every change is sent as the whole new
state. An alert that a person confirmed or rejected is sent again as a higher revision, on the topic and under the key of the first.
What was decided before and comes again, after a crash, is sent again as it stands: readers drop it by its number.

Once a second it looks whether nobody has answered an urgent incident in time, a neighbour has not said what came of a message, or
an incident is over. That counts by the broker's time alone, as records and acknowledgements tell it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter

from pipeline.hotlist.copies import sure_sight
from pipeline.hotlist.incidents import plate_of
from pipeline.hotlist.revising import left_out_again, revision_of, said_by_persons
from pipeline.neighbours.passages import taken_back_together
from pipeline.reads.geography import in_zone
from pipeline.runtime.log import reference
from pipeline.state import incident_changes as changes
from pipeline.state.collections import CAMERAS, DESKS, ZONES
from pipeline.state.incident_memory import IncidentMemory, WaitingAction
from pipeline.state.mirror import Mirror
from pipeline.stream.admission import Admission
from pipeline.stream.agent import Agent, RedisState
from pipeline.stream.brokers_clock import BrokersClock
from pipeline.stream.context import Context
from pipeline.stream.incident_recovery import IncidentRecovery
from pipeline.stream.outputs import Handler, Outputs, Record
from schemas.incidents import IncidentAction, IncidentState, SureSight
from schemas.outcomes import Alert, Receipt, Withdrawal
from schemas.people import Desk
from schemas.topics import ACTIONS, ALERTS, DAY_MS, INCIDENTS, RECEIPTS

TICK_MS = 1_000
Input = IncidentAction | Alert | Withdrawal | Receipt
log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class Keeper:
    """The handler and what it needs. clock: the broker's. looked_ms: when it last looked what is due, by that clock."""

    mirror: Mirror
    admission: Admission
    memory: IncidentMemory
    clock: BrokersClock
    counters: "Counters"
    looked_ms: int = 0

    async def handle(self, records: Sequence[Record[Any]]) -> Outputs:
        """Returns the new states, and the alerts whose revision changed. Raises Unavailable while Redis is away, and, where there
        are alerts among the records, while the cameras are not known."""
        for record in records:
            self.clock.heard(record.recorded_at_ms)
        batch, outputs, now_ms = changes.Batch(), Outputs(), self.clock.now_ms()
        if any(isinstance(one.message, Alert) for one in records):
            self.admission.need_cameras()
        looked_at: frozenset[str] = frozenset()
        for record in records:
            self._take(record, batch)
        if abs(now_ms - self.looked_ms) >= TICK_MS:  # the first look may have been by a clock that was ahead
            self.looked_ms = now_ms
            looked_at = frozenset(await self.memory.due(now_ms))
            for incident_id in looked_at:
                batch.add(incident_id, partial(changes.passed, self._desks(now_ms), now_ms))
        if batch.changes:
            await self._decide(batch, outputs, now_ms, looked_at)
        return outputs

    def _take(self, record: Record[Input], batch: changes.Batch) -> None:
        message, at_ms = record.message, record.recorded_at_ms
        match message:
            case Alert():
                first = message.revision == 1  # ours come back here: that must not have them sent again
                change = partial(changes.seen, message, *self._where(message), at_ms, record.place)
                batch.add(message.incident_id, change, again=first)
                if first:
                    batch.alerts.setdefault(message.incident_id, []).append(message)
            case Withdrawal():
                if message.kind == "alert":
                    batch.add(message.incident_id or message.id, partial(changes.withdrawn, message, at_ms))
            case Receipt():
                if message.incident_id is not None:
                    batch.add(message.incident_id, partial(changes.answered, message, at_ms))
            case IncidentAction():
                batch.add(message.incident_id, partial(changes.acted_on, WaitingAction(message, at_ms, record.place)))

    async def _decide(self, batch: changes.Batch, outputs: Outputs, now_ms: int, looked_at: frozenset[str]) -> None:
        """Decide the batch. looked_at: for these something is due; no record brings that again, so it stays due until the broker
        has what follows."""
        due = partial(self._due_ms, now_ms=now_ms)
        kept = await self.memory.update(
            batch.folded(), batch.alerts, lambda state: now_ms if state.incident_id in looked_at else due(state)
        )
        told = [after.state for name, (_, after) in kept.items() if name in looked_at and after.state is not None]
        if told:
            outputs.settled = partial(self.memory.note_due, told, due)
        for incident_id, (before, after) in kept.items():
            changed = after is not before
            if after.state is not None and (changed or incident_id in batch.again):
                await self._send(before.state, after.state, outputs, everything=not changed)

    async def _send(
        self, before: IncidentState | None, after: IncidentState, outputs: Outputs, *, everything: bool
    ) -> None:
        """Send the state, and the alerts whose revision is higher than in `before`. everything: every alert with a revision above
        1, whatever `before` says."""
        outputs.send(INCIDENTS, after, key=after.incident_id)
        known = {} if before is None or everything else {one.alert_id: one.revision for one in before.sightings}
        changed = [
            one.alert_id for one in after.sightings if one.revision > known.get(one.alert_id, 1) and not one.withdrawn
        ]
        alerts = await self.memory.alerts(after.incident_id, changed)
        if len(alerts) < len(changed):
            log.error(
                "incidents.alerts_lost", incident=reference(after.incident_id), missing=len(changed) - len(alerts)
            )
        again = [revision_of(after, alert) for alert in alerts]
        earlier = None if everything else before
        if after.sighting_count > len(after.sightings) and said_by_persons(earlier) != said_by_persons(after):
            again += left_out_again(earlier, after, await self.memory.all_alerts(after.incident_id))
        for alert in taken_back_together(again):
            outputs.send(ALERTS, alert, key=plate_of(alert))
        self._count(before, after)

    def _count(self, before: IncidentState | None, after: IncidentState) -> None:
        told = 0 if before is None else len(before.steps)
        for step in after.steps[told:]:
            self.counters.steps.labels(AGENT.name, step.did).inc()
            note = log.debug if step.did == "rang" else log.info  # of each hit, hotlist says so
            note("incident.step", incident=reference(after.incident_id), did=step.did, phase=after.phase)
        known = set() if before is None else {one.action_id for one in before.refused}
        for one in after.refused:
            if one.action_id not in known:
                self.counters.refused.labels(AGENT.name, one.why).inc()

    def _due_ms(self, state: IncidentState, now_ms: int) -> int | None:
        return changes.due_ms(state, self._desks(now_ms))

    def _desks(self, now_ms: int) -> dict[str, Desk]:
        return dict(self.mirror.of(DESKS).as_of(now_ms))

    def _where(self, alert: Alert) -> tuple[tuple[str, ...], SureSight | None]:
        """The zones that the alert's read lies in, and where it surely was."""
        at_ms = alert.read.captured_at_ms
        cameras, zones = self.mirror.of(CAMERAS).as_known(at_ms), self.mirror.of(ZONES).as_known(at_ms)
        found = tuple(sorted(zone_id for zone_id, zone in zones.items() if in_zone(alert.read, zone, cameras)))
        return found, sure_sight(alert, cameras.get(alert.read.camera_id))


class Counters:
    """The counters that this agent has beside those of every agent."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.steps = Counter(
            "vigie_incident_steps", "What changed incidents, by what was done or happened", ["agent", "did"],
            registry=registry,
        )  # fmt: skip
        self.refused = Counter(
            "vigie_incident_refused", "Actions of persons that did not count, by why", ["agent", "why"], registry=registry
        )  # fmt: skip


async def start(context: Context) -> Handler[Any]:
    """Load the reference data and return the handler. Raises Unavailable when Redis is away."""
    mirror = Mirror(CAMERAS, ZONES, DESKS)
    await context.follow(mirror, CAMERAS, ZONES, DESKS)
    namespace, memory = context.settings.namespace, IncidentMemory(context.redis, context.settings.namespace)
    recovery = IncidentRecovery(context.sender.client_kwargs, namespace, memory, context.now_ms)
    context.background(recovery.run, "incidents that Redis lost")
    clock = BrokersClock(context.now_ms, context.monotonic_s)
    context.sender.heard = clock.heard
    keeper = Keeper(
        mirror=mirror,
        admission=Admission(mirror, context.settings, context.now_ms),
        memory=memory,
        clock=clock,
        counters=Counters(context.metrics.registry),
    )
    return keeper.handle


AGENT: Agent[Any] = Agent(
    name="incidents",
    source=ACTIONS,
    also=(ALERTS, RECEIPTS),
    elsewhere=(ALERTS,),  # cross_border reports them
    outputs=(INCIDENTS, ALERTS),
    start=start,
    tick_ms=TICK_MS,
    fetch_every_ms=100,  # a person takes seconds
    niceness=5,  # an alert rings before its incident is kept
    redis_state=RedisState(
        if_lost="incidents to which nothing has happened for a day are forgotten; the others are put back from their topic",
        reread_ms=DAY_MS,
        reread_unsaved=True,
    ),
    looks_up=(INCIDENTS,),  # to put them back where Redis has lost them
)
