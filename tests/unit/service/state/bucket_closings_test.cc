// Closings, probes and holds of a bucket when answers come late and clocks are set back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "service/state/token_bucket.h"
#include "tests/unit/service/state/state_under_test.h"

namespace pcaps {
namespace {

template <typename Tested>
class BucketClosings : public testing::Test {
 protected:
  TakeResult Take(std::vector<Bucket> buckets) {
    TakeRequest request;
    for (Bucket& bucket : buckets) request.uses.push_back({.bucket = std::move(bucket)});
    return tested_.Run(tested_.state().Take(std::move(request))).value();
  }
  void Close(const Bucket& bucket, absl::Duration time) {
    ASSERT_TRUE(tested_.Run(tested_.state().Close(bucket.key, tested_.BucketNow() + time)).ok());
  }
  void Hold(double tokens, absl::Duration time) {
    ASSERT_TRUE(
        tested_.Run(tested_.state().Hold(all_.key, tokens, tested_.BucketNow() + time)).ok());
  }

  Tested tested_;
  const Bucket all_{"budget:a", 2, 60, 60};
  const Bucket creates_{"budget:a:creates:x", 2, 60, 60};
};

using States = testing::Types<MemoryStateUnderTest, RedisStateUnderTest>;
TYPED_TEST_SUITE(BucketClosings, States);

TYPED_TEST(BucketClosings, ATakeSaysWhichBucketsAreClosedAndWhichItProbes) {
  this->Close(this->creates_, absl::Seconds(10));
  const absl::Time end = this->tested_.BucketNow() + absl::Seconds(10);
  TakeResult taken = this->Take({this->all_, this->creates_});
  ASSERT_EQ(taken.closings.size(), 1U);
  EXPECT_EQ(taken.closings[0].key, this->creates_.key);
  EXPECT_EQ(taken.closings[0].until, end);
  this->tested_.Pass(absl::Seconds(10));
  taken = this->Take({this->all_, this->creates_});
  EXPECT_TRUE(taken.probe);
  ASSERT_EQ(taken.closings.size(), 1U);
  EXPECT_EQ(taken.closings[0].key, this->creates_.key);
  taken = this->Take({this->all_, this->creates_});
  EXPECT_TRUE(taken.closed);
  ASSERT_EQ(taken.closings.size(), 1U);
  EXPECT_EQ(taken.closings[0].until, end) << "not the end of the probe";
  EXPECT_TRUE(this->Take({this->all_}).closings.empty());
}

TYPED_TEST(BucketClosings, AProbesSuccessEndsNoClosingThatCameAfterIt) {
  this->Close(this->all_, absl::Seconds(1));
  this->tested_.Pass(absl::Seconds(1));
  EXPECT_TRUE(this->Take({this->all_}).probe);
  this->Close(this->all_, absl::Seconds(30));
  ASSERT_TRUE(this->tested_.Run(this->tested_.state().Reopen(this->all_)).ok());
  EXPECT_EQ(this->Take({this->all_}).retry_after, absl::Seconds(30));
}

TYPED_TEST(BucketClosings, AClockThatIsSetBackDoesNotKeepItClosed) {
  this->Close(this->all_, absl::Seconds(20));
  this->tested_.Pass(-absl::Hours(1));
  EXPECT_EQ(this->Take({this->all_}).retry_after, kMaxClosing);
  this->tested_.Pass(kMaxClosing);
  EXPECT_TRUE(this->Take({this->all_}).probe);
  this->tested_.Pass(-absl::Hours(1));
  EXPECT_EQ(this->Take({this->all_}).retry_after, kMaxClosing);
}

TYPED_TEST(BucketClosings, AnswersOfOneWindowThatOverlapDoNotRaiseItsHold) {
  this->Hold(2, absl::Seconds(60));
  this->Hold(9, absl::Seconds(58));
  EXPECT_EQ(this->Take({this->all_}).granted, 1);
  EXPECT_EQ(this->Take({this->all_}).granted, 1);
  EXPECT_EQ(this->Take({this->all_}).granted, 0);
  this->Hold(3, absl::Seconds(200));
  EXPECT_EQ(this->Take({this->all_}).granted, 1) << "another window";
}

}  // namespace
}  // namespace pcaps
