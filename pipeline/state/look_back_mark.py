"""Keeps one time in Redis: the entries and watches that arrived until then have been looked up in past reads. Those that arrived
later are looked up after a restart."""

from dataclasses import dataclass

import redis.asyncio

from pipeline.state.redis_port import Script

WHAT = "how far new entries were looked up"
_BEGIN = Script("redis.call('SET', KEYS[1], ARGV[1], 'NX') return redis.call('GET', KEYS[1])")
_RAISE = Script("""
if tonumber(redis.call('GET', KEYS[1]) or '0') < tonumber(ARGV[1]) then redis.call('SET', KEYS[1], ARGV[1]) end
return 1
""")


@dataclass(frozen=True, slots=True)
class LookBackMark:
    """One time for all processes. Every method raises Unavailable while Redis is away."""

    client: redis.asyncio.Redis
    namespace: str

    async def begin(self, now_ms: int) -> int:
        """Until when entries were looked up, UTC ms. Where nobody knows, now_ms: what was there before is not new."""
        (found,) = await _BEGIN.run(self.client, WHAT, [([self._key], [now_ms])])
        return int(found)

    async def done(self, at_ms: int) -> None:
        """Note that everything that arrived until at_ms (UTC) was looked up."""
        await _RAISE.run(self.client, WHAT, [([self._key], [at_ms])])

    @property
    def _key(self) -> str:
        return f"{{{self.namespace}:look_back}}:done_ms"
