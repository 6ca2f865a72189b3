#!lua flags=allow-oom
--@include header
--@include keys
--@include lines
--@include fates
--@include answers
-- Removes a dead letter for good. ARGV: who asks · request · sequence

local who, request, id = ARGV[1], ARGV[2], ARGV[3]

if not load() then return { GONE } end
local answered, isLate = kept(who, request)
if answered or isLate then return { 0, answered or 'missing' } end
sweep()
local answer = 'missing'
if call('ZREM', DEAD, id) == 1 then
  answer = 'removed'
  s[DEAD_COUNT] = s[DEAD_COUNT] - 1
  s[DISCARDED] = s[DISCARDED] + 1
  call('HDEL', ITEMS, id)
  call('HDEL', HANDOUTS, id, 'r' .. id)
  moveUp()
end
keep(who, request, answer)
commit()
return { 0, answer }
