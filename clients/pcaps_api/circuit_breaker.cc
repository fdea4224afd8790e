#include "clients/pcaps_api/circuit_breaker.h"

#include <algorithm>
#include <utility>

namespace pcaps {

CircuitBreaker::Admission CircuitBreaker::Admit(absl::Time now) {
  const MutexLock lock(mutex_);
  if (!open_) return Admission::kPass;
  if (now < next_probe_) return Admission::kRefuse;
  next_probe_ =
      now + probe_interval_;  // Even if nothing is ever heard of this probe, there will be another.
  return Admission::kProbe;
}

bool CircuitBreaker::Refuses(absl::Time now) const {
  const MutexLock lock(mutex_);
  return open_ && now < next_probe_;
}

bool CircuitBreaker::RecordSuccess() {
  const MutexLock lock(mutex_);
  failures_ = 0;
  several_resources_ = false;
  next_probe_ = absl::InfinitePast();
  return std::exchange(open_, false);
}

bool CircuitBreaker::RecordFailure(absl::Time now, const std::string& resource,
                                   Admission admission) {
  const MutexLock lock(mutex_);
  if (open_) {
    // Others were under way when the circuit opened: old news.
    if (admission == Admission::kProbe) {
      Open(now, std::min(probe_interval_ * 2, options_.max_probe_interval));
    }
    return false;
  }
  if (failures_ == 0) first_resource_ = resource;
  several_resources_ = several_resources_ || resource != first_resource_;
  ++failures_;
  if (failures_ < options_.failures_to_open || !several_resources_) return false;
  Open(now, options_.min_probe_interval);
  return true;
}

void CircuitBreaker::Open(absl::Time now, absl::Duration interval) {
  open_ = true;
  probe_interval_ = interval;
  next_probe_ = now + interval;
}

bool CircuitBreaker::IsOpen() const {
  const MutexLock lock(mutex_);
  return open_;
}

absl::Time CircuitBreaker::NextProbe() const {
  const MutexLock lock(mutex_);
  return next_probe_;
}

}  // namespace pcaps
