-- Closes a bucket. KEYS: the bucket. ARGV: until when. Returns corrupt.

local bucket = read_bucket(KEYS[1])
local closed_until = math.min(tonumber(ARGV[1]), now + MAX_CLOSING)
if closed_until > bucket.closed_until then
  bucket.closed_until = closed_until
  bucket.probe_until = 0
  write_bucket(KEYS[1], bucket, false)
end
return corrupt
