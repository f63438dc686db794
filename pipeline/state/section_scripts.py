"""What must be atomic in the memory of section control: three scripts, which keep and hand over and decide nothing."""

from pipeline.state.redis_port import Script

# KEYS: next offsets, whole since, digests of forgotten reads (now, and before), the shards' due times, then the vehicles.
# A covered: 1 partition, 2 first, 3 next, 4 whole since. A vehicle: 1 its shard, 2 its name, 3 when it is due, 4 its reads, each
# 1 partition, 2 offset, 3 which of the last arguments, 4 digest.
PUT = Script("""
local shards, most, safety = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local covered, lost, from = cmsgpack.unpack(ARGV[1]), {}, {}
for _, one in ipairs(covered) do
  local known = tonumber(redis.call('HGET', KEYS[1], one[1]))
  if one[4] < 0 and one[2] > (known or 0) then
    lost[#lost + 1] = one[1]
    lost[#lost + 1] = known or -1
  end
  from[one[1]] = known or 0
end
if #lost > 0 then return lost end
for _, one in ipairs(covered) do
  if one[4] >= 0 and one[2] > from[one[1]] then redis.call('HSET', KEYS[2], one[1], one[4]) end
  if one[3] > from[one[1]] then redis.call('HSET', KEYS[1], one[1], one[3]) end
end
for index, vehicle in ipairs(cmsgpack.unpack(ARGV[2])) do
  local key, length = KEYS[4 + shards + index], 0
  for _, read in ipairs(vehicle[4]) do
    local copy = redis.call('SISMEMBER', KEYS[3], read[4]) == 1 or redis.call('SISMEMBER', KEYS[4], read[4]) == 1
    if read[2] >= from[read[1]] and not copy then
      length = redis.call('LLEN', key)
      if length < most then redis.call('RPUSH', key, ARGV[5 + read[3]]) end
      length = length + 1
    end
  end
  if length > 0 then
    redis.call('PEXPIRE', key, safety)
    redis.call('ZADD', KEYS[5 + vehicle[1]], vehicle[3], vehicle[2])
  end
end
return {}
""")

# KEYS: times, whole since, then due times of some shards, then their outboxes. ARGV: how many partitions, how many vehicles a
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
if known < count then least = nil end
local since = 0
for _, ms in ipairs(redis.call('HVALS', KEYS[2])) do since = math.max(since, tonumber(ms)) end
local due, unsent, shards = {}, {}, (#KEYS - 2) / 2
for shard = 1, shards do
  if least then
    local some = redis.call('ZRANGEBYSCORE', KEYS[2 + shard], '-inf', '(' .. string.format('%.0f', least), 'LIMIT', 0, ARGV[2])
    for _, name in ipairs(some) do due[#due + 1] = name end
  end
  for _, one in ipairs(redis.call('HGETALL', KEYS[2 + shards + shard])) do unsent[#unsent + 1] = one end
end
return {least or -1, since, newest, due, unsent}
""")

# KEYS: vehicle, due times, outbox, digests of forgotten reads. ARGV: length and first element as they were, what to keep ('':
# nothing), when to look again, name, how long at most, how long digests are kept, how many there are, they, and then number and
# payload of each message.
DECIDED = Script("""
if redis.call('LLEN', KEYS[1]) ~= tonumber(ARGV[1]) or redis.call('LINDEX', KEYS[1], 0) ~= ARGV[2] then return 0 end
redis.call('DEL', KEYS[1])
if ARGV[3] ~= '' then
  redis.call('RPUSH', KEYS[1], ARGV[3])
  redis.call('PEXPIRE', KEYS[1], ARGV[6])
  redis.call('ZADD', KEYS[2], ARGV[4], ARGV[5])
else
  redis.call('ZREM', KEYS[2], ARGV[5])
end
local digests = tonumber(ARGV[8])
for at = 9, 8 + digests do redis.call('SADD', KEYS[4], ARGV[at]) end
if digests > 0 then redis.call('PEXPIRE', KEYS[4], ARGV[7]) end
for at = 9 + digests, #ARGV, 2 do redis.call('HSET', KEYS[3], ARGV[at], ARGV[at + 1]) end
return 1
""")
