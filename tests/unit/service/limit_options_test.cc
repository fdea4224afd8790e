#include "service/limit_options.h"

#include <gtest/gtest.h>

namespace pcaps {
namespace {

TEST(LimitOptions, AreWhatTheConfigurationSays) {
  Config config;
  config.state.max_replicas = 4;
  config.upstream.budgets = {{"a", 1, 5}, {"b", 2, 6}};
  config.rate_limit.requests_per_second = 7;
  config.rate_limit.burst = 8;
  config.rate_limit.accounts["acc"] = {9, 10};
  const UpstreamBudgetOptions budget = BudgetOptionsOf(config);
  EXPECT_EQ(budget.ledger.max_replicas, 4);
  ASSERT_EQ(budget.ledger.budgets.size(), 2U);
  EXPECT_EQ(budget.ledger.budgets.at("b").requests_per_second, 2);
  EXPECT_EQ(budget.ledger.budgets.at("b").burst, 6);
  const RateLimiterOptions rate = RateOptionsOf(config);
  EXPECT_EQ(rate.max_replicas, 4);
  EXPECT_EQ(rate.rate.requests_per_second, 7);
  EXPECT_EQ(rate.rate.burst, 8);
  EXPECT_EQ(rate.accounts.at("acc").requests_per_second, 9);
  EXPECT_EQ(rate.accounts.at("acc").burst, 10);
}

TEST(LimitOptions, DefaultsAreThoseOfTheConfiguration) {
  const UpstreamBudgetOptions budget = BudgetOptionsOf(Config{});
  EXPECT_EQ(budget.ledger.budgets.at("default").requests_per_second,
            BudgetRate{}.requests_per_second);
  EXPECT_EQ(budget.ledger.budgets.at("default").burst, BudgetRate{}.burst);
  const RateLimiterOptions rate = RateOptionsOf(Config{});
  EXPECT_EQ(rate.rate.requests_per_second, RateLimiterOptions{}.rate.requests_per_second);
  EXPECT_EQ(rate.rate.burst, RateLimiterOptions{}.rate.burst);
}

}  // namespace
}  // namespace pcaps
