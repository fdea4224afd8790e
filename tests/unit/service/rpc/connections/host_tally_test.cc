#include "service/rpc/connections/host_tally.h"

#include <gtest/gtest.h>

namespace pcaps {
namespace {

TEST(HostTally, KnowsTheHostWithTheMostInSum) {
  HostTally tally;
  int64_t of_a = 0;
  int64_t of_b = 0;
  int64_t more_of_b = 0;
  tally.Change("a", of_a, 15);
  tally.Change("b", of_b, 10);
  EXPECT_EQ(tally.Largest(), "a");
  tally.Change("b", more_of_b, 10);
  EXPECT_EQ(tally.Largest(), "b");
  EXPECT_EQ(tally.total(), 35);
  tally.Change("b", of_b, 0);
  EXPECT_EQ(tally.Largest(), "a");
  tally.Change("a", of_a, 0);
  tally.Change("b", more_of_b, 0);
  EXPECT_EQ(tally.total(), 0);
}

}  // namespace
}  // namespace pcaps
