#!lua
--@include header
--@include keys
--@include lines
--@include answers
-- A new holder of a producer's name. ARGV: producer · holder

local NAMED_MAX = 10000

if not load() then return { GONE } end
local producer, holder = ARGV[1], ARGV[2]
local isNamed = string.sub(producer, 1, 1) == 'n'
local records = isNamed and PRODUCERS or HEADER
local last = '0'
local record = call('HGET', records, producer)
if record then
  last = string.match(record, ':(%d+)$')
  -- One that comes late, on a connection that was given up: its handle has registered again since.
  local heldBy, now = string.match(record, '^([%w_-]+)%.(%d+):')
  local handle, number = string.match(holder, '^([%w_-]+)%.(%d+)$')
  if heldBy == handle and tonumber(now) > tonumber(number) then return { 2 } end
elseif isNamed and call('HLEN', PRODUCERS) >= NAMED_MAX then return { 1, NAMED_MAX } end
rotate()
call('HSET', records, producer, holder .. ':' .. last)
-- Who held it before may be waiting.
if record then wakeAll(ROOM) end
commit()
return { 0, tonumber(last) }
