-- Keep an artifact and make it the head, where the head is the one that the caller knew.
-- KEYS heads, the artifact / ARGV kind, version, blob, the version that is to be the head still or ''

if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[4] then
  return 0
end
redis.call('SET', KEYS[2], ARGV[3], 'NX')
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1
