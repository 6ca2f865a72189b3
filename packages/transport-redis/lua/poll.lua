#!lua flags=allow-oom
--@parts header lines fates answers
-- Hands out 1 to `max` items: consumed at once, or under a lease.
-- ARGV: consumer · request · most items · time of the lease in ms, 0 for none · waiter · longest wait in ms · 1 if it waited before

local consumer, request, waiter = ARGV[1], ARGV[2], ARGV[5]
local max, leaseMs, waitMs = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[6])
local SOME, DRAINED, EMPTY, CORRUPT = 0, 1, 2, 3
local ANSWER_ITEMS_MAX = 1024
local ANSWER_BYTES_MAX = 4 * 1024 * 1024
local holder = consumer .. '.' .. request

if not load() then return { GONE } end
local answered = kept(consumer, request)
if answered and answered ~= '' then return cmsgpack.unpack(answered) end
if answered then
  -- What this request has under a lease still.
  local back = {}
  for _, id in ipairs(call('ZRANGE', DUE, 0, -1)) do
    local deliveries, failures, heldBy = handOut(id)
    if heldBy == holder then
      back[#back + 1] = call('HGET', ITEMS, id)
      back[#back + 1] = id .. ':' .. deliveries .. ':' .. failures
    end
  end
  return { SOME, back, 0, {} }
end
local isBack = ARGV[7] == '1'
if isBack then
  call('ZREM', ITEM_LINE, waiter)
  s.promised = math.max(s.promised - 1, 0)
end
sweep()

if s.ready == 0 then
  if isDrained(s) then
    commit()
    return { DRAINED }
  end
  local planMs = 0
  s.promised = 0
  if waitMs > 0 then planMs = join(ITEM_LINE, ITEM_TOKENS, waiter, waitMs, true)
  elseif isBack then arm() end
  commit()
  return { EMPTY, planMs }
end

-- Whoever has waited comes first: of several consumers that take in turns, the last one would always be the quickest.
local free = s.ready
if s.promised > 0 and waitMs > 0 and not isBack then
  if nowMs() - s.promisedAt < PROMISE_MS then free = s.ready - s.promised else s.promised = 0 end
end
if free <= 0 then
  local planMs = join(ITEM_LINE, ITEM_TOKENS, waiter, waitMs, false, PROMISE_MS)
  commit()
  return { EMPTY, planMs }
end

local left = math.min(max, free, ANSWER_ITEMS_MAX)
local averageBytes = s.bytes / occupied(s)
left = math.min(left, math.max(1, math.floor(ANSWER_BYTES_MAX / (averageBytes + 1))))
local dueAt = leaseMs > 0 and nowMs() + leaseMs

-- What came back stands before all that is fresh.
local back = {}
if s.returned > 0 then
  local ids = call('ZRANGE', RETURNED, 0, left - 1)
  for _, id in ipairs(ids) do
    local deliveries, failures = handOut(id)
    deliveries = deliveries + 1
    back[#back + 1] = call('HGET', ITEMS, id)
    back[#back + 1] = id .. ':' .. deliveries .. ':' .. failures
    call('ZREM', RETURNED, id)
    if dueAt then
      setHandOut(id, deliveries, failures, holder)
      comesDue(id, dueAt)
    else
      consume(id)
    end
  end
  s.returned = s.returned - #ids
  s.ready = s.ready - #ids
  if dueAt then s.leased = s.leased + #ids end
  left = left - #ids
end

local fresh = {}
local firstFresh = 0
if left > 0 then
  local count = s.ready - s.returned
  firstFresh = s.sequence - count + 1
  if count > 0 then
    fresh = call('LPOP', FRESH, math.min(left, count)) or {}
    if #fresh < math.min(left, count) then return { CORRUPT } end
  end
  s.ready = s.ready - #fresh
  for i, item in ipairs(fresh) do
    if dueAt then
      local id = string.format('%.0f', firstFresh + i - 1)
      call('HSET', ITEMS, id, item)
      setHandOut(id, 1, 0, holder)
      comesDue(id, dueAt)
    else
      s.bytes = s.bytes - (#item - 2)
    end
  end
  if dueAt then s.leased = s.leased + #fresh else s.consumed = s.consumed + #fresh end
end

local answer = { SOME, back, firstFresh, fresh }
keep(consumer, request, dueAt and '' or cmsgpack.pack(answer))
if isBack then
  if s.ready > 0 then wakeNext(ITEM_LINE, ITEM_TOKENS) end
  arm()
end
commit()
return answer
