// What an upstream that says stop closes, for whom, and how it opens again.
#include "tests/unit/service/gateway/upstream_budget_fixture.h"

namespace pcaps {
namespace {

using BudgetClosingsTest = UpstreamBudgetTest;

TEST_F(BudgetClosingsTest, A429ClosesTheBudgetForTheFleetUntilOneProbeWentWell) {
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

TEST_F(BudgetClosingsTest, ReadsWaitForAClosingThatIsAlmostOver) {
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

TEST_F(BudgetClosingsTest, AProbeThatIsLimitedClosesAgainAndOneWithoutAnswerIsRepeated) {
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

TEST_F(BudgetClosingsTest, A429ToACreateClosesTheCreatesOfItsAccountAlone) {
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

TEST_F(BudgetClosingsTest, AProbeOfCreatesThatAnotherReplicaClosedConcernsNobodyElse) {
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

TEST_F(BudgetClosingsTest, AProbeOfCreatesThatFindsNothingLeftClosesAll) {
  Fill();
  Limit(Create("a"), absl::Seconds(20));
  Fill();
  Limit(Create("a"), absl::Seconds(20), {{.name = "default", .remaining = 0}});
  EXPECT_EQ(Granted(1, Of(Purpose::kWrite, "b")), 0);
}

TEST_F(BudgetClosingsTest, AProbeThatWentWellEndsNoClosingThatCameAfterIt) {
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

TEST_F(BudgetClosingsTest, WhoOnlyHeardOfAClosingTellsAStateThatLostIt) {
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

TEST_F(BudgetClosingsTest, AProbeWhoseAskerLeftIsGivenUp) {
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

TEST_F(BudgetClosingsTest, A429ToACreateClosesAllWhereNothingIsLeft) {
  Limit(Create("a"), absl::Seconds(20), {{.name = "default", .remaining = 0}});
  EXPECT_EQ(Granted(1, Create("b")), 0);
  EXPECT_EQ(Granted(1, Of(Purpose::kWrite, "a")), 0);
}

TEST_F(BudgetClosingsTest, TheHeadersSmallestWindowTightensTheBudget) {
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

TEST_F(BudgetClosingsTest, LosingTheSharedStateReopensNothing) {
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

TEST_F(BudgetClosingsTest, A429WhileTheStateIsDownClosesThisReplicaAndThenTheFleet) {
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

TEST_F(BudgetClosingsTest, AnotherReplicasProbeOpensThisOneToo) {
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

TEST_F(BudgetClosingsTest, WhatIsLeftIsKnownHereAndNothingWhileItIsClosed) {
  std::vector<std::string> told;
  options_.ledger.budgets["default"] = {3, 60};
  options_.ledger.on_closed = [&](const std::string& bucket, absl::Duration closed_for) {
    told.push_back(bucket + " closed for " + absl::FormatDuration(closed_for));
  };
  options_.ledger.on_reopened = [&](const std::string& bucket) {
    told.push_back(bucket + " open");
  };
  Make();
  const auto level = [&] { return budget_->Levels().at("default"); };
  EXPECT_EQ(level().tokens, 60) << "nobody has asked yet: no reason to wake anybody";
  EXPECT_EQ(level().burst, 60);
  EXPECT_EQ(Granted(4, Of(Purpose::kWrite)), 4);
  EXPECT_NEAR(level().tokens, 6, 1e-5);
  clock_.Advance(absl::Seconds(2));
  EXPECT_NEAR(level().tokens, 12, 1e-5) << "it fills up, though nobody asks";
  Fill();
  EXPECT_EQ(level().tokens, 60);
  EXPECT_EQ(level().closed_for, absl::ZeroDuration());
  Limit(Of(Purpose::kRead), absl::Seconds(20));
  EXPECT_EQ(level().tokens, 0);
  EXPECT_EQ(level().closed_for, absl::Seconds(20));
  Step(absl::Seconds(21));
  const auto probe = Start(Of(Purpose::kWrite));
  Tell(Of(Purpose::kWrite), *probe, {.http_status = 200});
  EXPECT_EQ(level().closed_for, absl::ZeroDuration());
  EXPECT_THAT(told, testing::ElementsAre("default closed for 20s", "default open"));
}

TEST_F(BudgetClosingsTest, ClosedCreatesAreToldByAccountAndLeaveTheBudgetOpen) {
  std::vector<std::string> told;
  options_.ledger.budgets["default"] = {3, 60};
  options_.ledger.on_closed = [&](const std::string& bucket, absl::Duration) {
    told.push_back(bucket);
  };
  Make();
  Limit(Create("a1"), absl::Seconds(20));
  EXPECT_THAT(told, testing::ElementsAre("default:creates:a1"));
  EXPECT_GT(budget_->Levels().at("default").tokens, 0);
}

TEST_F(BudgetClosingsTest, WhatIsLeftKnowsOfHoldsAndOfTheEndOfAClosing) {
  options_.ledger.budgets["default"] = {3, 60};
  Make();
  const auto tokens = [&] { return budget_->Levels().at("default").tokens; };
  const auto pending = Start(Of(Purpose::kWrite));
  Fill();
  Tell(Of(Purpose::kWrite), *pending,
       {200, std::nullopt, {{.remaining = 8, .reset = absl::Seconds(40)}}});
  EXPECT_NEAR(tokens(), 8, 1e-5);
  clock_.Advance(absl::Seconds(39));
  EXPECT_NEAR(tokens(), 8, 1e-5) << "it refills when the hold is over";
  clock_.Advance(absl::Seconds(3));
  EXPECT_NEAR(tokens(), 14, 1e-5);
  Fill();
  Limit(Of(Purpose::kRead), absl::Seconds(20));
  clock_.Advance(absl::Seconds(20));
  EXPECT_NEAR(tokens(), 0, 1e-5) << "it reopens empty";
  clock_.Advance(absl::Seconds(2));
  EXPECT_NEAR(tokens(), 6, 1e-5);
}

TEST_F(BudgetClosingsTest, WhatIsLeftWithoutTheStateIsTheOwnShareAndForgottenWithIt) {
  options_.ledger.budgets["default"] = {3, 60};
  options_.ledger.max_replicas = 3;
  Make();
  const auto tokens = [&] { return budget_->Levels().at("default").tokens; };
  EXPECT_EQ(Granted(1, Of(Purpose::kWrite)), 1);
  Fill();
  EXPECT_EQ(tokens(), 60);
  state_.down = true;
  EXPECT_EQ(tokens(), 60) << "nobody has asked since";
  EXPECT_EQ(Granted(1, Of(Purpose::kWrite)), 1);
  EXPECT_NEAR(tokens(), 10.0 / 3 - 1, 1e-5);
  Fill();
  EXPECT_NEAR(tokens(), 10.0 / 3, 1e-5);
  state_.down = false;
  EXPECT_EQ(tokens(), 60) << "of a replica that asks nothing now, too";
}

TEST_F(BudgetClosingsTest, OneStopOfTheUpstreamIsToldOnce) {
  int told = 0;
  options_.ledger.budgets["default"] = {3, 60};
  options_.ledger.on_closed = [&](const std::string&, absl::Duration) { ++told; };
  Make();
  Start(Of(Purpose::kWrite));
  Fill();
  std::vector<std::shared_ptr<Pending>> under_way;
  for (int i = 0; i < 20; ++i) under_way.push_back(Start(Of(Purpose::kWrite)));
  for (const auto& each : under_way) {
    Tell(Of(Purpose::kWrite), *each, {429, absl::Seconds(20), {}});
  }
  EXPECT_EQ(told, 1);
}

}  // namespace
}  // namespace pcaps
