-- One student, one atomic step: append the responses whose ids are new, and return the state after it.
-- Without responses it only reads. Ids travel as decimal strings: a Lua number is a double and would round them.
--
-- A history is kept in two parts, since a string that grows keeps room for as much again: the newest records in `tail`,
-- behind how many stand before them (4 bytes), and the others as a list of chunks of so many each. It was one string
-- before: where one is met, left over or made by a process of an older release, it is moved here, behind what is here.
--
-- KEYS  chunks, tail, the string of old, notes, ids, snapshot, log, classes of the bucket, then a set for each class
-- ARGV  tag, student, how many records the caller holds, the last of them, how many classes, their names, then for each
--       response: id, record, log entry, number of its class or 0
-- Returns {seen, records in all, snapshot or '', records, records held, notes or ''}
--   seen      one character a response: '0' new, '1' its id was there already
--   records   the whole history where anything was seen, or nothing is held and no snapshot matches; else the rest.
--             Where that is more than is new, it is a list, and begins with the chunk in which the first of them is

local call = redis.call
local chunks, tail, old, notes, ids, snapshot, log, classes = unpack(KEYS, 1, 8)
local tag, student, held, last, named = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5])
local size, most = 32, 31 -- bytes of a record; records of a chunk: eight of them fill a list's node of 8 KB

local seen, fresh, again = '', '', false
for i = 6 + named, #ARGV, 4 do
  if call('SADD', ids, ARGV[i]) == 1 then
    seen = seen .. '0'
    fresh = fresh .. ARGV[i + 1]
    call('XADD', log, '*', 'e', ARGV[i + 2])
    local class = tonumber(ARGV[i + 3])
    if class > 0 and call('SADD', KEYS[8 + class], student) == 1 then
      call('SADD', classes, ARGV[5 + class])
    end
  else
    seen, again = seen .. '1', true
  end
end

-- Keep records behind `newest`, which stands behind `before` others: what fills a chunk goes to them.
local function append(before, newest, more, size, most, chunks, tail)
  local all, whole, call = newest .. more, most * size, redis.call
  local full = #all - #all % whole
  for start = 1, full, whole do
    call('RPUSH', chunks, string.sub(all, start, start + whole - 1))
  end
  call('SET', tail, struct.pack('<I4', before + full / size) .. string.sub(all, full + 1))
end

local found = call('MGET', tail, old, notes)
local newest, before = found[1]
if newest then
  before = struct.unpack('<I4', newest)
else
  newest, before = '    ', most * call('LLEN', chunks) -- 0, but where the key was lost
end
if found[2] then
  append(before, string.sub(newest, 5), found[2], size, most, chunks, tail)
  call('DEL', old)
  newest = call('GET', tail)
  before = struct.unpack('<I4', newest)
end

local known = before + (#newest - 4) / size
if fresh ~= '' then
  if found[1] and #newest - 4 + #fresh < most * size then
    call('APPEND', tail, fresh)
  else
    append(before, string.sub(newest, 5), fresh, size, most, chunks, tail)
  end
end

-- What the caller holds counts where it was there before, and ends with the record that the caller knows.
local covered, kept = 0, false
if held > 0 and held <= known then
  local there
  if held > before then
    local start = 5 + (held - 1 - before) * size
    there = string.sub(newest, start, start + size - 1)
  else
    local start = (held - 1) % most * size
    there = string.sub(call('LINDEX', chunks, math.floor((held - 1) / most)) or '', start + 1, start + size)
  end
  if there == last then
    covered = held
  end
end
if covered == 0 then
  held = 0
  if tag ~= '' then
    kept = call('GET', snapshot)
    if kept and string.sub(kept, 1, #tag) == tag then
      covered = tonumber(string.sub(kept, #tag + 1, #tag + 10))
    else
      kept = false
    end
    if covered > known then -- keys were lost: a snapshot of what is not there is no snapshot
      covered, kept = 0, false
    end
  end
end

local records = fresh
if again or covered < known then
  local first = again and 0 or covered -- the caller compares what was seen with what is stored
  records = {}
  if first < before then
    records = call('LRANGE', chunks, math.floor(first / most), before / most - 1)
  end
  records[#records + 1] = string.sub(newest, 5)
  records[#records + 1] = fresh
end
return {seen, known + #fresh / size, kept or '', records, held, found[3] or ''}
