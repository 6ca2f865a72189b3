-- Answers that are kept for whoever asks again, because the first one may not have arrived: one for each of those who ask.

-- Whoever has not asked again by then has given up, or is dead.
local KEEP_S = 60

local function keep(who, request, answer)
  call('HSET', ANSWERS, who, request .. ':' .. call('TIME')[1] .. ':' .. answer)
end

local function kept(who, request)
  local answer = call('HGET', ANSWERS, who)
  if not answer then return nil end
  local of, at = string.match(answer, '^(%d+):(%d+):')
  if of ~= request then return nil end
  return string.sub(answer, #of + #at + 3)
end
