"""The forwards to neighbours, kept in Redis: so that each passage and each case is forwarded once, and can be recalled.

A forward is stored before it is sent. When it is recalled it gets a mark at once; liaison looks at the mark before each attempt
to deliver, so a forward that was not delivered yet never is. Its recall is then not delivered either, if no delivery was ever
begun; where that is not known, the recall is delivered.
"""

import uuid
from collections.abc import Sequence
from typing import Protocol

import msgspec
import redis.asyncio

from pipeline.neighbours.passages import SAME_PASSAGE_MS, passage_of, same_passage
from pipeline.neighbours.recalls import Sent, case_of, update_of
from pipeline.state.dedup import SeenOnce
from pipeline.state.delivery_marks import WHAT, DeliveryMarks
from pipeline.state.redis_port import Argument, Script
from schemas.outcomes import Alert, RecordPlace
from schemas.topics import FORWARDS_KEPT_MS as KEPT_MS

CLAIM_MS = 800  # a worker that dies with a claim holds its policy up for so long
Calls = list[tuple[Sequence[str], Sequence[Argument]]]

_PASSAGE = Script("""
local at, span = tonumber(ARGV[2]), tonumber(ARGV[3])
for _, other in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], at - span, at + span)) do
  if other ~= ARGV[1] then return 0 end
end
redis.call('ZADD', KEYS[1], at, ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1
""")
"""1 unless another alert of the passage was here first: the rule of passages.same_passage."""

_FREE = Script("return redis.call('ZREM', KEYS[1], ARGV[1])")

_FIRST = Script("""
redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2])
return redis.call('GET', KEYS[1])
""")
_KEEP = Script("""
for i = 2, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
return redis.call('PEXPIRE', KEYS[1], ARGV[1])
""")
_RAISE = Script("""
local held = tonumber(redis.call('GET', KEYS[1]) or '0')
if tonumber(ARGV[1]) > held then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end
return 1
""")
_RENEW = Script("return redis.call('PEXPIRE', KEYS[1], ARGV[1])")
_GET = Script("return redis.call('GET', KEYS[1])")
_ALL = Script("return redis.call('HVALS', KEYS[1])")
_NAMES = Script("return redis.call('HKEYS', KEYS[1])")
_FORGET = Script("return redis.call('HDEL', KEYS[1], unpack(ARGV))")
_CLAIM = Script("""
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) or redis.call('GET', KEYS[1]) == ARGV[1] then return 1 end
return 0
""")
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Sent).decode
_decode_left = msgspec.msgpack.Decoder(tuple[Sent, str]).decode


class ForwardMemory(Protocol):
    """The forwards that the cross_border agent keeps. Every method raises Unavailable while the store is away."""

    async def admitted(self, offered: Sequence[Sent], claims: Sequence[str]) -> list[Sent]:
        """Store and return those of these forwards that are to be sent now.

        Left out are second copies, and forwards to a country that was sent another alert of the same passage, with the same
        `corrects`: these `freed` returns once that one is recalled. A later forward of a case (see recalls.case_of) becomes an
        update of the first. claims: who asks, one per forward (topic, partition and offset of its record): who asked first gets
        the same answer again.
        """

    async def of_alerts(self, alert_ids: Sequence[str]) -> list[Sent]:
        """The forwards of these alerts, without those of which `recalled` noted the recall."""

    async def taken_back(self, revisions: Sequence[tuple[str, int]]) -> None:
        """Note that these revisions of alerts (alert_id, revision) take back what was said: neither they nor lower ones are told
        any more."""

    async def standing(self, alerts: Sequence[Alert]) -> list[bool]:
        """For each of these revisions, whether neither it nor a higher one was noted by taken_back."""

    async def of_policy(self, policy_id: str) -> list[Sent]:
        """The forwards under this policy, without those of which `recalled` noted the recall."""

    async def policies(self) -> set[str]:
        """The ids of the policies under which something was forwarded."""

    async def claimed(self, policy_ids: Sequence[str]) -> list[bool]:
        """For each policy, whether the caller may recall its forwards now.

        Of all calls within CLAIM_MS, also of other workers, only the first gets True.
        """

    async def marked(self, gone: Sequence[Sent]) -> None:
        """Mark these forwards as recalled: they are not delivered any more."""

    async def recalled(self, gone: Sequence[Sent]) -> None:
        """Note that the broker has the recalls of these forwards: delete all that is kept of them, but for the mark."""

    async def freed(self, gone: Sequence[Sent]) -> list[tuple[Sent, str]]:
        """Let another alert of the same passage be told in place of each of these forwards, which are recalled. Returns those that
        were left out because of them, each with its claim."""

    async def corrected(self, forwards: Sequence[tuple[Sent, Sent]]) -> None:
        """Store corrected forwards, once the broker has their corrections: of each pair (before, after), after in place of
        before."""

    async def told_again(self, again: Sequence[Sent]) -> None:
        """Note that the broker has these forwards, each the first of its case from now on."""


class RedisForwardMemory:
    """ForwardMemory in Redis, shared by all workers; its own methods raise Unavailable, too."""

    def __init__(self, client: redis.asyncio.Redis, namespace: str) -> None:
        self._client = client
        self._namespace = namespace
        self._seen = SeenOnce(client, namespace, "forwarded", KEPT_MS)
        self._marks = DeliveryMarks(client, namespace)

    async def admitted(self, offered: Sequence[Sent], claims: Sequence[str]) -> list[Sent]:
        """See ForwardMemory.admitted."""
        passages = await _PASSAGE.run(self._client, WHAT, [self._passage_call(one) for one in offered])
        first = await self._seen.first_time([one.forward.forward_id for one in offered], claims)
        told = [one for one, new, mine in zip(offered, passages, first, strict=True) if new and mine]
        told = await self._by_case(told)
        await self._keep(told)
        await self._leave_out([
            (one, claim)
            for one, claim, new, mine in zip(offered, claims, passages, first, strict=True)
            if mine and not new
        ])  # fmt: skip
        return told

    async def is_whole(self) -> bool:
        """Whether Redis has kept what was stored since `note_whole` was last called. Looking keeps the note alive."""
        return bool((await _RENEW.run(self._client, WHAT, [([self._name("whole", "")], [KEPT_MS])]))[0])

    async def note_whole(self) -> None:
        """Note that nothing is missing in the memory."""
        await _RAISE.run(self._client, WHAT, [([self._name("whole", "")], [1, KEPT_MS])])

    async def of_alerts(self, alert_ids: Sequence[str]) -> list[Sent]:
        """See ForwardMemory.of_alerts."""
        answers = await _ALL.run(self._client, WHAT, [([self._name("alert", one)], []) for one in alert_ids])
        return [_decode(data) for answer in answers for data in answer]

    async def taken_back(self, revisions: Sequence[tuple[str, int]]) -> None:
        """See ForwardMemory.taken_back."""
        calls: Calls = [([self._name("taken_back", alert_id)], [revision, KEPT_MS]) for alert_id, revision in revisions]
        await _RAISE.run(self._client, WHAT, calls)

    async def standing(self, alerts: Sequence[Alert]) -> list[bool]:
        """See ForwardMemory.standing."""
        answers = await _GET.run(self._client, WHAT, [([self._name("taken_back", one.alert_id)], []) for one in alerts])
        return [one.revision > int(answer or 0) for one, answer in zip(alerts, answers, strict=True)]

    async def of_policy(self, policy_id: str) -> list[Sent]:
        """See ForwardMemory.of_policy."""
        (answer,) = await _ALL.run(self._client, WHAT, [([self._name("policy", policy_id)], [])])
        return [_decode(data) for data in answer]

    async def policies(self) -> set[str]:
        """See ForwardMemory.policies."""
        (answer,) = await _NAMES.run(self._client, WHAT, [([self._name("policies", "")], [])])
        return {name.decode() for name in answer}

    async def claimed(self, policy_ids: Sequence[str]) -> list[bool]:
        """See ForwardMemory.claimed."""
        once = uuid.uuid4().hex  # a retry inside the client stays this call
        calls: Calls = [([self._name("claim", one)], [once, CLAIM_MS]) for one in policy_ids]
        return [answer == 1 for answer in await _CLAIM.run(self._client, WHAT, calls)]

    async def marked(self, gone: Sequence[Sent]) -> None:
        """See ForwardMemory.marked."""
        await self._marks.recalled([one.forward.forward_id for one in gone])

    async def marked_ids(self, forward_ids: Sequence[str]) -> None:
        """Mark forwards as recalled, as `marked` does."""
        await self._marks.recalled(forward_ids)

    async def recalled(self, gone: Sequence[Sent]) -> None:
        """See ForwardMemory.recalled."""
        calls: Calls = [
            ([name], [one.forward.forward_id])
            for one in gone
            for name in (self._name("alert", one.alert.alert_id), self._name("policy", one.policy_id))
        ]
        cases: Calls = [([self._case_name(one)], [one.forward.forward_id]) for one in gone if one.per_case]
        await _FORGET.run(self._client, WHAT, calls)
        await _FORGET_FIRST.run(self._client, WHAT, cases)

    async def freed(self, gone: Sequence[Sent]) -> list[tuple[Sent, str]]:
        """See ForwardMemory.freed."""
        calls: Calls = [([self._name("passage", _passage_name(one))], [one.alert.alert_id]) for one in gone]
        await _FREE.run(self._client, WHAT, calls)
        answers = await _ALL.run(
            self._client, WHAT, [([self._name("left_out", _passage_name(one))], []) for one in gone]
        )
        left = [_decode_left(data) for answer in answers for data in answer]
        return [(one, claim) for one, claim in left if any(same_passage(one.alert, other.alert) for other in gone)]

    async def _leave_out(self, left: Sequence[tuple[Sent, str]]) -> None:
        calls: Calls = [
            ([self._name("left_out", _passage_name(one))], [KEPT_MS, one.forward.forward_id, _encode((one, claim))])
            for one, claim in left
        ]
        await _KEEP.run(self._client, WHAT, calls)

    async def corrected(self, forwards: Sequence[tuple[Sent, Sent]]) -> None:
        """See ForwardMemory.corrected."""
        moved: Calls = [
            ([self._name("policy", before.policy_id)], [before.forward.forward_id])
            for before, after in forwards
            if before.policy_id != after.policy_id
        ]
        await self._keep([after for _, after in forwards])
        await _FORGET.run(self._client, WHAT, moved)

    async def told_again(self, again: Sequence[Sent]) -> None:
        """See ForwardMemory.told_again."""
        await self._keep(again)
        firsts: Calls = [([self._case_name(one)], [_as_first(one), KEPT_MS]) for one in again]
        await _FIRST.run(self._client, WHAT, firsts)

    async def _by_case(self, told: Sequence[Sent]) -> list[Sent]:
        """The same forwards, where each later one of a case is an update of the first."""
        of_cases = [one for one in told if one.per_case]
        calls: Calls = [([self._case_name(one)], [_as_first(one), KEPT_MS]) for one in of_cases]
        firsts = iter(await _FIRST.run(self._client, WHAT, calls))
        return [by_case(one, *_first_in(next(firsts))) if one.per_case else one for one in told]

    async def _keep(self, told: Sequence[Sent]) -> None:
        calls: Calls = []
        for one in told:
            record: Sequence[Argument] = [KEPT_MS, one.forward.forward_id, _encode(one)]
            calls += [
                ([self._name("alert", one.alert.alert_id)], record),
                ([self._name("policy", one.policy_id)], record),
            ]
            calls.append(([self._name("policies", "")], [KEPT_MS, one.policy_id, ""]))
        await _KEEP.run(self._client, WHAT, calls)

    def _passage_call(self, one: Sent) -> tuple[Sequence[str], Sequence[Argument]]:
        return [self._name("passage", _passage_name(one))], [
            one.alert.alert_id, one.alert.read.captured_at_ms, SAME_PASSAGE_MS, KEPT_MS,
        ]  # fmt: skip

    def _case_name(self, one: Sent) -> str:
        return self._name("first", msgspec.json.encode((one.forward.to_country, *case_of(one.alert))).decode())

    def _name(self, kind: str, name: str) -> str:
        return f"{{{self._namespace}:forwards:{kind}:{name}}}"


_FORGET_FIRST = Script("""
local first = redis.call('GET', KEYS[1])
if first and string.match(first, '^%S+') == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
""")


def _passage_name(one: Sent) -> str:
    return f"{one.forward.to_country}/{passage_of(one.alert)}/{one.alert.corrects or ''}"


def _as_first(one: Sent) -> str:
    """A forward as the first of its case: its id, and the partition and offset of its alert, if that stands anywhere."""
    at = one.forward.alert_at
    return one.forward.forward_id if at is None else f"{one.forward.forward_id} {at.partition} {at.offset}"


def _first_in(stored: bytes) -> tuple[str, RecordPlace | None]:
    """Id and place that _as_first wrote."""
    first_id, *at = stored.decode().split()
    return first_id, RecordPlace(partition=int(at[0]), offset=int(at[1])) if at else None


def by_case(one: Sent, first_id: str, first_at: RecordPlace | None) -> Sent:
    """The same forward; as an update of first_id, where that other forward was the first of the case."""
    if first_id == one.forward.forward_id:
        return one
    return msgspec.structs.replace(one, forward=update_of(first_id, first_at, one.forward))
