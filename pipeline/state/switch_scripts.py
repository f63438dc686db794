"""What Redis does when a collection is imported as a whole: the next version is staged in blocks, counts from one moment on, and is
then moved into the items block by block. See pipeline.state.switching.
"""

from pipeline.state.redis_port import Script
from pipeline.state.replica_scripts import LUA

SWITCH = Script(
    """
local meta, switches, sources, staged = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local head = redis.call('HMGET', meta, 'version', 'switch', 'switch_build', 'switch_at', 'pending', 'arrived')
local version, switch = head[1] or '0', head[2] or '0'
if head[3] == ARGV[4] then return {1, tonumber(switch), tonumber(head[4])} end
if head[5] or version ~= ARGV[2] or switch ~= ARGV[3] then return {0, 0, 0} end
local blocks, number = tonumber(ARGV[5]), tonumber(switch) + 1
if redis.call('HLEN', staged) ~= blocks then return {0, 0, 0} end
local at = string.format('%.0f', math.max(tonumber(ARGV[6]), tonumber(head[6] or '0')) + tonumber(ARGV[7]))
local record = '[' .. number .. ',' .. at .. ',' .. ARGV[8] .. ']'
redis.call('HSETNX', meta, 'epoch', ARGV[1])
redis.call('HSET', meta, 'version', tonumber(version) + 1, 'arrived', at, 'switch', number, 'switch_at', at,
  'switch_build', ARGV[4], 'switch_blocks', blocks)
if ARGV[9] == '1' then redis.call('HSET', meta, 'whole', tonumber(version) + 1) end
redis.call('HSET', switches, number, record)
redis.call('HDEL', switches, number - tonumber(ARGV[10]))
if ARGV[11] ~= '' then redis.call('HSET', sources, ARGV[11], record) end
if blocks > 0 then
  redis.call('PERSIST', staged)
  redis.call('HSET', meta, 'pending', ARGV[4])
end
return {1, number, tonumber(at)}
"""
)
"""The one step that makes a staged version count. Arguments: an epoch for a collection that has none; the version and the switch
that it was compared with; the build; its blocks; the time; from how many ms after that it holds; its record as JSON; 1 when it is
the whole collection; switches kept; the list that it refreshes, or "". Answers: 1, its number, from when it holds (UTC ms); or 0
when the collection is not any more what the build was compared with, or blocks are missing. Run again, it answers the same."""

FOLD = Script(
    LUA
    + """
local items, meta, history, staged = KEYS[1], KEYS[2], KEYS[4], KEYS[5]
if redis.call('HGET', meta, 'pending') ~= ARGV[1] then return 0 end
local puts, removes, now = cmsgpack.unpack(ARGV[2]), cmsgpack.unpack(ARGV[3]), ARGV[4]
local horizon = tonumber(now) - tonumber(ARGV[5])
if #puts > 0 then
  local keys = {}
  for i = 1, #puts, 3 do keys[#keys + 1] = puts[i] end
  local old, past, all, pairs_ = redis.call('HMGET', items, unpack(keys)), redis.call('HMGET', history, unpack(keys)), {}, {}
  for i = 1, #keys do
    local versions = all[keys[i]] or all_of(old[i], past[i])
    local holds = puts[3 * i] ~= '' and puts[3 * i] or now
    local version, there = '[' .. puts[3 * i - 1] .. ',' .. holds .. ',' .. now .. ']', false
    for at = 1, #versions do there = there or versions[at] == version end
    if not there then
      versions[#versions + 1] = version
      if #versions > 1 then
        versions = needed(versions, horizon)
        versions[#versions] = nil
        put_history(history, keys[i], versions)
        versions[#versions + 1] = version
      end
      pairs_[#pairs_ + 1], pairs_[#pairs_ + 2] = keys[i], version
    end
    all[keys[i]] = versions
  end
  if #pairs_ > 0 then redis.call('HSET', items, unpack(pairs_)) end
end
for i = 1, #removes do
  local value = redis.call('HGET', items, removes[i])
  if value then
    redis.call('HDEL', items, removes[i])
    local versions = {}
    for _, one in ipairs(all_of(value, redis.call('HGET', history, removes[i]))) do
      if begins(one) <= tonumber(now) then versions[#versions + 1] = one end
    end
    versions = needed(versions, horizon)
    if #versions > 0 then versions[#versions + 1] = '[null,' .. now .. ',' .. now .. ']' end
    put_history(history, removes[i], versions)
  end
end
if redis.call('EXISTS', history) == 1 then sweep(items, meta, history, redis.call('HGET', meta, 'swept'), horizon) end
redis.call('HSET', meta, 'count', redis.call('HLEN', items))
if ARGV[6] ~= '' then
  redis.call('HDEL', meta, 'pending')
  redis.call('EXPIRE', staged, ARGV[6])
end
return 1
"""
)
"""Moves one block of the pending version into the items. Arguments: the build; puts (key, item, moment or ""); removes; from when
it holds; how long versions are kept; "" or, with the last block, for how many seconds workers may still fetch the blocks. It takes
the block as it is: workers have read the same one. Run again, it changes nothing."""

PAGE = Script(
    """
local page = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
return {page[1], cmsgpack.pack(page[2])}
""",
    reads_only=True,
)
"""One page of a collection: keys and last versions, one after the other."""

FRESH = Script(
    LUA
    + """
local puts, arrived, keys, all, answer = cmsgpack.unpack(ARGV[1]), tonumber(ARGV[2]), {}, {}, {}
for i = 1, #puts, 3 do keys[#keys + 1] = puts[i] end
local old, past = redis.call('HMGET', KEYS[1], unpack(keys)), redis.call('HMGET', KEYS[4], unpack(keys))
for i = 1, #keys do
  local item, holds, versions = puts[3 * i - 1], puts[3 * i], all[keys[i]] or all_of(old[i], past[i])
  if not known(versions, item, holds, arrived) then
    answer[#answer + 1] = i - 1
    versions[#versions + 1] = '[' .. item .. ',' .. (holds ~= '' and holds or ARGV[2]) .. ',' .. ARGV[2] .. ']'
  end
  all[keys[i]] = versions
end
return answer
""",
    reads_only=True,
)
"""Which of these puts (key, item, moment or "") say what does not hold anyway: their numbers, from 0. As CHANGE judges them."""

HEAD = Script(
    """
local head = redis.call('HMGET', KEYS[2], 'version', 'switch', 'pending', 'switch_at', 'switch_blocks')
return {head[1] or '0', head[2] or '0', head[3] or '', tonumber(head[4] or '0'), tonumber(head[5] or '0')}
""",
    reads_only=True,
)
"""How a collection stands: version, number of its last switch, the build that is pending or "", from when it holds, its blocks."""
