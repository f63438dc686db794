"""How far each consumer of a feed has acknowledged what it got, in Redis. An acknowledgement never goes back."""

from dataclasses import dataclass

import redis.asyncio

from pipeline.state.redis_port import Script

WHAT = "the feeds' marks"
_RAISE = Script("""
for i = 2, #ARGV, 2 do
  local held = redis.call('HGET', KEYS[1], ARGV[i])
  if not held or tonumber(held) < tonumber(ARGV[i + 1]) then redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
end
redis.call('HSET', KEYS[1], 'acknowledged_ms', ARGV[1])
return redis.call('HGETALL', KEYS[1])
""")
_PULLED = Script("redis.call('HSET', KEYS[1], 'pulled_ms', ARGV[1]) return redis.call('HGETALL', KEYS[1])")
_FORGET = Script("return redis.call('DEL', KEYS[1])")
_READ = Script("return redis.call('HGETALL', KEYS[1])")
Nexts = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class FeedMark:
    """How far one consumer has acknowledged. nexts: by topic and partition, the offset before which everything is acknowledged.
    pulled_ms, acknowledged_ms: when the consumer last pulled, and last acknowledged, UTC; None: never."""

    nexts: Nexts = ()
    pulled_ms: int | None = None
    acknowledged_ms: int | None = None


@dataclass(frozen=True, slots=True)
class FeedMarks:
    """The marks of all consumers. Every method raises Unavailable while Redis is away."""

    client: redis.asyncio.Redis
    namespace: str

    async def pulled(self, consumer_id: str, at_ms: int) -> FeedMark:
        """Note that the consumer pulls at at_ms (UTC), and return its mark."""
        (found,) = await _PULLED.run(self.client, WHAT, [([self._key(consumer_id)], [at_ms])])
        return _mark(found)

    async def acknowledge(self, consumer_id: str, nexts: Nexts, at_ms: int) -> FeedMark:
        """Raise the consumer's mark to these offsets where they are later, and note at_ms (UTC) as the time of it. Returns it."""
        pairs = [value for topic, row in enumerate(nexts) for partition, offset in enumerate(row)
                 for value in (f"{topic}:{partition}", offset)]  # fmt: skip
        (found,) = await _RAISE.run(self.client, WHAT, [([self._key(consumer_id)], [at_ms, *pairs])])
        return _mark(found)

    async def of(self, consumer_id: str) -> FeedMark:
        """The consumer's mark."""
        (found,) = await _READ.run(self.client, WHAT, [([self._key(consumer_id)], [])])
        return _mark(found)

    async def forget(self, consumer_id: str) -> None:
        """Delete the consumer's mark."""
        await _FORGET.run(self.client, WHAT, [([self._key(consumer_id)], [])])

    def _key(self, consumer_id: str) -> str:
        return f"{{{self.namespace}:feeds}}:{consumer_id}"


def _mark(found: list[bytes]) -> FeedMark:
    values = {name.decode(): int(value) for name, value in zip(found[::2], found[1::2], strict=True)}
    rows: list[list[int]] = []
    for name, offset in values.items():
        topic, colon, partition = name.partition(":")
        if colon:
            rows += [[] for _ in range(int(topic) + 1 - len(rows))]
            row = rows[int(topic)]
            row += [0] * (int(partition) + 1 - len(row))
            row[int(partition)] = offset
    return FeedMark(tuple(map(tuple, rows)), values.get("pulled_ms"), values.get("acknowledged_ms"))
