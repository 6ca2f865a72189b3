-- header, and answers that are kept · fresh items, neighbours in the sequence · other items · hand-outs · returned, due, dead, parked, by sequence or time ·
-- named producers · older answers · who waits for room, for an item, for the end · and the tokens that wake them
local HEADER, FRESH, ITEMS, HANDOUTS, RETURNED, DUE, DEAD, PARKED, PRODUCERS, OLD_ANSWERS, ROOM_LINE, ITEM_LINE, END_LINE, ROOM_TOKENS, ITEM_TOKENS, END_TOKENS =
  unpack(KEYS)

local s
local wasOccupied, wasReady, wasSealed, wasDrained, wasDueAt

local function occupied()
  return s[READY] + s[LEASED] + s[PARKED_COUNT]
end

local function isDrained()
  return s[SEALED] > 0 and s[READY] + s[LEASED] == 0
end

local function load()
  local packed = call('HGET', HEADER, FIELD)
  if not packed then return false end
  s = { struct.unpack(NUMBERS, packed) }
  -- Behind the last number it says where it has read to.
  s[SEALER] = string.sub(packed, s[NUMBER_COUNT + 1])
  wasOccupied, wasReady, wasSealed, wasDrained, wasDueAt = occupied(), s[READY], s[SEALED], isDrained(), s[DUE_AT]
  return true
end

-- The server's clock, which is a wall clock, in milliseconds.
local function nowMs()
  local time = call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
