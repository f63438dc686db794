"""What neighbours say later of the messages that they took, in Redis: liaison notes what it delivers, desks take the signed words
in, and liaison, which has the neighbours' keys, judges them.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

import redis.asyncio

from pipeline.errors import Unavailable
from pipeline.state.redis_port import Argument, Script
from schemas.outcomes import Forward, Receipt
from schemas.topics import FORWARDS_KEPT_MS

WHAT = "the neighbours' later words"
KEPT_MS = 2 * FORWARDS_KEPT_MS
"""So long after a message was delivered something may be said of it."""
MOST_WAITING = 1_000
"""Words of one country that are not judged yet."""
Offered = Literal["taken", "unknown", "full"]

_TELL = Script("""
redis.call('HSET', KEYS[1], 'country', ARGV[1], 'incident_id', ARGV[2])
return redis.call('PEXPIRE', KEYS[1], ARGV[3])
""")
_OFFER = Script("""
if redis.call('HGET', KEYS[1], 'country') ~= ARGV[1] then return redis.call('EXISTS', KEYS[3]) == 1 and 'unknown' or 'lost' end
if redis.call('HEXISTS', KEYS[2], ARGV[2]) == 0 and redis.call('HLEN', KEYS[2]) >= tonumber(ARGV[4]) then return 'full' end
redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])
return 'taken'
""")
_WHOLE = Script("return redis.call('PEXPIRE', KEYS[1], ARGV[1])")
_BEGIN = Script("redis.call('HSET', KEYS[1], 'by', ARGV[1]) return redis.call('PEXPIRE', KEYS[1], ARGV[2])")
_NOTE_WHOLE = Script("""
if redis.call('HGET', KEYS[2], 'by') ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[2])
redis.call('HSET', KEYS[1], 'whole', '1')
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
""")
_WAITING = Script("return redis.call('HGETALL', KEYS[1])")
_INCIDENT = Script("return redis.call('HMGET', KEYS[1], 'country', 'incident_id')")
_SETTLED = Script("return redis.call('HDEL', KEYS[1], unpack(ARGV))")


@dataclass(frozen=True, slots=True)
class LaterWords:
    """The words of all neighbours. Every method raises Unavailable while Redis is away."""

    client: redis.asyncio.Redis
    namespace: str

    async def told(self, forward: Forward) -> None:
        """Note that this message is about to be delivered: its country may say something of it later."""
        await self.put_back([forward])

    async def put_back(self, of: Sequence[Forward | Receipt]) -> None:
        """Note that these messages, or those that these receipts are of, were delivered or are about to be."""
        calls: list[tuple[Sequence[str], Sequence[Argument]]] = [
            ([self._told(one.forward_id)], [one.to_country, one.incident_id or "", KEPT_MS]) for one in of
        ]
        await _TELL.run(self.client, WHAT, calls)

    async def is_whole(self) -> bool:
        """Whether Redis has kept what was noted since `note_whole` was last called. Looking keeps the note alive."""
        return bool((await _WHOLE.run(self.client, WHAT, [([self._whole], [KEPT_MS])]))[0])

    async def begin(self) -> str:
        """Begin to put back what was lost. Returns what `note_whole` takes."""
        begun = secrets.token_hex(8)
        await _BEGIN.run(self.client, WHAT, [([self._begun], [begun, KEPT_MS])])
        return begun

    async def note_whole(self, begun: str) -> bool:
        """Note that nothing is missing here, unless Redis was emptied, or another began, since `begin`. Returns whether nothing
        is."""
        (done,) = await _NOTE_WHOLE.run(self.client, WHAT, [([self._whole, self._begun], [begun, KEPT_MS])])
        return bool(done)

    async def offer(self, country: str, forward_id: str, signed: str) -> Offered:
        """Keep a word until it is judged. unknown: no delivery of such a message to this country was begun; full: too many wait.
        Raises Unavailable, too, for an unknown one while what Redis lost is being put back."""
        keys = [self._told(forward_id), self._words(country), self._whole]
        name = sha256(signed.encode()).hexdigest()
        (answer,) = await _OFFER.run(self.client, WHAT, [(keys, [country, name, signed, MOST_WAITING])])
        if answer == b"lost":
            raise Unavailable(f"{WHAT} (Redis lost what was delivered; it is being put back from the topic receipts)")
        found: Offered = answer.decode()
        return found

    async def waiting(self, country: str) -> dict[str, str]:
        """The words of a country that are not judged, by the names under which `settled` takes them."""
        (found,) = await _WAITING.run(self.client, WHAT, [([self._words(country)], [])])
        return {name.decode(): word.decode() for name, word in zip(found[::2], found[1::2], strict=True)}

    async def incident_of(self, country: str, forward_id: str) -> tuple[bool, str | None]:
        """Whether a delivery of the message to this country was begun; and the incident that the message is about, None where
        it has none. The second is about another country's message where the first is False."""
        ((whose, incident_id),) = await _INCIDENT.run(self.client, WHAT, [([self._told(forward_id)], [])])
        return whose is not None and whose.decode() == country, incident_id.decode() or None if incident_id else None

    async def settled(self, country: str, names: Sequence[str]) -> None:
        """Forget words that were judged."""
        if names:
            await _SETTLED.run(self.client, WHAT, [([self._words(country)], list(names))])

    @property
    def _whole(self) -> str:
        return f"{{{self.namespace}:outbox}}:told_whole"

    @property
    def _begun(self) -> str:
        return f"{{{self.namespace}:outbox}}:told_begun"

    def _told(self, forward_id: str) -> str:
        return f"{{{self.namespace}:outbox}}:told:{forward_id}"

    def _words(self, country: str) -> str:
        return f"{{{self.namespace}:outbox}}:words:{country}"
