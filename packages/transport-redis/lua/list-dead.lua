#!lua flags=allow-oom
--@include header
--@include keys
--@include lines
--@include fates
-- Dead letters, the oldest first. ARGV: most · after which sequence

local ANSWER_BYTES_MAX = 4 * 1024 * 1024
if not load() then return { GONE } end
sweep()
commit()
local letters = {}
local bytes = 0
for _, id in ipairs(call('ZRANGE', DEAD, '(' .. ARGV[2], '+inf', 'BYSCORE', 'LIMIT', 0, ARGV[1])) do
  local deliveries, failures = handOut(id)
  local item = call('HGET', ITEMS, id)
  bytes = bytes + #item
  if bytes > ANSWER_BYTES_MAX and #letters > 0 then return { 1, letters } end
  letters[#letters + 1] = item
  letters[#letters + 1] = id .. ':' .. deliveries .. ':' .. failures
  letters[#letters + 1] = call('HGET', HANDOUTS, 'r' .. id)
end
return { 0, letters }
