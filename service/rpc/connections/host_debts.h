// HostDebts: what the connections of each host brought until their end that nothing explains, in
// sum, though none of them was a flood by itself. On the watch's thread.
#pragma once

#include <cstdint>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "service/rpc/connections/flood_rule.h"

namespace pcaps {

class HostDebts {
 public:
  // As much as one connection may bring, see FloodRule: some 9000 streams that are opened and
  // reset.
  static constexpr int64_t kMax = FloodRule::kSlack;
  // A client that dies leaves requests behind that had not come in whole.
  static constexpr int64_t kMaxOfConnection = 32 << 10;
  static constexpr int64_t kPaidPerSecond = 16 << 10;

  // Whether the host owes too much now.
  bool Add(const std::string& host, int64_t bytes, absl::Time now);

 private:
  struct Debt {
    int64_t bytes = 0;
    absl::Time at;

    int64_t Left(absl::Time now) const;
  };

  // Debts that are paid are forgotten once there are so many.
  static constexpr size_t kMinSweep = 1000;

  absl::flat_hash_map<std::string, Debt> debts_;
  size_t sweep_at_ = kMinSweep;
};

}  // namespace pcaps
