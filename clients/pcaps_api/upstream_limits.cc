#include "clients/pcaps_api/upstream_limits.h"

namespace pcaps {

std::unique_ptr<UpstreamLimits::Slot> UpstreamLimits::TakeSlot() {
  if (in_flight_.fetch_add(1) >= max_in_flight_) {
    in_flight_.fetch_sub(1);
    return nullptr;
  }
  return std::make_unique<Slot>(shared_from_this());
}

CircuitBreaker& UpstreamLimits::circuit(const std::string& credential) {
  const MutexLock lock(mutex_);
  return circuits_.try_emplace(credential).first->second;
}

}  // namespace pcaps
