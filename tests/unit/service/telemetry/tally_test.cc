#include "service/telemetry/tally.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace pcaps {
namespace {

TEST(Tally, KeepsNumbersApartAndGivesEachOnce) {
  Tally<3> tally;
  tally.Add(0);
  tally.Add(2, 40);
  tally.Add(2, 2);
  EXPECT_EQ(tally.Take(0), 1);
  EXPECT_EQ(tally.Take(1), 0);
  EXPECT_EQ(tally.Take(2), 42);
  EXPECT_EQ(tally.Take(2), 0);
}

// More threads than there are places, and a reader that does not wait for them.
TEST(Tally, LosesNothingOfManyThreads) {
  constexpr int kThreads = 40;
  constexpr int kEach = 20'000;
  Tally<1> tally;
  std::atomic<int> ended = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < kEach; ++n) tally.Add(0);
      ++ended;
    });
  }
  int64_t taken = 0;
  while (ended < kThreads) taken += tally.Take(0);
  threads.clear();
  EXPECT_EQ(taken + tally.Take(0), int64_t{kThreads} * kEach);
}

}  // namespace
}  // namespace pcaps
