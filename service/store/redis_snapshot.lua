-- Keep a snapshot, except where the stored one covers more records under the same tag, and except where it covers
-- more than the history holds: later records would make it look right.
-- KEYS snapshot, history, index of the students who have one
-- ARGV bytes of a tag, bytes of a record, the snapshot: tag, ten digits of `covers`, blob; the student

local tag_size, new = tonumber(ARGV[1]), ARGV[3]
local tag, covers = string.sub(new, 1, tag_size), tonumber(string.sub(new, tag_size + 1, tag_size + 10))
if covers * tonumber(ARGV[2]) > redis.call('STRLEN', KEYS[2]) then
  return 0
end
local old = redis.call('GETRANGE', KEYS[1], 0, tag_size + 9)
if string.sub(old, 1, tag_size) == tag and tonumber(string.sub(old, tag_size + 1)) > covers then
  return 0
end
redis.call('SET', KEYS[1], new)
redis.call('SADD', KEYS[3], ARGV[4])
return 1
