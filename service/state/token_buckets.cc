#include "service/state/token_buckets.h"

namespace pcaps {
namespace {

absl::Status TooMany() { return absl::ResourceExhaustedError("too many token buckets"); }

}  // namespace

TokenBucket* TokenBuckets::Find(const std::string& key, absl::Time now) {
  return buckets_.FindOrAdd(key, now + kBucketMemory, now);
}

void TokenBuckets::Remember(const std::string& key, bool starts_full, absl::Time now) {
  buckets_.Extend(key, Find(key, now)->forgettable(starts_full, now));
}

absl::StatusOr<TakeResult> TokenBuckets::Take(const TakeRequest& request, absl::Time now) {
  for (const BucketUse& use : request.uses) {
    if (Find(use.bucket.key, now) == nullptr) return TooMany();
  }
  const TakeResult result =
      TakeFrom(request, now,
               [this, now](const std::string& key) -> TokenBucket& { return *Find(key, now); });
  for (const BucketUse& use : request.uses) {
    Remember(use.bucket.key, use.bucket.initial >= use.bucket.burst, now);
  }
  return result;
}

absl::Status TokenBuckets::Close(const std::string& key, absl::Time until, absl::Time now) {
  TokenBucket* const bucket = Find(key, now);
  if (bucket == nullptr) return TooMany();
  bucket->Close(until, now);
  Remember(key, /*starts_full=*/false, now);
  return absl::OkStatus();
}

absl::Status TokenBuckets::Reopen(const Bucket& bucket, absl::Time now) {
  TokenBucket* const state = Find(bucket.key, now);
  if (state == nullptr) return TooMany();
  state->Reopen(bucket, now);
  Remember(bucket.key, bucket.initial >= bucket.burst, now);
  return absl::OkStatus();
}

absl::Status TokenBuckets::Hold(const std::string& key, double tokens, absl::Time until,
                                absl::Time now) {
  TokenBucket* const bucket = Find(key, now);
  if (bucket == nullptr) return TooMany();
  bucket->Hold(tokens, until, now);
  Remember(key, /*starts_full=*/false, now);
  return absl::OkStatus();
}

}  // namespace pcaps
