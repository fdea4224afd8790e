#include "service/gateway/poll_schedule.h"

#include <algorithm>

#include "clients/base/error.h"

namespace pcaps {
namespace {

// A capture's state rarely changes within a tenth of its age.
constexpr int kAgeShare = 10;
constexpr int kMaxBackoffDoublings = 10;
// So that what was refused together does not come again together.
constexpr double kRefusalSpread = 0.5;

}  // namespace

absl::Duration PollInterval(const PollLimits& limits, absl::Time now,
                            std::optional<absl::Time> youngest_submitted) {
  if (!youngest_submitted.has_value()) return limits.max_interval;
  return std::clamp((now - *youngest_submitted) / kAgeShare, limits.min_interval,
                    limits.max_interval);
}

bool IsRefusal(const absl::Status& status) {
  const v1::ErrorReason reason = ReasonOf(status);
  return reason == v1::ERROR_REASON_UPSTREAM_BUDGET_EXHAUSTED ||
         reason == v1::ERROR_REASON_UPSTREAM_RATE_LIMITED;
}

absl::Duration PollBackoff(const PollLimits& limits, int failures, const absl::Status& status,
                           const std::function<double()>& uniform) {
  const absl::Duration asked_for = RetryAfterOf(status).value_or(absl::ZeroDuration());
  if (IsRefusal(status)) {
    const absl::Duration jitter = kRefusalSpread * uniform() * limits.min_interval;
    return std::max(asked_for, limits.min_interval / 2) + jitter;
  }
  const int doublings = std::min(failures, kMaxBackoffDoublings);
  const absl::Duration backoff =
      std::min(limits.min_interval * (1 << doublings), limits.max_interval);
  return std::max(backoff, asked_for);
}

}  // namespace pcaps
