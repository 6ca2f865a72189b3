#!lua
--@parts header lines
-- A new holder of a producer's name. ARGV: producer · holder

local PRODUCERS_MAX = 10000
-- One without an id that has been silent for so long is taken for dead.
local SILENT_S = 600

if not load() then return { GONE } end
local producer, holder = ARGV[1], ARGV[2]
local now = tonumber(call('TIME')[1])
local last = '0'
local record = call('HGET', PRODUCERS, producer)
if record then
  last = string.match(record, '^[^:]*:(%d+):')
elseif call('HLEN', PRODUCERS) >= PRODUCERS_MAX then
  local records = call('HGETALL', PRODUCERS)
  local isAnyGone = false
  for i = 1, #records, 2 do
    if string.sub(records[i], 1, 1) == 'a' and tonumber(string.match(records[i + 1], '(%d+)$')) < now - SILENT_S then
      call('HDEL', PRODUCERS, records[i])
      isAnyGone = true
    end
  end
  if not isAnyGone then return { 1, PRODUCERS_MAX } end
end
call('HSET', PRODUCERS, producer, holder .. ':' .. last .. ':' .. now)
-- Who held it before may be waiting.
if record then wakeAll(ROOM_LINE, ROOM_TOKENS) end
return { 0, tonumber(last) }
