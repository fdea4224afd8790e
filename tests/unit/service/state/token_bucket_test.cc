#include "service/state/token_bucket.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "service/state/token_buckets.h"

namespace pcaps {
namespace {

constexpr absl::Time kStart = absl::FromUnixSeconds(1'700'000'000);

// A bucket as one would fill it by hand.
struct NaiveBucket {
  double tokens;
  absl::Time at = kStart;

  void Fill(const Bucket& bucket, absl::Time now) {
    tokens =
        std::min(bucket.burst, tokens + absl::ToDoubleSeconds(now - at) * bucket.tokens_per_second);
    at = now;
  }
};

TEST(TokenBucket, GrantsWhatANaiveBucketGrants) {
  std::mt19937 random(1);
  for (const Bucket& bucket : {Bucket{"k", 3, 60, 10}, Bucket{"k", 50, 100, 100},
                               Bucket{"k", 0.3, 1, 0}, Bucket{"k", 7, 2.5, 2}}) {
    TokenBuckets buckets(10);
    NaiveBucket naive{bucket.initial};
    absl::Time now = kStart;
    double granted = 0;
    for (int step = 0; step < 20'000; ++step) {
      if (step > 0) {
        now += absl::Microseconds(random() % (random() % 50 == 0 ? 20'000'000 : 400'000));
      }
      const auto want = static_cast<double>(1 + random() % 4);
      const auto reserve = static_cast<double>(random() % 2);
      const TakeResult result = buckets.Take({{{bucket, reserve}}, want}, now).value();
      naive.Fill(bucket, now);
      const double offer = std::min(want, naive.tokens - reserve);
      if (std::abs(offer - 1) > 1e-3) {  // Nearer, rounding to microseconds may decide.
        ASSERT_NEAR(result.granted, offer < 1 ? 0 : offer, 1e-3) << step;
      }
      naive.tokens -= result.granted;
      granted += result.granted;
      ASSERT_LE(granted, bucket.burst +
                             bucket.tokens_per_second * absl::ToDoubleSeconds(now - kStart) + 1e-2);
    }
  }
}

TEST(TokenBucket, ARefusedTakeIsGrantedAfterTheTimeItWasTold) {
  std::mt19937 random(2);
  TokenBuckets buckets(10);
  const Bucket one{"one", 3.7, 20, 5};
  const Bucket two{"two", 0.9, 8, 1};
  absl::Time now = kStart;
  int refused = 0;
  for (int step = 0; step < 5'000; ++step) {
    const double reserve = 0.5 * static_cast<double>(random() % 4);
    const TakeRequest request{{{one, reserve}, {two}}, static_cast<double>(1 + random() % 3)};
    const TakeResult result = buckets.Take(request, now).value();
    if (result.granted > 0) continue;
    ++refused;
    ASSERT_GT(result.retry_after, absl::ZeroDuration());
    const absl::Time early = now + result.retry_after - absl::Microseconds(3);
    if (early > now) {
      ASSERT_EQ(buckets.Take(request, early)->granted, 0) << step;
    }
    now += result.retry_after;
    ASSERT_GE(buckets.Take(request, now)->granted, 1) << step;
  }
  EXPECT_GT(refused, 1'000);
}

TEST(TokenBucket, IsNeverEmptierThanEmptyWhenItsSettingsChangeOrTheClockIsSetBack) {
  TokenBuckets buckets(10);
  EXPECT_EQ(buckets.Take({{{{"k", 1, 600, 600}}}, 600}, kStart)->granted, 600);
  EXPECT_EQ(buckets.Take({{{{"k", 1, 10, 10}}}, 1}, kStart)->retry_after, absl::Seconds(1));
  EXPECT_EQ(buckets.Take({{{{"k", 1, 10, 10}}}, 1}, kStart - absl::Hours(3))->retry_after,
            absl::Seconds(1));
}

TEST(TokenBucket, OneThatStartsWithLessThanItHoldsIsRememberedForHours) {
  TokenBuckets buckets(10);
  const TakeRequest request{{{{"k", 3, 60, 10}}}, 60};
  EXPECT_NEAR(buckets.Take(request, kStart)->granted, 10, 1e-5);
  EXPECT_EQ(buckets.Take(request, kStart + absl::Hours(5))->granted, 60);
  EXPECT_NEAR(buckets.Take(request, kStart + absl::Hours(12))->granted, 10, 1e-5);
}

TEST(TokenBucket, AClosingIsNotForgottenWithItsTokens) {
  TokenBuckets buckets(10);
  const Bucket bucket{"k", 50, 100, 100};
  ASSERT_TRUE(buckets.Close("k", kStart + absl::Seconds(1), kStart).ok());
  EXPECT_TRUE(buckets.Take({{{bucket}}, 1}, kStart)->closed);
  EXPECT_TRUE(buckets.Take({{{bucket}}, 1}, kStart + absl::Hours(1))->probe);
}

TEST(TokenBucket, NothingClosesForLongerThanADay) {
  TokenBuckets buckets(10);
  ASSERT_TRUE(buckets.Close("k", absl::InfiniteFuture(), kStart).ok());
  EXPECT_EQ(buckets.Take({{{{"k", 50, 100, 100}}}, 1}, kStart)->retry_after, kMaxClosing);
}

TEST(TokenBuckets, AreBoundedAndMakeRoomOfTheForgotten) {
  TokenBuckets buckets(100);
  absl::Time now = kStart;
  const auto take = [&](int i) {
    return buckets.Take({{{{absl::StrCat("rate:", i), 50, 100, 100}}}, 1}, now).status();
  };
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(take(i).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(take(100)));
  EXPECT_TRUE(take(7).ok());
  now += absl::Seconds(11);
  EXPECT_TRUE(take(100).ok());
  EXPECT_LE(buckets.size(), 2);
}

}  // namespace
}  // namespace pcaps
