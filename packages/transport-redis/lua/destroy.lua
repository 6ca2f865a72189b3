#!lua flags=allow-oom
-- Removes a buffer, and wakes whoever waits for it. KEYS: those of all scripts · place. ARGV: id

local call = redis.call
local PLACE = KEYS[17]
if call('EXISTS', KEYS[1]) == 0 then return { 9 } end
local waiting = {}
for line = 11, 13 do waiting[line] = call('ZCARD', KEYS[line]) end
call('DEL', unpack(KEYS, 1, 16))
if call('HGET', PLACE, 'id') == ARGV[1] then call('DEL', PLACE) end
for line, count in pairs(waiting) do
  local tokens = KEYS[line + 3]
  for _ = 1, count do call('RPUSH', tokens, '0') end
  -- Those that are not taken are of waiters that died.
  if count > 0 then call('PEXPIRE', tokens, 5000) end
end
return { 0 }
