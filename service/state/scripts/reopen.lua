-- Ends a closing that is over, and empties the bucket. KEYS: the bucket. ARGV: tokens a second, burst, initial
-- tokens. Returns corrupt.

local bucket = read_bucket(KEYS[1])
if bucket.closed_until > now then -- It came after the probe.
  return corrupt
end
local burst = tonumber(ARGV[2])
bucket.closed_until = 0
bucket.probe_until = 0
bucket.full_at = now + rounded(time_for(burst, tonumber(ARGV[1])))
write_bucket(KEYS[1], bucket, tonumber(ARGV[3]) >= burst)
return corrupt
