"""The Lua scripts of the memory of alerts: what must be atomic. They store and return; they decide nothing."""

from pipeline.state.redis_port import Script

READ = Script("""
local ids = cmsgpack.unpack(ARGV[1])
local answer = {redis.call('GET', KEYS[1]) or ''}
for _, id in ipairs(ids) do
  answer[#answer + 1] = redis.call('HGET', KEYS[2], id) or redis.call('HGET', KEYS[3], id)
end
return answer
""")

WRITE = Script("""
local held = redis.call('GET', KEYS[1]) or ''
if held ~= ARGV[2] then
  if held ~= ARGV[1] then return 0 end
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
end
for i = 5, #ARGV, 2 do redis.call('HSETNX', KEYS[2], ARGV[i], ARGV[i + 1]) end
if #ARGV > 4 then redis.call('PEXPIRE', KEYS[2], ARGV[4]) end
return 1
""")
"""Idempotent: what it wrote already counts as written."""

NOTE = Script("""
for i = 2, #ARGV do redis.call('SADD', KEYS[1], ARGV[i]) end
return redis.call('PEXPIRE', KEYS[1], ARGV[1])
""")

OPEN = Script("""
local answer = {}
for day = 1, #KEYS, 2 do
  local all = redis.call('HGETALL', KEYS[day])
  for i = 1, #all, 2 do
    if all[i + 1] ~= '' then
      answer[#answer + 1] = redis.call('SISMEMBER', KEYS[day + 1], all[i])
      answer[#answer + 1] = all[i + 1]
    end
  end
end
return answer
""")

WITHDRAW = Script("""
for _, key in ipairs(KEYS) do
  for i = 1, #ARGV do
    if redis.call('HEXISTS', key, ARGV[i]) == 1 then redis.call('HSET', key, ARGV[i], '') end
  end
end
return 1
""")

CLAIM = Script("""
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) or redis.call('GET', KEYS[1]) == ARGV[1] then return 1 end
return 0
""")

MEMBERS = Script("return redis.call('SMEMBERS', KEYS[1])")

RESTORE = Script("""
redis.call('HSETNX', KEYS[1], ARGV[2], ARGV[3])
redis.call('SADD', KEYS[2], ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return redis.call('PEXPIRE', KEYS[2], ARGV[1])
""")
