#!lua flags=allow-oom
--@include header
--@include keys
--@include lines
--@include fates
-- No more items, for ever. ARGV: 1 to discard what is inside, else 0 · a name for this call

if not load() then return { GONE } end
local wanted = ARGV[1] == '1' and 2 or 1
if s[SEALED] >= wanted then
  -- Asked again, because the first answer did not arrive.
  return { 0, s[SEALER] == ARGV[2] and 1 or 0 }
end
sweep()
s[SEALED] = wanted
if wanted == 2 then
  for _, key in ipairs({ RETURNED, PARKED }) do
    for _, id in ipairs(call('ZRANGE', key, 0, -1)) do discard(id) end
    call('DEL', key)
  end
  s[DISCARDED] = s[DISCARDED] + s[READY] - s[RETURNED_READY]
  call('DEL', FRESH)
  s[READY], s[RETURNED_READY], s[PARKED_COUNT] = 0, 0, 0
  s[BYTES] = 0
  for _, id in ipairs(call('ZRANGE', DUE, 0, -1)) do s[BYTES] = s[BYTES] + sizeOf(id) end
end
s[SEALER] = ARGV[2]
commit()
return { 0, 1 }
