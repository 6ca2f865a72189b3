#!lua flags=allow-oom
--@include header
--@include keys
--@include lines
--@include fates
-- The ledger, at one instant.

if not load() then return { GONE } end
sweep()
forgetTheDead(nowMs())
commit()
return {
  0, s[READY], s[LEASED], s[PARKED_COUNT], s[DEAD_COUNT], s[DISCARDED], s[PRODUCED], s[CONSUMED], s[PEAK], s[SEALED],
  s[ROOM_WAITING], s[ITEM_WAITING],
}
