// BudgetLevels: how full the budgets are, as far as this replica has seen: for people and metrics,
// who decide nothing by it.
#pragma once

#include <map>
#include <string>

#include "absl/time/time.h"
#include "service/state/shared_state.h"

namespace pcaps {

// On the control loop. Times are of the fleet's clock.
class BudgetLevels {
 public:
  // A take has found so much in `bucket`.
  void NoteTake(const std::string& budget, const TakeResult& taken, const Bucket& bucket);
  // The upstream leaves no more than `tokens` until then, where a take has found more.
  void NoteHold(const std::string& budget, double tokens, absl::Time until, absl::Time now);

  // Tokens now; `unknown` where nobody has asked for it here: whoever does knows better.
  double TokensIn(const std::string& budget, double unknown, absl::Time now) const;

 private:
  // As the last take found it; since then it fills up, but not while it is held.
  struct Found {
    double tokens = 0;
    absl::Time at;
    double tokens_per_second = 0;
    double burst = 0;
    absl::Time held_until = absl::InfinitePast();

    double TokensAt(absl::Time now) const;
  };

  std::map<std::string, Found> found_;  // By budget.
};

}  // namespace pcaps
