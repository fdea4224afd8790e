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

TEST(RateLimitHeader, WhatCannotBeUnderstoodIsLeftOut) {
  for (const char* header :
       {"", "nonsense", ";;,", R"("a";r=x;t=)", R"("a";r=nan;t=-1)", "=,=;="}) {
    EXPECT_TRUE(Windows(header).empty()) << header;
  }
  EXPECT_TRUE(RateLimitOf({}).empty());
}

}  // namespace
}  // namespace pcaps
