#!lua flags=allow-oom
--@parts header lines fates
-- No more items, for ever. ARGV: 1 to discard what is inside, else 0 · a name for this call

if not load() then return { GONE } end
local wanted = ARGV[1] == '1' and 2 or 1
if s.sealed >= wanted then
  -- Asked again, because the first answer did not arrive.
  return { 0, call('HGET', HEADER, 'sealer') == ARGV[2] and 1 or 0 }
end
sweep()
s.sealed = wanted
if wanted == 2 then
  for _, key in ipairs({ RETURNED, PARKED }) do
    for _, id in ipairs(call('ZRANGE', key, 0, -1)) do discard(id) end
    call('DEL', key)
  end
  s.discarded = s.discarded + s.ready - s.returned
  call('DEL', FRESH)
  s.ready, s.returned, s.parked = 0, 0, 0
  s.bytes = 0
  for _, id in ipairs(call('ZRANGE', DUE, 0, -1)) do s.bytes = s.bytes + sizeOf(id) end
end
call('HSET', HEADER, 'sealer', ARGV[2])
commit()
return { 0, 1 }
