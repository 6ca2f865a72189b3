#!lua flags=allow-oom
--@parts header lines
-- A call stops waiting: it is counted no more, and a token that it may have been given goes to the next.
-- ARGV: waiter · room, item or end

if not load() then return { GONE } end
local line, tokens = ROOM_LINE, ROOM_TOKENS
local isServed = s.sealed > 0 or occupied(s) < s.capacity
if ARGV[2] == 'item' then
  line, tokens, isServed = ITEM_LINE, ITEM_TOKENS, s.ready > 0 or isDrained(s)
elseif ARGV[2] == 'end' then
  line, tokens, isServed = END_LINE, END_TOKENS, isDrained(s)
end
call('ZREM', line, ARGV[1])
if isServed then wakeNext(line, tokens) end
arm()
commit()
return { 0 }
