"""Checks a forward against the alert that it names, the alert's entry and the policies, before liaison signs it.

The alert is read from its topic, which only the agents hotlist and incidents write, and `vigie dead-letters`; the entry from
Redis, and cameras, zones and policies from this worker's copy. What is missing while Redis has lost something is waited for,
and never signed meanwhile.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass

from pipeline.errors import Unavailable
from pipeline.hotlist.support import confirmation_fault, follows
from pipeline.neighbours.recalls import corrects_terms
from pipeline.neighbours.support import Known, fault_of_correction, fault_of_hit, fault_of_recall, fault_of_update
from pipeline.state.collections import CAMERAS, POLICIES, ZONES
from pipeline.state.entry_versions import EntryVersions
from pipeline.state.follower import Follower
from pipeline.state.mirror import Mirror
from schemas.base import Country
from schemas.incidents import IncidentAction
from schemas.outcomes import Alert, Forward, RecordPlace, Withdrawal

UNSETTLED_MS = 10_000  # after the forward came: so long its alert may yet be found
LookUp = Callable[[RecordPlace], Awaitable[Alert | Withdrawal | None]]
"""The message of the topic alerts that stands there; None: there is none. Raises Unavailable."""
LookUpAction = Callable[[RecordPlace], Awaitable[IncidentAction | None]]
"""The same for the topic actions, on which only desks write."""


@dataclass(frozen=True, slots=True)
class Named:
    """What a forward names on the topic alerts: its alert; of an update, the alert of the first forward of its case; of a
    recall, the alert's withdrawal, or the revision that must be confirmed anew, if that is why."""

    alert: Alert
    first: Alert | None
    withdrawal: Withdrawal | Alert | None


@dataclass(frozen=True, slots=True)
class ForwardCheck:
    """Decides whether a forward may be signed. look_up: finds a message of the topic alerts. home: our own country. now_ms:
    the agent's clock, UTC."""

    mirror: Mirror
    follower: Follower
    entries: EntryVersions
    look_up: LookUp
    look_up_action: LookUpAction
    home: Country
    now_ms: Callable[[], int]

    async def fault_of(self, forward: Forward, recorded_at_ms: int) -> str | None:
        """Why the forward may not be signed, in words; None: it may. recorded_at_ms: when the broker took it, UTC.

        Raises Unavailable while that cannot be told: Kafka or Redis is away, or Redis has lost reference data.
        """
        if not self.mirror.whole:
            await self.follower.load()
        if not self.mirror.whole:
            raise Unavailable("the reference data (no cameras are known)")
        if forward.alert_at is None:
            return "it names no alert"
        alert = await self._stands(forward.alert_at, recorded_at_ms)
        if not isinstance(alert, Alert):
            return "no alert stands where it says"
        withdrawal = await self._stands(forward.withdrawn_at, recorded_at_ms) if forward.withdrawn_at else None
        if forward.withdrawn_at and withdrawal is None:
            return "no withdrawal stands where it says"
        first = await self._stands(forward.first_at, recorded_at_ms) if forward.first_at else None
        if forward.kind == "correction" and not isinstance(first, Alert):
            return "it names no alert of the forward that it updates"
        named = Named(alert, first if isinstance(first, Alert) else None, withdrawal)
        fault = await self._fault_of_confirmations(forward, named, recorded_at_ms)
        return fault or await self._fault(forward, named)

    async def _fault_of_confirmations(self, forward: Forward, named: Named, recorded_at_ms: int) -> str | None:
        """Why a confirmation on which the forward rests does not hold. What is taken back rests on none. None: all
        hold."""
        for alert in () if forward.kind == "recall" else (named.alert, named.first):
            if alert is None or alert.confirmed is None:
                continue
            action = await self.look_up_action(alert.confirmed.action_at)
            if action is None and self.now_ms() - recorded_at_ms < UNSETTLED_MS:
                raise Unavailable("the confirmation that an alert names", retry_after_s=0.5)
            if fault := confirmation_fault(alert, action):
                return fault
        return None

    async def _stands(self, place: RecordPlace, recorded_at_ms: int) -> Alert | Withdrawal | None:
        """The message at that place in the topic. A broker that has just become leader may lack its last records: those are
        waited for, by raising Unavailable. None: nothing stands there."""
        found = await self.look_up(place)
        if found is None and self.now_ms() - recorded_at_ms < UNSETTLED_MS:
            raise Unavailable("the alert that a forward names", retry_after_s=0.5)
        return found

    async def _fault(self, forward: Forward, named: Named) -> str | None:
        """Why the forward may not be signed; None: it may. A fault is looked for again with reference data that is not older
        than the forward."""
        fault = await self._fault_now(forward, named)
        if fault is None:
            return None
        await self.follower.load()
        fault = await self._fault_now(forward, named)
        if fault is not None:
            await self.follower.load()
            if self.follower.lost:
                raise Unavailable(f"the reference data (Redis has lost {', '.join(sorted(self.follower.lost))})")
        return fault

    async def _fault_now(self, forward: Forward, named: Named) -> str | None:
        alert, now_ms = named.alert, self.now_ms()
        at_ms, known = alert.read.captured_at_ms, self._then_and_now(alert)
        if not await self._follows(alert, known):
            return f"its alert does not follow from the entry {alert.entry_id}"
        if corrects_terms(forward):
            moments = (at_ms, *self._changes(at_ms, now_ms))
            return fault_of_correction(forward, alert, [self._known(moment, at_ms) for moment in moments], self.home)
        if forward.kind != "recall":
            fault = fault_of_hit(forward, alert, known, self.home)
            return fault or (await self._fault_of_update(forward, alert, named.first) if named.first else None)
        since = [self._known(moment, at_ms) for moment in self._changes(at_ms, now_ms)]
        return fault_of_recall(forward, alert, named.withdrawal, known, since, self.home)

    async def _fault_of_update(self, update: Forward, alert: Alert, first: Alert) -> str | None:
        known = self._then_and_now(first)
        if not await self._follows(first, known):
            return f"the alert of the forward that it updates does not follow from the entry {first.entry_id}"
        return fault_of_update(update, alert, first, known, self.home)

    async def _follows(self, alert: Alert, known: Sequence[Known]) -> bool:
        return follows(alert, await self.entries.of(alert.entry_id), ((one.cameras, one.zones) for one in known))

    def _then_and_now(self, alert: Alert) -> tuple[Known, Known]:
        """The reference data at the alert's capture, and now."""
        at_ms, now_ms = alert.read.captured_at_ms, self.now_ms()
        return self._known(at_ms, at_ms), self._known(now_ms, now_ms)

    def _known(self, policies_ms: int, places_ms: int) -> Known:
        mirror = self.mirror
        policies, cameras, zones = mirror.of(POLICIES), mirror.of(CAMERAS), mirror.of(ZONES)
        return Known(policies.as_of(policies_ms), cameras.as_known(places_ms), zones.as_known(places_ms))

    def _changes(self, since_ms: int, now_ms: int) -> Iterator[int]:
        """The moments since since_ms at which a policy changed, and now_ms."""
        for _, history in self.mirror.of(POLICIES).histories():
            yield from (one.begins_ms for one in history if since_ms < one.begins_ms <= now_ms)
        yield now_ms
