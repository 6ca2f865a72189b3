#!lua flags=allow-oom
--@include header
--@include keys
--@include lines
--@include answers
-- A consumer comes. ARGV: its name

if not load() then return { GONE } end
rotate()
-- `poll` and `settle` look for the number of the last one.
call('HSET', HEADER, '#' .. ARGV[1], 0, 's' .. ARGV[1], '0:')
commit()
return { 0 }
