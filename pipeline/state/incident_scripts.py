"""The scripts by which Redis keeps incidents. pipeline.state.incident_memory calls them and says what is kept."""

from pipeline.state.redis_port import Script

READ = Script("return redis.call('HMGET', KEYS[1], 'token', 'kept')")
WRITE = Script("""
local held = redis.call('HGET', KEYS[1], 'token') or ''
if held ~= ARGV[2] then
  if held ~= ARGV[1] then return 0 end
  redis.call('HSET', KEYS[1], 'token', ARGV[2], 'kept', ARGV[3])
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
end
for i = 5, #ARGV, 2 do redis.call('HSETNX', KEYS[1], ARGV[i], ARGV[i + 1]) end
return 1
""")
"""Idempotent: what it wrote already counts as written."""
ALERTS = Script("return redis.call('HMGET', KEYS[1], unpack(ARGV))")
ALL = Script("return redis.call('HGETALL', KEYS[1])")
DUE = Script("return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])")
SET_DUE = Script("""
if tonumber(ARGV[2]) < tonumber(redis.call('GET', KEYS[2]) or '0') then return 0 end
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
if ARGV[4] == '' then redis.call('ZREM', KEYS[1], ARGV[1]) else redis.call('ZADD', KEYS[1], ARGV[4], ARGV[1]) end
return 1
""")
"""0 where a later state's time is kept already: two workers may come here out of order."""

RESTORE = Script("""
if redis.call('HSETNX', KEYS[1], 'token', ARGV[1]) == 1 then redis.call('HSET', KEYS[1], 'kept', ARGV[2]) end
return redis.call('PEXPIRE', KEYS[1], ARGV[3])
""")
RESTORE_ALERT = Script("return redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2])")
BEGIN = Script("return redis.call('HSET', KEYS[1], ARGV[1], '')")
FINISH = Script("""
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'token', 'whole')
return 1
""")
SOON = Script("return redis.call('ZADD', KEYS[1], 'NX', 0, ARGV[1])")
