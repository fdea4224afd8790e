-- Replaces a record where it is as expected. KEYS: the record. ARGV: 1 where one is expected, that
-- one, 1 where one is desired, that one, milliseconds to live. Returns swapped, what is there now,
-- corrupt.

local current = redis.pcall('GET', KEYS[1])
local corrupt = 0
if type(current) == 'table' then
  if not string.find(current.err, 'WRONGTYPE', 1, true) then
    return current
  end
  current = false
  corrupt = 1
end
local expected = ARGV[1] == '1' and ARGV[2]
if current ~= expected then
  return {0, current, corrupt}
end
if ARGV[3] == '1' then
  redis.call('SET', KEYS[1], ARGV[4], 'PX', ARGV[5])
  return {1, ARGV[4], corrupt}
end
redis.call('DEL', KEYS[1])
return {1, false, corrupt}
