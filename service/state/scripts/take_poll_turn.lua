-- Asks for the turn to poll an account. KEYS: who has it, what is wanted and until when. ARGV: who
-- asks, milliseconds, the ids it wants. Returns mine, corrupt, all wanted ids.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ttl = tonumber(ARGV[2])
local corrupt = 0

local function drop_foreign(key, ours)
  local kind = redis.call('TYPE', key).ok
  if kind ~= ours and kind ~= 'none' then
    redis.call('DEL', key)
    corrupt = corrupt + 1
  end
end

drop_foreign(KEYS[1], 'string')
drop_foreign(KEYS[2], 'zset')
local holder = redis.call('GET', KEYS[1])
local mine = 0
if not holder or holder == ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  mine = 1
end
local until_text = string.format('%.0f', now + ttl)
local wanted = {}
for i = 3, #ARGV do
  wanted[#wanted + 1] = until_text
  wanted[#wanted + 1] = ARGV[i]
  if #wanted == 500 or i == #ARGV then
    redis.call('ZADD', KEYS[2], 'GT', unpack(wanted))
    wanted = {}
  end
end
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', string.format('%.0f', now))
if redis.call('PTTL', KEYS[2]) < ttl then
  redis.call('PEXPIRE', KEYS[2], ARGV[2])
end
return {mine, corrupt, redis.call('ZRANGE', KEYS[2], 0, -1)}
