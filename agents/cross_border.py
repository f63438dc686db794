"""alerts -> the neighbours' policies -> forwards, each country on a partition of its own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from pipeline.neighbours.policy import forwards_of, partition_of_country
from pipeline.reads.admission import need_cameras
from pipeline.state.collections import CAMERAS, POLICIES, ZONES
from pipeline.state.dedup import SeenOnce
from pipeline.state.follower import Follower
from pipeline.state.mirror import Mirror
from pipeline.stream.agent import Agent, RedisState
from pipeline.stream.context import Context
from pipeline.stream.outputs import Handler, Outputs, Record
from schemas.outcomes import Alert, Forward, Withdrawal
from schemas.reference import Camera, Policy, Zone
from schemas.topics import ALERTS, FORWARDS, FORWARDS_KEPT_MS

log = structlog.get_logger()


class Replica(Mirror):
    """What this agent decides from, kept up to date by the follower."""

    def __init__(self) -> None:
        super().__init__(CAMERAS, ZONES, POLICIES)
        self.cameras: dict[str, Camera] = self.of(CAMERAS)
        self.zones: dict[str, Zone] = self.of(ZONES)
        self.policies: dict[str, Policy] = self.of(POLICIES)


@dataclass(frozen=True, slots=True)
class Forwarder:
    """The handler and what it needs. partitions: of the forwards topic."""

    replica: Replica
    sent: SeenOnce
    partitions: int
    now_ms: Callable[[], int]
    started_ms: int

    async def handle(self, records: Sequence[Record[Alert | Withdrawal]]) -> Outputs:
        """The forwards of these alerts, each id once; Unavailable while Redis is away and there are some."""
        if records:
            need_cameras(self.replica.cameras, self.replica.whole, self.now_ms() - self.started_ms)
        outputs, now_ms = Outputs(), self.now_ms()
        found: list[tuple[Forward, str]] = []
        for record in records:
            claim = f"{record.partition}/{record.offset}"  # the same record again, after a crash, is first again
            replica = self.replica
            if isinstance(record.message, Withdrawal):
                continue
            forwards = forwards_of(record.message, replica.policies.values(), replica.cameras, replica.zones,
                                   record.now_ms(now_ms))  # fmt: skip
            found += [(forward, claim) for forward in forwards]
        if not found:
            return outputs
        ids, claims = [forward.forward_id for forward, _ in found], [claim for _, claim in found]
        for (forward, _), first in zip(found, await self.sent.first_time(ids, claims), strict=True):
            if first:
                country = forward.to_country
                outputs.send(FORWARDS, forward, key=country, partition=partition_of_country(country, self.partitions))
                log.info("forward.made", forward_id=forward.forward_id, to_country=country, case=forward.case_reference)
        return outputs


async def start(context: Context) -> Handler[Alert | Withdrawal]:
    """Load the replica, then forward. Raises Unavailable when Redis is away."""
    replica, settings = Replica(), context.settings
    follower = Follower(context.redis, settings.namespace, (CAMERAS, ZONES, POLICIES), replica.take,
                        on_caught_up=replica.caught_up)  # fmt: skip
    await follower.load()
    context.background(follower.run, "replica")
    sent = SeenOnce(context.redis, settings.namespace, "forwarded", FORWARDS_KEPT_MS)
    return Forwarder(replica, sent, context.partitions(FORWARDS), context.now_ms, context.now_ms()).handle


AGENT = Agent(
    name="cross_border",
    source=ALERTS,
    outputs=(FORWARDS,),
    start=start,
    redis_state=RedisState(
        if_lost="an alert that comes again may be forwarded a second time, with the same forward_id"
    ),
)
