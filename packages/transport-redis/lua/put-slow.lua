#!lua
--@include header
--@include keys
--@include lines
--@include fates
-- What `put` does, in every state of the buffer.
-- ARGV: producer · holder · sequence of the first · waiter · longest wait in ms · hops of the token that woke it, -1 where it did not
-- wait before · items

local producer, holder, waiter = ARGV[1], ARGV[2], ARGV[4]
local first, waitMs, hops = tonumber(ARGV[3]), tonumber(ARGV[5]), tonumber(ARGV[6])
local BEFORE = 6
local count = #ARGV - BEFORE
local OPEN, FULL, CLOSED, GAP, REPLACED = 0, 1, 2, 3, 4

if not load() then return { GONE } end
-- Those without an id are forgotten when they have been silent for long.
local isNamed = string.sub(producer, 1, 1) == 'n'
local records = isNamed and PRODUCERS or HEADER
local record = call('HGET', records, producer) or (not isNamed and call('HGET', OLD_ANSWERS, producer))
local last
if record then
  local heldBy, upTo = string.match(record, '^([^:]*):(%d+)$')
  if heldBy ~= holder then return { REPLACED } end
  last = tonumber(upTo)
elseif not isNamed then
  last = first - 1
else
  return { GAP }
end
local isBack = hops >= 0
if isBack then leave(ROOM, waiter) end
if first > last + 1 then return { GAP, last } end
-- Accepted before: answered from memory, before anything else is looked at.
local before = math.min(last + 1 - first, count)
local accepted, state, by = before, OPEN, 0
sweep()
if accepted < count then
  if s[SEALED] > 0 then
    state = CLOSED
  else
    local room = s[CAPACITY] - occupied()
    while accepted < count do
      local size = #ARGV[BEFORE + accepted + 1] - 2
      if accepted - before >= room then state, by = FULL, 1
      elseif s[BYTES] + size > s[BYTES_MAX] then state, by = FULL, 2 end
      if state == FULL then break end
      s[BYTES] = s[BYTES] + size
      accepted = accepted + 1
    end
    local new = accepted - before
    for at = before, accepted - 1, 5000 do
      call('RPUSH', FRESH, unpack(ARGV, BEFORE + at + 1, BEFORE + math.min(at + 5000, accepted)))
    end
    s[SEQUENCE] = s[SEQUENCE] + new
    s[PRODUCED] = s[PRODUCED] + new
    s[READY] = s[READY] + new
    s[PEAK] = math.max(s[PEAK], occupied())
    last = last + new
  end
end
-- Also where nothing is new: whoever asks for a replica's confirmation asks about what it has written last.
if accepted > 0 then call('HSET', records, producer, holder .. ':' .. string.format('%.0f', last)) end
local planMs = 0
if accepted == 0 and state == FULL and waitMs > 0 then
  -- Room for another, perhaps, that is smaller.
  if by == 2 and hops > 1 then wake(ROOM, 1, hops - 1) end
  planMs = join(ROOM, waiter, waitMs, by == 1)
elseif isBack then
  if s[SEALED] == 0 and occupied() < s[CAPACITY] then wakeNext(ROOM) end
  arm()
end
commit()
return { state, accepted, by, planMs }
