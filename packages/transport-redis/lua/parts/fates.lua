-- What becomes of items that are out: they come back, fail, are buried, parked, discarded, or are consumed.

-- At most so many in one call: the next one goes on.
local SWEEP_MAX = 1000

-- Hand-outs, failures, and who holds it: nobody while it is kept back.
local function handOut(id)
  local record = call('HGET', HANDOUTS, id)
  if not record then return nil end
  local deliveries, failures, holder = string.match(record, '^(%d+):(%d+):(.*)$')
  return tonumber(deliveries), tonumber(failures), holder
end

local function setHandOut(id, deliveries, failures, holder)
  call('HSET', HANDOUTS, id, deliveries .. ':' .. failures .. ':' .. holder)
end

-- Two bytes before each item say how long its envelope is.
local function sizeOf(id)
  return call('HSTRLEN', ITEMS, id) - 2
end

local function forget(id)
  s[BYTES] = s[BYTES] - sizeOf(id)
  call('HDEL', ITEMS, id)
  call('HDEL', HANDOUTS, id, 'r' .. id)
end

local function consume(id)
  forget(id)
  s[CONSUMED] = s[CONSUMED] + 1
end

local function discard(id)
  forget(id)
  s[DISCARDED] = s[DISCARDED] + 1
end

local function giveBack(id, deliveries, failures)
  if s[SEALED] == 2 then return discard(id) end
  setHandOut(id, deliveries, failures, '')
  call('ZADD', RETURNED, id, id)
  s[READY] = s[READY] + 1
  s[RETURNED_READY] = s[RETURNED_READY] + 1
end

local function toDead(id)
  call('ZADD', DEAD, id, id)
  s[DEAD_COUNT] = s[DEAD_COUNT] + 1
  s[BYTES] = s[BYTES] - sizeOf(id)
end

local function bury(id, deliveries, failures, reason)
  if s[DEAD_COUNT] >= s[DEAD_MAX] and s[SEALED] == 2 then return discard(id) end
  setHandOut(id, deliveries, failures, '')
  call('HSET', HANDOUTS, 'r' .. id, reason)
  if s[DEAD_COUNT] < s[DEAD_MAX] then return toDead(id) end
  call('ZADD', PARKED, id, id)
  s[PARKED_COUNT] = s[PARKED_COUNT] + 1
end

-- The dead letters have room: the parked one of the smallest sequence is the next.
local function moveUp()
  while s[DEAD_COUNT] < s[DEAD_MAX] and s[PARKED_COUNT] > 0 do
    local id = call('ZPOPMIN', PARKED)[1]
    s[PARKED_COUNT] = s[PARKED_COUNT] - 1
    toDead(id)
  end
end

local function comesDue(id, at)
  call('ZADD', DUE, string.format('%.0f', at), id)
  if s[DUE_AT] == 0 or at < s[DUE_AT] then s[DUE_AT] = at end
end

local function failed(id, deliveries, failures, reason, delayMs)
  failures = failures + 1
  if failures >= s[FAILURES_MAX] then return bury(id, deliveries, failures, reason) end
  if delayMs <= 0 or s[SEALED] == 2 then return giveBack(id, deliveries, failures) end
  setHandOut(id, deliveries, failures, '')
  comesDue(id, nowMs() + delayMs)
  s[LEASED] = s[LEASED] + 1
end

-- Leases that are over, and items whose delay has passed.
local function sweep()
  if s[DUE_AT] == 0 then return end
  local now = nowMs()
  if s[DUE_AT] > now then return end
  local ids = call('ZRANGE', DUE, '-inf', now, 'BYSCORE', 'LIMIT', 0, SWEEP_MAX)
  for _, id in ipairs(ids) do
    call('ZREM', DUE, id)
    s[LEASED] = s[LEASED] - 1
    local deliveries, failures, holder = handOut(id)
    if holder == '' then giveBack(id, deliveries, failures)
    else failed(id, deliveries, failures, 'lease expired', 0) end
  end
  s[DUE_AT] = tonumber(call('ZRANGE', DUE, 0, 0, 'WITHSCORES')[2] or 0)
end
