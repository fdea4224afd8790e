#include "clients/pcaps_api/upstream_limits.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace pcaps {
namespace {

TEST(UpstreamLimits, GrantsSlotsUpToTheLimitAndTakesThemBack) {
  const auto limits = std::make_shared<UpstreamLimits>(2, 0.2);
  auto one = limits->TakeSlot();
  auto two = limits->TakeSlot();
  EXPECT_EQ(limits->TakeSlot(), nullptr);
  EXPECT_EQ(limits->in_flight(), 2);
  one.reset();
  EXPECT_NE(limits->TakeSlot(), nullptr);
}

TEST(UpstreamLimits, SlotOutlivesItsLimits) {
  auto limits = std::make_shared<UpstreamLimits>(1, 0.2);
  const auto slot = limits->TakeSlot();
  limits.reset();
  EXPECT_NE(slot, nullptr);
}

TEST(UpstreamLimits, ManyThreadsNeverHoldMoreThanTheLimit) {
  const auto limits = std::make_shared<UpstreamLimits>(3, 0.2);
  std::atomic<int> held{0};
  std::atomic<int> most{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 2000; ++round) {
        const auto slot = limits->TakeSlot();
        if (slot == nullptr) continue;
        const int now = ++held;
        int seen = most.load();
        while (now > seen && !most.compare_exchange_weak(seen, now)) {
        }
        --held;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(most.load(), 3);
  EXPECT_EQ(limits->in_flight(), 0);
}

TEST(UpstreamLimits, CircuitsAreOnePerCredential) {
  const auto limits = std::make_shared<UpstreamLimits>(1, 0.2);
  EXPECT_EQ(&limits->circuit("a"), &limits->circuit("a"));
  EXPECT_NE(&limits->circuit("a"), &limits->circuit("b"));
}

}  // namespace
}  // namespace pcaps
