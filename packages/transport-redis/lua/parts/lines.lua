-- Who waits, and what wakes them: a token on the list that they block on, taken by whoever has blocked longest. A token says that it
-- is worth looking, and no more.

-- A waiter that has not come back by the time it said is dead.
local GRACE_MS = 1000

-- Who is awake for an item, and on its way, has so long to come before somebody that did not wait may have it.
local PROMISE_MS = 20

-- `hops`: how many may pass the token on that find that it does not serve them.
local function wake(line, tokens, count, hops)
  local waiting = call('ZCARD', line)
  if waiting == 0 then return end
  count = math.min(count, waiting - call('LLEN', tokens))
  if count <= 0 then return end
  if line == ITEM_LINE then
    s.promised = s.promised + count
    s.promisedAt = nowMs()
  end
  while count > 0 do
    local pushed = {}
    for i = 1, math.min(count, 1000) do pushed[i] = hops or waiting end
    call('RPUSH', tokens, unpack(pushed))
    count = count - #pushed
  end
end

local function wakeAll(line, tokens)
  wake(line, tokens, math.huge)
end

-- If nobody is awake for it: what a woken one left over is for the next.
local function wakeNext(line, tokens)
  if call('LLEN', tokens) == 0 then wake(line, tokens, 1) end
end

local function forgetTheDead(now)
  for _, line in ipairs({ ROOM_LINE, ITEM_LINE, END_LINE }) do
    call('ZREMRANGEBYSCORE', line, '-inf', now - GRACE_MS)
  end
end

-- Somebody has to be awake when the next item is due, or it comes back unseen.
local function arm()
  if s.due == 0 then return end
  local first, lineOf, tokensOf
  for _, pair in ipairs({ { ITEM_LINE, ITEM_TOKENS }, { ROOM_LINE, ROOM_TOKENS }, { END_LINE, END_TOKENS } }) do
    local at = call('ZRANGE', pair[1], 0, 0, 'WITHSCORES')[2]
    if at then
      lineOf, tokensOf = lineOf or pair[1], tokensOf or pair[2]
      first = math.min(first or math.huge, tonumber(at))
    end
  end
  if first and first > s.due then wake(lineOf, tokensOf, 1) end
end

-- The caller finds nothing, and waits: until when, at most. What tokens there are say nothing any more, for there is nothing now.
local function join(line, tokens, waiter, waitMs, clears, soonMs)
  local now = nowMs()
  forgetTheDead(now)
  if clears then call('DEL', tokens) end
  local planMs = math.min(waitMs, soonMs or s.fallbackMs)
  local nextDue = call('ZRANGE', DUE, 0, 0, 'WITHSCORES')[2]
  s.due = tonumber(nextDue or 0)
  if nextDue then planMs = math.min(planMs, math.max(s.due - now, 1)) end
  call('ZADD', line, string.format('%.0f', now + planMs), waiter)
  return planMs
end

-- Wakes those whom the change from `was` to `s` serves, and writes it down.
local function commit()
  local freed = occupied(was) - occupied(s)
  if freed > 0 then wake(ROOM_LINE, ROOM_TOKENS, freed) end
  local more = s.ready - was.ready
  if more > 0 then wake(ITEM_LINE, ITEM_TOKENS, more) end
  if s.sealed > 0 then
    if was.sealed == 0 then wakeAll(ROOM_LINE, ROOM_TOKENS) end
    if isDrained(s) and not isDrained(was) then
      wakeAll(ITEM_LINE, ITEM_TOKENS)
      wakeAll(END_LINE, END_TOKENS)
    end
  end
  if s.due ~= was.due and (was.due == 0 or s.due < was.due) then arm() end
  save()
end
