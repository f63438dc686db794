"""Decides the vehicles of section control that have settled: reads them from Redis, calls the pure decision, and stores the
result."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.sections.moment import Reference
from pipeline.sections.outcomes import Outcome, ProvesNothing, Withdrawn
from pipeline.sections.vehicle import Decision, Rules, Vehicle, decide
from pipeline.state.section_memory import LOOKED_AT_ONCE, SectionMemory
from pipeline.state.section_records import Decided, Remembered, Unsent, unsent_of
from schemas.outcomes import Violation, Withdrawal

BY = "section_control"


@dataclass(frozen=True, slots=True)
class Settled:
    """The result of one SectionDecider.settle.

    unsent: messages to send; then report them to `SectionMemory.sent`. newest_ms: the latest time that any partition was read
    up to, in the broker's time (UTC ms). more: there is more to decide at once.
    """

    unsent: tuple[Unsent, ...]
    newest_ms: int | None
    more: bool


@dataclass(frozen=True, slots=True)
class SectionDecider:
    """Decides the vehicles of section control whose time has come.

    told: called with each outcome that was written, for the log.
    """

    memory: SectionMemory
    reference: Reference
    settle_ms: int
    told: Callable[[Outcome], None] = lambda _outcome: None

    async def settle(
        self, times: Mapping[int, int], partitions: int, shards: Sequence[int], *, decided_at_ms: int
    ) -> Settled:
        """Decide what has settled in these shards; see SectionMemory.look for the arguments. Raises Unavailable.

        What was decided before and is not known to be sent comes again. The same vehicle may be decided by two workers at a time:
        one of them finds it changed and leaves it.
        """
        look = await self.memory.look(times, partitions, shards)
        unsent = list(look.unsent)
        if look.until_ms is None or not look.due:
            return Settled(tuple(unsent), look.newest_ms, more=False)
        rules = Rules(self.reference, self.settle_ms, look.whole_since_ms)
        found = await self.memory.remembered(look.due)
        decisions = [_decision(one, look.until_ms, rules, decided_at_ms) for one in found]
        written = await self.memory.decided(
            [_decided(one, decision, decided_at_ms) for one, decision in zip(found, decisions, strict=True)],
            look.until_ms,
        )
        for one, decision, done in zip(found, decisions, written, strict=True):
            if done:
                unsent += _unsent(one, decision, decided_at_ms)
                for outcome in decision.outcomes:
                    self.told(outcome)
        return Settled(tuple(unsent), look.newest_ms, more=len(look.due) >= LOOKED_AT_ONCE)


def _decision(one: Remembered, until_ms: int, rules: Rules, decided_at_ms: int) -> Decision:
    if one.overflown:
        section_id = one.key[0]
        return Decision(Vehicle(section_id, proven=()), (ProvesNothing(section_id, "too_many_reads"),), None)
    return decide(one.vehicle, until_ms, rules, decided_at_ms=decided_at_ms)


def _decided(one: Remembered, decision: Decision, decided_at_ms: int) -> Decided:
    return Decided(one, decision.vehicle, decision.next_ms, _unsent(one, decision, decided_at_ms), decision.forgotten)


def _unsent(one: Remembered, decision: Decision, decided_at_ms: int) -> tuple[Unsent, ...]:
    messages: list[Violation | Withdrawal] = []
    for outcome in decision.outcomes:
        if isinstance(outcome, Violation):
            messages.append(outcome)
        elif isinstance(outcome, Withdrawn):
            violation_id = outcome.violation.violation_id
            messages.append(
                Withdrawal(kind="violation", id=violation_id, reason=outcome.reason, by=BY, at_ms=decided_at_ms)
            )
    return tuple(unsent_of(one.key, message, order) for order, message in enumerate(messages))
