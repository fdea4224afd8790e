// What a configuration says of rates and budgets, as the use cases take it.
#pragma once

#include "service/config.h"
#include "service/gateway/rate_limiter.h"
#include "service/gateway/upstream_budget.h"

namespace pcaps {

inline UpstreamBudgetOptions BudgetOptionsOf(const Config& config) {
  UpstreamBudgetOptions options;
  for (const Config::Budget& budget : config.upstream.budgets) {
    options.ledger.budgets[budget.name] = {budget.requests_per_second, budget.burst};
  }
  options.ledger.max_replicas = config.state.max_replicas;
  return options;
}

inline RateLimiterOptions RateOptionsOf(const Config& config) {
  RateLimiterOptions options;
  options.rate = {config.rate_limit.requests_per_second, config.rate_limit.burst};
  for (const auto& [account, rate] : config.rate_limit.accounts) {
    options.accounts[account] = {rate.requests_per_second, rate.burst};
  }
  options.max_replicas = config.state.max_replicas;
  return options;
}

}  // namespace pcaps
