#!lua flags=allow-oom
--@include header
--@include keys
--@include lines
--@include fates
-- A consumer, or a whole handle, goes: its leases are released. ARGV: what its leases' holders begin with · names of what is kept for
-- it, and is not needed any more

if not load() then return { GONE } end
sweep()
local prefix = ARGV[1]
for _, id in ipairs(call('ZRANGE', DUE, 0, -1)) do
  local deliveries, failures, holder = handOut(id)
  if string.sub(holder, 1, #prefix) == prefix then
    call('ZREM', DUE, id)
    s[LEASED] = s[LEASED] - 1
    giveBack(id, deliveries, failures)
  end
end
for i = 2, #ARGV do
  local name = ARGV[i]
  call('HDEL', OLD_ANSWERS, name)
  -- A poll that comes late has gone on, whatever its number.
  if string.sub(name, 1, 1) == '#' then call('HSET', HEADER, name, '9e15')
  else call('HDEL', HEADER, name) end
end
commit()
return { 0 }
