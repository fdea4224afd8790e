// PollPlan: what an account's poller asks for next, and when.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "service/gateway/pcap_cache.h"
#include "service/gateway/poll_schedule.h"
#include "service/gateway/watched_account.h"

namespace pcaps {

// What all replicas together want polled.
struct PollPlan {
  std::set<std::string> open;  // Ids that are not known to be done.
  bool list = false;           // All of the account.
  absl::Duration interval;     // How old anything may become.
  absl::Duration due_in;       // Until something is as old; negative: since then.
};

// `fleet_now` is the shared state's time, which observations bear.
PollPlan MakePollPlan(const std::set<std::string>& wanted, const WatchedAccount& account,
                      PcapCache& cache, const PollLimits& limits, absl::Time fleet_now);

// Interval for captures of which these are all that is known.
absl::Duration PollIntervalOf(const std::vector<v1::Pcap>& pcaps, const PollLimits& limits,
                              absl::Time fleet_now);

}  // namespace pcaps
