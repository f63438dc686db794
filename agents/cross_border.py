"""The agent cross_border: makes forwards of alerts by the policies of the neighbours, each on the partition of its country
(pipeline.neighbours.partitions)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from pipeline.neighbours.partitions import partition_of_country
from pipeline.neighbours.policy import AllowedForward, NotForwarded, nothing_may_be_told, told_abroad
from pipeline.neighbours.recalls import Sent, as_now, recall_of, sent_of
from pipeline.reads.versions import Versions
from pipeline.runtime.log import reference
from pipeline.state.collections import CAMERAS, POLICIES, ZONES
from pipeline.state.forward_memory import ForwardMemory, RedisForwardMemory
from pipeline.state.mirror import Mirror
from pipeline.state.open_forwards import DueForwards, OpenForwards, Recall
from pipeline.stream.admission import Admission
from pipeline.stream.agent import Agent, RedisState
from pipeline.stream.context import Context
from pipeline.stream.forward_recovery import ForwardRecovery
from pipeline.stream.outputs import Handler, Outputs, Record
from schemas.outcomes import Alert, Forward, RecordPlace, Withdrawal
from schemas.reference import Camera, Policy, Zone
from schemas.topics import ALERTS, FORWARDS

UNKNOWN = "unknown"  # in place of the policy of a forward that none allows any more: it is recalled as one whose policy was removed
TICK_MS = 200  # what changed in the policies is held against what was told so often, also when no alert comes
log = structlog.get_logger()


class PolicyMirror(Mirror):
    """The reference data that this agent decides from: a copy in memory, which the follower keeps up to date."""

    def __init__(self) -> None:
        super().__init__(CAMERAS, ZONES, POLICIES)
        self.cameras: Versions[Camera] = self.of(CAMERAS)
        self.zones: Versions[Zone] = self.of(ZONES)
        self.policies: Versions[Policy] = self.of(POLICIES)


def _logged(alert: Alert, one: NotForwarded) -> None:
    log.info("forward.not_made", alert=reference(alert.alert_id), to_country=one.country, reason=one.reason)


@dataclass(frozen=True, slots=True)
class Forwarder:
    """The handler and what it needs. partitions: how many the topic forwards has. home: our own country.

    told: called once for each country that an alert's entry is shared with and that gets no forward of it: with the alert, and
    with the country and the reason.
    """

    replica: PolicyMirror
    admission: Admission
    memory: ForwardMemory
    open_forwards: OpenForwards
    partitions: int
    home: str
    now_ms: Callable[[], int]
    told: Callable[[Alert, NotForwarded], None]

    async def handle(self, records: Sequence[Record[Alert | Withdrawal]]) -> Outputs:
        """Returns the forwards of these alerts, each forward_id once, and the recalls and corrections that are due: an alert was
        withdrawn or must be confirmed anew, or policies changed. Raises Unavailable while the cameras are not known, and while
        Redis is away if there is something to forward, recall or correct."""
        if records:
            self.admission.need_cameras()
        outputs, now_ms = Outputs(), self.now_ms()
        withdrawals = [(one.message, one.place) for one in records if isinstance(one.message, Withdrawal)]
        alerts = [(one.message, one) for one in records if isinstance(one.message, Alert)]
        taken_back = [(alert, one.place) for alert, one in alerts if alert.revision > 1 and alert.confirm]
        gone = await self.open_forwards.of_withdrawn(withdrawals)
        gone += (back := await self.open_forwards.of_taken_back(taken_back))
        stale = await self._stale([alert for alert, _ in alerts if alert.share_with])
        offered = [
            (sent, f"{one.partition}/{one.offset}")  # the same record again, after a crash, is first again
            for alert, one in alerts
            if (alert.alert_id, alert.revision) not in stale
            for sent in self._allowed(alert, one.place, one.now_ms(now_ms))
        ]
        await self._admit(offered, outputs)
        await self._admit(await self.open_forwards.instead(back, self._as_now, now_ms), outputs)
        due = await self.open_forwards.due(now_ms) if self.replica.whole else DueForwards()  # missing is not removed
        due = await self.open_forwards.with_again(gone, due, now_ms)
        for recall in due.recalls:
            self._recall(recall, now_ms, outputs)
        for message in due.messages:
            self._send(message, outputs)
        if due.recalls or due.corrections:
            outputs.settled = lambda: self.open_forwards.settled(due)
        return outputs

    async def _admit(self, offered: Sequence[tuple[Sent, str]], outputs: Outputs) -> None:
        """Send those of these forwards that are to be sent. offered: each with its claim (see ForwardMemory.admitted)."""
        told = [sent for sent, _ in offered], [claim for _, claim in offered]
        for sent in await self.memory.admitted(*told) if offered else ():
            self._send(sent.forward, outputs)

    async def _stale(self, revisions: Sequence[Alert]) -> set[tuple[str, int]]:
        """The alert_id and revision of each of these revisions whose alert was withdrawn, or whose content a person has taken back,
        since: two workers may have sent them out of order, or all of it is read at once."""
        standing = await self.memory.standing(revisions) if revisions else []
        return {(one.alert_id, one.revision) for one, stands in zip(revisions, standing, strict=True) if not stands}

    def _allowed(self, alert: Alert, alert_at: RecordPlace, now_ms: int) -> list[Sent]:
        """The forwards of an alert, which stands at alert_at, that both the policies at the capture and those of now allow.
        `told` is called for every other country that the entry is shared with."""
        at_ms, replica = alert.read.captured_at_ms, self.replica
        policies, cameras = replica.policies.as_of(at_ms), replica.cameras.as_known(at_ms)
        told = told_abroad(alert, policies.values(), cameras, replica.zones.as_known(at_ms), now_ms, self.home)
        for one in told:
            if isinstance(one, NotForwarded):
                self.told(alert, one)
        sent = [sent_of(alert, one, policies, alert_at) for one in told if isinstance(one, AllowedForward)]
        return [now for one in sent if (now := self._as_now(one)) is not None]

    def _as_now(self, sent: Sent) -> Sent | None:
        """The forward under the terms of now; None where the policies of now do not let the neighbour be told: what would be
        corrected or recalled at once is not sent. Where None, `told` is called. Unchanged while reference data is missing."""
        at_ms, replica = sent.alert.read.captured_at_ms, self.replica
        if not replica.whole:
            return sent
        policies = replica.policies.as_of(max(self.now_ms(), at_ms))  # a camera's clock may be a little ahead
        now = as_now(sent, policies, replica.cameras.as_known(at_ms), replica.zones.as_known(at_ms), self.home)
        if now is None:
            self.told(sent.alert, NotForwarded(sent.forward.to_country, "policy_ended"))
        return now

    def kept(self, forward: Forward, alert: Alert) -> Sent | None:
        """A forward that was sent, of this alert, as it is stored: with a policy that allows it: one at the capture, else one of
        now, else UNKNOWN. None while reference data is missing."""
        if not self.replica.whole:
            return None
        at_ms, replica, country = alert.read.captured_at_ms, self.replica, forward.to_country
        cameras, zones = replica.cameras.as_known(at_ms), replica.zones.as_known(at_ms)
        for policies in (replica.policies.as_known(at_ms), replica.policies.as_of(self.now_ms())):
            for one in told_abroad(alert, policies.values(), cameras, zones, forward.created_at_ms, self.home):
                if isinstance(one, AllowedForward) and one.forward.to_country == country:
                    per_case = policies[one.policy_id].per_case
                    return Sent(forward=forward, alert=alert, policy_id=one.policy_id, per_case=per_case)
        return Sent(forward=forward, alert=alert, policy_id=UNKNOWN, per_case=forward.first_at is not None)

    def _recall(self, recall: Recall, now_ms: int, outputs: Outputs) -> None:
        """Send the withdrawal of a forward for our own readers, and the recall to the neighbour."""
        forward = recall.sent.forward
        country, partition = forward.to_country, partition_of_country(forward.to_country, self.partitions)
        outputs.send(FORWARDS, recall.withdrawal(now_ms), key=country, partition=partition)
        self._send(recall_of(forward, now_ms=now_ms, withdrawn_at=recall.withdrawn_at), outputs)

    def _send(self, forward: Forward, outputs: Outputs) -> None:
        country = forward.to_country
        outputs.send(FORWARDS, forward, key=country, partition=partition_of_country(country, self.partitions))
        log.info("forward.made", forward=reference(forward.forward_id), to_country=country, kind=forward.kind)


def forwarder(
    replica: PolicyMirror, admission: Admission, memory: ForwardMemory, partitions: int, home: str,
    now_ms: Callable[[], int], told: Callable[[Alert, NotForwarded], None] = _logged,
) -> Forwarder:  # fmt: skip
    """Make the handler on this reference data and memory; it is told of changed policies from now on. told: see Forwarder;
    it logs unless another is given."""
    open_forwards = OpenForwards(
        memory, lambda: replica.policies.as_of(now_ms()), replica.cameras.as_known, replica.zones.as_known, home
    )
    replica.on_change(POLICIES, open_forwards.changed)
    return Forwarder(replica, admission, memory, open_forwards, partitions, home, now_ms, told)


async def start(context: Context) -> Handler[Alert | Withdrawal]:
    """Load the reference data and return the handler. Raises Unavailable when Redis is away."""
    replica, settings = PolicyMirror(), context.settings
    if (why := nothing_may_be_told(settings.liaison.sender, context.now_ms())) is not None:
        log.warning(
            "law.nothing_may_be_told", reason=why, cure="add a rule for this country, or set VIGIE_LIAISON__SENDER"
        )
    await context.follow(replica, CAMERAS, ZONES, POLICIES)
    admission = Admission(replica, settings, context.now_ms)
    memory = RedisForwardMemory(context.redis, settings.namespace)
    partitions = context.partitions(FORWARDS)
    found = forwarder(replica, admission, memory, partitions, settings.liaison.sender, context.now_ms)
    recovery = ForwardRecovery(
        context.sender.client_kwargs, settings.namespace, memory, context.now_ms, found.kept, found.open_forwards.missed
    )
    context.background(recovery.run, "forwards that Redis lost")
    return found.handle


AGENT = Agent(
    name="cross_border",
    source=ALERTS,
    outputs=(FORWARDS,),
    start=start,
    tick_ms=TICK_MS,
    fetch_every_ms=30,  # a policy's decision costs far less than the fetch that brings one alert alone
    redis_state=RedisState(
        if_lost="an alert that comes again may be forwarded a second time, with the same forward_id"
    ),
    looks_up=(FORWARDS,),  # to put them back where Redis has lost them
)
