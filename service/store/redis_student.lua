-- One student, one atomic step: append the responses whose ids are new, and return the state after it.
-- Without responses it only reads. Ids travel as decimal strings: a Lua number is a double and would round them.
--
-- KEYS  history, ids, snapshot, log, notes, classes of the bucket, then a set for each class named
-- ARGV  tag, bytes of a record, student, how many records the caller holds, the last of them, how many classes,
--       their names, then for each response: id, record, log entry, number of its class or 0
-- Returns {seen, length in bytes, snapshot or '', records, records held, notes or ''}
--   seen      one character a response: '0' new, '1' its id was there already
--   records   the whole history where anything was seen, or nothing is held and no snapshot matches; else the rest

local history, ids, snapshot, log, notes, classes = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local tag, size, student = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local held, last, named = tonumber(ARGV[4]) * size, ARGV[5], tonumber(ARGV[6])

local seen, fresh = {}, {}
for i = 7 + named, #ARGV, 4 do
  if redis.call('SADD', ids, ARGV[i]) == 1 then
    seen[#seen + 1] = '0'
    fresh[#fresh + 1] = ARGV[i + 1]
    redis.call('XADD', log, '*', 'e', ARGV[i + 2])
    local class = tonumber(ARGV[i + 3])
    if class > 0 and redis.call('SADD', KEYS[6 + class], student) == 1 then
      redis.call('SADD', classes, ARGV[6 + class])
    end
  else
    seen[#seen + 1] = '1'
  end
end
seen = table.concat(seen)
fresh = table.concat(fresh)

local length
if fresh ~= '' then
  length = redis.call('APPEND', history, fresh)
else
  length = redis.call('STRLEN', history)
end

-- What the caller holds counts where it was there before, and ends with the record that the caller knows.
local covered, kept = 0, false
if held > 0 and held <= length - #fresh and redis.call('GETRANGE', history, held - size, held - 1) == last then
  covered = held
else
  held = 0
  if tag ~= '' then
    kept = redis.call('GET', snapshot)
    if kept and string.sub(kept, 1, #tag) == tag then
      covered = tonumber(string.sub(kept, #tag + 1, #tag + 10)) * size
    else
      kept = false
    end
    if covered > length - #fresh then -- keys were lost: a snapshot of what is not there is no snapshot
      covered, kept = 0, false
    end
  end
end

local from = covered
if string.find(seen, '1', 1, true) then
  from = 0 -- the caller compares what was seen with what is stored
end
local records = fresh
if from ~= length - #fresh then
  records = redis.call('GETRANGE', history, from, -1)
end
return {seen, length, kept or '', records, held / size, redis.call('GET', notes) or ''}
