#!lua flags=allow-oom
--@include header
-- Settles leases, each for itself. The short way: acks alone, in a buffer that is not sealed. All else is answered SLOW, with nothing
-- changed, and then asked of `settle-slow`. ARGV: consumer · request · and five of each: kind, sequence, holder, argument, delay in ms

local HEADER, ITEMS, HANDOUTS, DUE, ANSWERS, ROOM_TOKENS = unpack(KEYS)

local packed = call('GET', HEADER)
if not packed then return { GONE } end
local s = cmsgpack.unpack(packed)
if s[SEALED] ~= 0 then return { SLOW } end
if s[DUE_AT] ~= 0 then
  local time = call('TIME')
  if s[DUE_AT] <= time[1] * 1000 + math.floor(time[2] / 1000) then return { SLOW } end
end
for at = 3, #ARGV, 5 do
  if ARGV[at] ~= 'ack' then return { SLOW } end
end

local settled, freed = {}, 0
for at = 3, #ARGV, 5 do
  local id, holder = ARGV[at + 1], ARGV[at + 2]
  local record = holder ~= '' and call('HGET', HANDOUTS, id)
  local isCurrent = record and string.sub(record, -#holder - 1) == ':' .. holder
  if isCurrent then
    s[BYTES] = s[BYTES] - call('HSTRLEN', ITEMS, id) + 2
    call('ZREM', DUE, id)
    call('HDEL', ITEMS, id)
    call('HDEL', HANDOUTS, id)
    freed = freed + 1
  end
  settled[#settled + 1] = isCurrent and '1' or '0'
end
s[LEASED] = s[LEASED] - freed
s[CONSUMED] = s[CONSUMED] + freed
if s[LEASED] == 0 then s[DUE_AT] = 0 end
local answer = table.concat(settled)
call('HSET', ANSWERS, 's' .. ARGV[1], ARGV[2] .. ':' .. answer)
if freed > 0 then
  if s[ROOM_WAITING] > 0 then
    local wake = math.min(freed, s[ROOM_WAITING] - call('LLEN', ROOM_TOKENS))
    for _ = 1, wake do call('RPUSH', ROOM_TOKENS, s[ROOM_WAITING]) end
  end
  call('SET', HEADER, cmsgpack.pack(s))
end
return { 0, answer }
