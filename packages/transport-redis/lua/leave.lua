#!lua flags=allow-oom
--@include header
--@include keys
--@include lines
-- A call stops waiting: it is counted no more, and a token that it may have been given goes to the next.
-- ARGV: waiter · room, item or end

if not load() then return { GONE } end
local of = ROOM
local isServed = s[SEALED] > 0 or occupied() < s[CAPACITY]
if ARGV[2] == 'item' then
  of, isServed = ITEM, s[READY] > 0 or isDrained()
elseif ARGV[2] == 'end' then
  of, isServed = END, isDrained()
end
leave(of, ARGV[1])
if isServed then wakeNext(of) end
arm()
commit()
return { 0 }
