"""The Lua scripts of the reference data: each change of a collection, and each read of it, is one script.

A version lies in Redis as the JSON array of its item, the moment from which it holds, and its arrival: `[{...},1767268800000,
1767268800000]`; a removal has null for its item. An item that was written before there were versions lies there bare: it has held
since the beginning of time. `items` has each item's last arrival, `history` what arrived before it, oldest first.

A whole import is staged in blocks beside them and counts from its switch on (pipeline.state.switch_scripts). Until the blocks have
been moved into `items` and `history`, `pending` in `meta` names them, and CHANGE does nothing but say so.
"""

from pipeline.state.redis_port import Script

WHAT = "reference data"

LUA = """
local function version_of(value)
  if value and string.byte(value) == 123 then return '[' .. value .. ',0,0]' end
  return value
end
local function begins(version)
  local holds, arrived = string.match(version, ',(%d+),(%d+)%]$')
  return math.max(tonumber(holds), tonumber(arrived))
end
local function is_removal(version) return string.sub(version, 1, 6) == '[null,' end
local function all_of(value, past)
  local versions = past and cmsgpack.unpack(past) or {}
  if value then versions[#versions + 1] = version_of(value) end
  return versions
end
local function needed(versions, horizon)
  local best, best_ms
  for i = 1, #versions do
    local ms = begins(versions[i])
    if ms <= horizon and (not best or ms >= best_ms) then best, best_ms = i, ms end
  end
  local kept = {}
  for i = 1, #versions do
    if begins(versions[i]) > horizon or (i == best and not is_removal(versions[i])) then kept[#kept + 1] = versions[i] end
  end
  return kept
end
local function put_history(history, key, versions)
  if #versions > 0 then
    redis.call('HSET', history, key, cmsgpack.pack(versions))
  else
    redis.call('HDEL', history, key)
  end
end
local function says(found, item) return string.sub(found, 2, #item + 2) == item .. ',' end
local function known(versions, item, holds, arrived)
  if holds ~= '' then
    for i = #versions, 1, -1 do
      if is_removal(versions[i]) then return false end
      if says(versions[i], item) then return true end
    end
    return false
  end
  local best, best_ms
  for i = 1, #versions do
    local ms = begins(versions[i])
    if ms <= arrived and (not best or ms >= best_ms) then best, best_ms = i, ms end
  end
  return best and says(versions[best], item)
end
local function sweep(items, meta, history, cursor, horizon)
  local page = redis.call('HSCAN', history, cursor or '0', 'COUNT', 20)
  for i = 1, #page[2], 2 do
    local key, value = page[2][i], redis.call('HGET', items, page[2][i])
    local versions = cmsgpack.unpack(page[2][i + 1])
    if value then versions[#versions + 1] = version_of(value) end
    local kept = needed(versions, horizon)
    if #kept < #versions then
      if value and kept[#kept] == versions[#versions] then kept[#kept] = nil end
      put_history(history, key, kept)
    end
  end
  redis.call('HSET', meta, 'swept', page[1])
end
"""
"""What the scripts have in common."""

CHANGE = Script(
    LUA
    + """
local items, meta, changes, history = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
if redis.call('HGET', meta, 'pending') then return {-1, 0, 0} end
local puts, removes = cmsgpack.unpack(ARGV[3]), cmsgpack.unpack(ARGV[4])
redis.call('HSETNX', meta, 'epoch', ARGV[1])
local head = redis.call('HMGET', meta, 'version', 'arrived', 'swept')
local version, arrived = tonumber(head[1] or '0'), math.max(tonumber(ARGV[6]), tonumber(head[2] or '0'))
local horizon, now = arrived - tonumber(ARGV[7]), string.format('%.0f', arrived)
local scores, has_past = {}, redis.call('EXISTS', history) == 1

local function changed(key)
  version = version + 1
  scores[#scores + 1] = version
  scores[#scores + 1] = key
end

if #puts > 0 then
  local keys = {}
  for i = 1, #puts, 3 do keys[#keys + 1] = puts[i] end
  local old, past = redis.call('HMGET', items, unpack(keys)), {}
  if has_past then past = redis.call('HMGET', history, unpack(keys)) end
  local all, fresh, pairs_ = {}, {}, {}
  for i = 1, #keys do
    local key, item, holds = keys[i], puts[3 * i - 1], puts[3 * i]
    local versions = all[key] or all_of(old[i], past[i])
    if not known(versions, item, holds, arrived) then
      versions[#versions + 1] = '[' .. item .. ',' .. (holds ~= '' and holds or now) .. ',' .. now .. ']'
      if not fresh[key] then fresh[#fresh + 1] = key end
      fresh[key] = true
      changed(key)
    end
    all[key] = versions
  end
  for _, key in ipairs(fresh) do
    local versions = all[key]
    pairs_[#pairs_ + 1], pairs_[#pairs_ + 2] = key, table.remove(versions)
    if #versions > 0 then
      versions[#versions + 1] = pairs_[#pairs_]
      versions = needed(versions, horizon)
      versions[#versions] = nil
      put_history(history, key, versions)
    end
  end
  if #pairs_ > 0 then redis.call('HSET', items, unpack(pairs_)) end
end
local puts_done, removed = #scores / 2, 0
for i = 1, #removes do
  local key = removes[i]
  local value = redis.call('HGET', items, key)
  if value then
    redis.call('HDEL', items, key)
    local versions = {}
    for _, one in ipairs(all_of(value, redis.call('HGET', history, key))) do
      if begins(one) <= arrived then versions[#versions + 1] = one end
    end
    versions = needed(versions, horizon)
    if #versions > 0 then versions[#versions + 1] = '[null,' .. now .. ',' .. now .. ']' end
    put_history(history, key, versions)
    removed = removed + 1
    changed(key)
  end
end
if #scores > 0 then
  redis.call('ZADD', changes, unpack(scores))
  local over = redis.call('ZCARD', changes) - tonumber(ARGV[2])
  if over > 0 then
    local last = redis.call('ZRANGE', changes, over - 1, over - 1, 'WITHSCORES')
    redis.call('ZREMRANGEBYRANK', changes, 0, over - 1)
    redis.call('HSET', meta, 'floor', last[2])
  end
end
if has_past then sweep(items, meta, history, head[3], horizon) end
redis.call('HSET', meta, 'version', version, 'count', redis.call('HLEN', items), 'arrived', now)
if ARGV[5] == '1' then
  version = version + 1
  redis.call('HSET', meta, 'version', version, 'whole', version)
end
return {version, puts_done, removed}
"""
)
"""Put and remove items. Arguments: an epoch for a collection that has none; changes kept; puts (key, item, moment from which it
holds or ""); removes; 1 when the collection is whole now; the arrival; how long versions are kept. Answers: version, put, removed;
version -1: an import is pending, and nothing was done.

An item that says what holds anyway makes no version. A removal takes back what was to begin later. Each call also goes through a
few items of the history and drops what held only before any moment that can still be decided."""

POLL = Script(
    LUA
    + """
local meta = redis.call('HMGET', KEYS[2], 'epoch', 'version', 'floor', 'count', 'whole', 'arrived',
  'switch', 'switch_at', 'switch_build', 'switch_blocks', 'pending')
local epoch, version = meta[1] or '', tonumber(meta[2] or '0')
local floor, count, whole = tonumber(meta[3] or '0'), tonumber(meta[4] or '0'), tonumber(meta[5] or '0')
local mine = tonumber(ARGV[2])
local answer = {epoch, version, floor, whole, redis.call('HLEN', KEYS[1]) == count and 1 or 0, meta[6] or '0',
  tonumber(meta[7] or '0'), tonumber(meta[8] or '0'), meta[9] or '', tonumber(meta[10] or '0'), meta[11] and 1 or 0}
if epoch ~= ARGV[1] or mine >= version or mine < floor then return answer end
local found = redis.call('ZRANGEBYSCORE', KEYS[3], '(' .. ARGV[2], '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[3])
local keys = {}
for i = 1, #found, 2 do keys[#keys + 1] = found[i] end
local changed, reached = {}, version
if #keys > 0 then
  local values, past = redis.call('HMGET', KEYS[1], unpack(keys)), redis.call('HMGET', KEYS[4], unpack(keys))
  for i = 1, #keys do
    local versions = table.concat(all_of(values[i], past[i]), ',')
    changed[i] = '{"key":' .. cjson.encode(keys[i]) .. ',"versions":[' .. versions .. ']}'
  end
  if #keys == tonumber(ARGV[3]) then reached = tonumber(found[#found]) end
end
answer[12], answer[13] = reached, '[' .. table.concat(changed, ',') .. ']'
return answer
""",
    reads_only=True,
)
"""How a collection stands, and which items CHANGE changed since a version: each with all its versions, as JSON."""

SCAN = Script(
    LUA
    + """
local page = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
local keys, past = {}, {}
for i = 1, #page[2], 2 do keys[#keys + 1] = page[2][i] end
if #keys > 0 and redis.call('EXISTS', KEYS[4]) == 1 then past = redis.call('HMGET', KEYS[4], unpack(keys)) end
local single, changed = {}, {}
for i = 1, #keys do
  local value = page[2][2 * i]
  if past[i] then
    local versions = table.concat(all_of(value, past[i]), ',')
    changed[#changed + 1] = '{"key":' .. cjson.encode(keys[i]) .. ',"versions":[' .. versions .. ']}'
  else
    single[#single + 1] = version_of(value)
  end
end
return {page[1], '[' .. table.concat(single, ',') .. ']', '[' .. table.concat(changed, ',') .. ']'}
""",
    reads_only=True,
)
"""One page of a collection: the items that never changed as one JSON array of versions, the others each with all its versions.
That is far cheaper to take apart than one answer per item."""

SCAN_REMOVED = Script(
    """
local page = redis.call('HSCAN', KEYS[4], ARGV[1], 'COUNT', ARGV[2])
local changed = {}
for i = 1, #page[2], 2 do
  if redis.call('HEXISTS', KEYS[1], page[2][i]) == 0 then
    local versions = table.concat(cmsgpack.unpack(page[2][i + 1]), ',')
    changed[#changed + 1] = '{"key":' .. cjson.encode(page[2][i]) .. ',"versions":[' .. versions .. ']}'
  end
end
return {page[1], '[]', '[' .. table.concat(changed, ',') .. ']'}
""",
    reads_only=True,
)
"""One page of the removed items that a decision may still need, each with all its versions."""

KEYS = Script(
    """
local page = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
local keys = {}
for i = 1, #page[2], 2 do keys[#keys + 1] = page[2][i] end
return {page[1], cmsgpack.pack(keys)}
""",
    reads_only=True,
)
"""One page of a collection's keys."""

WITH_WILDCARDS = Script(
    """
local page = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
local found = {}
for i = 1, #page[2], 2 do
  if string.find(page[2][i + 1], '"plate":"[^"]*[?*]') then
    found[#found + 1], found[#found + 2] = page[2][i], page[2][i + 1]
  end
end
return {page[1], found}
""",
    reads_only=True,
)
"""Of one page of a collection: keys and last versions of the items whose plate is a pattern, one after the other."""

LOOK = Script(
    """
return {redis.call('HGET', KEYS[2], 'version') or '0', redis.call('HLEN', KEYS[1]),
        ARGV[1] ~= '' and redis.call('HGET', KEYS[1], ARGV[1]) or false}
""",
    reads_only=True,
)
"""A collection's version, its count of items, and one item."""

VERSIONS = Script(
    LUA
    + """
local versions = all_of(redis.call('HGET', KEYS[1], ARGV[1]), redis.call('HGET', KEYS[4], ARGV[1]))
return '[' .. table.concat(versions, ',') .. ']'
""",
    reads_only=True,
)
"""All versions of one item that are kept, in the order of their arrival, as one JSON array."""
