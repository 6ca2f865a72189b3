#!lua flags=allow-oom
--@include header
--@include keys
--@include lines
--@include fates
--@include answers
-- What `settle` does, of every kind, and in every state of the buffer. ARGV: consumer · request · and five of each: kind, sequence, holder, argument, delay in ms

local who, request = 's' .. ARGV[1], ARGV[2]

if not load() then return { GONE } end
local answered, isLate = kept(who, request)
if answered or isLate then return { 0, answered or '' } end
sweep()

local settled = {}
for at = 3, #ARGV, 5 do
  local kind, id, holder, argument, delayMs = unpack(ARGV, at, at + 4)
  local deliveries, failures, heldBy = handOut(id)
  local isCurrent = holder ~= '' and heldBy == holder
  if isCurrent and kind == 'extend' then
    comesDue(id, nowMs() + tonumber(argument))
  elseif isCurrent then
    call('ZREM', DUE, id)
    s[LEASED] = s[LEASED] - 1
    if kind == 'ack' then consume(id)
    elseif kind == 'release' then giveBack(id, deliveries, failures)
    elseif kind == 'bury' then bury(id, deliveries, failures, argument)
    else failed(id, deliveries, failures, argument, tonumber(delayMs)) end
  end
  settled[#settled + 1] = isCurrent and '1' or '0'
end
if s[LEASED] == 0 then s[DUE_AT] = 0 end
settled = table.concat(settled)
keep(who, request, settled)
commit()
return { 0, settled }
