-- Keep a student's notes where those that are kept are the ones that the caller knew.
-- KEYS notes   ARGV the notes known, '' for none; the new ones

if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then
  return 0
end
if ARGV[2] == '' then
  redis.call('DEL', KEYS[1])
else
  redis.call('SET', KEYS[1], ARGV[2])
end
return 1
