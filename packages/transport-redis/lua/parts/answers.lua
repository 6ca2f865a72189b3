-- Answers that are kept for whoever asks again, because the first one may not have arrived: one for each of those who ask. An answer
-- is kept for a minute at least; whoever has not asked again by then has given up, or is dead.

local KEEP_S = 60

local function keep(who, request, answer)
  call('HSET', HEADER, who, request .. ':' .. answer)
end

-- What this request was answered; or nothing, and whether a later one was: then its caller has gone on, and nobody would hear of it.
local function kept(who, request)
  local answer = call('HGET', HEADER, who) or call('HGET', OLD_ANSWERS, who)
  if not answer then return nil, false end
  local at = string.find(answer, ':', 1, true)
  local last = string.sub(answer, 1, at - 1)
  if last ~= request then return nil, tonumber(last) > tonumber(request) end
  return string.sub(answer, at + 1), false
end

-- What was old already is forgotten, and what is there now is old. The caller writes the header down again.
local function rotate()
  local now = tonumber(call('TIME')[1])
  if now - s[ROTATED_AT] < KEEP_S then return end
  s[ROTATED_AT] = now
  call('RENAME', HEADER, OLD_ANSWERS)
  call('HDEL', OLD_ANSWERS, FIELD)
end
