-- Which students of a bucket have a snapshot of another tag, a part of them at a time.
-- KEYS index of those who have one / ARGV tag, cursor, how many to look at, what a snapshot's key begins with
-- Returns {next cursor, students}

local found = redis.call('SSCAN', KEYS[1], ARGV[2], 'COUNT', ARGV[3])
local outdated = {}
for _, student in ipairs(found[2]) do
  local tag = redis.call('GETRANGE', ARGV[4] .. student, 0, #ARGV[1] - 1)
  if tag == '' then
    redis.call('SREM', KEYS[1], student) -- it was deleted
  elseif tag ~= ARGV[1] then
    outdated[#outdated + 1] = student
  end
end
return {found[1], outdated}
