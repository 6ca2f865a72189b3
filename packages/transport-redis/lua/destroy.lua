#!lua flags=allow-oom
--@include header
--@include keys
-- Removes a buffer, and wakes whoever waits for it. KEYS: those of all scripts · place. ARGV: id

local PLACE = KEYS[#KEYS]
if not load() then return { GONE } end
local waiting = {
  [ROOM_TOKENS] = call('ZCARD', ROOM_LINE),
  [ITEM_TOKENS] = call('ZCARD', ITEM_LINE),
  [END_TOKENS] = call('ZCARD', END_LINE),
}
call('DEL', unpack(KEYS, 1, #KEYS - 1))
if call('HGET', PLACE, 'id') == ARGV[1] then call('DEL', PLACE) end
for tokens, count in pairs(waiting) do
  for _ = 1, count do call('RPUSH', tokens, '0') end
  -- Those that are not taken are of waiters that died.
  if count > 0 then call('PEXPIRE', tokens, 5000) end
end
return { 0 }
