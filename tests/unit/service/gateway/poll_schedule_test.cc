#include "service/gateway/poll_schedule.h"

#include <gtest/gtest.h>

#include "clients/base/error.h"

namespace pcaps {
namespace {

constexpr PollLimits kLimits = {absl::Seconds(2), absl::Seconds(15)};
constexpr absl::Time kNow = absl::FromUnixSeconds(1'000'000);

absl::Status Trouble(v1::ErrorReason reason) {
  return MakeError(absl::StatusCode::kUnavailable, reason, "trouble");
}

TEST(PollSchedule, TheIntervalGrowsWithTheAgeOfTheYoungestOpenCapture) {
  EXPECT_EQ(PollInterval(kLimits, kNow, kNow + absl::Seconds(1)), absl::Seconds(2));
  EXPECT_EQ(PollInterval(kLimits, kNow, kNow - absl::Seconds(20)), absl::Seconds(2));
  EXPECT_EQ(PollInterval(kLimits, kNow, kNow - absl::Seconds(100)), absl::Seconds(10));
  EXPECT_EQ(PollInterval(kLimits, kNow, kNow - absl::Hours(1)), absl::Seconds(15));
  EXPECT_EQ(PollInterval(kLimits, kNow, std::nullopt), absl::Seconds(15));
}

TEST(PollSchedule, FailuresDoubleTheWaitUpToTheLongestInterval) {
  const absl::Status failed = Trouble(v1::ERROR_REASON_UPSTREAM_UNAVAILABLE);
  const auto backoff = [&](int failures) {
    return PollBackoff(kLimits, failures, failed, [] { return 0.9; });
  };
  EXPECT_EQ(backoff(1), absl::Seconds(4));
  EXPECT_EQ(backoff(2), absl::Seconds(8));
  EXPECT_EQ(backoff(3), absl::Seconds(15));
  EXPECT_EQ(backoff(1'000'000), absl::Seconds(15));
}

TEST(PollSchedule, WhatTheUpstreamAsksForIsWaitedFor) {
  const absl::Status failed =
      WithRetryAfter(Trouble(v1::ERROR_REASON_UPSTREAM_UNAVAILABLE), absl::Minutes(1));
  EXPECT_EQ(PollBackoff(kLimits, 1, failed, [] { return 0.0; }), absl::Minutes(1));
}

TEST(PollSchedule, RefusalsAreSpreadAndDoNotGrow) {
  for (const auto reason :
       {v1::ERROR_REASON_UPSTREAM_BUDGET_EXHAUSTED, v1::ERROR_REASON_UPSTREAM_RATE_LIMITED}) {
    const absl::Status refused = WithRetryAfter(Trouble(reason), absl::Seconds(3));
    EXPECT_TRUE(IsRefusal(refused));
    EXPECT_EQ(PollBackoff(kLimits, 9, refused, [] { return 0.0; }), absl::Seconds(3));
    EXPECT_EQ(PollBackoff(kLimits, 9, refused, [] { return 0.5; }), absl::Seconds(3.5));
  }
  EXPECT_FALSE(IsRefusal(Trouble(v1::ERROR_REASON_UPSTREAM_UNAVAILABLE)));
  EXPECT_FALSE(IsRefusal(absl::OkStatus()));
}

}  // namespace
}  // namespace pcaps
