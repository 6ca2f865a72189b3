#!lua
--@parts header lines fates answers
-- Puts a dead letter back at the tail. ARGV: who asks · request · sequence

local who, request, id = ARGV[1], ARGV[2], ARGV[3]

if not load() then return { GONE } end
local answered = kept(who, request)
if answered then return { 0, answered } end
sweep()
local function requeue()
  if not call('ZSCORE', DEAD, id) then return 'missing' end
  if s.sealed > 0 then return 'sealed' end
  local size = sizeOf(id)
  -- The parked one that moves up into its room leaves a slot to it.
  local leaving = s.deadMax > 0 and s.dead <= s.deadMax and call('ZRANGE', PARKED, 0, 0)[1]
  local freed = leaving and sizeOf(leaving) or 0
  if occupied(s) - (leaving and 1 or 0) >= s.capacity then return 'full' end
  if s.bytes + size - freed > s.bytesMax then return 'full' end
  call('ZREM', DEAD, id)
  s.dead = s.dead - 1
  moveUp()
  call('RPUSH', FRESH, call('HGET', ITEMS, id))
  call('HDEL', ITEMS, id)
  call('HDEL', HANDOUTS, id, 'r' .. id)
  s.bytes = s.bytes + size
  s.sequence = s.sequence + 1
  s.ready = s.ready + 1
  s.peak = math.max(s.peak, occupied(s))
  return 'requeued'
end
local answer = requeue()
keep(who, request, answer)
commit()
return { 0, answer }
