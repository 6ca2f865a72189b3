#!lua flags=allow-oom
--@include header
-- Hands out 1 to `max` items: consumed at once, or under a lease. The short way: for fresh items of a buffer that is not sealed. All
-- else is answered SLOW, with nothing changed, and then asked of `poll-slow`.
-- ARGV: consumer · request · most items · time of the lease in ms, 0 for none · longest wait in
-- ms, below 0 of one that waited before

local HEADER, FRESH, ITEMS, HANDOUTS, DUE, ANSWERS, ROOM_TOKENS, ITEM_LINE, ITEM_TOKENS = unpack(KEYS)
local ANSWER_BYTES_MAX = 4 * 1024 * 1024
local ANSWER_ITEMS_MAX = 1024
local GRACE_MS, PROMISE_MS = 1000, 20
local SOME, EMPTY, CORRUPT = 0, 2, 3

local packed = call('GET', HEADER)
if not packed then return { GONE } end
local s = cmsgpack.unpack(packed)
local leaseMs, waitMs = tonumber(ARGV[4]), tonumber(ARGV[5])
local isBack = waitMs < 0
if s[RETURNED_READY] ~= 0 or s[SEALED] ~= 0 then return { SLOW } end
-- One that comes late, on a connection that was given up, must not be handed what nobody would hear of.
local number = '#' .. ARGV[1]
if (call('HGET', ANSWERS, number) or '0') ~= string.format('%.0f', ARGV[2] - 1) then return { SLOW } end
local now
if s[DUE_AT] ~= 0 or leaseMs > 0 or s[PROMISED] > 0 or s[READY] == 0 then
  local time = call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
  local ahead = (isBack or s[READY] == 0) and s[FALLBACK_MS] or 0
  if s[DUE_AT] ~= 0 and s[DUE_AT] <= now + ahead then return { SLOW } end
end

-- Whoever waits has to be told of what is due before he looks again by himself.
local waiting = s[ITEM_WAITING] + s[ROOM_WAITING] + s[END_WAITING]
if leaseMs > 0 and leaseMs <= s[FALLBACK_MS] and waiting > 0 then return { SLOW } end

local ready = s[READY]
if ready == 0 then
  if waitMs == 0 and not isBack then return { EMPTY, 0 } end
  -- Empty for everybody: the tokens say nothing any more.
  call('DEL', ITEM_TOKENS)
  local planMs = math.min(math.abs(waitMs), s[FALLBACK_MS])
  local joined = call('ZADD', ITEM_LINE, string.format('%.0f', now + planMs), ARGV[1])
  local dead = call('ZREMRANGEBYSCORE', ITEM_LINE, '-inf', now - GRACE_MS)
  if joined ~= dead or s[PROMISED] ~= 0 then
    s[ITEM_WAITING] = s[ITEM_WAITING] + joined - dead
    s[PROMISED] = 0
    call('SET', HEADER, cmsgpack.pack(s))
  end
  return { EMPTY, planMs }
end

local free = ready
if isBack then
  s[ITEM_WAITING] = s[ITEM_WAITING] - call('ZREM', ITEM_LINE, ARGV[1])
  if s[PROMISED] > 0 then s[PROMISED] = s[PROMISED] - 1 end
elseif s[PROMISED] > 0 and waitMs > 0 then
  -- Whoever has waited comes first: of several consumers that take in turns, the last one would always be the quickest.
  if now - s[PROMISED_AT] < PROMISE_MS then free = ready - s[PROMISED] else s[PROMISED] = 0 end
  if free <= 0 then return { SLOW } end
end

local left = math.min(tonumber(ARGV[3]), free, ANSWER_ITEMS_MAX)
if left > 1 then
  local average = s[BYTES] / (ready + s[LEASED] + s[PARKED_COUNT])
  left = math.min(left, math.max(1, math.floor(ANSWER_BYTES_MAX / (average + 1))))
end
local first = s[SEQUENCE] - ready + 1
local fresh = call('LPOP', FRESH, left)
if not fresh or #fresh < left then return { CORRUPT } end
local count = #fresh
s[READY] = ready - count
if leaseMs > 0 then
  local dueAt = string.format('%.0f', now + leaseMs)
  local record = '1:0:' .. ARGV[1] .. '.' .. ARGV[2]
  for i = 1, count do
    local id = string.format('%.0f', first + i - 1)
    call('HSET', ITEMS, id, fresh[i])
    call('HSET', HANDOUTS, id, record)
    call('ZADD', DUE, dueAt, id)
  end
  s[LEASED] = s[LEASED] + count
  call('HSET', ANSWERS, ARGV[1], ARGV[2] .. ':', number, ARGV[2])
  if s[DUE_AT] == 0 or now + leaseMs < s[DUE_AT] then
    s[DUE_AT] = now + leaseMs
  end
else
  local bytes = 0
  for i = 1, count do bytes = bytes + #fresh[i] - 2 end
  s[BYTES] = s[BYTES] - bytes
  s[CONSUMED] = s[CONSUMED] + count
  if s[ROOM_WAITING] > 0 then
    local wake = math.min(count, s[ROOM_WAITING] - call('LLEN', ROOM_TOKENS))
    for _ = 1, wake do call('RPUSH', ROOM_TOKENS, s[ROOM_WAITING]) end
  end
  if count == 1 then call('HSET', ANSWERS, ARGV[1], ARGV[2] .. ':1' .. string.format('%.0f', first) .. ':' .. fresh[1], number, ARGV[2])
  else call('HSET', ANSWERS, ARGV[1], ARGV[2] .. ':2' .. cmsgpack.pack({ SOME, {}, first, fresh }), number, ARGV[2]) end
end
if isBack and s[READY] > 0 and s[ITEM_WAITING] > 0 and call('LLEN', ITEM_TOKENS) == 0 then
  call('RPUSH', ITEM_TOKENS, '1')
  s[PROMISED] = s[PROMISED] + 1
  s[PROMISED_AT] = now or s[PROMISED_AT]
end
call('SET', HEADER, cmsgpack.pack(s))
return { SOME, {}, first, fresh }
