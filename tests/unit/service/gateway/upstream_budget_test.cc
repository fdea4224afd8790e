// Who gets leave to call the upstream, who waits, and who is refused.
#include <thread>

#include "tests/unit/service/gateway/upstream_budget_fixture.h"

namespace pcaps {
namespace {

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
