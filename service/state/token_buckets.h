// TokenBuckets: the buckets of this process alone, by key: MemoryState's, and those to go by while
// the shared state is down. On one thread.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/state/expiring_map.h"
#include "service/state/shared_state.h"
#include "service/state/token_bucket.h"

namespace pcaps {

// As the functions of SharedState say. `now`: of the clock that all times here are of.
// RESOURCE_EXHAUSTED: there are too many buckets for a new one.
class TokenBuckets {
 public:
  explicit TokenBuckets(size_t max_buckets) : buckets_(max_buckets) {}

  absl::StatusOr<TakeResult> Take(const TakeRequest& request, absl::Time now);
  absl::Status Close(const std::string& key, absl::Time until, absl::Time now);
  absl::Status Reopen(const Bucket& bucket, absl::Time now);
  absl::Status Hold(const std::string& key, double tokens, absl::Time until, absl::Time now);

  size_t size() const { return buckets_.size(); }

 private:
  TokenBucket* Find(const std::string& key, absl::Time now);
  void Remember(const std::string& key, bool starts_full, absl::Time now);

  ExpiringMap<TokenBucket> buckets_;
};

}  // namespace pcaps
