"""Finds the forwards that must be recalled because their alert was withdrawn or is not confirmed any more, or their policy changed
or ended; and those that the policies of now still allow, but under other terms than the neighbour was told, which are corrected.

Every worker sees a change of a policy; the first that claims the policy does the work, and another takes over when it dies. At
the start all policies with forwards are checked; later those that changed, also by a version that began without arriving, and,
every SWEEP_MS, those that were removed. What was sent longer ago than its topic holds is left alone.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from pipeline.neighbours.recalls import Sent, allowed_still, corrected, same_case, told_again, why_recalled
from pipeline.state.forward_memory import ForwardMemory
from schemas.base import Country
from schemas.outcomes import Alert, Forward, RecordPlace, Withdrawal
from schemas.reference import Camera, Policy, Zone
from schemas.topics import FORWARDS_KEPT_MS

SWEEP_MS = 10_000  # between two looks at all policies by which something was told
BY = "cross_border"
MOST_REVISION = 2**31 - 1  # the highest that an alert can have
TAKEN_BACK = "confirmation_taken_back"


@dataclass(frozen=True, slots=True)
class Recall:
    """A forward that must be recalled, and the reason."""

    sent: Sent
    reason: str
    withdrawn_at: RecordPlace | None = None  # where the message stands that takes the alert back; None: a policy is why

    def withdrawal(self, at_ms: int) -> Withdrawal:
        """The message that tells our own readers of the recall. at_ms: UTC."""
        return Withdrawal(kind="forward", id=self.sent.forward.forward_id, reason=self.reason, by=BY, at_ms=at_ms)


@dataclass(frozen=True, slots=True)
class Correction:
    """A forward whose terms must be corrected: as it was stored, and as it is from now on; and the message that says so."""

    before: Sent
    after: Sent
    message: Forward


@dataclass(frozen=True, slots=True)
class DueForwards:
    """The forwards to recall, those to correct, and those to tell again because what they updated is recalled."""

    recalls: Sequence[Recall] = ()
    corrections: Sequence[Correction] = ()
    again: Sequence[Sent] = ()

    @property
    def messages(self) -> list[Forward]:
        """What is to be sent besides the recalls, after them."""
        return [one.message for one in self.corrections] + [one.forward for one in self.again]


@dataclass(slots=True)
class OpenForwards:
    """Finds the forwards to recall or to correct among those of all workers. home: our own country."""

    memory: ForwardMemory
    policies_now: Callable[[], Mapping[str, Policy]]
    cameras_at: Callable[[int], Mapping[str, Camera]]
    zones_at: Callable[[int], Mapping[str, Zone]]
    home: Country
    _changed: set[str] = field(default_factory=set)
    _missed: list[Recall] = field(default_factory=list)
    _policies: Mapping[str, Policy] = field(default_factory=dict)  # as they were looked at last
    _swept_ms: int | None = None  # None: nothing was looked at yet

    def changed(self, policy_ids: Iterable[str]) -> None:
        """Note that these policies were changed or removed: the next `due` checks their forwards."""
        self._changed.update(policy_ids)

    def missed(self, recalls: Sequence[Recall]) -> None:
        """Have `due` return these as well: their forwards were not in memory when they should have been recalled."""
        self._missed += recalls

    async def of_withdrawn(self, withdrawals: Sequence[tuple[Withdrawal, RecordPlace]]) -> list[Recall]:
        """The recalls of all forwards of these withdrawn alerts. withdrawals: each with the place where it stands. Raises
        Unavailable.

        Each forward is marked as recalled, so that it is not delivered any more. No revision of the alerts is told after this:
        a person may confirm an alert before its withdrawal is read where he is.
        """
        why = {one.id: (one.reason, place) for one, place in withdrawals if one.kind == "alert"}
        if not why:
            return []
        await self.memory.taken_back([(alert_id, MOST_REVISION) for alert_id in why])
        at_ms = max(one.at_ms for one, _ in withdrawals)
        told = [one for one in await self.memory.of_alerts(list(why)) if _is_held(one, at_ms)]
        await self.memory.marked(told)
        return [Recall(one, *why[one.alert.alert_id]) for one in told]

    async def of_taken_back(self, revisions: Sequence[tuple[Alert, RecordPlace]]) -> list[Recall]:
        """The recalls of all forwards of lower revisions of these alerts. revisions: alerts that must be confirmed anew, each with
        the place where it stands. Raises Unavailable. Each forward is marked as recalled. Of hits that the same change takes back,
        whose revisions may come in a later batch, nothing is told any more either."""
        why = {alert.alert_id: (alert.revision, place) for alert, place in revisions}
        if not why:
            return []
        back = [(one.alert_id, one.revision) for alert, _ in revisions for one in alert.taken_back_with]
        await self.memory.taken_back([*((one.alert_id, one.revision) for one, _ in revisions), *back])
        told = [
            one for one in await self.memory.of_alerts(list(why)) if one.alert.revision < why[one.alert.alert_id][0]
        ]
        await self.memory.marked(told)
        return [Recall(one, TAKEN_BACK, why[one.alert.alert_id][1]) for one in told]

    async def instead(
        self, recalls: Sequence[Recall], as_now: Callable[[Sent], Sent | None], now_ms: int
    ) -> list[tuple[Sent, str]]:
        """The forwards that were left out because of these, which a person took back: other reads of the same passages that stand,
        under the terms of now (see Forwarder), each with its claim (see ForwardMemory.admitted). Raises Unavailable."""
        if not recalls:
            return []
        told = await self.memory.of_alerts([one.sent.alert.alert_id for one in recalls])
        again = {(one.alert.alert_id, one.forward.to_country, one.alert.revision) for one in told}
        left = await self.memory.freed([one.sent for one in recalls if not _is_told_again(one.sent, again)])
        standing = await self.memory.standing([one.alert for one, _ in left])
        some = [(as_now(one), claim) for (one, claim), stands in zip(left, standing, strict=True) if stands]
        return [(one, claim) for one, claim in some if one is not None and one.forward.expires_at_ms > now_ms]

    async def due(self, now_ms: int) -> DueForwards:
        """The recalls of all forwards that the present policies do not allow, and those that were missed; and the corrections of
        those that they allow under other terms. Raises Unavailable.

        Each forward that is recalled is marked so; all are returned again until `settled` is called with them.
        """
        policies = self.policies_now()
        recalls, corrections = list(self._missed), list[Correction]()
        for policy_id in await self._to_look_at(policies, now_ms):
            told = [one for one in await self.memory.of_policy(policy_id) if _is_held(one, now_ms)]
            found = [one for sent in told if (one := self._judged(sent, policies, now_ms))]
            if not found:
                self._changed.discard(policy_id)
            recalls += [one for one in found if isinstance(one, Recall)]
            corrections += [one for one in found if isinstance(one, Correction)]
        await self.memory.marked([one.sent for one in recalls])
        return DueForwards(recalls, corrections)

    async def with_again(self, gone: Sequence[Recall], due: DueForwards, now_ms: int) -> DueForwards:
        """All of this with the recalls in `gone`, and with the latest of what still stands of each case of which only updates do:
        what they update is recalled. Raises Unavailable."""
        recalls = [*gone, *due.recalls]
        ids, again = {one.sent.forward.forward_id for one in recalls}, dict[str, Sent]()
        for sent in [one.sent for one in recalls if one.sent.per_case]:
            standing = [
                one
                for one in await self.memory.of_policy(sent.policy_id)
                if one.forward.forward_id not in ids and same_case(one, sent) and one.forward.expires_at_ms > now_ms
            ]
            if standing and all(one.forward.kind == "correction" for one in standing):
                latest = max(standing, key=lambda one: one.forward.captured_at_ms)
                forward = told_again(latest.forward, now_ms=now_ms)
                again[forward.forward_id] = msgspec.structs.replace(latest, forward=forward, correction=None)
        return DueForwards(recalls, due.corrections, list(again.values()))

    async def settled(self, due: DueForwards) -> None:
        """Note that the broker has all of this. Raises Unavailable."""
        await self.memory.recalled([one.sent for one in due.recalls])
        await self.memory.corrected([(one.before, one.after) for one in due.corrections])
        await self.memory.told_again(due.again)
        self._missed = [one for one in self._missed if one not in due.recalls]

    async def _to_look_at(self, policies: Mapping[str, Policy], now_ms: int) -> list[str]:
        """The policies that may have forwards to recall or to correct, and that no other worker has claimed."""
        self._note_begun(policies)
        sweep = self._swept_ms is None or now_ms - self._swept_ms >= SWEEP_MS
        if not self._changed and not sweep:
            return []
        told_by = await self.memory.policies()
        if sweep:
            first, self._swept_ms = self._swept_ms is None, now_ms
            self._changed |= {policy_id for policy_id in told_by if first or policy_id not in policies}
        self._changed &= told_by
        waiting = sorted(self._changed)
        claims = await self.memory.claimed(waiting) if waiting else []
        return [policy_id for policy_id, mine in zip(waiting, claims, strict=True) if mine]

    def _note_begun(self, policies: Mapping[str, Policy]) -> None:
        """Note, as changed, the policies of which another version holds than at the last look: one that arrived earlier may have
        begun to hold since."""
        before, self._policies = self._policies, dict(policies)
        self._changed |= {one for one, policy in before.items() if self._policies.get(one) is not policy}

    def _judged(self, sent: Sent, policies: Mapping[str, Policy], now_ms: int) -> Recall | Correction | None:
        at_ms = sent.alert.read.captured_at_ms
        places = self.cameras_at(at_ms), self.zones_at(at_ms)
        allowed = allowed_still(sent, policies, *places, self.home)
        if allowed is not None:
            after = corrected(sent, allowed, policies, now_ms)
            return Correction(sent, after, after.correction) if after and after.correction else None
        reason = why_recalled(sent, policies, *places, self.home)
        return Recall(sent, reason) if reason else None


def _is_told_again(sent: Sent, told: Iterable[tuple[str, str, int]]) -> bool:
    """Whether a later revision of the forward's alert was told to the same country. told: alert, country and revision of each."""
    alert, country = sent.alert, sent.forward.to_country
    return any((alert.alert_id, country) == one[:2] and one[2] > alert.revision for one in told)


def _is_held(sent: Sent, now_ms: int) -> bool:
    """Whether the forward was sent lately enough to be recalled."""
    return sent.forward.created_at_ms > now_ms - FORWARDS_KEPT_MS
