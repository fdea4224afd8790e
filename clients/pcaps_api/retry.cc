#include "clients/pcaps_api/retry.h"

#include <algorithm>
#include <cmath>

namespace pcaps {

bool IsTransient(HttpFailure failure, int http_status) {
  switch (failure) {
    case HttpFailure::kConnect:
    case HttpFailure::kBroken:
      return true;
    case HttpFailure::kTls:        // The certificate will be the same.
    case HttpFailure::kTimeout:    // No time is left.
    case HttpFailure::kMalformed:  // So will the nonsense.
    case HttpFailure::kCancelled:
      return false;
    case HttpFailure::kNone:
      return http_status == 408 || http_status == 425 || (http_status >= 500 && http_status < 600);
  }
  return false;
}

absl::Duration Backoff(const RetryOptions& options, int retry, double uniform) {
  const absl::Duration doubled = options.base_backoff * std::exp2(retry - 1);
  return std::min(doubled, options.max_backoff) * uniform;
}

RetryBudget::Second& RetryBudget::At(int64_t second) {
  Second& slot = seconds_[second % kSeconds];
  if (slot.second != second) slot = Second{.second = second};
  return slot;
}

void RetryBudget::RecordCall(absl::Time now) {
  const MutexLock lock(mutex_);
  ++At(absl::ToUnixSeconds(now)).calls;
}

bool RetryBudget::TryRetry(absl::Time now) {
  const int64_t second = absl::ToUnixSeconds(now);
  const MutexLock lock(mutex_);
  int calls = 0;
  int retries = 0;
  for (const Second& slot : seconds_) {
    if (slot.second <= second - kSeconds) continue;
    calls += slot.calls;
    retries += slot.retries;
  }
  if (retries >= std::max<double>(kAlwaysGranted, ratio_ * calls)) return false;
  ++At(second).retries;
  return true;
}

}  // namespace pcaps
