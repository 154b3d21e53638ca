-- Keep a snapshot, except where the stored one covers more records under the same tag, and except where it covers
-- more than the history holds: later records would make it look right.
-- KEYS snapshot, tail of the history, the string that it was of old, index of the students who have a snapshot
-- ARGV bytes of a tag, bytes of a record, the snapshot: tag, ten digits of `covers`, blob; the student

local tag_size, size, new = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
local tag, covers = string.sub(new, 1, tag_size), tonumber(string.sub(new, tag_size + 1, tag_size + 10))
local tail, length = redis.call('GET', KEYS[2]), redis.call('STRLEN', KEYS[3]) / size
if tail then
  length = length + struct.unpack('<I4', tail) + (#tail - 4) / size
end
if covers > length then
  return 0
end
local old = redis.call('GETRANGE', KEYS[1], 0, tag_size + 9)
if string.sub(old, 1, tag_size) == tag and tonumber(string.sub(old, tag_size + 1)) > covers then
  return 0
end
redis.call('SET', KEYS[1], new)
redis.call('SADD', KEYS[4], ARGV[4])
return 1
