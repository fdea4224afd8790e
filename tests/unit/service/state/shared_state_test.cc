// The contract of SharedState, on each of its implementations.
#include "service/state/shared_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "tests/unit/service/state/state_under_test.h"

namespace pcaps {
namespace {

using testing::ElementsAre;
using testing::Optional;

constexpr absl::Duration kLong = absl::Seconds(60);
constexpr absl::Duration kShort = absl::Milliseconds(60);

template <typename Tested>
class SharedStateTest : public testing::Test {
 protected:
  SharedState& state() { return tested_.state(); }

  bool Put(const std::string& key, int rank, absl::Time time, const std::string& value,
           absl::Duration ttl = kLong) {
    return tested_.Run(state().PutIfNewer(key, {{rank, time}, value}, ttl)).value();
  }
  std::optional<OrderedValue> Read(const std::string& key) {
    std::vector<std::string> keys = {key};
    return tested_.Run(state().GetMany(std::move(keys))).value().front();
  }
  std::string ValueOf(const std::string& key) {
    const std::optional<OrderedValue> value = Read(key);
    return value.has_value() ? value->value : "(none)";
  }
  std::optional<std::string> Get(const std::string& key) {
    return tested_.Run(state().Get(key)).value();
  }
  CasResult Cas(const std::string& key, std::optional<std::string> expected,
                std::optional<std::string> desired, absl::Duration ttl = kLong) {
    return tested_.Run(state().CompareAndSet(key, std::move(expected), std::move(desired), ttl))
        .value();
  }
  TakeResult Take(TakeRequest request) {
    return tested_.Run(state().Take(std::move(request))).value();
  }
  TakeResult Take(double want = 1, double reserve = 0) {
    return Take({{{bucket_, reserve}}, want});
  }
  void Close(absl::Duration duration) {
    ASSERT_TRUE(tested_.Run(state().Close(bucket_.key, tested_.BucketNow() + duration)).ok());
  }
  void Reopen() { ASSERT_TRUE(tested_.Run(state().Reopen(bucket_)).ok()); }
  void Hold(double tokens, absl::Duration duration) {
    ASSERT_TRUE(
        tested_.Run(state().Hold(bucket_.key, tokens, tested_.BucketNow() + duration)).ok());
  }
  PollTurn Turn(const std::string& account, const std::string& holder, std::set<std::string> ids,
                absl::Duration ttl = kLong) {
    return tested_.Run(state().TakePollTurn(account, holder, std::move(ids), ttl)).value();
  }

  Tested tested_;
  Bucket bucket_{"budget:a", 2, 10, 10};
};

using States = testing::Types<MemoryStateUnderTest, RedisStateUnderTest>;
TYPED_TEST_SUITE(SharedStateTest, States);

TYPED_TEST(SharedStateTest, KeepsTheValueOfTheHigherOrder) {
  EXPECT_FALSE(this->Read("v1:pcap:a:1").has_value());
  EXPECT_TRUE(this->Put("v1:pcap:a:1", 0, kStart, "first"));
  EXPECT_FALSE(this->Put("v1:pcap:a:1", 0, kStart, "the same order"));
  EXPECT_FALSE(this->Put("v1:pcap:a:1", 0, kStart - absl::Microseconds(1), "older"));
  EXPECT_EQ(this->ValueOf("v1:pcap:a:1"), "first");
  EXPECT_TRUE(this->Put("v1:pcap:a:1", 0, kStart + absl::Microseconds(1), "newer"));
  EXPECT_TRUE(this->Put("v1:pcap:a:1", 1, kStart - absl::Hours(1), "of higher rank"));
  EXPECT_FALSE(this->Put("v1:pcap:a:1", 0, kStart + absl::Hours(1), "of lower rank"));
  const std::optional<OrderedValue> value = this->Read("v1:pcap:a:1");
  ASSERT_TRUE(value.has_value());
  EXPECT_EQ(value->value, "of higher rank");
  EXPECT_EQ(value->order.rank, 1);
  EXPECT_EQ(value->order.time, kStart - absl::Hours(1));
}

TYPED_TEST(SharedStateTest, TimesCountToTheMicrosecond) {
  EXPECT_TRUE(this->Put("k", 0, kStart + absl::Nanoseconds(100), "first"));
  EXPECT_FALSE(this->Put("k", 0, kStart + absl::Nanoseconds(900), "in the same microsecond"));
  EXPECT_EQ(this->Read("k")->order.time, kStart);
}

TYPED_TEST(SharedStateTest, ValuesHoldAnyBytesAndMayBeEmpty) {
  const std::string bytes("\0 \r\n\xff 12345678901234567 ", 24);
  EXPECT_TRUE(this->Put("bytes", 9, kStart, bytes));
  EXPECT_EQ(this->ValueOf("bytes"), bytes);
  EXPECT_TRUE(this->Put("empty", 0, kStart, ""));
  EXPECT_EQ(this->ValueOf("empty"), "");
  EXPECT_FALSE(this->Put("empty", 0, kStart, "again"));
}

TYPED_TEST(SharedStateTest, ReadsManyInTheirOrder) {
  this->Put("v1:pcap:a:1", 0, kStart, "one");
  this->Put("v1:pcap:a:A", 0, kStart, "upper");
  this->Put("v1:pcap:a:a", 0, kStart, "lower");
  const auto values =
      this->tested_
          .Run(this->state().GetMany({"v1:pcap:a:a", "none", "v1:pcap:a:A", "v1:pcap:a:1"}))
          .value();
  ASSERT_EQ(values.size(), 4);
  EXPECT_EQ(values[0]->value, "lower");
  EXPECT_FALSE(values[1].has_value());
  EXPECT_EQ(values[2]->value, "upper");
  EXPECT_EQ(values[3]->value, "one");
  EXPECT_TRUE(this->tested_.Run(this->state().GetMany({})).value().empty());
}

TYPED_TEST(SharedStateTest, ForgetsValuesAfterTheirTime) {
  EXPECT_TRUE(this->Put("k", 5, kStart, "short", kShort));
  this->tested_.Outlive(kShort);
  EXPECT_FALSE(this->Read("k").has_value());
  EXPECT_TRUE(this->Put("k", 0, kStart, "a lower order counts then"));
}

TYPED_TEST(SharedStateTest, RecordsChangeHandsOnlyAsExpected) {
  EXPECT_EQ(this->Get("create:1"), std::nullopt);
  EXPECT_FALSE(this->Cas("create:1", "reserved", "sent").swapped);
  const CasResult first = this->Cas("create:1", std::nullopt, "reserved");
  EXPECT_TRUE(first.swapped);
  EXPECT_THAT(first.current, Optional(std::string("reserved")));
  const CasResult second = this->Cas("create:1", std::nullopt, "mine");
  EXPECT_FALSE(second.swapped);
  EXPECT_THAT(second.current, Optional(std::string("reserved")));
  EXPECT_TRUE(this->Cas("create:1", "reserved", std::string("\0sent", 5)).swapped);
  EXPECT_FALSE(this->Cas("create:1", "reserved", "lost").swapped);
  EXPECT_THAT(this->Get("create:1"), Optional(std::string("\0sent", 5)));
  const CasResult removed = this->Cas("create:1", std::string("\0sent", 5), std::nullopt);
  EXPECT_TRUE(removed.swapped);
  EXPECT_EQ(removed.current, std::nullopt);
  EXPECT_EQ(this->Get("create:1"), std::nullopt);
}

TYPED_TEST(SharedStateTest, AnEmptyRecordIsNotNone) {
  EXPECT_TRUE(this->Cas("k", std::nullopt, "").swapped);
  EXPECT_FALSE(this->Cas("k", std::nullopt, "other").swapped);
  EXPECT_TRUE(this->Cas("k", "", "other").swapped);
}

TYPED_TEST(SharedStateTest, ForgetsRecordsAfterTheirTime) {
  EXPECT_TRUE(this->Cas("k", std::nullopt, "lease", kShort).swapped);
  this->tested_.Outlive(kShort);
  EXPECT_EQ(this->Get("k"), std::nullopt);
  EXPECT_TRUE(this->Cas("k", std::nullopt, "anew").swapped);
}

TYPED_TEST(SharedStateTest, ABucketGrantsItsBurstAndThenItsRate) {
  EXPECT_EQ(this->Take(6).granted, 6);
  const TakeResult partly = this->Take(6);
  EXPECT_EQ(partly.granted, 4);
  EXPECT_EQ(partly.now, this->tested_.BucketNow());
  const TakeResult refused = this->Take(1);
  EXPECT_EQ(refused.granted, 0);
  EXPECT_FALSE(refused.closed);
  EXPECT_EQ(refused.retry_after, absl::Milliseconds(500));
  this->tested_.Pass(absl::Microseconds(499'998));
  EXPECT_EQ(this->Take(1).granted, 0);
  this->tested_.Pass(absl::Microseconds(2));
  EXPECT_EQ(this->Take(1).granted, 1);
  this->tested_.Pass(absl::Milliseconds(700));
  EXPECT_NEAR(this->Take(5).granted, 1.4, 1e-6);
}

TYPED_TEST(SharedStateTest, ATakeTellsWhatIsLeftInTheFirstBucket) {
  const Bucket small{"small", 1, 2, 2};
  EXPECT_EQ(this->Take({{{this->bucket_}, {small}}, 1}).left, 9);
  EXPECT_NEAR(this->Take(2.5).left, 6.5, 1e-6);
  EXPECT_NEAR(this->Take(6, /*reserve=*/6).left, 6.5, 1e-6) << "of a refusal, the reserve included";
  this->tested_.Pass(absl::Seconds(1));
  EXPECT_NEAR(this->Take(1).left, 7.5, 1e-6);
  this->Hold(3, absl::Seconds(60));
  EXPECT_NEAR(this->Take(1).left, 2, 1e-6);
  this->Close(absl::Seconds(5));
  EXPECT_EQ(this->Take(1).left, 0);
}

TYPED_TEST(SharedStateTest, ANewBucketHasItsInitialTokens) {
  this->bucket_.initial = 3;
  EXPECT_EQ(this->Take(6).granted, 3);
  this->bucket_ = {"rate:b", 2, 10, 0};
  EXPECT_EQ(this->Take(1).retry_after, absl::Milliseconds(500));
  this->tested_.Pass(absl::Milliseconds(500));  // What is refused is remembered, too.
  EXPECT_EQ(this->Take(1).granted, 1);
}

TYPED_TEST(SharedStateTest, ATakeLeavesTheReserve) {
  EXPECT_EQ(this->Take(10, /*reserve=*/4).granted, 6);
  const TakeResult refused = this->Take(1, /*reserve=*/4);
  EXPECT_EQ(refused.granted, 0);
  EXPECT_EQ(refused.retry_after, absl::Milliseconds(500));
  EXPECT_EQ(this->Take(10).granted, 4);
}

TYPED_TEST(SharedStateTest, ATakeIsFromAllBucketsOrFromNone) {
  const Bucket small{"small", 1, 2, 2};
  EXPECT_EQ(this->Take({{{this->bucket_}, {small}}, 5}).granted, 2);
  const TakeResult refused = this->Take({{{this->bucket_}, {small}}, 5});
  EXPECT_EQ(refused.granted, 0);
  EXPECT_EQ(refused.retry_after, absl::Seconds(1));
  EXPECT_EQ(this->Take(10).granted, 8) << "nothing was taken by the refused";
}

TYPED_TEST(SharedStateTest, AUseForWhenContestedBindsWhileAnotherAsks) {
  const auto ask = [this](const std::string& asker, double want = 1) {
    const Bucket own{"own:" + asker, 1, 2, 2};
    return this->Take({{{this->bucket_}, {own, 0, /*only_contested=*/true}}, want, asker}).granted;
  };
  EXPECT_EQ(ask("a", 4), 4) << "nobody else asks: its own bucket does not bind";
  EXPECT_EQ(ask("b b", 4), 2) << "a asked lately";
  EXPECT_EQ(ask("a", 4), 2) << "and was not charged before";
  EXPECT_EQ(ask("a"), 0);
  this->tested_.Pass(kContestedFor + absl::Microseconds(1));
  EXPECT_EQ(ask("a", 3), 3) << "b b has long not asked";
}

TYPED_TEST(SharedStateTest, WhoeverIsRefusedContestsAsWell) {
  const Bucket own{"own:a", 1, 2, 2};
  EXPECT_EQ(this->Take({{{this->bucket_, /*reserve=*/20}}, 1, "b"}).granted, 0);
  EXPECT_EQ(this->Take({{{this->bucket_}, {own, 0, /*only_contested=*/true}}, 4, "a"}).granted, 2);
}

TYPED_TEST(SharedStateTest, AClosedBucketGrantsNothingAndThenOneProbe) {
  this->Close(absl::Seconds(20));
  this->Close(absl::Seconds(5));  // The later one counts.
  TakeResult refused = this->Take();
  EXPECT_EQ(refused.granted, 0);
  EXPECT_TRUE(refused.closed);
  EXPECT_EQ(refused.retry_after, absl::Seconds(20));
  this->tested_.Pass(absl::Seconds(20));
  const TakeResult probe = this->Take(5);
  EXPECT_EQ(probe.granted, 1);
  EXPECT_TRUE(probe.probe);
  EXPECT_FALSE(probe.closed);
  refused = this->Take();
  EXPECT_TRUE(refused.closed);
  EXPECT_FALSE(refused.probe);
  EXPECT_EQ(refused.retry_after, kProbePatience);
  this->tested_.Pass(kProbePatience);
  EXPECT_TRUE(this->Take().probe) << "nobody heard of the first one";
  this->Reopen();
  refused = this->Take();
  EXPECT_FALSE(refused.closed);
  EXPECT_EQ(refused.retry_after, absl::Milliseconds(500)) << "it reopens empty";
  this->tested_.Pass(absl::Seconds(1));
  EXPECT_EQ(this->Take(5).granted, 2);
}

TYPED_TEST(SharedStateTest, AProbeThatFailsClosesAnew) {
  this->Close(absl::Seconds(1));
  this->tested_.Pass(absl::Seconds(1));
  EXPECT_TRUE(this->Take().probe);
  this->Close(absl::Seconds(3));
  EXPECT_EQ(this->Take().retry_after, absl::Seconds(3));
  this->tested_.Pass(absl::Seconds(3));
  EXPECT_TRUE(this->Take().probe);
}

TYPED_TEST(SharedStateTest, OneClosedBucketOfSeveralRefusesAndCostsTheOthersNothing) {
  const Bucket creates{"creates:a", 1, 5, 5};
  this->Close(absl::Seconds(2));
  const TakeResult refused = this->Take({{{creates}, {this->bucket_}}, 1});
  EXPECT_TRUE(refused.closed);
  EXPECT_EQ(this->Take({{{creates}}, 9}).granted, 5);
  this->tested_.Pass(absl::Seconds(2));
  const TakeResult probe = this->Take({{{creates}, {this->bucket_}}, 4});
  EXPECT_TRUE(probe.probe);
  EXPECT_EQ(probe.granted, 1);
}

TYPED_TEST(SharedStateTest, AProbeIsNotSpentOnATakeThatAnotherBucketRefuses) {
  const Bucket empty{"empty", 1, 5, 0};
  this->Close(absl::Seconds(1));
  EXPECT_TRUE(this->Take().closed);
  this->tested_.Pass(absl::Seconds(1));
  const TakeResult refused = this->Take({{{this->bucket_}, {empty}}, 1});
  EXPECT_EQ(refused.granted, 0);
  EXPECT_FALSE(refused.probe);
  EXPECT_TRUE(this->Take().probe);
}

TYPED_TEST(SharedStateTest, AHeldBucketGrantsNoMoreThanThatUntilThen) {
  this->Hold(5, absl::Seconds(60));
  this->Hold(3, absl::Seconds(10));  // The newest counts.
  EXPECT_EQ(this->Take(2).granted, 2);
  this->tested_.Pass(absl::Seconds(4));
  EXPECT_EQ(this->Take(2).granted, 1);
  const TakeResult refused = this->Take();
  EXPECT_FALSE(refused.closed);
  EXPECT_EQ(refused.retry_after, absl::Seconds(6));
  this->tested_.Pass(absl::Seconds(6));
  EXPECT_EQ(this->Take(20).granted, 10);
  this->Hold(100, absl::Seconds(10));
  EXPECT_EQ(this->Take().granted, 0) << "a hold gives nothing that the bucket has not";
}

TYPED_TEST(SharedStateTest, AReplicaMayWantEveryCapturePolled) {
  EXPECT_TRUE(this->Turn("a", "r1", {"1"}).mine);
  this->Turn("a", "r2", {kEveryCapture});
  EXPECT_THAT(this->Turn("a", "r1", {"1"}).ids, ElementsAre(kEveryCapture, "1"));
}

TYPED_TEST(SharedStateTest, ThePollTurnIsOnesAndTheIdsAreAllReplicas) {
  const PollTurn first = this->Turn("a", "r1", {"1", "2"});
  EXPECT_TRUE(first.mine);
  EXPECT_THAT(first.ids, ElementsAre("1", "2"));
  const PollTurn second = this->Turn("a", "r2", {"2", "3"});
  EXPECT_FALSE(second.mine);
  EXPECT_THAT(second.ids, ElementsAre("1", "2", "3"));
  EXPECT_TRUE(this->Turn("b", "r2", {}).mine) << "another account's";
  EXPECT_TRUE(this->Turn("a", "r1", {"1"}).mine) << "keeps it";
  EXPECT_TRUE(this->tested_.Run(this->state().GivePollTurn("a", "r2")).ok());
  EXPECT_FALSE(this->Turn("a", "r2", {}).mine) << "who has it not gives nothing up";
  EXPECT_TRUE(this->tested_.Run(this->state().GivePollTurn("a", "r1")).ok());
  EXPECT_TRUE(this->Turn("a", "r2", {}).mine);
}

TYPED_TEST(SharedStateTest, APollTurnAndWhatIsWantedEnd) {
  this->Turn("a", "r1", {"long"}, kLong);
  EXPECT_TRUE(this->tested_.Run(this->state().GivePollTurn("a", "r1")).ok());
  EXPECT_TRUE(this->Turn("a", "r1", {"short", "long"}, kShort).mine);
  this->tested_.Outlive(kShort);
  const PollTurn turn = this->Turn("a", "r2", {"new"});
  EXPECT_TRUE(turn.mine);
  EXPECT_THAT(turn.ids, ElementsAre("long", "new")) << "no wish shortens a longer one";
}

TYPED_TEST(SharedStateTest, NewsReachesWhoeverListensAsThisReplicaDoes) {
  std::vector<std::string> heard;
  int gaps = 0;
  this->state().Subscribe([&](std::string message) { heard.push_back(std::move(message)); },
                          [&] { ++gaps; });
  EXPECT_EQ(gaps, 0) << "not from within the call";
  ASSERT_TRUE(this->tested_.RunUntil([&] { return gaps > 0; }));
  EXPECT_TRUE(this->tested_.Run(this->state().Publish(std::string("\0one", 4))).ok());
  EXPECT_TRUE(this->tested_.Run(this->state().Publish("two")).ok());
  ASSERT_TRUE(this->tested_.RunUntil([&] { return heard.size() >= 2; }));
  EXPECT_THAT(heard, ElementsAre(std::string("\0one", 4), "two"));
  EXPECT_EQ(gaps, 1);
}

// One bucket and its rivals, tried with everything: what TokenBuckets do is what each state does.
TYPED_TEST(SharedStateTest, BucketsDoWhatTheModelDoes) {
  std::mt19937 random(7);
  const auto any = [&random](int most) { return static_cast<int>(random() % (most + 1)); };
  TokenBuckets model(100);
  const std::vector<Bucket> buckets = {
      {"m:0", 3, 20, 10}, {"m:1", 0.7, 5, 5}, {"m:2", 1.0 / 3, 2.5, 0}};
  const Bucket plain{"m:plain", 1.7, 6, 2};  // Neither closed nor held nor asked for by name.
  int granted = 0;
  int probes = 0;
  int closed = 0;
  for (int step = 0; step < 6000; ++step) {
    if (any(2) == 0) {
      this->tested_.Pass(absl::Microseconds(any(any(9) == 0 ? 30'000'000 : 1'000'000)));
    }
    const absl::Time now = this->tested_.BucketNow();
    const Bucket& bucket = buckets[any(2)];
    const absl::Time until = now + absl::Microseconds(any(8'000'000) - 1'000'000);
    switch (any(60)) {
      case 0:
        ASSERT_TRUE(model.Close(bucket.key, until, now).ok());
        ASSERT_TRUE(this->tested_.Run(this->state().Close(bucket.key, until)).ok());
        continue;
      case 1:
      case 2:
        ASSERT_TRUE(model.Reopen(bucket, now).ok());
        ASSERT_TRUE(this->tested_.Run(this->state().Reopen(bucket)).ok());
        continue;
      case 3:
        ASSERT_TRUE(model.Hold(bucket.key, step % 5, until, now).ok());
        ASSERT_TRUE(this->tested_.Run(this->state().Hold(bucket.key, step % 5, until)).ok());
        continue;
      default:
        break;
    }
    TakeRequest request;
    request.want = 0.25 * any(20);
    request.asker = any(3) == 0 ? "" : std::string(1, static_cast<char>('a' + any(2)));
    const int first = any(2);
    const int uses = 1 + any(2);
    for (int i = 0; i < uses; ++i) {
      request.uses.push_back({buckets[(first + i) % 3], 0.5 * any(3), any(1) == 0});
    }
    if (any(4) == 0) request = {{{plain, 0.5 * any(3)}}, request.want};
    const TakeResult expected = model.Take(request, now).value();
    const TakeResult actual = this->Take(request);
    ASSERT_EQ(actual.granted, expected.granted) << step;
    ASSERT_EQ(actual.retry_after, expected.retry_after) << step;
    ASSERT_EQ(actual.closed, expected.closed) << step;
    ASSERT_EQ(actual.probe, expected.probe) << step;
    ASSERT_NEAR(actual.left, expected.left, 1e-5) << step;
    ASSERT_EQ(actual.now, now);
    granted += actual.granted > 0 ? 1 : 0;
    probes += actual.probe ? 1 : 0;
    closed += actual.closed ? 1 : 0;
  }
  EXPECT_GT(granted, 500);
  EXPECT_GT(probes, 20);
  EXPECT_GT(closed, 100);
}

}  // namespace
}  // namespace pcaps
