-- What is remembered of a bucket, before each script that changes some. TokenBucket of
-- token_bucket.cc says what it means, and does the same. Times are microseconds since 1970, of
-- this Redis; 0: none. Written as the time at which the bucket is full, and, only where there is
-- more to say, eight fields after that.

local CONTESTED_FOR = 2 * 1000000
local MEMORY_MS = 6 * 3600 * 1000
local FULL_MEMORY_MS = 10 * 1000
local PROBE_PATIENCE = 20 * 1000000
local MAX_CLOSING = 300 * 1000000
local SAME_WINDOW = 10 * 1000000

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local corrupt = 0 -- Buckets that were none of ours: they begin anew.

local function new_bucket(full_at)
  return {
    full_at = full_at, closed_until = 0, probe_until = 0, held_until = 0, held = 0,
    last = '-', last_at = 0, other = '-', other_at = 0
  }
end

-- Where the clock was set back, nothing lasts longer than it may.
local function settle(bucket)
  local function at_most(field, longest)
    if bucket[field] > now + longest then
      bucket[field] = now + longest
      bucket.changed = true
    end
  end
  at_most('closed_until', MAX_CLOSING)
  at_most('probe_until', PROBE_PATIENCE)
  at_most('held_until', MAX_CLOSING)
  return bucket
end

local function read_bucket(key)
  local text = redis.pcall('GET', key)
  if not text then
    return new_bucket(0)
  end
  if type(text) == 'table' then
    if not string.find(text.err, 'WRONGTYPE', 1, true) then
      error(text)
    end
    text = ''
  end
  if string.find(text, '^%d+$') then
    return new_bucket(tonumber(text))
  end
  local full_at, closed_until, probe_until, held_until, held, last, last_at, other, other_at =
    string.match(text, '^(%d+) (%d+) (%d+) (%d+) ([%d.e+-]+) ([%w-]+) (%d+) ([%w-]+) (%d+)$')
  if not full_at then
    corrupt = corrupt + 1
    return new_bucket(0)
  end
  return settle({
    full_at = tonumber(full_at), closed_until = tonumber(closed_until),
    probe_until = tonumber(probe_until), held_until = tonumber(held_until), held = tonumber(held) or 0,
    last = last, last_at = tonumber(last_at), other = other, other_at = tonumber(other_at)
  })
end

local function write_bucket(key, bucket, starts_full)
  local busy = math.max(now, bucket.full_at, bucket.closed_until, bucket.probe_until,
    bucket.held_until)
  local memory = MEMORY_MS
  if starts_full and bucket.closed_until == 0 then
    memory = FULL_MEMORY_MS
  end
  local text
  if bucket.closed_until == 0 and bucket.held_until <= now and bucket.last == '-' then
    text = string.format('%.0f', bucket.full_at)
  else
    text = string.format('%.0f %.0f %.0f %.0f %.17g %s %.0f %s %.0f', bucket.full_at,
      bucket.closed_until, bucket.probe_until, bucket.held_until, bucket.held, bucket.last,
      bucket.last_at, bucket.other, bucket.other_at)
  end
  redis.call('SET', key, text, 'PX',
    string.format('%.0f', math.ceil((busy - now) / 1000) + memory))
end

-- Microseconds that `tokens` take to come.
local function time_for(tokens, rate)
  return tokens * 1000000 / rate
end

local function rounded(micros)
  return math.floor(micros + 0.5)
end
