"""The agent hotlist: matches reads with the hotlist and sends alerts. It decides from memory; a batch with hits takes two
round trips to Redis.

A read that may not enter (unknown camera, from the future, older than retention, a purpose that its camera may not serve) and
a record that cannot be decoded go to the dead letters; the rest of the batch goes on. This agent reports them, because it
looks at every read; the other agents that read the same topic leave them out and count them.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import structlog

from pipeline.hotlist.exclusions import Exclusions
from pipeline.hotlist.matching import Hit, Hotlist, alert_of, match_reads
from pipeline.hotlist.watches import Watches, entry_id_of
from pipeline.hotlist.withdrawals import TakenBack, as_of_arrival
from pipeline.reads.geography import position_of
from pipeline.reads.versions import Versions
from pipeline.runtime.covert import covert_keys
from pipeline.runtime.log import pseudonym, reference
from pipeline.runtime.settings import Settings
from pipeline.state.alert_memory import AlertMemory, RedisAlertMemory
from pipeline.state.collections import CAMERAS, EXCLUSIONS, HOTLIST, LISTS, WATCHES, ZONES
from pipeline.state.entry_versions import EntryVersions
from pipeline.state.mirror import Index, Mirror
from pipeline.state.open_alerts import OpenAlerts
from pipeline.stream.admission import Admission
from pipeline.stream.agent import Agent, RedisState
from pipeline.stream.alert_recovery import AlertRecovery
from pipeline.stream.context import Context
from pipeline.stream.covert_alerts import AlertSender
from pipeline.stream.list_watch import ListWatch
from pipeline.stream.outputs import Handler, Outputs, Record, by_time
from schemas.outcomes import Alert
from schemas.reads import PlateRead, ReadBatch
from schemas.reference import Camera, HotlistEntry, Zone
from schemas.topics import ALERTS, ALERTS_COVERT, READS

TICK_MS = 200  # what changed in the hotlist is held against open alerts so often, also when no read comes
log = structlog.get_logger()


class HotlistMirror(Mirror):
    """The reference data that this agent decides from: a copy in memory, which the follower keeps up to date."""

    def __init__(self) -> None:
        self.hotlist = Hotlist()
        self.exclusions = Exclusions()
        self.watches = Watches()
        indexes: dict[str, Index] = {
            HOTLIST.name: self.hotlist, EXCLUSIONS.name: self.exclusions, WATCHES.name: self.watches,
        }  # fmt: skip
        super().__init__(CAMERAS, ZONES, LISTS, indexes=indexes)
        self.cameras: Versions[Camera] = self.of(CAMERAS)
        self.zones: Versions[Zone] = self.of(ZONES)

    def matched(self, reads: Sequence[PlateRead]) -> Iterator[tuple[PlateRead, list[Hit]]]:
        """Yields the reads that have hits on the hotlist, then those that have some on what persons asked to watch for, each with
        its hits: a read may come several times."""
        yield from match_reads(reads, self.hotlist, self.cameras, self.zones)
        if len(self.watches):
            yield from self.watches.matched(reads, self.cameras, self.zones)

    def entry(self, entry_id: str, at_ms: int) -> HotlistEntry | None:
        """The entry of this id, of the hotlist or of a request to watch, as it held at at_ms (UTC); None: there was none."""
        return self.hotlist.get(entry_id, at_ms) or self.watches.get(entry_id, at_ms)


@dataclass(frozen=True, slots=True)
class Matcher:
    """The handler and what it needs."""

    replica: HotlistMirror
    admission: Admission
    memory: AlertMemory
    open_alerts: OpenAlerts
    settings: Settings
    now_ms: Callable[[], int]
    sender: AlertSender

    async def handle(self, records: Sequence[Record[ReadBatch]]) -> Outputs:
        """Returns the alerts of these batches, each with its incident, and the withdrawals of alerts whose entry has changed
        or gone. Raises Unavailable while the cameras are not known, and while Redis is away if there are hits, or alerts
        that may have to be withdrawn."""
        if records:
            self.admission.need_cameras()
            await self.replica.whole_at(max(read.captured_at_ms for one in records for read in one.message.reads))
        outputs, alerts, now_ms = Outputs(), list[Alert](), self.now_ms()
        for at_ms, some in by_time(records, now_ms):
            alerts += self._alerts_of(some, at_ms, outputs)
        placed = await self._placed(alerts) if alerts else []
        for alert in placed:
            self.sender.send(outputs, alert, alert)
            if alert.covert:  # not even that there was one is for those who read logs
                continue
            log.info("alert.raised", alert=reference(alert.alert_id), incident=reference(alert.incident_id), match=alert.match,
                     rings=alert.rings, priority=alert.priority, camera_id=alert.read.camera_id,
                     plate=pseudonym(alert.read.plate), lag_ms=now_ms - alert.read.captured_at_ms)  # fmt: skip
        self.open_alerts.raised(placed)
        self.replica.begun(now_ms)
        # while reference data is missing, an entry that is not there was not removed
        gone = await self.open_alerts.due(now_ms) if self.replica.whole else []
        for one in gone:
            self._take_back(one, now_ms, outputs)
        if placed or gone:

            async def settled() -> None:
                await self.memory.told(placed)
                await self.open_alerts.settled(gone, now_ms)

            outputs.settled = settled
        return outputs

    def _take_back(self, one: TakenBack, now_ms: int, outputs: Outputs) -> None:
        """Send the alert that replaces this one, if there is one, and then the withdrawal, both under the same key."""
        if one.instead:
            self.sender.send(outputs, one.instead, one.instead)
        self.sender.send(outputs, one.withdrawal(now_ms), one.alert)
        if not one.alert.covert:
            log.info("alert.withdrawn", alert=reference(one.alert.alert_id), reason=one.reason)

    def _alerts_of(self, records: Sequence[Record[ReadBatch]], now_ms: int, outputs: Outputs) -> list[Alert]:
        replica, found = self.replica, list[Alert | None]()
        reads = self.admission.admitted(records, now_ms, outputs)
        for read, hits in replica.matched(reads):
            camera = replica.cameras.known_at(read.camera_id, read.captured_at_ms)
            for hit in hits:
                counted = replica.exclusions.applied(hit, read)
                alert = alert_of(counted, read, camera, decided_at_ms=now_ms, live_bound_ms=self.settings.live_bound_ms)
                found.append(self._as_of_arrival(alert, now_ms))
        return [alert for alert in found if alert is not None]

    def _as_of_arrival(self, alert: Alert, now_ms: int) -> Alert | None:
        """The alert under its entry as it is now, which may not be as it was at the capture; None: it is not raised."""
        at_ms, replica = alert.read.captured_at_ms, self.replica
        entry = replica.entry(alert.entry_id, max(now_ms, at_ms))  # a camera's clock may be a little ahead
        if entry is not None and now_ms < entry.valid_until_ms and entry == replica.entry(alert.entry_id, at_ms):
            return alert
        return as_of_arrival(alert, entry, replica.cameras.as_known(at_ms), replica.zones.as_known(at_ms), now_ms)

    async def _placed(self, alerts: Sequence[Alert]) -> list[Alert]:
        """Each alert in its incident. In a replay it is as first decided, and alerts withdrawn since are left out."""
        cameras = self.replica.cameras
        reads = [alert.read for alert in alerts]
        wheres = [position_of(read, cameras.known_at(read.camera_id, read.captured_at_ms)) for read in reads]
        return [alert for alert in await self.memory.placed(alerts, wheres) if alert is not None]


def matcher(
    replica: HotlistMirror, admission: Admission, memory: AlertMemory, settings: Settings, now_ms: Callable[[], int],
    sender: AlertSender,
) -> Matcher:  # fmt: skip
    """Make the handler on this reference data and memory; it is told of changed hotlist entries from now on."""
    open_alerts = OpenAlerts(
        memory, lambda key: replica.entry(key, now_ms()), replica.cameras.as_known, replica.zones.as_known
    )
    replica.on_change(HOTLIST, open_alerts.changed)
    replica.on_change(WATCHES, lambda keys: open_alerts.changed(map(entry_id_of, keys)))
    replica.begun(now_ms())
    return Matcher(replica, admission, memory, open_alerts, settings, now_ms, sender)


async def start(context: Context) -> Handler[ReadBatch]:
    """Load the reference data and return the handler. Raises Unavailable when Redis is away."""
    replica, settings = HotlistMirror(), context.settings
    replica.begun(context.now_ms())  # before it is loaded: of what begins later, the listener to come is told then
    await context.follow(replica, CAMERAS, ZONES, HOTLIST, LISTS, EXCLUSIONS, WATCHES)
    watch = ListWatch(context, replica.of(LISTS))
    context.background(watch.run, "list ages")
    admission = Admission(replica, settings, context.now_ms)
    memory = RedisAlertMemory(context.redis, settings.namespace)
    log.info("hotlist.loaded", entries=len(replica.hotlist), cameras=len(replica.cameras))
    sender = AlertSender(covert_keys(settings))
    found = matcher(replica, admission, memory, settings, context.now_ms, sender)
    found.open_alerts.is_hotlist = EntryVersions(context.redis, settings.namespace).are_any
    recovery = AlertRecovery(
        context.sender.client_kwargs, settings.namespace, memory, context.now_ms, found.open_alerts.look_again
    )
    context.background(recovery.run, "alerts that Redis lost")
    return found.handle


AGENT = Agent(
    name="hotlist",
    source=READS,
    outputs=(ALERTS, ALERTS_COVERT),
    start=start,
    tick_ms=TICK_MS,
    redis_state=RedisState(
        if_lost="an incident that goes on may ring a second time, under another id", reread_unsaved=True
    ),
    looks_up=(ALERTS,),  # to put them back where Redis has lost them
)
