-- Limits what is granted from a bucket for a time. KEYS: the bucket. ARGV: tokens, until when.
-- Returns corrupt.

local bucket = read_bucket(KEYS[1])
local tokens = math.max(tonumber(ARGV[1]), 0)
local held_until = math.min(tonumber(ARGV[2]), now + MAX_CLOSING)
if now < bucket.held_until and math.abs(held_until - bucket.held_until) <= SAME_WINDOW then
  bucket.held = math.min(bucket.held, tokens)
else
  bucket.held, bucket.held_until = tokens, held_until
end
write_bucket(KEYS[1], bucket, false)
return corrupt
