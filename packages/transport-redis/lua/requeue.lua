#!lua
--@include header
--@include keys
--@include lines
--@include fates
--@include answers
-- Puts a dead letter back at the tail. ARGV: who asks · request · sequence

local who, request, id = ARGV[1], ARGV[2], ARGV[3]

if not load() then return { GONE } end
local answered, isLate = kept(who, request)
if answered or isLate then return { 0, answered or 'missing' } end
sweep()
local function requeue()
  if not call('ZSCORE', DEAD, id) then return 'missing' end
  if s[SEALED] > 0 then return 'sealed' end
  local size = sizeOf(id)
  -- The parked one that moves up into its room leaves a slot to it.
  local leaving = s[DEAD_MAX] > 0 and s[DEAD_COUNT] <= s[DEAD_MAX] and call('ZRANGE', PARKED, 0, 0)[1]
  local freed = leaving and sizeOf(leaving) or 0
  if occupied() - (leaving and 1 or 0) >= s[CAPACITY] then return 'full' end
  if s[BYTES] + size - freed > s[BYTES_MAX] then return 'full' end
  call('ZREM', DEAD, id)
  s[DEAD_COUNT] = s[DEAD_COUNT] - 1
  moveUp()
  call('RPUSH', FRESH, call('HGET', ITEMS, id))
  call('HDEL', ITEMS, id)
  call('HDEL', HANDOUTS, id, 'r' .. id)
  s[BYTES] = s[BYTES] + size
  s[SEQUENCE] = s[SEQUENCE] + 1
  s[READY] = s[READY] + 1
  s[PEAK] = math.max(s[PEAK], occupied())
  return 'requeued'
end
local answer = requeue()
keep(who, request, answer)
commit()
return { 0, answer }
