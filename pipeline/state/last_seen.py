"""Where every vehicle was seen lately, in Redis: under pseudonyms, for as long as two sights of one plate may prove two vehicles,
and the pairs of sights that do.

A plate's sights stand packed one after the other under one key, none for longer than SIGHTS_KEPT_MS. All of that time are kept, not
the last alone: which pairs are found then does not depend on the order in which they come.
"""

from collections.abc import Iterable, Sequence

import redis.asyncio

from pipeline.hotlist.copied_plates import AHEAD_MS, KEPT_MS, LATE_MS, PACKED_BYTES, Pair, Sight, due_ms, unpacked
from pipeline.state.redis_port import Argument, Script

WHAT = "where vehicles were seen"
SHARDS = 16
AT_ONCE = 200  # sights in one run of the script, which keeps others waiting for a millisecond at most
MOST_SIGHTS = 64
"""The most sights that are kept of one plate; those that arrived first go first. A vehicle that is parked before a camera
has more, of one place."""
PLATE_BYTES = 8
SIGHTS_KEPT_MS = KEPT_MS + LATE_MS + AHEAD_MS
"""Until then a read may come that is KEPT_MS away from a sight."""
PAIRS_KEPT_MS = 2 * KEPT_MS
MOST_AT_ONCE = 500

_PUT = Script("""
local found, size, most = {}, tonumber(ARGV[2]), tonumber(ARGV[3])
for i = 4, #ARGV, 3 do
  local key, since, new = KEYS[1] .. ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local known, kept = redis.call('GET', key) or '', {}
  for at = 1, #known, size do
    local one = string.sub(known, at, at + size - 1)
    if one ~= new and string.sub(one, 1, 8) >= since then kept[#kept + 1] = one end
  end
  found[#found + 1] = table.concat(kept)
  if #kept >= most then table.remove(kept, 1) end
  kept[#kept + 1] = new
  redis.call('SET', key, table.concat(kept), 'PX', ARGV[1])
end
return found
""")
_FOUND = Script("""
for i = 2, #ARGV, 3 do
  if redis.call('ZADD', KEYS[1], 'NX', ARGV[i], ARGV[i + 2]) == 1 then
    redis.call('ZADD', KEYS[2], ARGV[i + 1], ARGV[i + 2])
  end
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return redis.call('PEXPIRE', KEYS[2], ARGV[1])
""")
_DUE = Script("return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])")
_BETWEEN = Script("return redis.call('ZRANGEBYSCORE', KEYS[1], ARGV[1], '(' .. ARGV[2])")
_SETTLED = Script("""
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
for i = 2, #ARGV do redis.call('ZREM', KEYS[2], ARGV[i]) end
return 1
""")


class LastSeen:
    """The sights and pairs of all workers. Every method raises Unavailable while Redis is away."""

    def __init__(self, client: redis.asyncio.Redis, namespace: str) -> None:
        self._client, self._namespace = client, namespace
        self._pairs, self._due = f"{{{namespace}:sights}}:pairs", f"{{{namespace}:sights}}:due"

    async def put(self, sights: Sequence[tuple[bytes, Sight]]) -> list[tuple[bytes, Sight, list[Sight]]]:
        """Keep these sights, each of a plate's pseudonym (PLATE_BYTES). Returns each with the others that were kept of its plate
        before; of several here the later ones name the earlier."""
        shards: list[list[tuple[bytes, Sight]]] = [[] for _ in range(SHARDS)]
        for plate, sight in sights:
            shards[plate[0] % SHARDS].append((plate, sight))
        parts = [
            (number, shard[at : at + AT_ONCE])
            for number, shard in enumerate(shards)
            for at in range(0, len(shard), AT_ONCE)
        ]
        calls: list[tuple[Sequence[str], Sequence[Argument]]] = []
        for number, part in parts:
            arguments: list[Argument] = [SIGHTS_KEPT_MS, PACKED_BYTES, MOST_SIGHTS]
            for plate, sight in part:
                arguments += [plate, (sight.at_ms - SIGHTS_KEPT_MS).to_bytes(8, "big"), sight.packed()]
            calls.append(([f"{{{self._namespace}:sights:{number}}}:"], arguments))
        answers = await _PUT.run(self._client, WHAT, calls)
        return [
            (plate, sight, list(unpacked(data)))
            for (_, part), answer in zip(parts, answers, strict=True)
            for (plate, sight), data in zip(part, answer, strict=True)
            if data
        ]

    async def found(self, pairs: Iterable[Pair]) -> None:
        """Keep these pairs until they are decided. Those that are known already change nothing."""
        arguments: list[Argument] = [PAIRS_KEPT_MS]
        for one in pairs:
            arguments += [one.second.at_ms, due_ms(one), _packed(one)]
        if len(arguments) > 1:
            await _FOUND.run(self._client, WHAT, [([self._pairs, self._due], arguments)])

    async def due(self, now_ms: int) -> list[Pair]:
        """The pairs to be decided at now_ms, by the broker's time (UTC), the longest due first."""
        (answer,) = await _DUE.run(self._client, WHAT, [([self._due], [now_ms, MOST_AT_ONCE])])
        return [_unpacked(data) for data in answer]

    async def between(self, from_ms: int, until_ms: int) -> list[Pair]:
        """All pairs whose later sight was captured from from_ms on and before until_ms (UTC)."""
        (answer,) = await _BETWEEN.run(self._client, WHAT, [([self._pairs], [from_ms, until_ms])])
        return [_unpacked(data) for data in answer]

    async def settled(self, pairs: Iterable[Pair], before_ms: int) -> None:
        """Note that these pairs were decided, and forget those whose later sight was captured before before_ms (UTC)."""
        arguments: list[Argument] = [before_ms, *map(_packed, pairs)]
        await _SETTLED.run(self._client, WHAT, [([self._pairs, self._due], arguments)])


def _packed(pair: Pair) -> bytes:
    return pair.plate + pair.first.packed() + pair.second.packed()


def _unpacked(data: bytes) -> Pair:
    first, second = unpacked(data[PLATE_BYTES:])
    return Pair(data[:PLATE_BYTES], first, second)
