--@include layout
-- The header of a buffer: the settings, the place in the sequence, every count of the ledger, and how many wait.

local CAPACITY, BYTES_MAX, FAILURES_MAX, DEAD_MAX, FALLBACK_MS = 1, 2, 3, 4, 5
local SEQUENCE, READY, RETURNED_READY, LEASED, PARKED_COUNT, DEAD_COUNT, DISCARDED = 6, 7, 8, 9, 10, 11, 12
local PRODUCED, CONSUMED, BYTES, PEAK, SEALED, DUE_AT, PROMISED, PROMISED_AT = 13, 14, 15, 16, 17, 18, 19, 20
local ROOM_WAITING, ITEM_WAITING, END_WAITING, ROTATED_AT, SEALER = 21, 22, 23, 24, 25
local NUMBER_COUNT = 24
