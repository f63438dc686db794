"""Decides the vehicles of section control that have settled: reads them from Redis, calls the pure decision, and stores the
result."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.sections.crowds import TOO_MANY
from pipeline.sections.history import Key
from pipeline.sections.in_a_row import Lessened, beside, only_the_worst
from pipeline.sections.moment import Reference
from pipeline.sections.outcomes import Outcome, ProvesNothing, Withdrawn
from pipeline.sections.rules import Rules
from pipeline.sections.vehicle import Decision, Vehicle, decide
from pipeline.state.section_memory import LOOKED_AT_ONCE, SectionMemory
from pipeline.state.section_records import Afterwards, Beside, Decided, Remembered, Unsent, unsent_of
from schemas.outcomes import Violation, Withdrawal

BY = "section_control"


@dataclass(frozen=True, slots=True)
class SettledVehicles:
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
    ) -> SettledVehicles:
        """Decide what has settled in these shards; see SectionMemory.look for the arguments. Raises Unavailable.

        Messages of earlier decisions that are not known to be sent are returned again. Two workers may decide the same
        vehicle at the same time: the second finds that it has changed, and stores nothing.
        """
        look = await self.memory.look(times, partitions, shards)
        unsent = list(look.unsent)
        if look.until_ms is None or not look.due:
            return SettledVehicles(tuple(unsent), look.newest_ms, more=False)
        rules = Rules(self.reference, self.settle_ms, look.whole_since_ms)
        found = await self.memory.remembered(look.due)
        decisions = [_decision(one, look.until_ms, rules, decided_at_ms) for one in found]
        decided = [
            await self._among_others(one, decision, rules, decided_at_ms)
            for one, decision in zip(found, decisions, strict=True)
        ]
        decisions = [decision for decision, _ in decided]
        written = await self.memory.decided([one for _, one in decided], look.until_ms)
        for one, decision, done in zip(found, decisions, written, strict=True):
            if done:
                unsent += _unsent(one, decision, decided_at_ms)
                for outcome in decision.outcomes:
                    self.told(outcome)
        return SettledVehicles(tuple(unsent), look.newest_ms, more=len(look.due) >= LOOKED_AT_ONCE)

    async def _among_others(
        self, one: Remembered, decision: Decision, rules: Rules, decided_at_ms: int
    ) -> tuple[Decision, Decided]:
        """The decision, beside what the same plate did on other sections in a row, and what to store of it and of them."""
        sections = beside(decision, rules) if any(isinstance(found, Violation) for found in decision.outcomes) else ()
        keys = [(section_id, one.key[1]) for section_id in sorted(sections)]
        others = {found.key: found for found in await self.memory.remembered(keys)}
        lessened: dict[Key, Lessened] = {}
        if standing := [other.vehicle for other in others.values() if other.vehicle.standing]:
            decision, gone = only_the_worst(decision, standing, rules)
            lessened = {(found.vehicle.section_id, one.key[1]): found for found in gone}
        waits_ms = [rules.reference.longest_wait_ms(section_id, decided_at_ms) for section_id, _ in keys]
        lay = tuple(
            _beside(key, others.get(key), lessened.get(key), wait_ms)
            for key, wait_ms in zip(keys, waits_ms, strict=True)
        )
        unsent = _unsent(one, decision, decided_at_ms)
        wait_ms = rules.reference.longest_wait_ms(one.key[0], decided_at_ms)
        after = Afterwards(decision.vehicle, decision.next_ms, decision.forgotten, wait_ms)
        return decision, Decided(one, after, unsent, lay)


def _beside(key: Key, other: Remembered | None, lessened: Lessened | None, wait_ms: int) -> Beside:
    """How the vehicle lay in Redis, and what becomes of it. wait_ms: see Afterwards."""
    if other is None:
        return Beside(key)
    after = None
    if lessened is not None:
        after = Afterwards(lessened.vehicle, lessened.next_ms, lessened.forgotten, wait_ms)
    return Beside(key, other.length, other.first, after)


def _decision(one: Remembered, until_ms: int, rules: Rules, decided_at_ms: int) -> Decision:
    if one.overflown:
        section_id = one.key[0]
        gone = tuple(Withdrawn(violation, TOO_MANY) for violation in one.vehicle.standing)
        return Decision(Vehicle(section_id, proven=()), (*gone, ProvesNothing(section_id, "too_many_reads")), None)
    return decide(one.vehicle, until_ms, rules, decided_at_ms=decided_at_ms)


def _unsent(one: Remembered, decision: Decision, decided_at_ms: int) -> tuple[Unsent, ...]:
    messages: list[tuple[Violation | Withdrawal, str]] = []
    for outcome in decision.outcomes:
        if isinstance(outcome, Violation):
            messages.append((outcome, outcome.section_id))
        elif isinstance(outcome, Withdrawn):
            gone = outcome.violation
            withdrawal = Withdrawal(
                kind="violation", id=gone.violation_id, reason=outcome.reason, by=BY, at_ms=decided_at_ms
            )
            messages.append((withdrawal, gone.section_id))
    return tuple(unsent_of(one.key, message, order, section_id) for order, (message, section_id) in enumerate(messages))
