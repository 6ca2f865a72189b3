#!lua flags=allow-oom
--@parts header lines fates answers
-- Settles leases, each for itself. ARGV: consumer · request · and five of each: kind, sequence, holder, argument, delay in ms

local who, request = 's' .. ARGV[1], ARGV[2]

if not load() then return { GONE } end
local answered = kept(who, request)
if answered then return { 0, answered } end
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
    s.leased = s.leased - 1
    if kind == 'ack' then consume(id)
    elseif kind == 'release' then giveBack(id, deliveries, failures)
    elseif kind == 'bury' then bury(id, deliveries, failures, argument)
    else failed(id, deliveries, failures, argument, tonumber(delayMs)) end
  end
  settled[#settled + 1] = isCurrent and '1' or '0'
end
if s.leased == 0 then s.due = 0 end
settled = table.concat(settled)
keep(who, request, settled)
commit()
return { 0, settled }
