"""Notices that Redis has lost data: after a failover to a replica that was empty or behind, or when its file was lost.

Each partition has an entry in Redis: its settled offset and the id of the Redis process. Redis loses its latest writes, never
earlier ones, so where an entry is left, everything written before it is left, too. If the entry is missing or names another
process, the partition must be read again: from the entry's offset on, or from long ago if there is none. That is noted in the
entry with a token of its own, and removed for that token once the lower offset is committed. A worker that gets the partition
after a crash in between finds the note and reads again, and a reread that was done for one loss does not count for another.

(In a Redis Cluster the node that holds the entries is watched.)
"""

import asyncio
import uuid
from collections.abc import Callable, Mapping
from time import monotonic

import redis.asyncio
import structlog

from pipeline.errors import Misconfigured, Unavailable
from pipeline.state.redis_port import Argument, Script

log = structlog.get_logger()
EVERY_S = 1.0
WHAT = "witness"
EMPTIED, OLDER = "Redis was emptied", "Redis is back at an older state"

# An entry: "kept" or "owed" (a reread is due), the id of the Redis process, the token of the reread or "-", and an offset: the
# settled one, or where the reread begins; "" where none is known. A process that was a replica meanwhile counts as another one.
_LOOK = Script("""
local function of(section, name)
  local about = redis.pcall('INFO', section)
  return type(about) == 'string' and string.match(about, name .. ':(%w+)') or '?'
end
local process, found = of('server', 'run_id') .. '/' .. of('replication', 'master_replid'), {}
for at = 2, #ARGV, 3 do
  local partition, place, paid = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  local mark = redis.call('HGET', KEYS[1], partition)
  local state, under, token, was = string.match(mark or '', '^(%a+) (%S+) (%S+) (%d*)$')
  local known = under == process
  if known and (state == 'kept' or token == paid) then
    state, token = 'kept', '-'
    local new = 'kept ' .. process .. ' - ' .. (place ~= '' and place or was)
    if new ~= mark then redis.call('HSET', KEYS[1], partition, new) end
  elseif not known then
    state, token = mark and 'anew' or 'gone', ARGV[1]
    redis.call('HSET', KEYS[1], partition, 'owed ' .. process .. ' ' .. token .. ' ' .. (was or ''))
  end
  for _, value in ipairs({state, token, was or ''}) do found[#found + 1] = value end
end
return found
""")


class Witness:
    """Watches Redis for one worker. The workers of an agent share its entries."""

    def __init__(
        self,
        client: redis.asyncio.Redis,
        namespace: str,
        agent: str,
        risk: str,
        *,
        settled: Callable[[], Mapping[int, int | None]],
        rereads: Callable[[], Mapping[int, bool]],
        on_reread: Callable[[Mapping[int, int | None]], None],
        on_lost: Callable[[], None] = lambda: None,
    ) -> None:
        """risk: what a loss may lead to, for the operator. settled: gives the settled offset of each of this worker's
        partitions; None: nothing is settled yet.

        on_reread: called with the partitions that must be read again, each with the offset to begin at; None: from as long
        ago as matters. rereads: gives the partitions whose reread was asked for, and whether its lower offset is committed.
        on_lost: called at each loss.
        """
        self._client, self._risk = client, risk
        self._key = f"{{{namespace}:witness}}:{agent}"
        self._settled, self._rereads, self._on_reread, self._on_lost = settled, rereads, on_reread, on_lost
        self._kept: dict[int, int | None] = {}  # the offsets in the entries at the last look
        self._told: dict[int, str] = {}  # the token of the latest reread that was asked for
        self._at_s = monotonic()

    async def run(self) -> None:
        """Look every EVERY_S until cancelled. While Redis is away no loss is reported."""
        while True:
            try:
                await self.look()
            except Unavailable as error:
                log.debug("witness.waiting", cause=str(error))
            except Misconfigured as error:  # somebody will correct it, and from then on it must be watched
                log.warning("witness.refused", cause=str(error))
            await asyncio.sleep(EVERY_S)

    async def look(self) -> bool:
        """Read and update the entries. True: Redis has lost what this worker wrote before its last look. Raises Unavailable."""
        settled, rereads = self._settled(), self._rereads()
        if not settled:
            self._kept.clear()
            return False
        # A partition that is not rewound yet was settled with what is lost; its offset is not written. This worker may be cut off
        # from Kafka while another one rereads the partition and goes on.
        sure = {partition: offset for partition, offset in settled.items() if rereads.get(partition) is not False}
        arguments: list[Argument] = [uuid.uuid4().hex]
        for partition in settled:
            offset = sure.get(partition)
            done = self._told.get(partition, "") if rereads.get(partition) else ""
            arguments += [partition, "" if offset is None else offset, done]
        (found,) = await _LOOK.run(self._client, WHAT, [([self._key], arguments)])
        entries = {
            partition: (state.decode(), token.decode(), int(was) if was else None)
            for partition, state, token, was in zip(settled, found[::3], found[1::3], found[2::3], strict=True)
        }
        how = self._lost(entries)
        if how is not None:
            log.error("memory.lost", how=how, last_seen_s_ago=round(monotonic() - self._at_s, 1), risk=self._risk)
            self._on_lost()
        due = {
            partition: was
            for partition, (state, token, was) in entries.items()
            if state != "kept" and (token != self._told.get(partition) or partition not in rereads)
        }
        if due:
            self._told.update({partition: entries[partition][1] for partition in due})
            self._on_reread(due)
        self._kept = {
            partition: was if sure.get(partition) is None else sure[partition]
            for partition, (state, _, was) in entries.items()
            if state == "kept"
        }
        self._at_s = monotonic()
        return how is not None

    def _lost(self, entries: Mapping[int, tuple[str, str, int | None]]) -> str | None:
        """How Redis lost entries that were there at the last look; None: it lost none."""
        broken = {
            partition: entry for partition, entry in entries.items() if partition in self._kept and entry[0] != "kept"
        }
        if any(state == "gone" for state, _, _ in broken.values()):
            return EMPTIED
        if any((was or 0) < (self._kept[partition] or 0) for partition, (_, _, was) in broken.items()):
            return OLDER
        if broken:
            log.info("memory.moved", last_seen_s_ago=round(monotonic() - self._at_s, 1))
        return None
