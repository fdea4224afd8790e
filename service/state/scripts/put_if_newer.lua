-- Puts a value unless there is one whose order is not lower. KEYS: the value. ARGV: its order and
-- itself, milliseconds to live. Returns put, corrupt.

-- ordered_value.cc writes the order: 17 digits and a blank. Digits only, since Redis compares
-- strings as its locale wants.
local known = redis.pcall('GETRANGE', KEYS[1], 0, 17)
local corrupt = 0
if type(known) == 'table' then
  if not string.find(known.err, 'WRONGTYPE', 1, true) then
    return known
  end
  corrupt = 1
elseif string.find(known, '^%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d $') then
  if known >= string.sub(ARGV[1], 1, 18) then
    return {0, 0}
  end
elseif known ~= '' then
  corrupt = 1
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return {1, corrupt}
