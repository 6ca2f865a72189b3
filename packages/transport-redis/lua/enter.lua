#!lua flags=allow-oom
--@parts header answers
-- A consumer comes. Answers that are kept for consumers which died are dropped on this occasion.

local LOOK_AT_MAX = 200
if not load() then return { GONE } end
local now = tonumber(call('TIME')[1])
for i, who in ipairs(call('HKEYS', ANSWERS)) do
  if i > LOOK_AT_MAX then break end
  local at = string.match(call('HGET', ANSWERS, who), '^%d+:(%d+):')
  if tonumber(at) < now - KEEP_S then call('HDEL', ANSWERS, who) end
end
return { 0 }
