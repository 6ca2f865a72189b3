#!lua flags=allow-oom
--@include header
--@include keys
--@include lines
--@include fates
--@include answers
-- What `poll` does, in every state of the buffer.
-- ARGV: as of `poll`

local FOREVER = 2 ^ 40
local consumer, request, waiter = ARGV[1], ARGV[2], ARGV[1]
local max, leaseMs, toldMs = tonumber(ARGV[3] or 1), tonumber(ARGV[4] or 0), tonumber(ARGV[5] or FOREVER)
local waitMs, isBack = math.abs(toldMs), toldMs < 0
local SOME, DRAINED, EMPTY, CORRUPT = 0, 1, 2, 3
local ANSWER_ITEMS_MAX = 1024
local ANSWER_BYTES_MAX = 4 * 1024 * 1024
local holder = consumer .. '.' .. request

if not load() then return { GONE } end
local answered = kept(consumer, request)
-- An older one that comes late: its caller has gone on.
local latest = call('HGET', HEADER, '#' .. consumer) or call('HGET', OLD_ANSWERS, '#' .. consumer)
if latest and tonumber(latest) > tonumber(request) then return { EMPTY, 0 } end
if answered and answered ~= '' then
  local body = string.sub(answered, 2)
  if string.sub(answered, 1, 1) == '2' then return cmsgpack.unpack(body) end
  local first, at = struct.unpack('<d', body)
  return { SOME, {}, first, { string.sub(body, at) } }
end
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
if isBack then
  leave(ITEM, waiter)
  s[PROMISED] = math.max(s[PROMISED] - 1, 0)
end
sweep()

if s[READY] == 0 then
  if isDrained() then
    commit()
    return { DRAINED }
  end
  local planMs = 0
  s[PROMISED] = 0
  if waitMs > 0 then planMs = join(ITEM, waiter, waitMs, true)
  elseif isBack then arm() end
  commit()
  return { EMPTY, planMs }
end

-- Whoever has waited comes first: of several consumers that take in turns, the last one would always be the quickest.
local free = s[READY]
if s[PROMISED] > 0 and waitMs > 0 and not isBack then
  if nowMs() - s[PROMISED_AT] < PROMISE_MS then free = s[READY] - s[PROMISED] else s[PROMISED] = 0 end
end
if free <= 0 then
  local planMs = join(ITEM, waiter, waitMs, false, PROMISE_MS)
  commit()
  return { EMPTY, planMs }
end

local left = math.min(max, free, ANSWER_ITEMS_MAX)
local averageBytes = s[BYTES] / occupied()
left = math.min(left, math.max(1, math.floor(ANSWER_BYTES_MAX / (averageBytes + 1))))
local dueAt = leaseMs > 0 and nowMs() + leaseMs

-- What came back stands before all that is fresh.
local back = {}
if s[RETURNED_READY] > 0 then
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
  s[RETURNED_READY] = s[RETURNED_READY] - #ids
  s[READY] = s[READY] - #ids
  if dueAt then s[LEASED] = s[LEASED] + #ids end
  left = left - #ids
end

local fresh = {}
local firstFresh = 0
if left > 0 then
  local count = s[READY] - s[RETURNED_READY]
  firstFresh = s[SEQUENCE] - count + 1
  if count > 0 then
    fresh = call('LPOP', FRESH, math.min(left, count)) or {}
    if #fresh < math.min(left, count) then return { CORRUPT } end
  end
  s[READY] = s[READY] - #fresh
  for i, item in ipairs(fresh) do
    if dueAt then
      local id = string.format('%.0f', firstFresh + i - 1)
      call('HSET', ITEMS, id, item)
      setHandOut(id, 1, 0, holder)
      comesDue(id, dueAt)
    else
      s[BYTES] = s[BYTES] - (#item - 2)
    end
  end
  if dueAt then s[LEASED] = s[LEASED] + #fresh else s[CONSUMED] = s[CONSUMED] + #fresh end
end

local answer = { SOME, back, firstFresh, fresh }
keep(consumer, request, dueAt and '' or '2' .. cmsgpack.pack(answer))
call('HSET', HEADER, '#' .. consumer, request)
if isBack then
  if s[READY] > 0 then wakeNext(ITEM) end
  arm()
end
commit()
return answer
