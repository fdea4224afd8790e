#include "service/gateway/pcap_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <vector>

#include "clients/base/error.h"
#include "service/state/memory_state.h"
#include "tests/unit/support/fake_pcaps_api.h"
#include "tests/unit/support/manual_clock.h"
#include "tests/unit/support/run_task.h"

namespace pcaps {
namespace {

const absl::Time kStart = absl::UnixEpoch() + absl::Hours(24 * 365 * 50);
constexpr absl::Duration kNow = absl::ZeroDuration();  // A max_age.

// A process of the fleet, as far as reading goes.
struct Replica {
  Replica(boost::asio::io_context& loop, PcapsApi& api, SharedState& state, Clock& clock,
          const std::string& holder, const bool* spent)
      : cache(loop.get_executor(), state, clock, {}),
        reader(loop.get_executor(), api, cache, state, clock,
               {.holder = holder, .is_spent = [spent](const std::string&) { return *spent; }}) {
    cache.Listen([](const Observation&) {}, [] {});
  }
  PcapCache cache;
  PcapReader reader;
};

class PcapReaderTest : public testing::Test {
 protected:
  using Result = std::optional<PcapReader::Capture>;

  PcapReader::Capture Get(std::optional<absl::Duration> max_age = std::nullopt) {
    return RunTask(loop_, one_.reader.Get(key_, max_age, deadline_));
  }
  void Start(Replica& replica, Result* result, std::optional<absl::Duration> max_age = std::nullopt,
             std::shared_ptr<UpstreamCost> cost = nullptr,
             boost::asio::cancellation_slot slot = {}) {
    CallTerms terms(deadline_, std::move(cost));
    Spawn(loop_.get_executor(), slot, replica.reader.Get(key_, max_age, std::move(terms)),
          [result](PcapReader::Capture capture) { *result = std::move(capture); });
    Settle();
  }
  void Settle() {
    loop_.restart();
    loop_.poll();
  }
  void Pass(absl::Duration time) {
    clock_.Advance(time);
    Settle();
  }
  static absl::Status Trouble(v1::ErrorReason reason) {
    return MakeError(absl::StatusCode::kUnavailable, reason, "trouble");
  }

  boost::asio::io_context loop_;
  ManualClock clock_{kStart};
  FakePcapsApi api_{clock_};
  MemoryState state_{loop_.get_executor(), clock_};
  bool spent_ = false;
  Replica one_{loop_, api_, state_, clock_, "one", &spent_};
  Replica other_{loop_, api_, state_, clock_, "other", &spent_};
  const CaptureKey key_ = {"acct", "a"};
  absl::Time deadline_ = absl::InfiniteFuture();
};

TEST_F(PcapReaderTest, AsksOnceAndRemembers) {
  api_.Put("acct", "a", v1::Pcap::STATUS_RUNNING);
  EXPECT_FALSE(one_.reader.Cached(key_, std::nullopt).has_value());
  EXPECT_EQ(Get()->cache, CacheUse::kMiss);
  clock_.Advance(absl::Seconds(1));
  const auto again = Get();
  EXPECT_EQ(again->cache, CacheUse::kHit);
  EXPECT_EQ(again->age, absl::Seconds(1));
  ASSERT_TRUE(one_.reader.Cached(key_, std::nullopt).has_value());
  EXPECT_EQ(api_.get_calls, 1);
  clock_.Advance(absl::Seconds(1));
  EXPECT_FALSE(one_.reader.Cached(key_, std::nullopt).has_value());
  EXPECT_EQ(Get()->cache, CacheUse::kMiss);
}

TEST_F(PcapReaderTest, MaxAgeDecidesInsteadOfThePolicy) {
  api_.Put("acct", "a", v1::Pcap::STATUS_RUNNING);
  (void)Get();
  clock_.Advance(absl::Seconds(10));
  EXPECT_TRUE(one_.reader.Cached(key_, absl::Seconds(10)).has_value());
  EXPECT_FALSE(one_.reader.Cached(key_, absl::Seconds(9)).has_value());
  EXPECT_FALSE(one_.reader.Cached(key_, kNow).has_value());
  EXPECT_EQ(Get(kNow)->cache, CacheUse::kBypass);
  EXPECT_EQ(api_.get_calls, 2);
}

TEST_F(PcapReaderTest, ManyWhoAskAtOnceAskOnce) {
  api_.Put("acct", "a", v1::Pcap::STATUS_RUNNING);
  api_.read_duration = absl::Milliseconds(300);
  std::vector<Result> results(100);
  for (Result& result : results) Start(one_, &result);
  Pass(api_.read_duration);
  for (const Result& result : results) ASSERT_TRUE(result.has_value() && result->ok());
  EXPECT_EQ(api_.get_calls, 1);
}

TEST_F(PcapReaderTest, ReplicasAskOnceBetweenThem) {
  api_.Put("acct", "a", v1::Pcap::STATUS_RUNNING);
  api_.read_duration = absl::Milliseconds(300);
  Result here;
  Result there;
  Start(one_, &here);
  Start(other_, &there);
  Pass(api_.read_duration);
  ASSERT_TRUE(here.has_value() && there.has_value());
  EXPECT_TRUE(here->ok() && there->ok());
  EXPECT_EQ(api_.get_calls, 1);
}

TEST_F(PcapReaderTest, WhoBeginsACallBearsItsCostAndWhoSharesItNone) {
  api_.Put("acct", "a", v1::Pcap::STATUS_RUNNING);
  api_.read_duration = absl::Milliseconds(300);
  std::vector<std::shared_ptr<UpstreamCost>> costs;
  std::vector<Result> results(3);
  boost::asio::cancellation_signal leave;
  for (size_t i = 0; i < results.size(); ++i) {
    costs.push_back(std::make_shared<UpstreamCost>());
    Replica& replica = i < 2 ? one_ : other_;
    Start(replica, &results[i], std::nullopt, costs[i],
          i == 0 ? leave.slot() : boost::asio::cancellation_slot());
  }
  leave.emit(boost::asio::cancellation_type::terminal);
  Settle();
  Pass(api_.read_duration);
  EXPECT_TRUE(absl::IsCancelled(results[0]->status()));
  EXPECT_TRUE(results[1]->ok() && results[2]->ok());
  EXPECT_EQ(costs[0]->requests(), 1) << "it was sent for him, though he left";
  EXPECT_EQ(costs[1]->requests(), 0);
  EXPECT_EQ(costs[2]->requests(), 0);
}

TEST_F(PcapReaderTest, AListCostsWhoBeginsItAndARememberedOneNobody) {
  const auto first = std::make_shared<UpstreamCost>();
  const auto later = std::make_shared<UpstreamCost>();
  EXPECT_TRUE(RunTask(loop_, one_.reader.List("acct", CallTerms(deadline_, first))).ok());
  EXPECT_TRUE(RunTask(loop_, one_.reader.List("acct", CallTerms(deadline_, later))).ok());
  EXPECT_EQ(first->requests(), 1);
  EXPECT_EQ(later->requests(), 0);
}

TEST_F(PcapReaderTest, AReplicaThatDiesWhileItAsksIsNotWaitedForLong) {
  api_.Put("acct", "a", v1::Pcap::STATUS_RUNNING);
  (void)RunTask(loop_,
                state_.CompareAndSet("v1:read:acct:a", std::nullopt, "the dead", absl::Seconds(2)));
  Result result;
  Start(one_, &result);
  EXPECT_FALSE(result.has_value());
  Pass(absl::Seconds(2));
  ASSERT_TRUE(result.has_value());
  EXPECT_TRUE(result->ok());
}

// Who asks with max_age 0 has maybe just changed something.
TEST_F(PcapReaderTest, MaxAgeOfNothingIsNotAnsweredByACallThatBeganBefore) {
  api_.Put("acct", "a", v1::Pcap::STATUS_RUNNING);
  api_.read_duration = absl::Milliseconds(300);
  Result early;
  Start(one_, &early, kNow);
  Pass(absl::Milliseconds(100));
  std::vector<Result> late(3);
  for (Result& result : late) Start(one_, &result, kNow);
  Pass(absl::Milliseconds(200));
  EXPECT_TRUE(early.has_value());
  EXPECT_FALSE(late[0].has_value());
  Pass(absl::Milliseconds(300));
  for (const Result& result : late) ASSERT_TRUE(result.has_value() && result->ok());
  EXPECT_EQ(api_.get_calls, 2);
}

TEST_F(PcapReaderTest, WhatIsStaleStandsInForAnUpstreamInTrouble) {
  api_.Put("acct", "a", v1::Pcap::STATUS_RUNNING);
  (void)Get();
  clock_.Advance(absl::Minutes(1));
  for (const auto reason :
       {v1::ERROR_REASON_UPSTREAM_UNAVAILABLE, v1::ERROR_REASON_UPSTREAM_BUDGET_EXHAUSTED,
        v1::ERROR_REASON_UPSTREAM_RATE_LIMITED, v1::ERROR_REASON_UPSTREAM_BAD_RESPONSE}) {
    api_.next_error = Trouble(reason);
    const auto stale = Get();
    ASSERT_TRUE(stale.ok()) << stale.status();
    EXPECT_EQ(stale->cache, CacheUse::kStale);
    EXPECT_EQ(stale->age, absl::Minutes(1));
    EXPECT_EQ(Get(kNow).status(), api_.next_error);
  }
  clock_.Advance(absl::Hours(25));
  EXPECT_FALSE(Get().ok());
}

TEST_F(PcapReaderTest, NothingStaleIsServedAgainstWhatTheUpstreamSays) {
  api_.Put("acct", "a", v1::Pcap::STATUS_RUNNING);
  (void)Get();
  clock_.Advance(absl::Minutes(1));
  for (const auto reason : {v1::ERROR_REASON_UPSTREAM_CREDENTIALS_REJECTED,
                            v1::ERROR_REASON_UPSTREAM_ACCOUNT_FORBIDDEN}) {
    api_.next_error = Trouble(reason);
    EXPECT_EQ(Get().status(), api_.next_error);
  }
  api_.next_error = absl::OkStatus();
  api_.captures.clear();
  EXPECT_TRUE(absl::IsNotFound(Get().status()));
}

TEST_F(PcapReaderTest, ABudgetKnownToBeSpentIsNotWaitedForWhereSomethingStaleIsThere) {
  api_.Put("acct", "a", v1::Pcap::STATUS_RUNNING);
  (void)Get();
  clock_.Advance(absl::Minutes(1));
  spent_ = true;
  EXPECT_EQ(Get()->cache, CacheUse::kStale);
  EXPECT_EQ(api_.get_calls, 1);
}

TEST_F(PcapReaderTest, ThatThereIsNoneIsRememberedToo) {
  EXPECT_TRUE(absl::IsNotFound(Get().status()));
  EXPECT_TRUE(absl::IsNotFound(Get().status()));
  EXPECT_EQ(api_.get_calls, 1);
  clock_.Advance(absl::Seconds(5));
  EXPECT_TRUE(absl::IsNotFound(Get().status()));
  EXPECT_EQ(api_.get_calls, 2);
}

TEST_F(PcapReaderTest, AListIsReadOnceByAllReplicas) {
  api_.Put("acct", "a", v1::Pcap::STATUS_RUNNING);
  const auto first = RunTask(loop_, one_.reader.List("acct", deadline_));
  Settle();
  const auto second = RunTask(loop_, other_.reader.List("acct", deadline_));
  EXPECT_EQ(first->cache, CacheUse::kMiss);
  EXPECT_EQ(second->cache, CacheUse::kHit);
  EXPECT_EQ(second->value.size(), 1);
  clock_.Advance(absl::Seconds(5));
  api_.next_error = Trouble(v1::ERROR_REASON_UPSTREAM_UNAVAILABLE);
  EXPECT_EQ(RunTask(loop_, other_.reader.List("acct", deadline_))->cache, CacheUse::kStale);
}

TEST_F(PcapReaderTest, AListThatAWriteOvertakesIsAnsweredAndAskedForAgain) {
  using List = absl::StatusOr<Served<std::vector<v1::Pcap>>>;
  api_.Put("acct", "a", v1::Pcap::STATUS_RUNNING);
  api_.read_duration = absl::Milliseconds(300);
  std::optional<List> before;
  Spawn(loop_.get_executor(), {}, one_.reader.List("acct", deadline_),
        [&](List list) { before = std::move(list); });
  Settle();
  Pass(absl::Milliseconds(100));
  api_.Put("acct", "b", v1::Pcap::STATUS_PENDING);
  one_.cache.ForgetList("acct");
  std::optional<List> after;
  Spawn(loop_.get_executor(), {}, one_.reader.List("acct", deadline_),
        [&](List list) { after = std::move(list); });
  Settle();
  Pass(absl::Milliseconds(200));
  ASSERT_TRUE(before.has_value() && before->ok());
  EXPECT_FALSE((*before)->value.empty());
  EXPECT_FALSE(after.has_value());
  Pass(absl::Milliseconds(300));
  ASSERT_TRUE(after.has_value() && after->ok());
  EXPECT_EQ((*after)->value.size(), 2);
}

TEST_F(PcapReaderTest, ACallersDeadlineIsHisOwn) {
  api_.Put("acct", "a", v1::Pcap::STATUS_RUNNING);
  api_.read_duration = absl::Seconds(5);
  Result patient;
  Start(one_, &patient);
  deadline_ = clock_.Now() + absl::Seconds(1);
  Result hasty;
  Start(one_, &hasty);
  Pass(absl::Seconds(1));
  ASSERT_TRUE(hasty.has_value());
  EXPECT_EQ(ReasonOf(hasty->status()), v1::ERROR_REASON_UPSTREAM_UNAVAILABLE);
  Pass(absl::Seconds(4));
  ASSERT_TRUE(patient.has_value());
  EXPECT_TRUE(patient->ok());
  EXPECT_EQ(api_.get_calls, 1);
}

TEST_F(PcapReaderTest, AReplicaWhoseCallFailsIsSoonFollowedByAnother) {
  api_.Put("acct", "a", v1::Pcap::STATUS_RUNNING);
  api_.read_duration = absl::Milliseconds(300);
  api_.next_error = Trouble(v1::ERROR_REASON_UPSTREAM_UNAVAILABLE);
  Result here;
  Result there;
  Start(one_, &here);
  Start(other_, &there);
  Pass(absl::Milliseconds(300));
  ASSERT_TRUE(here.has_value());
  EXPECT_FALSE(here->ok());
  api_.next_error = absl::OkStatus();
  Pass(absl::Milliseconds(250));
  Pass(absl::Milliseconds(300));
  ASSERT_TRUE(there.has_value());
  EXPECT_TRUE(there->ok());
}

}  // namespace
}  // namespace pcaps
