#!lua flags=allow-oom
--@include layout
-- Hands out 1 to `max` items: consumed at once, or under a lease. The short way: for fresh items of a buffer that is not sealed. All
-- else is answered SLOW, with nothing changed, and then asked of `poll-slow`. One item that is consumed is answered as it is kept.
-- ARGV: consumer · request · and, where it is not one item, without a lease, for as long as it takes: most items · time of the lease
-- in ms, 0 for none · longest wait in ms, below 0 of one that waited before. ITEMS, HANDOUTS, DUE: where there is a lease

local HEADER, FRESH, ROOM_TOKENS, ITEM_LINE, ITEM_TOKENS, ITEMS, HANDOUTS, DUE = unpack(KEYS)
local ANSWER_BYTES_MAX = 4 * 1024 * 1024
local ANSWER_ITEMS_MAX = 1024
local GRACE_MS, PROMISE_MS, FOREVER = 1000, 20, 2 ^ 40
local SOME, EMPTY, CORRUPT = 0, 2, 3

local packed = call('HGET', HEADER, FIELD)
if not packed then return { GONE } end
local
--@include fields
= struct.unpack(NUMBERS, packed)
local consumer, request = ARGV[1], ARGV[2]
local max, leaseMs, waitMs = 1, 0, FOREVER
if ARGV[3] then max, leaseMs, waitMs = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]) end
local isBack = waitMs < 0
if returnedReady ~= 0 or sealed ~= 0 then return { SLOW } end
-- One that comes late, on a connection that was given up, must not be handed what nobody would hear of. Nor one whose last number is old.
local number = '#' .. consumer
local latest = call('HGET', HEADER, number)
if not latest or latest - request ~= -1 then return { SLOW } end
local now
if dueAt ~= 0 or leaseMs > 0 or promised > 0 or ready == 0 or isBack then
  local time = call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
  local ahead = (isBack or ready == 0) and fallbackMs or 0
  if dueAt ~= 0 and dueAt <= now + ahead then return { SLOW } end
end

-- Whoever waits has to be told of what is due before he looks again by himself.
if leaseMs > 0 and leaseMs <= fallbackMs and itemWaiting + roomWaiting + endWaiting > 0 then return { SLOW } end

local free = ready
if promised > 0 and waitMs > 0 then
  -- Whoever has waited comes first: of several consumers that take in turns, the last one would always be the quickest.
  if now - promisedAt < PROMISE_MS then free = ready - promised else promised = 0 end
end
if free <= 0 then
  if waitMs == 0 then return { EMPTY, 0 } end
  local planMs = math.min(math.abs(waitMs), fallbackMs)
  if ready == 0 then
    -- Empty for everybody: the tokens say nothing any more.
    call('DEL', ITEM_TOKENS)
  else
    if dueAt ~= 0 then return { SLOW } end
    planMs = math.min(planMs, PROMISE_MS)
  end
  local joined = call('ZADD', ITEM_LINE, string.format('%.0f', now + planMs), consumer)
  local gone = call('ZREMRANGEBYSCORE', ITEM_LINE, '-inf', now - GRACE_MS)
  if joined ~= gone or promised ~= 0 then
    itemWaiting = itemWaiting + joined - gone
    promised = ready == 0 and 0 or math.min(promised, itemWaiting)
    call('HSET', HEADER, FIELD, struct.pack(NUMBERS,
--@include fields
    ))
  end
  return { EMPTY, planMs }
end

if isBack then
  itemWaiting = itemWaiting - call('ZREM', ITEM_LINE, consumer)
  if promised > 0 then promised = math.min(promised - 1, itemWaiting) end
end

local left = 1
if max > 1 then
  left = math.min(max, free, ANSWER_ITEMS_MAX)
  local average = bytes / (ready + leased + parked)
  left = math.min(left, math.max(1, math.floor(ANSWER_BYTES_MAX / (average + 1))))
end
local first = sequence - ready + 1
local one, fresh, count = nil, nil, 1
if left == 1 and leaseMs == 0 then
  one = call('LPOP', FRESH)
  if not one then return { CORRUPT } end
else
  fresh = call('LPOP', FRESH, left)
  if not fresh or #fresh < left then return { CORRUPT } end
  count = left
end
ready = ready - count
local answer
if leaseMs > 0 then
  local due = now + leaseMs
  local dueText = string.format('%.0f', due)
  local record = '1:0:' .. consumer .. '.' .. request
  for i = 1, count do
    local id = string.format('%.0f', first + i - 1)
    call('HSET', ITEMS, id, fresh[i])
    call('HSET', HANDOUTS, id, record)
    call('ZADD', DUE, dueText, id)
  end
  leased = leased + count
  answer = request .. ':'
  if dueAt == 0 or due < dueAt then dueAt = due end
else
  if one then
    bytes = bytes - #one + 2
    answer = request .. ':1' .. struct.pack('<d', first) .. one
  else
    for i = 1, count do bytes = bytes - #fresh[i] + 2 end
    answer = request .. ':2' .. cmsgpack.pack({ SOME, {}, first, fresh })
  end
  consumed = consumed + count
  if roomWaiting > 0 then
    local wake = math.min(count, roomWaiting - call('LLEN', ROOM_TOKENS))
    for _ = 1, wake do call('RPUSH', ROOM_TOKENS, roomWaiting) end
  end
end
if isBack and ready > 0 and itemWaiting > 0 and call('LLEN', ITEM_TOKENS) == 0 then
  call('RPUSH', ITEM_TOKENS, '1')
  promised = math.min(promised + 1, itemWaiting)
  promisedAt = now
end
call('HSET', HEADER, consumer, answer, number, request, FIELD, struct.pack(NUMBERS,
--@include fields
))
return one and answer or { SOME, {}, first, fresh }
