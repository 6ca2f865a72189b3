#!lua flags=allow-oom
--@include header
--@include keys
--@include lines
--@include answers
-- A consumer comes.

if not load() then return { GONE } end
rotate()
commit()
return { 0 }
