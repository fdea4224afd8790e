#include "service/gateway/local_cache.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"

namespace pcaps {
namespace {

const absl::Time kNow = absl::UnixEpoch() + absl::Hours(24 * 365 * 50);

Known Value(int rank, int second, const std::string& bytes = "x") {
  auto value = std::make_shared<Remembered>();
  value->order = {rank, absl::UnixEpoch() + absl::Seconds(second)};
  value->bytes = bytes;
  value->kept_until = kNow + absl::Minutes(1);
  return value;
}

TEST(LocalCache, WhatIsOlderTakesNoOnesPlace) {
  LocalCache cache(10);
  EXPECT_TRUE(cache.PutIfNewer("a", Value(0, 5, "five"), kNow));
  EXPECT_FALSE(cache.PutIfNewer("a", Value(0, 4, "four"), kNow));
  EXPECT_FALSE(cache.PutIfNewer("a", Value(0, 5, "again"), kNow));
  EXPECT_EQ(cache.Find("a", kNow)->bytes, "five");
  EXPECT_TRUE(cache.PutIfNewer("a", Value(1, 1, "done"), kNow));
  EXPECT_FALSE(cache.PutIfNewer("a", Value(0, 9, "later"), kNow));
  EXPECT_EQ(cache.Find("a", kNow)->bytes, "done");
}

TEST(LocalCache, WhatIsKeptNoLongerStandsInNobodysWay) {
  LocalCache cache(10);
  cache.PutIfNewer("a", Value(2, 5), kNow);
  const absl::Time later = kNow + absl::Minutes(1);
  EXPECT_EQ(cache.Find("a", later), nullptr);
  EXPECT_EQ(cache.size(), 0);
  cache.PutIfNewer("b", Value(2, 5), kNow);
  EXPECT_TRUE(cache.PutIfNewer("b", Value(0, 1), later));
}

TEST(LocalCache, ForgetsWhatWasAskedForLongestAgo) {
  LocalCache cache(2);
  cache.PutIfNewer("a", Value(0, 1), kNow);
  cache.PutIfNewer("b", Value(0, 1), kNow);
  EXPECT_NE(cache.Find("a", kNow), nullptr);
  cache.PutIfNewer("c", Value(0, 1), kNow);
  EXPECT_EQ(cache.Find("b", kNow), nullptr);
  EXPECT_NE(cache.Find("a", kNow), nullptr);
  EXPECT_NE(cache.Find("c", kNow), nullptr);
}

TEST(LocalCache, OfNoRoomKeepsNothing) {
  LocalCache cache(0);
  EXPECT_TRUE(cache.PutIfNewer("a", Value(0, 1), kNow));
  EXPECT_EQ(cache.Find("a", kNow), nullptr);
}

TEST(LocalCache, ManyThreadsShareIt) {
  LocalCache cache(50);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&cache, t] {
      for (int i = 0; i < 2000; ++i) {
        const std::string key = absl::StrCat((i * 7 + t) % 100);
        cache.PutIfNewer(key, Value(0, i), kNow);
        cache.Find(key, kNow);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(cache.size(), 50);
}

}  // namespace
}  // namespace pcaps
