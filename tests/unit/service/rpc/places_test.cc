#include "service/rpc/places.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace pcaps {
namespace {

TEST(Places, AreGivenBackWithTheirOwners) {
  Places places(1);
  {
    const Places::Place place = places.Take();
    EXPECT_TRUE(place);
    EXPECT_FALSE(places.Take());
    EXPECT_EQ(places.taken(), 1);
  }
  EXPECT_EQ(places.taken(), 0);
  EXPECT_EQ(places.refused(), 1);
  EXPECT_TRUE(places.Take());
}

TEST(Places, MoveWithTheirOwners) {
  Places places(2);
  Places::Place place;
  EXPECT_FALSE(place);
  place = places.Take();
  const Places::Place moved = std::move(place);
  EXPECT_TRUE(moved);
  EXPECT_EQ(places.taken(), 1);
}

TEST(Places, AreNeverMoreThanThereAre) {
  static constexpr int kMax = 3;
  Places places(kMax);
  std::atomic<int> held = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 1000; ++round) {
        const Places::Place place = places.Take();
        if (!place) continue;
        EXPECT_LE(++held, kMax);
        --held;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(places.taken(), 0);
}

}  // namespace
}  // namespace pcaps
