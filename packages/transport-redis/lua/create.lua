#!lua
--@include layout
-- Makes a buffer where there is none. KEYS: place · header. ARGV: id · format · spec in JSON · the numbers of the header

local kind = call('TYPE', KEYS[1]).ok
if kind ~= 'none' then
  if kind ~= 'hash' then return { 2 } end
  local id = call('HGET', KEYS[1], 'id')
  if not id then return { 2 } end
  -- Asked again, because the first answer did not arrive.
  return { id == ARGV[1] and 0 or 1 }
end
call('HSET', KEYS[1], 'id', ARGV[1], 'format', ARGV[2], 'spec', ARGV[3])
call('HSET', KEYS[2], FIELD, struct.pack(NUMBERS, unpack(ARGV, 4)))
return { 0 }
