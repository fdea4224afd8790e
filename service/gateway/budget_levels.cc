#include "service/gateway/budget_levels.h"

#include <algorithm>

namespace pcaps {

double BudgetLevels::Found::TokensAt(absl::Time now) const {
  const absl::Duration fills = std::max(now - std::max(at, held_until), absl::ZeroDuration());
  return std::min(tokens + absl::ToDoubleSeconds(fills) * tokens_per_second, burst);
}

void BudgetLevels::NoteTake(const std::string& budget, const TakeResult& taken,
                            const Bucket& bucket) {
  Found& found = found_[budget];
  found.tokens = std::max(taken.left, 0.0);
  found.at = taken.now;
  found.tokens_per_second = bucket.tokens_per_second;
  found.burst = bucket.burst;
}

void BudgetLevels::NoteHold(const std::string& budget, double tokens, absl::Time until,
                            absl::Time now) {
  const auto at = found_.find(budget);
  if (at == found_.end()) return;
  Found& found = at->second;
  found.tokens = std::min(found.TokensAt(now), tokens);
  found.at = now;
  found.held_until = until;
}

double BudgetLevels::TokensIn(const std::string& budget, double unknown, absl::Time now) const {
  const auto found = found_.find(budget);
  return found == found_.end() ? unknown : found->second.TokensAt(now);
}

}  // namespace pcaps
