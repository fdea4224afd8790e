#include "service/rpc/door.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>

#include "clients/base/error.h"

namespace pcaps {
namespace {

TEST(Door, HasNoMoreConnectionsThanThereAreDescriptorsFor) {
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  rlimit most = limit;
  most.rlim_max = std::min<rlim_t>(limit.rlim_max, 1600);  // Half of so few are for the rest.
  most.rlim_cur = std::min<rlim_t>(limit.rlim_cur, 500);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &most), 0);
  DoorLimits limits;
  limits.connections.max_connections = 10;
  EXPECT_EQ(WithinDescriptors(limits).connections.max_connections, 10);
  limits.connections.max_connections = 1'000'000;
  EXPECT_EQ(WithinDescriptors(limits).connections.max_connections,
            static_cast<int>(most.rlim_max) / 4);
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &most), 0);
  EXPECT_EQ(most.rlim_cur, most.rlim_max);
}

TEST(Door, TellsWhoHasToWaitHowLong) {
  Places places(7);
  const absl::Status refusal = TooManyAtOnce(places, "calls");
  EXPECT_EQ(refusal.message(), "7 calls are open already; try again later");
  EXPECT_EQ(ReasonOf(refusal), v1::ERROR_REASON_OVERLOADED);
  EXPECT_TRUE(RetryAfterOf(refusal).has_value());
}

}  // namespace
}  // namespace pcaps
