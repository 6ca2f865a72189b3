#!lua flags=allow-oom
--@include header
--@include keys
--@include lines
--@include fates
-- Whether it is sealed, with nothing ready or leased. ARGV: waiter · longest wait in ms · 1 if it waited before

if not load() then return { GONE } end
local waiter, waitMs = ARGV[1], tonumber(ARGV[2])
local isBack = ARGV[3] == '1'
if isBack then leave(END, waiter) end
sweep()
local isEnd = isDrained()
local planMs = 0
if not isEnd and waitMs > 0 then planMs = join(END, waiter, waitMs, true)
elseif isBack then arm() end
commit()
return { 0, isEnd and 1 or 0, planMs }
