#include "service/rpc/connections/host_debts.h"

#include <algorithm>

namespace pcaps {

int64_t HostDebts::Debt::Left(absl::Time now) const {
  const double paid = absl::ToDoubleSeconds(now - at) * static_cast<double>(kPaidPerSecond);
  return std::max(int64_t{0}, bytes - static_cast<int64_t>(paid));
}

bool HostDebts::Add(const std::string& host, int64_t bytes, absl::Time now) {
  Debt& debt = debts_[host];
  debt = {debt.Left(now) + std::min(bytes, kMaxOfConnection), now};
  const bool too_much = debt.bytes > kMax;
  if (debts_.size() >= sweep_at_) {
    absl::erase_if(debts_, [now](const auto& each) { return each.second.Left(now) == 0; });
    sweep_at_ = std::max(kMinSweep, 2 * debts_.size());
  }
  return too_much;
}

}  // namespace pcaps
