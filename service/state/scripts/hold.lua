-- Limits what is granted from a bucket for a time. KEYS: the bucket. ARGV: tokens, until when.
-- Returns corrupt.

local bucket = read_bucket(KEYS[1])
bucket.held = math.max(tonumber(ARGV[1]), 0)
bucket.held_until = math.min(tonumber(ARGV[2]), now + MAX_CLOSING)
write_bucket(KEYS[1], bucket, false)
return corrupt
