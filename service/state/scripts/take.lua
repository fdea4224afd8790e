-- Takes from all buckets or from none. KEYS: the buckets. ARGV: tokens wanted, the asker ('-':
-- nobody); then of each bucket: tokens a second, burst, initial tokens, reserve, 1 where it binds
-- only while contested. Returns tokens granted, now, when to try again, closed, probe, corrupt; of
-- each bucket that is closed, or was, its place from 1 and until when; and the tokens left in the
-- first one.

local ALMOST_NOTHING = 0.000001

local granted = math.max(tonumber(ARGV[1]), 1)
local asker = ARGV[2]
local ready = now
local closed = 0
local probe = 0
local contested = false
local closings = {}
local binding = {}

for i, key in ipairs(KEYS) do
  local at = 2 + (i - 1) * 5
  local bucket
  if i == 1 and asker ~= '-' then
    bucket = read_bucket(key)
    if bucket.last ~= asker then
      bucket.other, bucket.other_at = bucket.last, bucket.last_at
    end
    bucket.last, bucket.last_at = asker, now
    contested = now - bucket.other_at <= CONTESTED_FOR
    bucket.changed = true
  end
  if ARGV[at + 5] == '0' or contested then
    local rate, burst = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
    local initial, reserve = tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4])
    bucket = bucket or read_bucket(key)
    bucket.key, bucket.rate, bucket.burst, bucket.starts_full = key, rate, burst, initial >= burst
    if bucket.full_at == 0 then
      local missing = math.min(math.max(burst - initial, 0), burst)
      bucket.full_at = now + rounded(time_for(missing, rate))
      bucket.changed = true
    end
    bucket.full_at = math.min(bucket.full_at, now + rounded(time_for(burst, rate)))
    local tokens = burst - math.max(bucket.full_at - now, 0) * rate / 1000000
    local ready_at = bucket.full_at - math.floor(time_for(burst - 1 - reserve, rate))
    if now < bucket.held_until then
      tokens = math.min(tokens, bucket.held)
      if bucket.held + ALMOST_NOTHING < 1 + reserve then
        ready_at = math.max(ready_at, bucket.held_until)
      end
    end
    tokens = tokens - reserve
    if tokens < 1 and tokens + ALMOST_NOTHING >= 1 then
      tokens = 1
    end
    if bucket.closed_until ~= 0 then
      closings[#closings + 1] = i
      closings[#closings + 1] = string.format('%.0f', bucket.closed_until)
      local closed_until = math.max(bucket.closed_until, bucket.probe_until)
      if now < closed_until then
        closed = 1
        bucket.closed = true
      else
        probe = 1
        bucket.probe = true
        tokens = math.min(tokens, 1)
      end
      ready_at = math.max(ready_at, closed_until)
    end
    granted = math.min(granted, tokens)
    ready = math.max(ready, ready_at)
    binding[#binding + 1] = bucket
  elseif bucket then
    write_bucket(key, bucket, tonumber(ARGV[at + 3]) >= tonumber(ARGV[at + 2]))
  end
end

if closed == 1 or granted < 1 then
  granted = 0
  probe = 0
end
for _, bucket in ipairs(binding) do
  if granted > 0 then
    bucket.full_at = math.max(bucket.full_at, now) + rounded(time_for(granted, bucket.rate))
    if now < bucket.held_until then
      bucket.held = math.max(bucket.held - granted, 0)
    end
    if bucket.probe then
      bucket.probe_until = now + PROBE_PATIENCE
      bucket.closed = true -- For all others.
    end
    bucket.changed = true
  end
  if bucket.changed then
    write_bucket(bucket.key, bucket, bucket.starts_full)
  end
end

local left = 0
local first = binding[1]
if first and not first.closed then
  left = first.burst - math.max(first.full_at - now, 0) * first.rate / 1000000
  if now < first.held_until then
    left = math.min(left, first.held)
  end
end

return {
  string.format('%.17g', granted), string.format('%.0f', now),
  string.format('%.0f', granted > 0 and now or ready), closed, probe, corrupt,
  closings, string.format('%.17g', left)
}
