"""What waits for a neighbour that has no server and pulls: one signed message at a time, in order, and its signed answer, in Redis.

The agent liaison offers a message and looks whether it was answered; desks hand it out and take the answer. Only liaison, which has
the neighbour's key, judges an answer.
"""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec
import redis.asyncio

from pipeline.neighbours.message import DeskAnswer, Retry, Settled, verdict_of
from pipeline.neighbours.signatures import KeyRing
from pipeline.state.redis_port import Argument, Script
from schemas.outcomes import Forward

WHAT = "what waits for neighbours"
AGAIN_S = 0.25
SIGN_AGAIN_MS = 5 * 60_000
"""A message that waits longer is signed anew: a desk takes none that was signed long ago."""

_OFFER = Script("""
local held = redis.call('HMGET', KEYS[1], 'forward_id', 'signed_ms', 'answer')
if held[1] == ARGV[1] and held[3] then return held[3] end
if held[1] ~= ARGV[1] or tonumber(held[2]) + tonumber(ARGV[5]) <= tonumber(ARGV[3]) then
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'forward_id', ARGV[1], 'signed', ARGV[2], 'signed_ms', ARGV[3], 'expires_ms', ARGV[4])
end
return false
""")
_TAKE = Script("return redis.call('HMGET', KEYS[1], 'forward_id', 'signed', 'expires_ms', 'answer')")
_ANSWER = Script("""
if redis.call('HGET', KEYS[1], 'forward_id') ~= ARGV[1] then return 0 end
redis.call('HSETNX', KEYS[1], 'answer', ARGV[2])
return 1
""")
_DROP = Script("""
local held = redis.call('HMGET', KEYS[1], 'forward_id', 'answer')
if held[1] ~= ARGV[1] then return false end
if held[2] then return held[2] end
redis.call('DEL', KEYS[1])
return false
""")
_UNANSWER = Script("""
if redis.call('HGET', KEYS[1], 'forward_id') == ARGV[1] then redis.call('HDEL', KEYS[1], 'answer') end
return 1
""")


class WaitingMessage(msgspec.Struct, frozen=True):
    """A signed message, JWS compact, and the forward that it is of."""

    forward_id: str
    signed: str


@dataclass(frozen=True, slots=True)
class Outbox:
    """The messages to all neighbours that pull theirs, by country. Every method raises Unavailable while Redis is away."""

    client: redis.asyncio.Redis
    namespace: str

    async def offer(self, forward: Forward, signed: str, at_ms: int) -> str | None:
        """Have this message wait in place of an earlier one, and return what the neighbour answered to it; None: nothing yet."""
        arguments: list[Argument] = [forward.forward_id, signed, at_ms, forward.expires_at_ms, SIGN_AGAIN_MS]
        (answer,) = await _OFFER.run(self.client, WHAT, [([self._key(forward.to_country)], arguments)])
        return None if answer is None else answer.decode()

    async def take(self, country: str, now_ms: int) -> WaitingMessage | None:
        """The message that waits; None: there is none, it has expired, or it was answered."""
        ((forward_id, signed, expires_ms, answer),) = await _TAKE.run(self.client, WHAT, [([self._key(country)], [])])
        if forward_id is None or answer is not None or int(expires_ms) <= now_ms:
            return None
        return WaitingMessage(forward_id.decode(), signed.decode())

    async def answer(self, country: str, forward_id: str, signed: str) -> bool:
        """Keep the neighbour's answer. Returns whether the message waits, or waited last; the first answer counts."""
        (kept,) = await _ANSWER.run(self.client, WHAT, [([self._key(country)], [forward_id, signed])])
        return bool(kept)

    async def unanswer(self, forward: Forward) -> None:
        """Forget an answer that proves nothing: the message waits again."""
        await _UNANSWER.run(self.client, WHAT, [([self._key(forward.to_country)], [forward.forward_id])])

    async def drop(self, forward: Forward) -> str | None:
        """Forget a message that waits, unless the neighbour has answered: then its answer is returned, again and again."""
        (answer,) = await _DROP.run(self.client, WHAT, [([self._key(forward.to_country)], [forward.forward_id])])
        return None if answer is None else answer.decode()

    def _key(self, country: str) -> str:
        return f"{{{self.namespace}:outbox}}:{country}"


@dataclass(frozen=True, slots=True)
class PulledDesk:
    """A neighbour that pulls, as a desk to which liaison delivers: what is delivered waits until it is answered."""

    outbox: Outbox
    country: str
    ring: KeyRing

    async def deliver(self, forward: Forward, token: str, now_ms: Callable[[], int]) -> Settled | Retry:
        """Have the message wait. Returns the neighbour's signed word once there is one that counts; Retry until then. Raises
        Unavailable."""
        answer = await self.outbox.offer(forward, token, now_ms())
        if answer is None:
            return Retry("not_pulled", f"{self.country} has not answered yet", within_s=AGAIN_S)
        return await self._verdict(forward, answer, now_ms)

    async def withdraw(self, forward: Forward, now_ms: Callable[[], int]) -> Settled | None:
        """Have the message wait no more. Returns the neighbour's signed word where it is there already; None: nothing that counts
        is. Raises Unavailable."""
        while (answer := await self.outbox.drop(forward)) is not None:
            verdict = await self._verdict(forward, answer, now_ms)
            if isinstance(verdict, Settled):
                return verdict
        return None

    async def _verdict(self, forward: Forward, answer: str, now_ms: Callable[[], int]) -> Settled | Retry:
        """What an answer means; one that proves nothing is forgotten."""
        for status in (200, 400):  # a word that was pulled has no status of HTTP beside it
            verdict = verdict_of(DeskAnswer(status, answer.encode()), forward, self.ring, now_ms())
            if isinstance(verdict, Settled):
                return verdict
        await self.outbox.unanswer(forward)
        return verdict

    async def close(self) -> None:
        """Do nothing: it has no connection of its own."""
