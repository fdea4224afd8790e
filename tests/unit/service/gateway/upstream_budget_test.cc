// Who gets leave to call the upstream, who waits, and who is refused.
#include "service/gateway/upstream_budget.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "clients/base/error.h"
#include "tests/unit/support/losable_state.h"
#include "tests/unit/support/manual_clock.h"

namespace pcaps {
namespace {

using Leave = absl::StatusOr<UpstreamLeave>;

// A call that asked, and what it got when it got it.
struct Pending {
  std::optional<Leave> got;
  boost::asio::cancellation_signal cancel;

  bool granted() const { return got.has_value() && got->ok(); }
  v1::ErrorReason reason() const { return ReasonOf(got.value().status()); }
  absl::Duration retry_after() const { return RetryAfterOf(got.value().status()).value(); }
};

class UpstreamBudgetTest : public testing::Test {
 protected:
  UpstreamBudgetTest() { Make(); }
  ~UpstreamBudgetTest() override { Step(absl::Hours(1)); }

  void Make() { budget_ = MakeReplica(); }
  std::shared_ptr<UpstreamBudget> MakeReplica() {
    return std::make_shared<UpstreamBudget>(
        loop_.get_executor(), state_, clock_, [] { return 0.0; }, options_);
  }

  void Poll() {
    loop_.restart();
    loop_.poll();
  }
  // Moves time in small steps, so that whoever waits sees it pass.
  void Step(absl::Duration duration, absl::Duration step = absl::Milliseconds(100)) {
    const absl::Time end = clock_.Now() + duration;
    Poll();
    while (clock_.Now() < end) {
      const absl::Time next = std::min(std::max(clock_.NextWake(), clock_.Now() + step), end);
      clock_.Advance(next - clock_.Now());
      Poll();
    }
  }

  static UpstreamAsk Of(Purpose purpose, const std::string& account = "acc",
                        Operation operation = Operation::kGetPcap) {
    return {.operation = operation,
            .purpose = purpose,
            .account_id = account,
            .budget = "default",
            .deadline = absl::InfiniteFuture()};
  }
  static UpstreamAsk Create(const std::string& account) {
    return Of(Purpose::kWrite, account, Operation::kCreatePcap);
  }

  std::shared_ptr<Pending> Start(UpstreamAsk ask, UpstreamBudget* replica = nullptr) {
    auto pending = std::make_shared<Pending>();
    UpstreamBudget& gate = replica == nullptr ? *budget_ : *replica;
    Spawn(loop_.get_executor(), pending->cancel.slot(), gate.Enter(std::move(ask)),
          [pending](Leave leave) { pending->got = std::move(leave); });
    Poll();
    return pending;
  }
  // How many of so many asks get leave at once.
  int Granted(int asks, const UpstreamAsk& ask, UpstreamBudget* replica = nullptr) {
    UpstreamAsk at_once = ask;
    at_once.deadline = clock_.Now();
    int granted = 0;
    for (int i = 0; i < asks; ++i) granted += Start(at_once, replica)->granted() ? 1 : 0;
    return granted;
  }

  void Tell(const UpstreamAsk& ask, const Pending& pending, UpstreamVerdict verdict,
            UpstreamBudget* replica = nullptr) {
    UpstreamBudget& gate = replica == nullptr ? *budget_ : *replica;
    gate.Report(ask, **pending.got, verdict);
    Poll();
  }
  // One request that is answered with a 429.
  void Limit(const UpstreamAsk& ask, absl::Duration retry_after,
             std::vector<RateLimitWindow> windows = {}) {
    const auto pending = Start(ask);
    ASSERT_TRUE(pending->granted());
    Tell(ask, *pending, {429, retry_after, std::move(windows)});
  }
  void Fill() { Step(absl::Minutes(1), absl::Minutes(1)); }

  boost::asio::io_context loop_;
  ManualClock clock_{absl::FromUnixSeconds(1'700'000'000)};
  LosableState state_{loop_.get_executor(), clock_};
  UpstreamBudgetOptions options_;
  std::shared_ptr<UpstreamBudget> budget_;
};

TEST_F(UpstreamBudgetTest, ABucketNobodyRemembersStartsWithTenAndFillsAtItsRate) {
  EXPECT_EQ(Granted(100, Of(Purpose::kWrite)), 10);
  Step(absl::Seconds(2));
  EXPECT_EQ(Granted(100, Of(Purpose::kWrite)), 6);
  Fill();
  EXPECT_EQ(Granted(100, Of(Purpose::kWrite)), 60);
}

TEST_F(UpstreamBudgetTest, ReadsLeaveTenForWrites) {
  Fill();
  EXPECT_EQ(Granted(100, Of(Purpose::kWrite)), 10);
  Fill();
  EXPECT_EQ(Granted(100, Of(Purpose::kRead)), 50);
  EXPECT_EQ(Granted(100, Of(Purpose::kWrite)), 10);
}

TEST_F(UpstreamBudgetTest, PollsTakeHalfAtMost) {
  Start(Of(Purpose::kPoll));  // From now on the buckets are remembered.
  Fill();
  EXPECT_NEAR(Granted(100, Of(Purpose::kPoll)), 30, 1);
  EXPECT_NEAR(Granted(100, Of(Purpose::kRead)), 20, 1);
}

TEST_F(UpstreamBudgetTest, OneAccountTakesHalfOfTheReadsOnlyWhileOthersAsk) {
  Start(Of(Purpose::kRead, "a"));
  Start(Of(Purpose::kRead, "b"));
  Fill();
  EXPECT_EQ(Granted(100, Of(Purpose::kRead, "a")), 50) << "alone";
  Fill();
  EXPECT_EQ(Granted(1, Of(Purpose::kRead, "b")), 1);
  EXPECT_NEAR(Granted(100, Of(Purpose::kRead, "a")), 25, 1);
  EXPECT_GT(Granted(100, Of(Purpose::kRead, "b")), 20);
}

TEST_F(UpstreamBudgetTest, AReadWaitsForItsTokenAndNoLongerThanItsPatience) {
  EXPECT_EQ(Granted(100, Of(Purpose::kWrite)), 10);
  options_.ledger.shares.write_reserve = 0;
  Make();
  const auto first = Start(Of(Purpose::kRead));
  EXPECT_FALSE(first->got.has_value());
  Step(absl::Milliseconds(340));
  ASSERT_TRUE(first->granted());

  std::vector<std::shared_ptr<Pending>> line;
  for (int i = 0; i < 9; ++i) line.push_back(Start(Of(Purpose::kRead)));
  EXPECT_EQ(budget_->waiting(), 9);
  EXPECT_TRUE(budget_->SpentFor("acc", Purpose::kRead).has_value());
  EXPECT_FALSE(budget_->SpentFor("acc", Purpose::kPoll).has_value());
  Step(absl::Seconds(1));
  int granted = 0;
  for (const auto& each : line) {
    ASSERT_TRUE(each->got.has_value());
    if (each->granted()) {
      EXPECT_EQ(granted, &each - line.data()) << "whoever came first";
      ++granted;
    } else {
      EXPECT_EQ(each->reason(), v1::ERROR_REASON_UPSTREAM_BUDGET_EXHAUSTED);
      EXPECT_GE(each->retry_after(), absl::Milliseconds(300));
    }
  }
  EXPECT_EQ(granted, 3) << "one second of tokens";
  EXPECT_EQ(budget_->waiting(), 0);
}

TEST_F(UpstreamBudgetTest, WhoseTokenCannotComeInTimeIsRefusedAtOnce) {
  EXPECT_EQ(Granted(100, Of(Purpose::kWrite)), 10);
  const auto read = Start(Of(Purpose::kRead));  // Ten are to stay for writes.
  ASSERT_TRUE(read->got.has_value());
  EXPECT_EQ(read->reason(), v1::ERROR_REASON_UPSTREAM_BUDGET_EXHAUSTED);
  EXPECT_NEAR(absl::ToDoubleSeconds(read->retry_after()), 11.0 / 3, 0.01);
  UpstreamAsk write = Of(Purpose::kWrite);
  write.deadline = clock_.Now() + absl::Milliseconds(200);
  EXPECT_EQ(Start(write)->reason(), v1::ERROR_REASON_UPSTREAM_BUDGET_EXHAUSTED);
  write.deadline = clock_.Now() + absl::Seconds(5);
  const auto patient = Start(write);
  EXPECT_FALSE(patient->got.has_value());
  Step(absl::Milliseconds(400));
  EXPECT_TRUE(patient->granted());
}

TEST_F(UpstreamBudgetTest, APollDoesNotWait) {
  EXPECT_EQ(Granted(100, Of(Purpose::kWrite)), 10);
  const auto poll = Start(Of(Purpose::kPoll));
  ASSERT_TRUE(poll->got.has_value());
  EXPECT_EQ(poll->reason(), v1::ERROR_REASON_UPSTREAM_BUDGET_EXHAUSTED);
  EXPECT_EQ(budget_->SpentFor("acc", Purpose::kPoll), poll->retry_after());
}

TEST_F(UpstreamBudgetTest, AFloodOfAsksIsNoFloodOfQuestionsToTheSharedState) {
  EXPECT_EQ(Granted(100, Of(Purpose::kWrite)), 10);
  const int before = state_.takes;
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(Start(Of(Purpose::kPoll))->granted());
  EXPECT_EQ(state_.takes, before + 1);
  std::vector<std::shared_ptr<Pending>> line;
  for (int i = 0; i < 200; ++i) line.push_back(Start(Of(Purpose::kWrite, "other")));
  Step(absl::Seconds(1), absl::Milliseconds(10));
  EXPECT_LT(state_.takes, before + 20);
}

TEST_F(UpstreamBudgetTest, TooManyDoNotWait) {
  options_.max_waiting = 2;
  Make();
  EXPECT_EQ(Granted(100, Of(Purpose::kWrite)), 10);
  const auto first = Start(Of(Purpose::kWrite));
  const auto second = Start(Of(Purpose::kWrite, "another"));
  const auto third = Start(Of(Purpose::kWrite, "other"));
  EXPECT_FALSE(first->got.has_value());
  EXPECT_FALSE(second->got.has_value());
  ASSERT_TRUE(third->got.has_value());
  EXPECT_EQ(third->reason(), v1::ERROR_REASON_UPSTREAM_BUDGET_EXHAUSTED);
  EXPECT_EQ(budget_->counts().refused_crowded, 1);
}

TEST_F(UpstreamBudgetTest, WhoLeavesGivesItsPlaceToTheNext) {
  EXPECT_EQ(Granted(100, Of(Purpose::kWrite)), 10);
  const auto first = Start(Of(Purpose::kWrite));
  const auto second = Start(Of(Purpose::kWrite));
  first->cancel.emit(boost::asio::cancellation_type::terminal);
  Poll();
  ASSERT_TRUE(first->got.has_value());
  EXPECT_TRUE(absl::IsCancelled(first->got->status()));
  Step(absl::Milliseconds(340));
  EXPECT_TRUE(second->granted());
}

TEST_F(UpstreamBudgetTest, A429ClosesTheBudgetForTheFleetUntilOneProbeWentWell) {
  const auto other = MakeReplica();
  Start(Of(Purpose::kWrite));
  Fill();
  Limit(Of(Purpose::kRead), absl::Seconds(20));
  for (int second = 0; second < 20; ++second) {
    const auto refused = Start(Of(Purpose::kPoll), second % 2 == 0 ? budget_.get() : other.get());
    ASSERT_TRUE(refused->got.has_value() && !refused->granted());
    EXPECT_EQ(refused->reason(), v1::ERROR_REASON_UPSTREAM_RATE_LIMITED);
    EXPECT_NEAR(absl::ToDoubleSeconds(refused->retry_after()), 20 - second, 0.01);
    Step(absl::Seconds(1));
  }
  const auto probe = Start(Of(Purpose::kWrite, "y"));
  ASSERT_TRUE(probe->granted());
  EXPECT_TRUE((**probe->got).probe);
  EXPECT_EQ(Granted(10, Of(Purpose::kWrite, "z")), 0);
  EXPECT_EQ(Granted(10, Of(Purpose::kWrite, "z"), other.get()), 0) << "only one probe";
  Tell(Of(Purpose::kWrite, "y"), *probe, {.http_status = 404});
  EXPECT_EQ(Granted(10, Of(Purpose::kWrite, "z")), 0) << "it is empty when it is open again";
  Step(absl::Milliseconds(340));
  EXPECT_EQ(Granted(10, Of(Purpose::kWrite, "z")), 1) << "no refusal outlives the closing here";
  Step(absl::Seconds(1));
  EXPECT_EQ(Granted(10, Of(Purpose::kWrite, "z"), other.get()), 3);
  EXPECT_EQ(budget_->counts().probes, 1);
}

TEST_F(UpstreamBudgetTest, ReadsWaitForAClosingThatIsAlmostOver) {
  options_.write_patience = absl::Seconds(3);
  Make();
  Limit(Of(Purpose::kWrite), absl::Seconds(2));
  const auto read = Start(Of(Purpose::kPoll));
  EXPECT_EQ(read->reason(), v1::ERROR_REASON_UPSTREAM_RATE_LIMITED);
  const auto write = Start(Of(Purpose::kWrite));
  EXPECT_FALSE(write->got.has_value());
  Step(absl::Seconds(1));
  EXPECT_FALSE(write->got.has_value());
  Step(absl::Seconds(2));
  ASSERT_TRUE(write->granted());
  EXPECT_TRUE((**write->got).probe);
}

TEST_F(UpstreamBudgetTest, AProbeThatIsLimitedClosesAgainAndOneWithoutAnswerIsRepeated) {
  Fill();
  Limit(Of(Purpose::kWrite), absl::Seconds(20));
  Step(absl::Seconds(20));
  Limit(Of(Purpose::kWrite), absl::Seconds(30));
  Step(absl::Seconds(29));
  EXPECT_EQ(Granted(1, Of(Purpose::kWrite)), 0);
  Step(absl::Seconds(1));
  const auto lost = Start(Of(Purpose::kWrite));
  ASSERT_TRUE(lost->granted());
  Tell(Of(Purpose::kWrite), *lost, {.http_status = 0});
  EXPECT_EQ(Granted(1, Of(Purpose::kWrite)), 0);
  Step(absl::Seconds(2));
  const auto again = Start(Of(Purpose::kWrite));
  ASSERT_TRUE(again->granted());
  EXPECT_TRUE((**again->got).probe);
}

TEST_F(UpstreamBudgetTest, A429ToACreateClosesTheCreatesOfItsAccountAlone) {
  Fill();
  Limit(Create("a"), absl::Seconds(20));
  EXPECT_EQ(Granted(1, Create("a")), 0);
  EXPECT_EQ(Start(Create("a"))->reason(), v1::ERROR_REASON_UPSTREAM_RATE_LIMITED);
  EXPECT_EQ(Granted(1, Create("b")), 1);
  EXPECT_EQ(Granted(1, Of(Purpose::kWrite, "a")), 1);
  Fill();
  const auto probe = Start(Create("a"));
  ASSERT_TRUE(probe->granted());
  Tell(Create("a"), *probe, {.http_status = 200});
  EXPECT_THAT(state_.reopened, testing::ElementsAre("budget:default:creates:a"))
      << "the budget was not closed, and is not emptied";
  Step(absl::Seconds(1));
  EXPECT_EQ(Granted(2, Create("a")), 2);
}

TEST_F(UpstreamBudgetTest, AProbeOfCreatesThatAnotherReplicaClosedConcernsNobodyElse) {
  const auto other = MakeReplica();
  Fill();
  Limit(Create("a"), absl::Seconds(20));
  Fill();
  const auto again = Start(Create("a"), other.get());
  ASSERT_TRUE(again->granted());
  EXPECT_THAT((**again->got).probed, testing::ElementsAre("budget:default:creates:a"));
  Tell(Create("a"), *again, {429, absl::Seconds(20)}, other.get());
  EXPECT_EQ(Granted(1, Of(Purpose::kWrite, "b")), 1);
  EXPECT_EQ(Granted(1, Of(Purpose::kWrite, "b"), other.get()), 1);
  Fill();
  const auto well = Start(Create("a"));
  ASSERT_TRUE(well->granted());
  Tell(Create("a"), *well, {.http_status = 200});
  EXPECT_THAT(state_.reopened, testing::ElementsAre("budget:default:creates:a"));
}

TEST_F(UpstreamBudgetTest, AProbeOfCreatesThatFindsNothingLeftClosesAll) {
  Fill();
  Limit(Create("a"), absl::Seconds(20));
  Fill();
  Limit(Create("a"), absl::Seconds(20), {{.name = "default", .remaining = 0}});
  EXPECT_EQ(Granted(1, Of(Purpose::kWrite, "b")), 0);
}

TEST_F(UpstreamBudgetTest, AProbeThatWentWellEndsNoClosingThatCameAfterIt) {
  Fill();
  const auto late = Start(Of(Purpose::kWrite));
  Limit(Of(Purpose::kWrite), absl::Seconds(5));
  Step(absl::Seconds(5));
  const auto probe = Start(Of(Purpose::kWrite));
  ASSERT_TRUE(probe->granted());
  Tell(Of(Purpose::kWrite), *late, {429, absl::Seconds(30)});
  Tell(Of(Purpose::kWrite), *probe, {.http_status = 200});
  Step(absl::Seconds(10));
  EXPECT_EQ(Granted(1, Of(Purpose::kWrite)), 0);
}

TEST_F(UpstreamBudgetTest, WhoOnlyHeardOfAClosingTellsAStateThatLostIt) {
  const auto told = MakeReplica();
  Fill();
  Limit(Of(Purpose::kWrite), absl::Seconds(60));
  EXPECT_EQ(Granted(1, Of(Purpose::kWrite), told.get()), 0);
  state_.Flush();
  Step(absl::Seconds(2));
  EXPECT_EQ(Granted(1, Of(Purpose::kWrite), told.get()), 0);
  const auto newcomer = MakeReplica();
  EXPECT_EQ(Granted(1, Of(Purpose::kWrite), newcomer.get()), 0);
}

TEST_F(UpstreamBudgetTest, AProbeWhoseAskerLeftIsGivenUp) {
  const auto other = MakeReplica();
  Fill();
  Limit(Of(Purpose::kWrite), absl::Seconds(5));
  Step(absl::Seconds(5));
  auto left = std::make_shared<Pending>();
  Spawn(loop_.get_executor(), left->cancel.slot(), other->Enter(Of(Purpose::kWrite)),
        [left](Leave leave) { left->got = std::move(leave); });
  boost::asio::post(loop_, [&] { left->cancel.emit(boost::asio::cancellation_type::terminal); });
  state_.slow = true;
  Poll();
  ASSERT_TRUE(left->got.has_value());
  EXPECT_TRUE(absl::IsCancelled(left->got->status()));
  EXPECT_EQ(other->ledger_counts().unshared, 0);
  state_.slow = false;
  Step(absl::Seconds(3));
  EXPECT_EQ(Granted(1, Of(Purpose::kWrite)), 1);
}

TEST_F(UpstreamBudgetTest, OneAccountsLineDoesNotCrowdOthersOut) {
  options_.max_waiting = 8;
  Make();
  EXPECT_EQ(Granted(100, Of(Purpose::kWrite)), 10);
  std::vector<std::shared_ptr<Pending>> line;
  for (int i = 0; i < 8; ++i) line.push_back(Start(Of(Purpose::kWrite, "a")));
  EXPECT_EQ(budget_->waiting(), 2);
  EXPECT_EQ(budget_->counts().refused_crowded, 6);
  EXPECT_FALSE(Start(Of(Purpose::kWrite, "b"))->got.has_value());
}

TEST_F(UpstreamBudgetTest, A429ToACreateClosesAllWhereNothingIsLeft) {
  Limit(Create("a"), absl::Seconds(20), {{.name = "default", .remaining = 0}});
  EXPECT_EQ(Granted(1, Create("b")), 0);
  EXPECT_EQ(Granted(1, Of(Purpose::kWrite, "a")), 0);
}

TEST_F(UpstreamBudgetTest, TheHeadersSmallestWindowTightensTheBudget) {
  Start(Of(Purpose::kWrite));
  Fill();
  const auto pending = Start(Of(Purpose::kWrite));
  const RateLimitWindow wide{.name = "a", .remaining = 900, .reset = absl::Seconds(200)};
  Tell(Of(Purpose::kWrite), *pending, {.http_status = 200, .windows = {wide}});
  EXPECT_EQ(state_.holds, 0) << "more than could be spent";
  const RateLimitWindow tight{.name = "b", .remaining = 5, .reset = absl::Seconds(100)};
  Tell(Of(Purpose::kWrite), *pending, {.http_status = 200, .windows = {wide, tight}});
  EXPECT_EQ(Granted(20, Of(Purpose::kWrite)), 5);
  Step(absl::Seconds(99));
  EXPECT_EQ(Granted(20, Of(Purpose::kWrite)), 0);
  Step(absl::Seconds(1));
  EXPECT_GT(Granted(20, Of(Purpose::kWrite)), 10);
}

TEST_F(UpstreamBudgetTest, BudgetsAreApart) {
  options_.ledger.budgets = {{"small", {1, 2}}};
  Make();
  UpstreamAsk small = Of(Purpose::kWrite);
  small.budget = "small";
  EXPECT_EQ(Granted(10, small), 2);
  EXPECT_EQ(Granted(20, Of(Purpose::kWrite)), 10);
}

TEST_F(UpstreamBudgetTest, WithoutTheSharedStateAReplicaHasItsShareAndNothingItHasSpent) {
  options_.ledger.max_replicas = 2;
  Make();
  Start(Of(Purpose::kWrite));
  Fill();
  EXPECT_EQ(Granted(60, Of(Purpose::kWrite)), 60);
  state_.down = true;
  EXPECT_EQ(Granted(20, Of(Purpose::kWrite, "b")), 0) << "charged while the state was up";
  Step(absl::Seconds(2));
  EXPECT_EQ(Granted(20, Of(Purpose::kWrite, "c")), 3) << "half of the rate";
  Fill();
  EXPECT_NEAR(Granted(20, Of(Purpose::kWrite, "d")), 5, 1) << "half of what a bucket starts with";
  EXPECT_GT(budget_->ledger_counts().unshared, 0);
}

TEST_F(UpstreamBudgetTest, LosingTheSharedStateReopensNothing) {
  const auto told = MakeReplica();
  Fill();
  Limit(Of(Purpose::kWrite), absl::Seconds(60));
  EXPECT_EQ(Granted(1, Of(Purpose::kWrite), told.get()), 0);  // So it knows.
  state_.down = true;
  Step(absl::Seconds(30));
  EXPECT_EQ(Granted(1, Of(Purpose::kWrite)), 0);
  EXPECT_EQ(Granted(1, Of(Purpose::kWrite), told.get()), 0);
  state_.down = false;
  state_.Flush();
  Step(absl::Seconds(1));
  EXPECT_EQ(Granted(1, Of(Purpose::kWrite)), 0);
  const auto newcomer = MakeReplica();
  EXPECT_EQ(Granted(1, Of(Purpose::kWrite), newcomer.get()), 0) << "the state was told again";
}

TEST_F(UpstreamBudgetTest, A429WhileTheStateIsDownClosesThisReplicaAndThenTheFleet) {
  const auto other = MakeReplica();
  state_.down = true;
  Limit(Of(Purpose::kWrite), absl::Seconds(60));
  EXPECT_EQ(Granted(1, Of(Purpose::kWrite, "b")), 0);
  EXPECT_EQ(Granted(1, Of(Purpose::kWrite), other.get()), 1);
  Step(absl::Seconds(30));
  state_.down = false;
  EXPECT_EQ(Granted(1, Of(Purpose::kWrite, "c")), 0);
  EXPECT_EQ(Granted(1, Of(Purpose::kWrite, "d"), other.get()), 0);
  state_.down = true;
  Step(absl::Seconds(30));
  const auto probe = Start(Of(Purpose::kWrite, "e"));
  ASSERT_TRUE(probe->granted());
  EXPECT_TRUE((**probe->got).probe);
  EXPECT_EQ(Granted(5, Of(Purpose::kWrite, "f")), 0);
  Tell(Of(Purpose::kWrite, "e"), *probe, {.http_status = 200});
  Step(absl::Seconds(2));
  EXPECT_GT(Granted(5, Of(Purpose::kWrite, "f")), 0);
}

TEST_F(UpstreamBudgetTest, AnotherReplicasProbeOpensThisOneToo) {
  const auto other = MakeReplica();
  Fill();
  Limit(Of(Purpose::kWrite), absl::Seconds(20));
  Step(absl::Seconds(20));
  const auto probe = Start(Of(Purpose::kWrite), other.get());
  ASSERT_TRUE(probe->granted());
  EXPECT_EQ(Granted(3, Of(Purpose::kWrite)), 0);
  Tell(Of(Purpose::kWrite), *probe, {.http_status = 200}, other.get());
  Step(absl::Seconds(3));
  EXPECT_EQ(Granted(20, Of(Purpose::kWrite)), 9);
  EXPECT_EQ(budget_->counts().probes, 0);
}

TEST_F(UpstreamBudgetTest, LeaveBeganOnTheFleetsClock) {
  state_.ahead = absl::Minutes(7);
  state_.down = true;  // MemoryState has the test's clock; own buckets have the fleet's.
  EXPECT_EQ((**Start(Of(Purpose::kWrite))->got).began, clock_.Now() + absl::Minutes(7));
}

TEST_F(UpstreamBudgetTest, OtherLoopsAskAndReportToo) {
  SystemClock clock;
  boost::asio::io_context control;
  MemoryState state(control.get_executor(), clock);
  const auto budget = std::make_shared<UpstreamBudget>(
      control.get_executor(), state, clock, [] { return 0.0; }, options_);
  auto work = boost::asio::make_work_guard(control);
  std::thread control_thread([&] { control.run(); });
  std::vector<std::thread> lanes;
  std::atomic<int> granted{0};
  for (int lane = 0; lane < 2; ++lane) {
    lanes.emplace_back([&, lane] {
      boost::asio::io_context loop;
      for (int i = 0; i < 3; ++i) {
        UpstreamAsk ask = Of(Purpose::kWrite, absl::StrCat("lane", lane));
        Spawn(loop.get_executor(), {}, budget->Enter(ask), [&, ask](Leave leave) {
          if (!leave.ok()) return;
          ++granted;
          budget->Report(ask, *leave, {.http_status = 200});
        });
      }
      loop.run();
    });
  }
  for (std::thread& lane : lanes) lane.join();
  work.reset();
  control_thread.join();
  EXPECT_EQ(granted.load(), 6);
  EXPECT_EQ(budget->counts().granted, 6);
}

}  // namespace
}  // namespace pcaps
