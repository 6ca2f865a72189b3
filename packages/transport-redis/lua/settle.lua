#!lua flags=allow-oom
--@include layout
-- Settles leases, each for itself. The short way: acks alone, in a buffer that is not sealed. All else is answered SLOW, with nothing
-- changed, and then asked of `settle-slow`. ARGV: consumer · request · and five of each: kind, sequence, holder, argument, delay in ms

local HEADER, ITEMS, HANDOUTS, DUE, ROOM_TOKENS = unpack(KEYS)

local packed = call('HGET', HEADER, FIELD)
if not packed then return { GONE } end
local
--@include fields
= struct.unpack(NUMBERS, packed)
if sealed ~= 0 then return { SLOW } end
if dueAt ~= 0 then
  local time = call('TIME')
  if dueAt <= time[1] * 1000 + math.floor(time[2] / 1000) then return { SLOW } end
end
for at = 3, #ARGV, 5 do
  if ARGV[at] ~= 'ack' then return { SLOW } end
end
-- One that comes late, on a connection that was given up, must not take the place of what was answered since.
local who, request = 's' .. ARGV[1], ARGV[2]
local last = call('HGET', HEADER, who)
if not last or tonumber(string.match(last, '^%d+')) >= tonumber(request) then return { SLOW } end

local settled, freed = {}, 0
for at = 3, #ARGV, 5 do
  local id, holder = ARGV[at + 1], ARGV[at + 2]
  local record = holder ~= '' and call('HGET', HANDOUTS, id)
  local isCurrent = record and string.sub(record, -#holder - 1) == ':' .. holder
  if isCurrent then
    bytes = bytes - call('HSTRLEN', ITEMS, id) + 2
    call('ZREM', DUE, id)
    call('HDEL', ITEMS, id)
    call('HDEL', HANDOUTS, id)
    freed = freed + 1
  end
  settled[#settled + 1] = isCurrent and '1' or '0'
end
leased = leased - freed
consumed = consumed + freed
if leased == 0 then dueAt = 0 end
if freed > 0 and roomWaiting > 0 then
  local wake = math.min(freed, roomWaiting - call('LLEN', ROOM_TOKENS))
  for _ = 1, wake do call('RPUSH', ROOM_TOKENS, roomWaiting) end
end
local answer = table.concat(settled)
call('HSET', HEADER, who, request .. ':' .. answer, FIELD, struct.pack(NUMBERS,
--@include fields
))
return { 0, answer }
