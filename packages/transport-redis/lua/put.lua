#!lua
--@include header
-- Appends an ordered prefix of the items, as far as there is room. The short way: for the next items of a producer that is known, into
-- a buffer that is not sealed. All else is answered SLOW, with nothing changed, and then asked of `put-slow`.
-- ARGV: producer · what its record has to say · what it says when all are in · longest wait in ms, below 0 of one that waited before ·
-- items

local HEADER, FRESH, RECORDS, ROOM_LINE, ROOM_TOKENS, ITEM_TOKENS = unpack(KEYS)
local FIRST_ITEM = 5
local GRACE_MS = 1000

local packed = call('GET', HEADER)
if not packed then return { GONE } end
local s = cmsgpack.unpack(packed)
if call('HGET', RECORDS, ARGV[1]) ~= ARGV[2] or s[SEALED] ~= 0 then return { SLOW } end
local waitMs = tonumber(ARGV[4])
local isBack = waitMs < 0
local now
if s[DUE_AT] ~= 0 then
  local time = call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
  -- Whoever waits has to know of what is due, if it is due before he looks again by himself.
  local ahead = (isBack or s[ROOM_WAITING] > 0) and s[FALLBACK_MS] or 0
  if s[DUE_AT] ~= 0 and s[DUE_AT] <= now + ahead then return { SLOW } end
end

local count = #ARGV - FIRST_ITEM + 1
local inside = s[READY] + s[LEASED] + s[PARKED_COUNT]
local room, bytes, bytesMax = s[CAPACITY] - inside, s[BYTES], s[BYTES_MAX]
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
  if by == 2 or s[DUE_AT] ~= 0 then return { SLOW } end
  -- Full for everybody: the tokens say nothing any more.
  if not now then
    local time = call('TIME')
    now = time[1] * 1000 + math.floor(time[2] / 1000)
  end
  call('DEL', ROOM_TOKENS)
  local planMs = math.min(math.abs(waitMs), s[FALLBACK_MS])
  local joined = call('ZADD', ROOM_LINE, string.format('%.0f', now + planMs), string.match(ARGV[2], '^[^:]*'))
  local dead = call('ZREMRANGEBYSCORE', ROOM_LINE, '-inf', now - GRACE_MS)
  if joined ~= dead then
    s[ROOM_WAITING] = s[ROOM_WAITING] + joined - dead
    call('SET', HEADER, cmsgpack.pack(s))
  end
  return { state, 0, by, planMs }
end

if accepted == 1 then call('RPUSH', FRESH, ARGV[FIRST_ITEM])
else
  for at = 0, accepted - 1, 5000 do
    call('RPUSH', FRESH, unpack(ARGV, FIRST_ITEM + at, FIRST_ITEM + math.min(at + 5000, accepted) - 1))
  end
end
local record = ARGV[3]
if accepted < count then
  local holder, last = string.match(ARGV[2], '^([^:]*):(%d+)$')
  record = holder .. ':' .. string.format('%.0f', tonumber(last) + accepted)
end
call('HSET', RECORDS, ARGV[1], record)
s[BYTES] = bytes
s[SEQUENCE] = s[SEQUENCE] + accepted
s[PRODUCED] = s[PRODUCED] + accepted
s[READY] = s[READY] + accepted
if inside + accepted > s[PEAK] then s[PEAK] = inside + accepted end
if isBack then s[ROOM_WAITING] = s[ROOM_WAITING] - call('ZREM', ROOM_LINE, string.match(ARGV[2], '^[^:]*')) end
if s[ROOM_WAITING] > 0 and isBack and accepted < room and call('LLEN', ROOM_TOKENS) == 0 then
  -- It is awake, and leaves room: the next one is to come too.
  call('RPUSH', ROOM_TOKENS, s[ROOM_WAITING])
end
if s[ITEM_WAITING] > 0 then
  local wake = math.min(accepted, s[ITEM_WAITING] - call('LLEN', ITEM_TOKENS))
  for _ = 1, wake do call('RPUSH', ITEM_TOKENS, '1') end
  if wake > 0 then
    local time = call('TIME')
    s[PROMISED] = s[PROMISED] + wake
    s[PROMISED_AT] = time[1] * 1000 + math.floor(time[2] / 1000)
  end
end
call('SET', HEADER, cmsgpack.pack(s))
return { state, accepted, by, 0 }
