"""Who was seen at which end of which section, and which two reads belong together: in Redis, by event time.

Per section and plate Redis keeps the passages that are still open, each the merged reads of one camera that follow each other
within two seconds, in the driver's favour: its earliest entry, its latest exit. Put in the order of capture, an exit directly
after an entry, within the longest travel time, is a pair. The order of arrival does not matter, except that a pair once given
out stays as it is: a repeated read that comes later changes nothing, so that one passage is never reported twice.

A pair is given again to whoever brings one of its reads again, for a day or until it is forgotten: after a crash between pairing
and the broker's acknowledgement, the replay finds it. An unpaired read is gone after its keep_ms.
"""

from collections.abc import Iterable, Sequence
from zlib import crc32

import msgspec
import redis.asyncio

from pipeline.sections.verdict import SectionPair, Sighting
from pipeline.state.redis_port import Argument, Script
from schemas.reads import PlateRead

WHAT = "section memory"
REPEAT_MS = 2_000  # reads of one camera at most this far apart are one passage
MOST_PASSAGES = 16  # remembered per vehicle and section; the oldest goes first
PAIRED_KEEP_MS = 24 * 3_600_000  # a pair that was given out can be given again for a day
# Each is one hash tag, so one call: thirty sections of a batch go in a few calls, and a cluster can spread them.
SHARDS = 8
Vehicle = tuple[str, str]  # section_id, plate
_READ = msgspec.json.Decoder(PlateRead)
_ENCODER = msgspec.json.Encoder()
_pack = msgspec.msgpack.Encoder().encode

# A passage: 1 side, 2 camera, 3 first and 4 last capture, 5 capture, 6 id and 7 JSON of the read that stands for it,
# 8 when it expires, 9 longest travel, 10 id of the read that it is paired with, 11 ids of the reads that completed the pair.
_PAIR = Script("""
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)
local repeat_ms, most, paired_keep = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])

local function take_over(into, other)
  into[3], into[4] = math.min(into[3], other[3]), math.max(into[4], other[4])
  into[8] = math.max(into[8], other[8])
  if into[10] ~= '' then return end
  local better
  if into[1] == 'entry' then better = other[5] < into[5] else better = other[5] > into[5] end
  if better then into[5], into[6], into[7] = other[5], other[6], other[7] end
end

local function add(passages, seen)
  local kept, near, home = {}, {}, nil
  for _, old in ipairs(passages) do
    local same = old[1] == seen[1] and old[2] == seen[2]
    if same and seen[5] >= old[3] - repeat_ms and seen[5] <= old[4] + repeat_ms and not (home and old[10] ~= '') then
      if old[10] ~= '' then home = old else near[#near + 1] = old end
    else
      kept[#kept + 1] = old
    end
  end
  home = home or table.remove(near, 1) or seen
  for _, other in ipairs(near) do take_over(home, other) end
  if home ~= seen then take_over(home, seen) end
  kept[#kept + 1] = home
  return kept
end

local function earlier(a, b)
  if a[5] ~= b[5] then return a[5] < b[5] end
  if a[1] ~= b[1] then return a[1] == 'exit' end
  return a[6] < b[6]
end

local out = {}
for index, batch in ipairs(cmsgpack.unpack(ARGV[1])) do
  local key, passages, brought, ids = KEYS[index], {}, {}, {}
  local held = redis.call('GET', key)
  for _, old in ipairs(held and cmsgpack.unpack(held) or {}) do
    if old[8] > now then passages[#passages + 1] = old end
  end
  for _, s in ipairs(batch) do
    brought[s[4]] = true
    ids[#ids + 1] = s[4]
    passages = add(passages, {s[1], s[2], s[3], s[3], s[3], s[4], s[6], now + s[5], s[5], '', {}})
  end
  table.sort(passages, earlier)
  for i = 1, #passages - 1 do
    local entry, exit = passages[i], passages[i + 1]
    local fits = entry[1] == 'entry' and exit[1] == 'exit' and exit[5] > entry[5] and exit[5] - entry[5] <= exit[9]
    if fits and entry[10] == '' and exit[10] == '' then
      entry[10], exit[10], exit[11] = exit[6], entry[6], ids
      entry[8], exit[8] = now + paired_keep, now + paired_keep
    end
  end
  local by_id = {}
  for _, passage in ipairs(passages) do by_id[passage[1] .. passage[6]] = passage end
  for _, exit in ipairs(passages) do
    local entry = exit[1] == 'exit' and exit[10] ~= '' and by_id['entry' .. exit[10]]
    if entry and entry[10] == exit[6] then
      local again = brought[entry[6]] or brought[exit[6]]
      for _, id in ipairs(exit[11]) do again = again or brought[id] end
      if again then
        out[#out + 1] = index
        out[#out + 1] = entry[7]
        out[#out + 1] = exit[7]
      end
    end
  end
  while #passages > most do table.remove(passages, 1) end
  local longest = 1
  for _, passage in ipairs(passages) do longest = math.max(longest, passage[8] - now) end
  redis.call('SET', key, cmsgpack.pack(passages), 'PX', longest)
end
return out
""")

_FORGET = Script("""
for index, pairs_ in ipairs(cmsgpack.unpack(ARGV[1])) do
  local held = redis.call('GET', KEYS[index])
  if held then
    local kept = {}
    for _, passage in ipairs(cmsgpack.unpack(held)) do
      local gone = false
      for _, pair in ipairs(pairs_) do
        gone = gone or (passage[1] == 'entry' and passage[6] == pair[1] and passage[10] == pair[2])
        gone = gone or (passage[1] == 'exit' and passage[6] == pair[2] and passage[10] == pair[1])
      end
      if not gone then kept[#kept + 1] = passage end
    end
    if #kept == 0 then
      redis.call('DEL', KEYS[index])
    else
      redis.call('SET', KEYS[index], cmsgpack.pack(kept), 'KEEPTTL')
    end
  end
end
return 1
""")


class SectionMemory:
    """Pairs the two ends of section passages. Every method is one round trip and raises Unavailable when Redis is away."""

    def __init__(self, client: redis.asyncio.Redis, namespace: str) -> None:
        self._client = client
        self._namespace = namespace

    async def pair(self, sightings: Sequence[Sighting]) -> list[SectionPair]:
        """Remember these sightings; the pairs that they complete, or that they completed when they came before."""
        passages = [((seen.section_id, seen.read.plate), _packed(seen)) for seen in sightings]
        vehicles, calls = self._calls(passages, REPEAT_MS, MOST_PASSAGES, PAIRED_KEEP_MS)
        answers = await _PAIR.run(self._client, WHAT, calls)
        return [
            SectionPair(of[place - 1][0], _READ.decode(entry), _READ.decode(exit_))
            for of, found in zip(vehicles, answers, strict=True)
            for place, entry, exit_ in zip(found[::3], found[1::3], found[2::3], strict=True)
        ]

    async def forget(self, pairs: Iterable[SectionPair]) -> None:
        """Delete both reads of pairs that proved no violation, at once. What is already gone is no error."""
        read_ids = [((pair.section_id, pair.entry.plate), (pair.entry.read_id, pair.exit.read_id)) for pair in pairs]
        _, calls = self._calls(read_ids)
        await _FORGET.run(self._client, WHAT, calls)

    def _calls(
        self, items: Iterable[tuple[Vehicle, object]], *limits: int
    ) -> tuple[list[list[Vehicle]], list[tuple[list[str], list[Argument]]]]:
        """One call for each shard that has any of these vehicles, with what there is for each; and the vehicles in its order."""
        shards: dict[int, dict[Vehicle, list[object]]] = {}
        for vehicle, item in items:
            shards.setdefault(crc32(vehicle[0].encode()) % SHARDS, {}).setdefault(vehicle, []).append(item)
        calls: list[tuple[list[str], list[Argument]]] = []
        for shard, found in shards.items():
            tag = f"{{{self._namespace}:section:{shard}}}"
            keys = [f"{tag}:{section_id}:{plate}" for section_id, plate in found]
            calls.append((keys, [_pack(list(found.values())), *limits]))
        return [list(found) for found in shards.values()], calls


def _packed(seen: Sighting) -> tuple[str, str, int, str, int, str]:
    read = seen.read
    json = _ENCODER.encode(read).decode()
    return seen.side, read.camera_id, read.captured_at_ms, read.read_id, seen.keep_ms, json
