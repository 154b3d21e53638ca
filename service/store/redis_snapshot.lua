-- Keep a snapshot, except where the stored one covers more records under the same tag.
-- KEYS snapshot / ARGV bytes of a tag, the snapshot: tag, ten digits of `covers`, blob

local tag_size = tonumber(ARGV[1])
local new = ARGV[2]
local old = redis.call('GETRANGE', KEYS[1], 0, tag_size + 9)
if string.sub(old, 1, tag_size) == string.sub(new, 1, tag_size)
  and tonumber(string.sub(old, tag_size + 1)) > tonumber(string.sub(new, tag_size + 1, tag_size + 10)) then
  return 0
end
redis.call('SET', KEYS[1], new)
return 1
