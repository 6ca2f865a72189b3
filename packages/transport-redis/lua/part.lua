#!lua flags=allow-oom
--@parts header lines fates
-- A consumer, or a whole handle, goes: its leases are released. ARGV: what its leases' holders begin with · names of kept answers,
-- and of producers, that are not needed any more

if not load() then return { GONE } end
sweep()
local prefix = ARGV[1]
for _, id in ipairs(call('ZRANGE', DUE, 0, -1)) do
  local deliveries, failures, holder = handOut(id)
  if string.sub(holder, 1, #prefix) == prefix then
    call('ZREM', DUE, id)
    s.leased = s.leased - 1
    giveBack(id, deliveries, failures)
  end
end
for i = 2, #ARGV do
  call('HDEL', ANSWERS, ARGV[i])
  call('HDEL', PRODUCERS, ARGV[i])
end
commit()
return { 0 }
