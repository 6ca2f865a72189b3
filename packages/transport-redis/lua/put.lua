#!lua
--@parts header lines fates
-- Appends an ordered prefix of the items, as far as there is room.
-- ARGV: producer · holder · sequence of the first · waiter · longest wait in ms · hops of the token that woke it, -1 where it did not
-- wait before · items

local producer, holder, waiter = ARGV[1], ARGV[2], ARGV[4]
local first, waitMs, hops = tonumber(ARGV[3]), tonumber(ARGV[5]), tonumber(ARGV[6])
local ITEM = 6
local count = #ARGV - ITEM
local OPEN, FULL, SEALED, GAP, REPLACED = 0, 1, 2, 3, 4

if not load() then return { GONE } end
local record = call('HGET', PRODUCERS, producer)
local last
if record then
  local heldBy, upTo = string.match(record, '^([^:]*):(%d+):')
  if heldBy ~= holder then return { REPLACED } end
  last = tonumber(upTo)
elseif string.sub(producer, 1, 1) == 'a' then
  -- One without an id is forgotten when it has been silent for long.
  last = first - 1
else
  return { GAP }
end
local isBack = hops >= 0
if isBack then call('ZREM', ROOM_LINE, waiter) end
if first > last + 1 then return { GAP, last } end
-- Accepted before: answered from memory, before anything else is looked at.
local before = math.min(last + 1 - first, count)
local accepted, state, by = before, OPEN, 0
sweep()
if accepted < count then
  if s.sealed > 0 then
    state = SEALED
  else
    local room = s.capacity - occupied(s)
    while accepted < count do
      local size = #ARGV[ITEM + accepted + 1] - 2
      if accepted - before >= room then state, by = FULL, 1
      elseif s.bytes + size > s.bytesMax then state, by = FULL, 2 end
      if state == FULL then break end
      s.bytes = s.bytes + size
      accepted = accepted + 1
    end
    local new = accepted - before
    for at = before, accepted - 1, 5000 do
      call('RPUSH', FRESH, unpack(ARGV, ITEM + at + 1, ITEM + math.min(at + 5000, accepted)))
    end
    s.sequence = s.sequence + new
    s.produced = s.produced + new
    s.ready = s.ready + new
    s.peak = math.max(s.peak, occupied(s))
    last = last + new
  end
end
-- Also where nothing is new: whoever asks for a replica's confirmation asks about what it has written last.
if accepted > 0 then call('HSET', PRODUCERS, producer, holder .. ':' .. string.format('%.0f', last) .. ':' .. call('TIME')[1]) end
local planMs = 0
if accepted == 0 and state == FULL and waitMs > 0 then
  -- Room for another, perhaps, that is smaller.
  if by == 2 and hops > 1 then wake(ROOM_LINE, ROOM_TOKENS, 1, hops - 1) end
  planMs = join(ROOM_LINE, ROOM_TOKENS, waiter, waitMs, by == 1)
elseif isBack then
  if s.sealed == 0 and occupied(s) < s.capacity then wakeNext(ROOM_LINE, ROOM_TOKENS) end
  arm()
end
commit()
return { state, accepted, by, planMs }
