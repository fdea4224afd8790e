-- Before bucket.lua and take.lua: the usual take, from one bucket that has nothing but tokens. It
-- does what they do, in less time; what it is not made for it leaves to them.

if #KEYS == 1 and ARGV[2] == '-' and ARGV[7] == '0' then
  local text = redis.pcall('GET', KEYS[1])
  if type(text) == 'string' and string.find(text, '^%d+$') then
    local floor, max, format = math.floor, math.max, string.format
    local time = redis.call('TIME')
    local now = time[1] * 1000000 + time[2]
    local rate, burst, reserve = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[6])
    local full_at = tonumber(text)
    full_at = math.min(full_at, now + floor(burst * 1000000 / rate + 0.5))
    local granted = burst - max(full_at - now, 0) * rate / 1000000 - reserve
    if granted < 1 and granted + 0.000001 >= 1 then
      granted = 1
    end
    granted = math.min(granted, max(tonumber(ARGV[1]), 1))
    local now_text = format('%.0f', now)
    if granted < 1 then
      local ready = full_at - floor((burst - 1 - reserve) * 1000000 / rate)
      local left = burst - max(full_at - now, 0) * rate / 1000000
      return {'0', now_text, format('%.0f', max(ready, now)), 0, 0, 0, {}, format('%.17g', left)}
    end
    full_at = max(full_at, now) + floor(granted * 1000000 / rate + 0.5)
    local memory = tonumber(ARGV[5]) >= burst and 10000 or 21600000 -- As in bucket.lua.
    redis.call('SET', KEYS[1], format('%.0f', full_at), 'PX',
      format('%.0f', math.ceil((full_at - now) / 1000) + memory))
    local left = burst - max(full_at - now, 0) * rate / 1000000
    return {format('%.17g', granted), now_text, now_text, 0, 0, 0, {}, format('%.17g', left)}
  end
end
