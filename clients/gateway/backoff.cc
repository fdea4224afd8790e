#include "clients/gateway/backoff.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "clients/base/error.h"

namespace pcaps {
namespace {

// Returns early once stop is requested.
void Sleep(absl::Duration duration, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never_notified;
  std::unique_lock lock(mutex);
  never_notified.wait_for(lock, stop, absl::ToChronoNanoseconds(duration), [] { return false; });
}

}  // namespace

absl::Status Backoff::WaitAfter(const absl::Status& failure) {
  if (!absl::IsUnavailable(failure) || ++failures_ > options_.max_failures_in_a_row) return failure;
  const absl::Duration asked = RetryAfterOf(failure).value_or(absl::ZeroDuration());
  const absl::Duration pause = std::max(asked, NextPause());
  if (asked > options_.max_retry_after || absl::Now() + pause >= call_.deadline) return failure;
  Sleep(pause, call_.stop);
  if (call_.stop.stop_requested()) return absl::CancelledError("interrupted");
  return absl::OkStatus();
}

absl::Duration Backoff::NextPause() {
  absl::Duration pause = options_.initial;
  for (int i = 1; i < failures_ && pause < options_.max; ++i) pause *= 2;
  // Callers cut off together do not come back together.
  return std::min(pause, options_.max) * absl::Uniform(random_, 0.5, 1.0);
}

}  // namespace pcaps
