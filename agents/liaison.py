"""The agent liaison: delivers forwards to the neighbours' desks and sends receipts. Partitions are handled separately, so
that a desk that is away delays only those countries that share its partition.

It delivers one forward at a time: a desk's order is kept by waiting for its answer, so the round trip across the border sets
the pace, not Kafka. While a desk is away the handler raises Unavailable instead of waiting inside: between two attempts the
stage can stop or give up the partition, and then calls again with the same forward, so that none overtakes it. A crash
between delivery and commit sends the same forward_id again: the desk drops the second copy and gives the same
acknowledgement.

It signs nothing that the topic forwards alone says: the alert that a forward names, its entry and the policies must lead to
that very forward (pipeline.state.forward_check); where a person had to confirm the alert, so must the action that did.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar, cast

import structlog
from joserfc.jwk import OKPKey
from prometheus_client import CollectorRegistry, Counter

from pipeline.errors import Unavailable
from pipeline.neighbours.delivery import Open, expired_receipt, settled_receipt
from pipeline.neighbours.message import Retry, Settled, sign_forward
from pipeline.neighbours.recalls import corrects_terms, hit_of
from pipeline.receiver.client import Desk
from pipeline.receiver.desk_clients import cure_of, desk_of, ring_of, signing_key_of
from pipeline.runtime.back_off import BackOff
from pipeline.runtime.log import reference
from pipeline.state.collections import CAMERAS, HOTLIST, POLICIES, ZONES
from pipeline.state.dedup import SeenOnce
from pipeline.state.delivery_marks import DeliveryMarks
from pipeline.state.entry_versions import EntryVersions
from pipeline.state.forward_check import ForwardCheck
from pipeline.state.later_words import LaterWords
from pipeline.state.mirror import Mirror
from pipeline.state.outbox import Outbox
from pipeline.stream.agent import Agent, RedisState
from pipeline.stream.context import Context
from pipeline.stream.later_answers import LaterAnswers
from pipeline.stream.lookup import Lookup
from pipeline.stream.outputs import Handler, Outputs, Record
from pipeline.stream.told_recovery import ToldRecovery
from schemas.base import Message
from schemas.outcomes import Forward, Receipt, Withdrawal
from schemas.topics import ACTIONS, ALERTS, DAY_MS, FORWARDS, FORWARDS_KEPT_MS, RECEIPTS, Topic

M = TypeVar("M", bound=Message)
FaultOf = Callable[[Forward, int], Awaitable[str | None]]
"""See ForwardCheck.fault_of."""
LONGEST_WAIT_S = 1.0  # inside one call; what is left is waited by the stage
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Liaison:
    """The handler and what it needs. desks: by country. answer_within_s: so soon a country has promised to say what came of a hit.

    fault_of: why a forward does not follow from an alert, its entry and a policy, and so is not signed; raises Unavailable.
    """

    desks: Mapping[str, Desk]
    key: OKPKey | None
    sender: str
    seen: SeenOnce
    marks: DeliveryMarks
    words: LaterWords
    now_ms: Callable[[], int]
    back_off: BackOff
    random: Random
    counters: "Counters"
    open: dict[int, Open]
    fault_of: FaultOf
    answer_within_s: Mapping[str, int]

    async def handle(self, records: Sequence[Record[Forward | Withdrawal]]) -> Outputs:
        """Deliver each forward in turn; returns the receipts. Raises Unavailable while a forward's desk is away or the
        forward cannot be checked; call it again with the same records then."""
        outputs = Outputs()
        for record in records:
            if isinstance(record.message, Withdrawal):
                continue  # what is sent in its place, a recall or a correction, is a forward of its own
            receipt = await self._settled(cast("Record[Forward]", record), outputs)
            self.open.pop(record.partition, None)
            if receipt:
                outputs.send(RECEIPTS, receipt, key=receipt.forward_id)
        return outputs

    async def close(self) -> None:
        """Close the connections to all desks."""
        await asyncio.gather(*(desk.close() for desk in self.desks.values()))

    async def _settled(self, record: Record[Forward], outputs: Outputs) -> Receipt | None:
        forward = record.message
        desk = self.desks.get(forward.to_country)
        if desk is None or self.key is None:
            outputs.refuse(record, "no_desk", cure_of(forward.to_country))
            return None
        work = self.open.get(record.partition)
        if work is None or work.forward_id != forward.forward_id:
            fault = await self._fault(record)
            if fault is not None:
                outputs.refuse(record, "unsupported", f"{fault}; it was not signed")
                return None
            if not await self._is_first_copy(record):
                log.info("liaison.second_copy_dropped", forward=reference(forward.forward_id))
                return None
            work = self.open[record.partition] = Open(forward.forward_id)
        await self._until_due(work, forward)
        withdrawn = await self._needs_no_delivery(forward)
        if withdrawn or forward.expires_at_ms <= self.now_ms():
            return await self._ended(forward, work, desk, withdrawn=withdrawn)
        await self.marks.attempting(forward.forward_id)
        await self.words.told(forward)
        return await self._attempt(await self._as_sent(forward), work, desk, self.key)

    async def _as_sent(self, forward: Forward) -> Forward:
        """The forward as it crosses the border. An update of a forward that was never sent, or was recalled since, goes as a hit
        of its own: it says all that a first one says."""
        first_id = forward.refers_to
        if forward.kind != "correction" or first_id is None:
            return forward
        stands = await self.marks.was_attempted(first_id) and not await self.marks.is_recalled(first_id)
        return forward if stands else hit_of(forward)

    async def _fault(self, record: Record[Forward]) -> str | None:
        """Why the forward may not be signed; None: it may, or it has expired. Asked before its id is believed.

        Raises Unavailable while that cannot be told.
        """
        if record.message.expires_at_ms <= self.now_ms():
            return None
        try:
            return await self.fault_of(record.message, record.recorded_at_ms)
        except Unavailable:
            self.counters.failures.labels(AGENT.name, record.message.to_country, "unchecked").inc()
            raise

    async def _needs_no_delivery(self, forward: Forward) -> bool:
        """Whether the forward was recalled, or is itself the recall of a forward that was never sent, or a correction of the terms
        of one that was recalled or never sent: the neighbour has nothing to delete or correct then."""
        if forward.kind == "recall" and forward.refers_to is not None:
            return await self.marks.was_dropped(forward.refers_to)
        if corrects_terms(forward) and forward.refers_to is not None:
            first_id = forward.refers_to
            return await self.marks.is_recalled(first_id) or not await self.marks.was_attempted(first_id)
        if not await self.marks.is_recalled(forward.forward_id):
            return False
        if not await self.marks.was_attempted(forward.forward_id):
            await self.marks.dropped(forward.forward_id)
        return True

    async def _is_first_copy(self, record: Record[Forward]) -> bool:
        """Whether this record is the first one with its forward. The same record again, after a crash, still is; another
        record with the same forward is not."""
        claim = f"{record.topic}/{record.partition}/{record.offset}"
        return (await self.seen.first_time([record.message.forward_id], [claim]))[0]

    async def _until_due(self, work: Open, forward: Forward) -> None:
        left_s = work.due_s - asyncio.get_running_loop().time()
        await asyncio.sleep(min(max(left_s, 0.0), LONGEST_WAIT_S))
        if left_s > LONGEST_WAIT_S:
            raise Unavailable(f"the desk of {forward.to_country}", retry_after_s=left_s - LONGEST_WAIT_S)

    async def _attempt(self, forward: Forward, work: Open, desk: Desk, key: OKPKey) -> Receipt:
        token = sign_forward(forward, key, sender=self.sender, at_ms=self.now_ms())
        work.attempts += 1
        work.first_sent_at_ms = work.first_sent_at_ms or self.now_ms()
        verdict = await desk.deliver(forward, token, self.now_ms)
        if isinstance(verdict, Retry):
            raise self._put_off(forward, work, verdict)
        if work.last:
            log.info("liaison.desk_back", country=forward.to_country, attempts=work.attempts)
        return self._settled_by(verdict, forward, work)

    async def _ended(self, forward: Forward, work: Open, desk: Desk, *, withdrawn: bool) -> Receipt:
        """The receipt of a forward that is not delivered any more: what the neighbour said just before that counts."""
        verdict = await desk.withdraw(forward, self.now_ms)
        if verdict is not None:
            return self._settled_by(verdict, await self._as_sent(forward), work)
        return self._told(expired_receipt(forward, work, self.now_ms(), withdrawn=withdrawn))

    def _settled_by(self, verdict: Settled, forward: Forward, work: Open) -> Receipt:
        within_s = self.answer_within_s.get(forward.to_country)
        return self._told(settled_receipt(forward, work, verdict, self.now_ms(), within_s))

    def _put_off(self, forward: Forward, work: Open, why: Retry) -> Unavailable:
        wait_s = why.within_s or self.back_off.wait_s(work.attempts, self.random, asked_s=why.asked_s)
        wait_s = min(wait_s, max(0.0, (forward.expires_at_ms - self.now_ms()) / 1000))
        work.due_s = asyncio.get_running_loop().time() + wait_s
        if work.last is None or work.last.reason != why.reason:
            log.warning("liaison.desk_away", country=forward.to_country, reason=why.reason, detail=why.detail)
        work.last = why
        if why.within_s is None:
            self.counters.failures.labels(AGENT.name, forward.to_country, why.reason).inc()
        else:
            work.attempts -= 1  # it waits to be pulled: only what is answered is an attempt
        return Unavailable(f"the desk of {forward.to_country} ({why.reason})", retry_after_s=wait_s)

    def _told(self, receipt: Receipt) -> Receipt:
        """The receipt, after it was counted."""
        self.counters.settled.labels(AGENT.name, receipt.to_country, receipt.outcome).inc()
        log.info("liaison.settled", forward=reference(receipt.forward_id), country=receipt.to_country,
                 outcome=receipt.outcome, attempts=receipt.attempts)  # fmt: skip
        return receipt


class Counters:
    """The counters that this agent has beside those of every agent."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.settled = Counter(
            "vigie_liaison_settled", "Forwards settled, by outcome", ["agent", "country", "outcome"], registry=registry
        )
        self.failures = Counter(
            "vigie_liaison_failures", "Attempts that settled nothing", ["agent", "country", "reason"], registry=registry
        )
        self.later = Counter(
            "vigie_liaison_later", "What neighbours said later", ["agent", "country", "outcome"], registry=registry
        )


async def start(context: Context) -> Handler[Forward | Withdrawal]:
    """Load the reference data, read keys and certificates; connections to desks come with the first forward.

    Raises Misconfigured, and Unavailable when Redis is away.
    """
    mirror, settings = Mirror(CAMERAS, ZONES, POLICIES), context.settings
    follower = await context.follow(mirror, CAMERAS, ZONES, POLICIES)
    alerts, actions = _lookup(context, ALERTS), _lookup(context, ACTIONS)
    entries = EntryVersions(context.redis, settings.namespace, HOTLIST)
    check = ForwardCheck(
        mirror, follower, entries, alerts.message, actions.message, settings.liaison.sender, context.now_ms
    )
    liaison = liaison_of(context, check.fault_of)
    context.background(later_answers_of(context, liaison).run, "the neighbours' later words")
    recovery = ToldRecovery(context.sender.client_kwargs, settings.namespace, liaison.words, context.now_ms)
    context.background(recovery.run, "deliveries that Redis lost")
    return liaison.handle


def later_answers_of(context: Context, liaison: Liaison) -> LaterAnswers:
    """What judges the later words of those neighbours whose keys this worker has."""
    settings = context.settings.liaison
    return LaterAnswers(
        words=liaison.words,
        rings={country: ring_of(country, desk) for country, desk in settings.desks.items()},
        sender=context.sender,
        namespace=context.settings.namespace,
        now_ms=context.now_ms,
        counted=lambda country, outcome: liaison.counters.later.labels(AGENT.name, country, outcome).inc(),
    )


def _lookup(context: Context, topic: Topic[M]) -> Lookup[M]:
    found = Lookup(context.sender.client_kwargs, context.settings.namespace, topic, context.partitions(topic))
    context.on_stop(found.close)
    return found


def liaison_of(context: Context, fault_of: FaultOf) -> Liaison:
    """Make the handler on this context; it signs a forward only if fault_of finds no fault in it. Raises Misconfigured."""
    settings, outbox = context.settings.liaison, Outbox(context.redis, context.settings.namespace)
    liaison = Liaison(
        desks={country: desk_of(settings, country, desk, outbox) for country, desk in settings.desks.items()},
        key=signing_key_of(settings) if settings.desks else None,
        sender=settings.sender,
        marks=DeliveryMarks(context.redis, context.settings.namespace),
        words=LaterWords(context.redis, context.settings.namespace),
        seen=SeenOnce(context.redis, context.settings.namespace, "forwards", FORWARDS_KEPT_MS + DAY_MS),
        now_ms=context.now_ms,
        back_off=BackOff(cap_s=settings.max_backoff_s),
        random=Random(),
        counters=Counters(context.metrics.registry),
        open={},
        fault_of=fault_of,
        answer_within_s={
            country: desk.answers_within_s for country, desk in settings.desks.items() if desk.answers_within_s
        },
    )
    context.on_stop(liaison.close)
    return liaison


AGENT = Agent(
    name="liaison",
    source=FORWARDS,
    outputs=(RECEIPTS,),
    start=start,
    max_records=1,  # a receipt is out before the next forward is tried
    per_partition=True,
    looks_up=(ALERTS, ACTIONS, RECEIPTS),
    redis_state=RedisState(
        if_lost="a forward that comes again is delivered a second time; its desk drops it by forward_id"
    ),
)
