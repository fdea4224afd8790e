#include "clients/pcaps_api/retry.h"

#include <gtest/gtest.h>

namespace pcaps {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1'700'000'000);

TEST(IsTransient, HoldsForConnectionErrorsAndPassingStatusesOnly) {
  EXPECT_TRUE(IsTransient(HttpFailure::kConnect, 0));
  EXPECT_TRUE(IsTransient(HttpFailure::kBroken, 0));
  for (const HttpFailure lasting :
       {HttpFailure::kTls, HttpFailure::kTimeout, HttpFailure::kMalformed, HttpFailure::kCancelled,
        HttpFailure::kNone}) {
    EXPECT_FALSE(IsTransient(lasting, 0));
  }
  for (const int status : {408, 425, 500, 502, 503, 504, 520}) {
    EXPECT_TRUE(IsTransient(HttpFailure::kNone, status)) << status;
  }
  for (const int status : {200, 302, 400, 401, 403, 404, 409, 429}) {
    EXPECT_FALSE(IsTransient(HttpFailure::kNone, status)) << status;
  }
}

TEST(Backoff, DoublesToItsMaximumAndIsSpreadFromZero) {
  const RetryOptions options;
  EXPECT_EQ(Backoff(options, 1, 0.0), absl::ZeroDuration());
  EXPECT_EQ(Backoff(options, 1, 0.5), absl::Milliseconds(100));
  EXPECT_EQ(Backoff(options, 2, 0.5), absl::Milliseconds(200));
  EXPECT_EQ(Backoff(options, 5, 0.5), absl::Milliseconds(1600));
  EXPECT_EQ(Backoff(options, 20, 0.5), absl::Milliseconds(2500));
}

int Granted(RetryBudget& budget, absl::Time now) {
  int granted = 0;
  while (budget.TryRetry(now)) ++granted;
  return granted;
}

TEST(RetryBudget, AlwaysGrantsThreeInTenSeconds) {
  RetryBudget budget(0.2);
  EXPECT_EQ(Granted(budget, kStart), 3);
  EXPECT_EQ(Granted(budget, kStart + absl::Seconds(9)), 0);
  EXPECT_EQ(Granted(budget, kStart + absl::Seconds(10)), 3);
}

TEST(RetryBudget, GrantsAFifthOfTheCallsOfTheLastTenSeconds) {
  RetryBudget budget(0.2);
  for (int i = 0; i < 50; ++i) budget.RecordCall(kStart + absl::Milliseconds(100 * i));
  EXPECT_EQ(Granted(budget, kStart + absl::Seconds(5)), 10);
  // The first second's ten calls have left the window; so have none of the retries.
  EXPECT_EQ(Granted(budget, kStart + absl::Seconds(10)), 0);
  // All have left it.
  EXPECT_EQ(Granted(budget, kStart + absl::Seconds(30)), 3);
}

}  // namespace
}  // namespace pcaps
