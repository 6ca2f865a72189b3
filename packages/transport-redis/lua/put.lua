#!lua
--@include layout
-- Appends an ordered prefix of the items, as far as there is room. The short way: for the next items of a producer that is known, into
-- a buffer that is not sealed. All else is answered SLOW, with nothing changed, and then asked of `put-slow`. Answers 0 where all of
-- them are in.
-- ARGV: producer · what its record has to say · what it says when all are in · longest wait in ms, below 0 of one that waited before ·
-- items. NAMED: where that record is, if not beside the header

local HEADER, FRESH, ROOM_LINE, ROOM_TOKENS, ITEM_TOKENS, NAMED = unpack(KEYS)
local FIRST_ITEM = 5
local GRACE_MS = 1000

local packed = call('HGET', HEADER, FIELD)
if not packed then return { GONE } end
local
--@include fields
= struct.unpack(NUMBERS, packed)
local record = ARGV[3]
if call('HGET', NAMED or HEADER, ARGV[1]) ~= ARGV[2] or sealed ~= 0 then return { SLOW } end
local waitMs = tonumber(ARGV[4])
local isBack = waitMs < 0
local now
if dueAt ~= 0 then
  local time = call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
  -- Whoever waits has to know of what is due, if it is due before he looks again by himself.
  local ahead = (isBack or roomWaiting > 0) and fallbackMs or 0
  if dueAt <= now + ahead then return { SLOW } end
end

local count = #ARGV - FIRST_ITEM + 1
local inside = ready + leased + parked
local room = capacity - inside
local state, by, accepted = 0, 0, 0
while accepted < count do
  if accepted >= room then state, by = 1, 1 break end
  local more = bytes + #ARGV[FIRST_ITEM + accepted] - 2
  if more > bytesMax then state, by = 1, 2 break end
  bytes = more
  accepted = accepted + 1
end

if accepted == 0 then
  if waitMs == 0 then return { state, 0, by, 0 } end
  if by == 2 or dueAt ~= 0 then return { SLOW } end
  -- Full for everybody: the tokens say nothing any more.
  local time = call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
  call('DEL', ROOM_TOKENS)
  local planMs = math.min(math.abs(waitMs), fallbackMs)
  local joined = call('ZADD', ROOM_LINE, string.format('%.0f', now + planMs), string.match(ARGV[2], '^[^:]*'))
  local gone = call('ZREMRANGEBYSCORE', ROOM_LINE, '-inf', now - GRACE_MS)
  if joined ~= gone then
    roomWaiting = roomWaiting + joined - gone
    call('HSET', HEADER, FIELD, struct.pack(NUMBERS,
--@include fields
    ))
  end
  return { state, 0, by, planMs }
end

if accepted == 1 then call('RPUSH', FRESH, ARGV[FIRST_ITEM])
else
  for at = 0, accepted - 1, 5000 do
    call('RPUSH', FRESH, unpack(ARGV, FIRST_ITEM + at, FIRST_ITEM + math.min(at + 5000, accepted) - 1))
  end
end
if accepted < count then
  local holder, last = string.match(ARGV[2], '^([^:]*):(%d+)$')
  record = holder .. ':' .. string.format('%.0f', tonumber(last) + accepted)
end
sequence = sequence + accepted
produced = produced + accepted
ready = ready + accepted
if inside + accepted > peak then peak = inside + accepted end
if isBack then roomWaiting = roomWaiting - call('ZREM', ROOM_LINE, string.match(ARGV[2], '^[^:]*')) end
if roomWaiting > 0 and isBack and accepted < room and call('LLEN', ROOM_TOKENS) == 0 then
  -- It is awake, and leaves room: the next one is to come too.
  call('RPUSH', ROOM_TOKENS, roomWaiting)
end
if itemWaiting > 0 then
  local wake = math.min(accepted, itemWaiting - call('LLEN', ITEM_TOKENS))
  for _ = 1, wake do call('RPUSH', ITEM_TOKENS, '1') end
  if wake > 0 then
    local time = call('TIME')
    -- Those who were woken before and have not come yet wait still: more are not on their way.
    promised = math.min(promised + wake, itemWaiting)
    promisedAt = time[1] * 1000 + math.floor(time[2] / 1000)
  end
end
packed = struct.pack(NUMBERS,
--@include fields
)
if NAMED then
  call('HSET', NAMED, ARGV[1], record)
  call('HSET', HEADER, FIELD, packed)
else
  call('HSET', HEADER, ARGV[1], record, FIELD, packed)
end
if accepted == count then return 0 end
return { state, accepted, by, 0 }
