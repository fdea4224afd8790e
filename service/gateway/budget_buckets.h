// Budget buckets: which token buckets a request to the upstream is paid from.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "clients/pcaps_api/upstream_gate.h"
#include "service/state/shared_state.h"

namespace pcaps {

// What one Cloudflare user may spend, over the whole fleet.
struct BudgetRate {
  // 1,200 requests in five minutes are the upstream's limit.
  double requests_per_second = 3;
  double burst = 60;
};

struct BudgetShares {
  // Tokens of a bucket that nobody remembers: the state may just have been lost, and they be spent.
  double initial = 10;
  // Tokens that reads and polls leave for writes; a sixth of the burst at most.
  double write_reserve = 10;
  // Of the whole: what polls may take, and one account's reads and polls while others ask.
  double polls = 0.5;
  double account = 0.5;
};

// "budget:<name>": the bucket that all requests of a budget are paid from.
std::string BudgetKey(const std::string& budget);
// "budget:<name>:creates:<account>": never empty, but it can be closed.
std::string CreatesKey(const std::string& budget, const std::string& account_id);

// What is sent as POST /pcaps.
inline bool IsCreate(const UpstreamAsk& ask) { return ask.operation == Operation::kCreatePcap; }

// The take that pays for a request from what the fleet shares.
TakeRequest FleetTake(const UpstreamAsk& ask, const BudgetRate& rate, const BudgetShares& shares);

// The take that pays for it from what this replica has of its own, one of `replicas`. That holds
// little, a sixth of the burst over all replicas: what one saved while the state worked, others may
// have spent.
TakeRequest OwnTake(const UpstreamAsk& ask, const BudgetRate& rate, const BudgetShares& shares,
                    int replicas);

}  // namespace pcaps
