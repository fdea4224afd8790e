// Whether to try again, and apart from it: how long to wait, and how often all calls together may.
#pragma once

#include <array>
#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "clients/base/mutex.h"
#include "clients/pcaps_api/http_exchange.h"

namespace pcaps {

struct RetryOptions {
  int max_attempts = 3;  // Of one call; 1: never retry.
  absl::Duration base_backoff = absl::Milliseconds(200);
  absl::Duration max_backoff = absl::Seconds(5);
  double budget_ratio = 0.2;  // Retries per call, over all calls of the last 10 s.
};

// True where the same request, repeated, may fare better: connection errors, 408, 425, 5xx. Never
// 429. Only for requests that may be repeated at all. `http_status`: 0 where no whole answer came.
bool IsTransient(HttpFailure failure, int http_status);

// The wait before the `retry`-th repetition (from 1): anything up to the doubled base ("full
// jitter"). `uniform` is in [0, 1).
absl::Duration Backoff(const RetryOptions& options, int retry, double uniform);

// Keeps retries from multiplying the load on an upstream in trouble. Thread-safe.
class RetryBudget {
 public:
  explicit RetryBudget(double ratio) : ratio_(ratio) {}

  void RecordCall(absl::Time now);
  // Takes a retry; false where the budget is spent. Three retries per 10 s are always granted.
  bool TryRetry(absl::Time now);

 private:
  static constexpr int kSeconds = 10;
  static constexpr int kAlwaysGranted = 3;
  struct Second {
    int64_t second = 0;
    int calls = 0;
    int retries = 0;
  };

  Second& At(int64_t second) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const double ratio_;
  Mutex mutex_;
  std::array<Second, kSeconds> seconds_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace pcaps
