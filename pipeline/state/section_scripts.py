"""The Lua scripts of section control's memory: what must be atomic. They store and return; they decide nothing."""

from pipeline.state.redis_port import Script

# KEYS: next offsets, whole since, the shards' due times, then the vehicles, then digests of forgotten reads, then whether nothing
# is missing.
# A covered: 1 partition, 2 first, 3 next, 4 whole since. A vehicle: 1 its shard, 2 its name, 3 when it is due, 4 its reads, each
# 1 partition, 2 offset, 3 which of the last arguments, 4 digest.
PUT = Script("""
local shards, most, safety = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local covered, vehicles, lost, from = cmsgpack.unpack(ARGV[1]), cmsgpack.unpack(ARGV[2]), {}, {}
local function is_copy(digest)
  for at = 3 + shards + #vehicles, #KEYS - 1 do
    if redis.call('SISMEMBER', KEYS[at], digest) == 1 then return true end
  end
  return false
end
for _, one in ipairs(covered) do
  local known = tonumber(redis.call('HGET', KEYS[1], one[1]))
  if one[4] < 0 and one[2] > (known or 0) then
    lost[#lost + 1] = one[1]
    lost[#lost + 1] = known or -1
  end
  from[one[1]] = known or 0
end
if #lost > 0 then
  redis.call('DEL', KEYS[#KEYS])
  return lost
end
for _, one in ipairs(covered) do
  if one[4] >= 0 and one[2] > from[one[1]] then redis.call('HSET', KEYS[2], one[1], one[4]) end
  if one[3] > from[one[1]] then redis.call('HSET', KEYS[1], one[1], one[3]) end
end
for index, vehicle in ipairs(vehicles) do
  local key, length = KEYS[2 + shards + index], 0
  for _, read in ipairs(vehicle[4]) do
    if read[2] >= from[read[1]] and not is_copy(read[4]) then
      length = redis.call('LLEN', key)
      if length < most then redis.call('RPUSH', key, ARGV[5 + read[3]]) end
      length = length + 1
    end
  end
  if length > 0 then
    redis.call('PEXPIRE', key, safety)
    redis.call('ZADD', KEYS[3 + vehicle[1]], vehicle[3], vehicle[2])
  end
end
return {}
""")

# KEYS: times, whole since, whether nothing is missing, then due times of some shards, then their outboxes. While something is
# missing nothing is decided. ARGV: how many partitions, how many vehicles a
# shard, then partition and time of those that this worker has.
LOOK = Script("""
for at = 3, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[at], ARGV[at + 1]) end
local count, known, least, newest = tonumber(ARGV[1]), 0, nil, -1
local times = redis.call('HGETALL', KEYS[1])
for at = 1, #times, 2 do
  local ms = tonumber(times[at + 1])
  newest = math.max(newest, ms)
  if tonumber(times[at]) < count then known, least = known + 1, math.min(least or ms, ms) end
end
if known < count or redis.call('HEXISTS', KEYS[3], 'whole') == 0 then least = nil end
local since = 0
for _, ms in ipairs(redis.call('HVALS', KEYS[2])) do since = math.max(since, tonumber(ms)) end
local due, unsent, shards = {}, {}, (#KEYS - 3) / 2
for shard = 1, shards do
  if least then
    local some = redis.call('ZRANGEBYSCORE', KEYS[3 + shard], '-inf', '(' .. string.format('%.0f', least), 'LIMIT', 0, ARGV[2])
    for _, name in ipairs(some) do due[#due + 1] = name end
  end
  for _, one in ipairs(redis.call('HGETALL', KEYS[3 + shards + shard])) do unsent[#unsent + 1] = one end
end
return {least or -1, since, newest, due, unsent}
""")

# KEYS: the shards' due times, their vehicles of which a violation stands, then vehicles. ARGV: how many shards, then shard and
# name of each vehicle. Their lists, in order; what is gone is due no more.
RECALL = Script("""
local found, shards = {}, tonumber(ARGV[1])
for index = 1, #KEYS - 2 * shards do
  found[index] = redis.call('LRANGE', KEYS[2 * shards + index], 0, -1)
  if #found[index] == 0 then
    local shard, name = tonumber(ARGV[2 * index]), ARGV[2 * index + 1]
    redis.call('ZREM', KEYS[1 + shard], name)
    redis.call('SREM', KEYS[1 + shards + shard], name)
  end
end
return found
""")

# KEYS: the shards' due times, their outboxes, their vehicles of which a violation stands, then the vehicles themselves, and those
# beside them, then digests of forgotten reads. ARGV: how many shards, how long a vehicle is kept at most, how long digests are, the
# decisions, then bytes that these number from 1. A decision: 1 its shard, 2 of each vehicle that must be as it was, one after the
# other: which (from 1), length of its list and number of its first element (0: none), 3 states to store, 4 name and number of each
# message. A state: 1 which vehicle, 2 its shard, 3 its name, 4 number of what to keep (0: nothing), 5 when to look again,
# 6 digests, 7 whether a violation of it stands, 8 which of the last keys the digests belong in (from 1).
DECIDED = Script("""
local shards, spans, done = tonumber(ARGV[1]), cmsgpack.unpack(ARGV[3]), {}
local function are_as_they_were(them)
  for at = 1, #them, 3 do
    local vehicle = KEYS[3 * shards + them[at]]
    if redis.call('LLEN', vehicle) ~= them[at + 1] then return false end
    if them[at + 2] > 0 and redis.call('LINDEX', vehicle, 0) ~= ARGV[4 + them[at + 2]] then return false end
  end
  return true
end
local function store(state)
  local vehicle, due, name = KEYS[3 * shards + state[1]], KEYS[1 + state[2]], state[3]
  local proven, forgotten = KEYS[1 + 2 * shards + state[2]], KEYS[#KEYS - #spans + state[8]]
  redis.call('DEL', vehicle)
  if state[4] > 0 then
    redis.call('RPUSH', vehicle, ARGV[4 + state[4]])
    redis.call('PEXPIRE', vehicle, ARGV[2])
    redis.call('ZADD', due, state[5], name)
  else
    redis.call('ZREM', due, name)
  end
  if state[7] then redis.call('SADD', proven, name) else redis.call('SREM', proven, name) end
  for _, digest in ipairs(state[6]) do redis.call('SADD', forgotten, digest) end
end
for index, one in ipairs(cmsgpack.unpack(ARGV[4])) do
  done[index] = 0
  if are_as_they_were(one[2]) then
    local outbox = KEYS[1 + shards + one[1]]
    for _, state in ipairs(one[3]) do store(state) end
    for at = 1, #one[4], 2 do redis.call('HSET', outbox, one[4][at], ARGV[4 + one[4][at + 1]]) end
    done[index] = 1
  end
end
for at, kept_ms in ipairs(spans) do redis.call('PEXPIRE', KEYS[#KEYS - #spans + at], kept_ms) end
return done
""")

# KEYS: the shards' due times, then their vehicles of which a violation stands. ARGV: sections; none: all. These sections'
# vehicles are due at once.
REVIEW = Script("""
local shards, wanted = #KEYS / 2, {}
for _, section in ipairs(ARGV) do wanted[section] = true end
for shard = 1, shards do
  for _, name in ipairs(redis.call('SMEMBERS', KEYS[shards + shard])) do
    if #ARGV == 0 or wanted[string.match(name, '^[^/]*')] then redis.call('ZADD', KEYS[shard], 'XX', 0, name) end
  end
end
return 1
""")

# KEYS: whether nothing is missing. ARGV: the mark of who puts back what is.
BEGIN = Script("return redis.call('HSET', KEYS[1], ARGV[1], '')")
FINISH = Script("""
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return redis.call('HEXISTS', KEYS[1], 'whole') end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'whole', '')
return 1
""")
IS_WHOLE = Script("return redis.call('HEXISTS', KEYS[1], 'whole')", reads_only=True)

# KEYS: whether nothing is missing, the shard's due times, the vehicle. ARGV: the mark of who puts it back, when it is due, its
# name, how long a vehicle is kept at most, then what is added to its list. Once nothing is missing, nothing is put back any more.
PUT_BACK = Script("""
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return 0 end
for at = 5, #ARGV do redis.call('RPUSH', KEYS[3], ARGV[at]) end
redis.call('PEXPIRE', KEYS[3], ARGV[4])
redis.call('ZADD', KEYS[2], ARGV[2], ARGV[3])
return 1
""")
