-- The keys of one buffer, and its header: the settings, the place in the sequence, and every count of the ledger.

local call = redis.call
-- header · fresh items, neighbours in the sequence · other items · hand-outs · returned, due, dead, parked, by sequence or time ·
-- producers · kept answers · who waits for room, for an item, for the end · and the tokens that wake them
local HEADER, FRESH, ITEMS, HANDOUTS, RETURNED, DUE, DEAD, PARKED, PRODUCERS, ANSWERS, ROOM_LINE, ITEM_LINE, END_LINE, ROOM_TOKENS, ITEM_TOKENS, END_TOKENS =
  unpack(KEYS)

local GONE = 9
local FIELDS = {
  'capacity', 'bytesMax', 'failuresMax', 'deadMax', 'fallbackMs',
  'sequence', 'ready', 'returned', 'leased', 'parked', 'dead', 'discarded', 'produced', 'consumed', 'bytes', 'peak', 'sealed', 'due', 'promised', 'promisedAt',
}
local SETTINGS = 5

local s, was = {}, {}

local function load()
  local values = call('HMGET', HEADER, unpack(FIELDS))
  if not values[1] then return false end
  for i = 1, #FIELDS do
    local value = tonumber(values[i])
    s[FIELDS[i]] = value
    was[FIELDS[i]] = value
  end
  return true
end

local function save()
  local changes, n = {}, 0
  for i = SETTINGS + 1, #FIELDS do
    local name = FIELDS[i]
    if s[name] ~= was[name] then
      changes[n + 1] = name
      changes[n + 2] = string.format('%.0f', s[name])
      n = n + 2
    end
  end
  if n > 0 then call('HSET', HEADER, unpack(changes)) end
end

local function occupied(of)
  return of.ready + of.leased + of.parked
end

local function isDrained(of)
  return of.sealed > 0 and of.ready + of.leased == 0
end

-- The server's clock, which is a wall clock, in milliseconds.
local function nowMs()
  local time = call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
