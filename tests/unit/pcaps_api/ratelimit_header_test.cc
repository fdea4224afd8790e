#include "clients/pcaps_api/ratelimit_header.h"

#include <gtest/gtest.h>

namespace pcaps {
namespace {

std::vector<RateLimitWindow> Windows(const std::string& limit, const std::string& policy = "") {
  return RateLimitOf({200, {{"ratelimit", limit}, {"ratelimit-policy", policy}}});
}

TEST(RateLimitHeader, TellsWhatIsLeftOfHowManyAndUntilWhen) {
  const auto windows = Windows(R"("default";r=50;t=30)", R"("default";q=1200;w=300)");
  ASSERT_EQ(windows.size(), 1U);
  EXPECT_EQ(windows[0].name, "default");
  EXPECT_EQ(windows[0].remaining, 50);
  EXPECT_EQ(windows[0].reset, absl::Seconds(30));
  EXPECT_EQ(windows[0].quota, 1200);
}

TEST(RateLimitHeader, EveryWindowHasThePolicyOfItsOwnName) {
  const auto windows =
      Windows(R"("burst"; r=5; t=1 , "default";r=50)", R"("default";q=1200;w=300,"burst";q=100)");
  ASSERT_EQ(windows.size(), 2U);
  EXPECT_EQ(windows[0].quota, 100);
  EXPECT_EQ(windows[1].quota, 1200);
  EXPECT_FALSE(windows[1].reset.has_value());
  EXPECT_FALSE(Windows(R"("default";r=50)", R"("burst";q=100)")[0].quota.has_value());
}

TEST(RateLimitHeader, WindowsAreBounded) {
  std::string limit;
  for (int i = 0; i < 1000; ++i) limit += "\"a\";r=1;t=1,";
  EXPECT_EQ(Windows(limit, limit).size(), 16U);
}

TEST(RateLimitHeader, WhatCannotBeUnderstoodIsLeftOut) {
  for (const char* header : {"", "nonsense", ";;,", R"("a";r=x;t=)", R"("a";r=nan;t=-1)",
                             R"("a";r=inf;t=1e10)", "=,=;="}) {
    EXPECT_TRUE(Windows(header).empty()) << header;
  }
  EXPECT_TRUE(RateLimitOf({}).empty());
}

TEST(RateLimitHeader, RetryAfterIsANumberOfSecondsOrNothing) {
  const auto retry_after = [](const std::string& value) {
    return RetryAfterHeader({429, {{"retry-after", value}}});
  };
  EXPECT_EQ(retry_after("20"), absl::Seconds(20));
  EXPECT_EQ(retry_after("0"), absl::ZeroDuration());
  for (const char* value : {"", "soon", "-1", "nan", "Fri, 31 Dec 1999 23:59:59 GMT"}) {
    EXPECT_EQ(retry_after(value), std::nullopt) << value;
  }
}

TEST(RateLimitHeader, APauseIsWhatRetryAfterSaysElseTheWindowElseAMinute) {
  const auto windows = Windows(R"("a";r=5;t=10,"b";r=0;t=40,"c";r=0;t=30)", "");
  EXPECT_EQ(PauseOf(absl::Seconds(20), windows), absl::Seconds(20));
  EXPECT_EQ(PauseOf(std::nullopt, windows), absl::Seconds(40)) << "until all have some left";
  EXPECT_EQ(PauseOf(std::nullopt, Windows(R"("a";r=5;t=10)", "")), absl::Seconds(10));
  EXPECT_EQ(PauseOf(std::nullopt, {}), absl::Seconds(60));
  EXPECT_EQ(PauseOf(absl::Hours(1), {}), absl::Seconds(300));
  EXPECT_EQ(PauseOf(absl::ZeroDuration(), {}), absl::Seconds(1));
  EXPECT_EQ(PauseOf(absl::InfiniteDuration(), {}), absl::Seconds(300));
}

}  // namespace
}  // namespace pcaps
