#!lua flags=allow-oom
--@include header
--@include keys
--@include lines
--@include answers
-- A consumer comes. ARGV: its name

if not load() then return { GONE } end
rotate()
-- `poll` looks for the number of the last one.
call('HSET', HEADER, '#' .. ARGV[1], 0)
commit()
return { 0 }
