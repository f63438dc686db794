"""Notices that Redis has forgotten: a failover to a replica that was empty or behind, a file that was lost.

Nobody can ask Redis what it no longer knows. So each agent keeps in Redis itself, for each partition that it reads, a mark: how far
that partition was settled, and which Redis process answered. Redis loses the end of what was written to it, never the middle, so
where a mark is left, all that was made of the records before it is left, too. A mark that is gone, or was written under another
process, is a debt: the partition must be read again, from what the mark says on, or from long ago. The debt is noted in the mark,
with a token of its own, and struck out for that token once the step back is committed: whoever gets the partition in between,
after a crash, has the debt, and what was paid before pays for no other.

(In a Redis Cluster it is the node with the marks that is watched.)
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

# A mark: "kept" or "owed", under which process, the debt's token or "-", and a place: of a debt, where to begin again; "" where
# none is known. A process counts as another one, too, once it was a replica meanwhile.
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
    """Says what a worker relied on when Redis no longer has it. One for each worker; the workers of an agent share its marks."""

    def __init__(
        self,
        client: redis.asyncio.Redis,
        namespace: str,
        agent: str,
        risk: str,
        *,
        places: Callable[[], Mapping[int, int | None]],
        debts: Callable[[], Mapping[int, bool]],
        on_owed: Callable[[Mapping[int, int | None]], None],
        on_lost: Callable[[], None] = lambda: None,
    ) -> None:
        """risk: what may come of a loss, for the operator. places: each partition of this worker with its next offset that is not
        settled; None: nothing settled yet. on_owed: called with partitions that must be read again, from this offset on, or from as
        long ago as matters (None). debts: what became of that, for those that this worker had ever since: whether the step back
        is committed. on_lost: called at each loss.
        """
        self._client, self._risk = client, risk
        self._key = f"{{{namespace}:witness}}:{agent}"
        self._places, self._debts, self._on_owed, self._on_lost = places, debts, on_owed, on_lost
        self._kept: dict[int, int | None] = {}  # what the marks said at the last look
        self._told: dict[int, str] = {}  # the token of the debt that was told last
        self._at_s = monotonic()

    async def run(self) -> None:
        """Watch for ever. Redis being away is waited out: it is no loss yet."""
        while True:
            try:
                await self.look()
            except Unavailable as error:
                log.debug("witness.waiting", cause=str(error))
            except Misconfigured as error:  # mended one day, and then it must not be blind
                log.warning("witness.refused", cause=str(error))
            await asyncio.sleep(EVERY_S)

    async def look(self) -> bool:
        """Read and renew the marks once. True: Redis has lost what this worker wrote before its last look. Raises Unavailable."""
        places, debts = self._places(), self._debts()
        if not places:
            self._kept.clear()
            return False
        # One that has yet to go back stands on what is lost. It may be cut off from Kafka, while another pays for it and goes on.
        sure = {partition: place for partition, place in places.items() if debts.get(partition) is not False}
        arguments: list[Argument] = [uuid.uuid4().hex]
        for partition in places:
            place = sure.get(partition)
            paid = self._told.get(partition, "") if debts.get(partition) else ""
            arguments += [partition, "" if place is None else place, paid]
        (found,) = await _LOOK.run(self._client, WHAT, [([self._key], arguments)])
        marks = {
            partition: (state.decode(), token.decode(), int(was) if was else None)
            for partition, state, token, was in zip(places, found[::3], found[1::3], found[2::3], strict=True)
        }
        how = self._lost(marks)
        if how is not None:
            log.error("memory.lost", how=how, last_seen_s_ago=round(monotonic() - self._at_s, 1), risk=self._risk)
            self._on_lost()
        owed = {
            partition: was
            for partition, (state, token, was) in marks.items()
            if state != "kept" and (token != self._told.get(partition) or partition not in debts)
        }
        if owed:
            self._told.update({partition: marks[partition][1] for partition in owed})
            self._on_owed(owed)
        self._kept = {
            partition: was if sure.get(partition) is None else sure[partition]
            for partition, (state, _, was) in marks.items()
            if state == "kept"
        }
        self._at_s = monotonic()
        return how is not None

    def _lost(self, marks: Mapping[int, tuple[str, str, int | None]]) -> str | None:
        """What became of marks that were there at the last look; None: nothing is lost."""
        broken = {partition: mark for partition, mark in marks.items() if partition in self._kept and mark[0] != "kept"}
        if any(state == "gone" for state, _, _ in broken.values()):
            return EMPTIED
        if any((was or 0) < (self._kept[partition] or 0) for partition, (_, _, was) in broken.items()):
            return OLDER
        if broken:
            log.info("memory.moved", last_seen_s_ago=round(monotonic() - self._at_s, 1))
        return None
