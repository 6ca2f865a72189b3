-- How the header is written: its numbers, and behind them one text. It is a field of the key that it shares with what was told to
-- whom, so that a call reads and writes one key for both.

local call = redis.call
local GONE, SLOW = 9, 8
local NUMBERS, FIELD = '<dddddddddddddddddddddddd', 'h'
