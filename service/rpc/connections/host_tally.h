// HostTally: sums over hosts, and the one with the most. On the watch's thread.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"

namespace pcaps {

class HostTally {
 public:
  // `counted`: what there was of one of the host's connections; `now`: what there is.
  void Change(const std::string& host, int64_t& counted, int64_t now) {
    const int64_t more = now - std::exchange(counted, now);
    if (more == 0) return;
    total_ += more;
    const auto of_host = by_host_.try_emplace(host, 0).first;
    of_host->second += more;
    if (of_host->second == 0) by_host_.erase(of_host);
  }

  int64_t total() const { return total_; }
  // There is one where the total is not zero.
  std::string Largest() const {
    const auto* largest = &*by_host_.begin();
    for (const auto& each : by_host_) {
      if (each.second > largest->second) largest = &each;
    }
    return largest->first;
  }

 private:
  int64_t total_ = 0;
  absl::flat_hash_map<std::string, int64_t> by_host_;
};

}  // namespace pcaps
