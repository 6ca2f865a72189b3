#!lua
-- Makes a buffer where there is none. KEYS: place · header. ARGV: id · format · spec in JSON · the numbers of the header

local kind = redis.call('TYPE', KEYS[1]).ok
if kind ~= 'none' then
  if kind ~= 'hash' then return { 2 } end
  local id = redis.call('HGET', KEYS[1], 'id')
  if not id then return { 2 } end
  -- Asked again, because the first answer did not arrive.
  return { id == ARGV[1] and 0 or 1 }
end
redis.call('HSET', KEYS[1], 'id', ARGV[1], 'format', ARGV[2], 'spec', ARGV[3])
local header = { unpack(ARGV, 4) }
for i, number in ipairs(header) do header[i] = tonumber(number) end
header[#header + 1] = ''
redis.call('SET', KEYS[2], cmsgpack.pack(header))
return { 0 }
