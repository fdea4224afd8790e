// Which buckets a request is paid from, and that every one of them can grant a token.
#include "service/gateway/budget_buckets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pcaps {
namespace {

UpstreamAsk Ask(Purpose purpose, Operation operation = Operation::kGetPcap) {
  return {.operation = operation, .purpose = purpose, .account_id = "acc", .budget = "b"};
}

std::vector<std::string> Keys(const TakeRequest& take) {
  std::vector<std::string> keys;
  for (const BucketUse& use : take.uses) keys.push_back(use.bucket.key);
  return keys;
}

TEST(BudgetBuckets, EachPurposeIsPaidFromItsOwn) {
  const auto keys = [](const UpstreamAsk& ask) { return Keys(FleetTake(ask, {}, {})); };
  EXPECT_THAT(keys(Ask(Purpose::kRead)), testing::ElementsAre("budget:b", "budget:b:share:acc"));
  EXPECT_THAT(keys(Ask(Purpose::kPoll)),
              testing::ElementsAre("budget:b", "budget:b:polls", "budget:b:share:acc"));
  EXPECT_THAT(keys(Ask(Purpose::kWrite)), testing::ElementsAre("budget:b"));
  EXPECT_THAT(keys(Ask(Purpose::kWrite, Operation::kCreatePcap)),
              testing::ElementsAre("budget:b", "budget:b:creates:acc"));
}

TEST(BudgetBuckets, DefaultsAreTheDocumentedNumbers) {
  const TakeRequest poll = FleetTake(Ask(Purpose::kPoll), {}, {});
  const Bucket& whole = poll.uses[0].bucket;
  EXPECT_EQ(whole.tokens_per_second, 3);
  EXPECT_EQ(whole.burst, 60);
  EXPECT_EQ(whole.initial, 10);
  EXPECT_EQ(poll.uses[0].reserve, 10);
  EXPECT_EQ(poll.uses[1].bucket.tokens_per_second, 1.5);
  EXPECT_EQ(poll.uses[1].bucket.burst, 30);
  EXPECT_EQ(poll.uses[2].bucket.burst, 25) << "half of what reads may have";
  EXPECT_TRUE(poll.uses[2].only_contested);
  EXPECT_EQ(poll.asker, "acc");
  const TakeRequest write = FleetTake(Ask(Purpose::kWrite), {}, {});
  EXPECT_EQ(write.uses[0].reserve, 0);
  EXPECT_EQ(write.asker, "") << "a write contests nobody's reads";
}

TEST(BudgetBuckets, AReplicasOwnIsItsShareOfTheRateAndOfWhatABucketStartsWith) {
  const TakeRequest own = OwnTake(Ask(Purpose::kRead), {}, {}, 3);
  EXPECT_EQ(own.uses[0].bucket.tokens_per_second, 1);
  EXPECT_NEAR(own.uses[0].bucket.burst, 10.0 / 3, 1e-9);
  EXPECT_EQ(own.uses[0].bucket.initial, own.uses[0].bucket.burst);
  EXPECT_EQ(OwnTake(Ask(Purpose::kWrite), {}, {}, 50).uses[0].bucket.burst, 1);
  EXPECT_EQ(OwnTake(Ask(Purpose::kWrite), {1000, 1200}, {}, 2).uses[0].bucket.burst, 100);
}

TEST(BudgetBuckets, EveryBucketCanGrantATokenHoweverSmallTheBudget) {
  for (const double burst : {1.0, 1.5, 2.0, 7.0, 60.0, 1e6}) {
    for (const Purpose purpose : {Purpose::kRead, Purpose::kPoll, Purpose::kWrite}) {
      for (const int replicas : {1, 3, 100}) {
        for (const TakeRequest& take : {FleetTake(Ask(purpose), {3, burst}, {}),
                                        OwnTake(Ask(purpose), {3, burst}, {}, replicas)}) {
          for (const BucketUse& use : take.uses) {
            EXPECT_GE(use.bucket.burst - use.reserve, 1) << use.bucket.key << " " << burst;
            EXPECT_GE(use.bucket.initial, 1);
            EXPECT_LE(use.bucket.initial, use.bucket.burst);
            EXPECT_GT(use.bucket.tokens_per_second, 0);
          }
          EXPECT_LE(take.uses[0].reserve, burst / 6);
        }
      }
    }
  }
}

}  // namespace
}  // namespace pcaps
