-- Who waits, and what wakes them: a token on the list that they block on, taken by whoever has blocked longest. A token says that it
-- is worth looking, and no more.

-- A waiter that has not come back by the time it said is dead.
local GRACE_MS = 1000
-- Who is awake for an item, and on its way, has so long to come before somebody that did not wait may have it.
local PROMISE_MS = 20

local LINES = {
  { line = ROOM_LINE, tokens = ROOM_TOKENS, waiting = ROOM_WAITING },
  { line = ITEM_LINE, tokens = ITEM_TOKENS, waiting = ITEM_WAITING },
  { line = END_LINE, tokens = END_TOKENS, waiting = END_WAITING },
}
local ROOM, ITEM, END = LINES[1], LINES[2], LINES[3]

-- `hops`: how many may pass the token on that find that it does not serve them.
local function wake(of, count, hops)
  local waiting = s[of.waiting]
  if waiting == 0 then return end
  count = math.min(count, waiting - call('LLEN', of.tokens))
  if count <= 0 then return end
  if of == ITEM then
    s[PROMISED] = s[PROMISED] + count
    s[PROMISED_AT] = nowMs()
  end
  while count > 0 do
    local pushed = {}
    for i = 1, math.min(count, 1000) do pushed[i] = hops or waiting end
    call('RPUSH', of.tokens, unpack(pushed))
    count = count - #pushed
  end
end

local function wakeAll(of)
  wake(of, s[of.waiting])
end

-- If nobody is awake for it: what a woken one left over is for the next.
local function wakeNext(of)
  if s[of.waiting] > 0 and call('LLEN', of.tokens) == 0 then wake(of, 1) end
end

local function leave(of, waiter)
  s[of.waiting] = s[of.waiting] - call('ZREM', of.line, waiter)
end

local function forgetTheDead(now)
  for _, of in ipairs(LINES) do
    if s[of.waiting] > 0 then
      s[of.waiting] = s[of.waiting] - call('ZREMRANGEBYSCORE', of.line, '-inf', now - GRACE_MS)
    end
  end
end

-- Somebody has to be awake when the next item is due, or it comes back unseen.
local function arm()
  if s[DUE_AT] == 0 then return end
  local first, whose
  for _, of in ipairs({ ITEM, ROOM, END }) do
    if s[of.waiting] > 0 then
      local at = call('ZRANGE', of.line, 0, 0, 'WITHSCORES')[2]
      whose = whose or of
      first = math.min(first or math.huge, tonumber(at))
    end
  end
  if first and first > s[DUE_AT] then wake(whose, 1) end
end

-- The caller finds nothing, and waits: until when, at most. Where there is nothing for anybody the tokens say nothing any more.
local function join(of, waiter, waitMs, clears, soonMs)
  local now = nowMs()
  forgetTheDead(now)
  if clears then call('DEL', of.tokens) end
  local planMs = math.min(waitMs, soonMs or s[FALLBACK_MS])
  local nextDue = call('ZRANGE', DUE, 0, 0, 'WITHSCORES')[2]
  s[DUE_AT] = tonumber(nextDue or 0)
  if nextDue then planMs = math.min(planMs, math.max(s[DUE_AT] - now, 1)) end
  s[of.waiting] = s[of.waiting] + call('ZADD', of.line, string.format('%.0f', now + planMs), waiter)
  return planMs
end

-- Wakes those whom the change serves, and writes it down. No more can be on their way than wait.
local function commit()
  local freed = wasOccupied - occupied()
  if freed > 0 then wake(ROOM, freed) end
  local more = s[READY] - wasReady
  if more > 0 then wake(ITEM, more) end
  if s[SEALED] > 0 then
    if wasSealed == 0 then wakeAll(ROOM) end
    if isDrained() and not wasDrained then
      wakeAll(ITEM)
      wakeAll(END)
    end
  end
  if s[DUE_AT] ~= wasDueAt and (wasDueAt == 0 or s[DUE_AT] < wasDueAt) then arm() end
  s[PROMISED] = math.min(s[PROMISED], s[ITEM_WAITING])
  call('HSET', HEADER, FIELD, struct.pack(NUMBERS, unpack(s, 1, NUMBER_COUNT)) .. s[SEALER])
end
