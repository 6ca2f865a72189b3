#!lua flags=allow-oom
--@parts header lines fates
-- The ledger, at one instant.

if not load() then return { GONE } end
sweep()
forgetTheDead(nowMs())
commit()
local counts = { 0 }
for i, name in ipairs({ 'ready', 'leased', 'parked', 'dead', 'discarded', 'produced', 'consumed', 'peak', 'sealed' }) do
  counts[i + 1] = s[name]
end
counts[#counts + 1] = call('ZCARD', ROOM_LINE)
counts[#counts + 1] = call('ZCARD', ITEM_LINE)
return counts
