-- Keep notes where those that are kept are the ones that the caller knew.
-- KEYS notes; of a student also the index of those who have some
-- ARGV the notes known, '' for none; the new ones; the student

if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then
  return 0
end
if ARGV[2] == '' then
  redis.call('DEL', KEYS[1])
else
  redis.call('SET', KEYS[1], ARGV[2])
end
if KEYS[2] then
  redis.call(ARGV[2] == '' and 'SREM' or 'SADD', KEYS[2], ARGV[3])
end
return 1
