#include "service/gateway/create_once.h"

#include <set>

#include "tests/unit/service/gateway/create_fixture.h"
#include "tests/unit/support/run_task.h"

namespace pcaps {
namespace {

constexpr auto kFails = [] { return FailingState::Trouble::kFailsBefore; };
constexpr auto kWorks = [] { return FailingState::Trouble::kNone; };

class CreateOnceTest : public CreateFixture {
 protected:
  CreateOnceTest() : CreateFixture(NoRules()) {}

  size_t made() const { return upstream_.made.size(); }
};

TEST_F(CreateOnceTest, TheSameRequestIdCreatesOneCaptureAtAllReplicas) {
  const Answer first = Run(*a_, SimpleRequest("r1"));
  EXPECT_EQ(Run(*a_, SimpleRequest("r1"))->id(), first->id());
  EXPECT_EQ(Run(*b_, SimpleRequest("r1"))->id(), first->id());
  EXPECT_EQ(made(), 1);
}

TEST_F(CreateOnceTest, WithoutARequestIdEachCallCreates) {
  EXPECT_NE(Run(*a_, SimpleRequest(""))->id(), Run(*a_, SimpleRequest(""))->id());
}

TEST_F(CreateOnceTest, WaitingLongerIsNoOtherCapture) {
  const Answer first = Run(*a_, SimpleRequest("r1"));
  EXPECT_EQ(Run(*b_, Patient(SimpleRequest("r1"), absl::Minutes(1)))->id(), first->id());
}

TEST_F(CreateOnceTest, OtherParametersUnderTheSameIdAreRefusedEverywhere) {
  a_->api.fate = [](const auto&) { return CreateFate{.answer_after = absl::Seconds(5)}; };
  const Pending first = Start(*a_, SimpleRequest("r1", 10));
  const Answer in_flight = Run(*a_, SimpleRequest("r1", 11));
  EXPECT_EQ(ReasonOf(in_flight.status()), v1::ERROR_REASON_REQUEST_ID_REUSED);
  ASSERT_TRUE(Await(first).ok());
  const Answer later = Run(*b_, SimpleRequest("r1", 11));
  EXPECT_EQ(ReasonOf(later.status()), v1::ERROR_REASON_REQUEST_ID_REUSED);
  EXPECT_EQ(made(), 1);
}

TEST_F(CreateOnceTest, AnotherAccountOrCallerMayUseTheSameId) {
  v1::CreatePcapRequest other = SimpleRequest("r1");
  other.set_account_id("other");
  const std::string first = Run(*a_, SimpleRequest("r1"))->id();
  EXPECT_NE(Run(*a_, other)->id(), first);
  Pending by_another = std::make_shared<std::optional<Answer>>();
  Spawn(loop_.get_executor(), {},
        b_->once.Run(SimpleRequest("r1"), absl::InfiniteFuture(), "another"),
        [&](Answer answer) { *by_another = std::move(answer); });
  Poll();
  EXPECT_NE(Await(by_another)->id(), first);
  // No caller can name another's request.
  EXPECT_NE(CreateKey(SimpleRequest("b:c"), "a"), CreateKey(SimpleRequest("c"), "a:b"));
}

TEST_F(CreateOnceTest, DuplicatesInFlightWaitForTheFirstHereAndElsewhere) {
  a_->api.fate = [](const auto&) { return CreateFate{.answer_after = absl::Seconds(5)}; };
  const Pending first = Start(*a_, SimpleRequest("r1"));
  const Pending here = Start(*a_, SimpleRequest("r1"));
  const Pending elsewhere = Start(*b_, SimpleRequest("r1"));
  Pass(absl::Seconds(4));
  EXPECT_FALSE(first->has_value() || here->has_value() || elsewhere->has_value());
  EXPECT_EQ(Await(first)->id(), "created1");
  EXPECT_EQ(Await(here)->id(), "created1");
  EXPECT_EQ(Await(elsewhere)->id(), "created1");
  EXPECT_EQ(made(), 1);
}

TEST_F(CreateOnceTest, WhoBeginsACreationBearsItsCostAndWhoSharesItNone) {
  a_->api.fate = [](const auto&) { return Lost(true); };
  const auto first_cost = std::make_shared<UpstreamCost>();
  const auto second_cost = std::make_shared<UpstreamCost>();
  const auto later_cost = std::make_shared<UpstreamCost>();
  const Pending first = Start(*a_, SimpleRequest("r1"), {}, {absl::InfiniteFuture(), first_cost});
  const Pending second = Start(*a_, SimpleRequest("r1"), {}, {absl::InfiniteFuture(), second_cost});
  ASSERT_TRUE(Await(first).ok());
  ASSERT_TRUE(Await(second).ok());
  EXPECT_EQ(first_cost->requests(), 2) << "the POST, and the list that told of it";
  EXPECT_EQ(second_cost->requests(), 0);
  ASSERT_TRUE(
      Await(Start(*b_, SimpleRequest("r1"), {}, {absl::InfiniteFuture(), later_cost})).ok());
  EXPECT_EQ(later_cost->requests(), 1) << "the capture is looked up, and nothing is sent again";
}

TEST_F(CreateOnceTest, LookingForALostCreationAgainCostsWhoAsks) {
  a_->api.fate = [](const auto&) { return Lost(true); };
  a_->api.lists = false;
  EXPECT_FALSE(Run(*a_, SimpleRequest("r1")).ok());
  const auto cost = std::make_shared<UpstreamCost>();
  const Answer found =
      Await(Start(*b_, SimpleRequest("r1"), {}, CallTerms(absl::InfiniteFuture(), cost)));
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(cost->requests(), 1);
}

TEST_F(CreateOnceTest, DuplicatesThatWaitForTheLeaseAtTwoReplicasCreateOnce) {
  const auto c = NewReplica("c");
  c->api.fate = [](const auto&) { return CreateFate{.answer_after = absl::Seconds(1)}; };
  const Pending first = Start(*c, SimpleRequest("r0"));
  const Pending here = Start(*a_, SimpleRequest("r1"));
  const Pending there = Start(*b_, SimpleRequest("r1"));
  ASSERT_TRUE(Await(first).ok());
  EXPECT_EQ(Await(here)->id(), "created2");
  EXPECT_EQ(Await(there)->id(), "created2");
  EXPECT_EQ(upstream_.posts["r1"], 1);
}

TEST_F(CreateOnceTest, ACallerWhoLeavesDoesNotStopTheCreation) {
  a_->api.fate = [](const auto&) { return CreateFate{.executed_after = absl::Seconds(5)}; };
  boost::asio::cancellation_signal cancel;
  const Pending left = Start(*a_, SimpleRequest("r1"), cancel.slot());
  cancel.emit(boost::asio::cancellation_type::terminal);
  Poll();
  EXPECT_TRUE(absl::IsCancelled((*left)->status()));
  EXPECT_EQ(Run(*a_, SimpleRequest("r1"))->id(), "created1");
  EXPECT_EQ(upstream_.posts["r1"], 1);
}

TEST_F(CreateOnceTest, AQueuedCreationEndsWithTheLastOfItsCallers) {
  a_->api.fate = [](const auto&) { return CreateFate{.answer_after = absl::Seconds(5)}; };
  const Pending first = Start(*a_, SimpleRequest("r1"));
  boost::asio::cancellation_signal cancel;
  const Pending queued = Start(*a_, SimpleRequest("r2"), cancel.slot());
  const Pending behind = Start(*a_, SimpleRequest("r3"));
  cancel.emit(boost::asio::cancellation_type::terminal);
  EXPECT_TRUE(Await(behind).ok());
  EXPECT_EQ(upstream_.posts["r2"], 0);
}

TEST_F(CreateOnceTest, CreationsOfAnAccountAreSentOneAtATimeByAllReplicas) {
  int under_way = 0;
  int most = 0;
  const auto count = [&](const v1::CreatePcapRequest&) {
    most = std::max(most, ++under_way);
    Spawn(
        loop_.get_executor(), {},
        [](ManualClock& clock, int& under_way) -> Task<bool> {
          co_await clock.Sleep(absl::Milliseconds(99));
          --under_way;
          co_return true;
        }(clock_, under_way),
        [](bool) {});
    return CreateFate{.answer_after = absl::Milliseconds(100)};
  };
  a_->api.fate = count;
  b_->api.fate = count;
  std::vector<Pending> all;
  for (int i = 0; i < 10; ++i) {
    all.push_back(Start(*a_, SimpleRequest(absl::StrCat("a", i))));
    all.push_back(Start(*b_, SimpleRequest(absl::StrCat("b", i))));
  }
  // One replica's queue does not keep the other's waiting for its end.
  EXPECT_TRUE(Await(all[3]).ok());
  EXPECT_FALSE(all[18]->has_value());
  std::set<std::string> ids;
  for (const Pending& each : all) ids.insert(Await(each)->id());
  EXPECT_EQ(ids.size(), 20);
  EXPECT_EQ(most, 1);
}

TEST_F(CreateOnceTest, WhatWasSurelyNotSentMayBeTriedAgain) {
  a_->api.fate = [](const auto&) { return CreateFate{.answer = CreateFate::Answer::kNotSent}; };
  EXPECT_EQ(ReasonOf(Run(*a_, SimpleRequest("r1")).status()),
            v1::ERROR_REASON_UPSTREAM_UNAVAILABLE);
  EXPECT_TRUE(Run(*b_, SimpleRequest("r1")).ok());
  // The name is free for other parameters, too.
  EXPECT_FALSE(Run(*a_, SimpleRequest("r2")).ok());
  EXPECT_TRUE(Run(*b_, SimpleRequest("r2", 11)).ok());
}

TEST_F(CreateOnceTest, ALostAnswerIsFoundInTheList) {
  upstream_.ahead = absl::Minutes(7);
  a_->api.fate = [](const auto&) { return Lost(/*executed=*/true); };
  EXPECT_EQ(Run(*a_, SimpleRequest("r1"))->id(), "created1");
  EXPECT_EQ(Run(*b_, SimpleRequest("r1"))->id(), "created1");
  EXPECT_EQ(Run(*a_, SimpleRequest(""))->id(), "created2");
  EXPECT_EQ(upstream_.posts["r1"], 1);
}

TEST_F(CreateOnceTest, AnUnknownOutcomeIsLookedForAgainAndNeverPostedAgain) {
  a_->api.fate = [](const auto&) { return Lost(/*executed=*/true); };
  a_->api.lists = false;
  const Answer unknown = Run(*a_, SimpleRequest("r1"));
  EXPECT_EQ(ReasonOf(unknown.status()), v1::ERROR_REASON_CREATE_OUTCOME_UNKNOWN);
  EXPECT_EQ(ReasonOf(Run(*a_, SimpleRequest("r1")).status()),
            v1::ERROR_REASON_CREATE_OUTCOME_UNKNOWN);
  const int lists = b_->api.list_calls;
  EXPECT_EQ(Run(*b_, SimpleRequest("r1"))->id(), "created1");
  EXPECT_EQ(b_->api.list_calls, lists + 1);
  EXPECT_EQ(upstream_.posts["r1"], 1);
}

TEST_F(CreateOnceTest, WhatTheListDoesNotShowStaysUnknown) {
  a_->api.fate = [](const auto&) { return Lost(/*executed=*/false); };
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(ReasonOf(Run(*a_, SimpleRequest("r1")).status()),
              v1::ERROR_REASON_CREATE_OUTCOME_UNKNOWN);
  }
  EXPECT_EQ(upstream_.posts["r1"], 1);
}

TEST_F(CreateOnceTest, AnEqualCaptureOfAnotherCallerIsNotTakenForOurs) {
  for (const std::string theirs : {"", "theirs"}) {
    const std::string ours = absl::StrCat("ours beside ", theirs);
    ASSERT_TRUE(Run(*b_, SimpleRequest(theirs)).ok());
    a_->api.fate = [](const auto&) { return Lost(/*executed=*/false); };
    EXPECT_FALSE(Run(*a_, SimpleRequest(ours)).ok());
    Pass(absl::Minutes(1));
  }
  ASSERT_TRUE(Run(*b_, SimpleRequest("theirs too")).ok());
  a_->api.fate = [](const auto&) { return Lost(/*executed=*/true); };
  EXPECT_EQ(Run(*a_, SimpleRequest("ours"))->id(), "created4");
}

TEST_F(CreateOnceTest, WhatIsCreatedAfterACreationWasGivenUpIsNotIts) {
  a_->api.fate = [](const auto&) { return Lost(/*executed=*/false); };
  ASSERT_FALSE(Run(*a_, SimpleRequest("given up")).ok());
  // The next one's replica cannot say whose its capture is.
  b_->api.fate = [&](const auto&) {
    b_->state.trouble = kFails;
    return CreateFate{};
  };
  ASSERT_EQ(Run(*b_, SimpleRequest("next"))->id(), "created1");
  Pass(absl::Seconds(45));  // Its lease is over.
  EXPECT_EQ(ReasonOf(Run(*a_, SimpleRequest("given up")).status()),
            v1::ERROR_REASON_CREATE_OUTCOME_UNKNOWN);
  b_->state.trouble = kWorks;
  EXPECT_EQ(Run(*b_, SimpleRequest("next"))->id(), "created1");
}

TEST_F(CreateOnceTest, WhoLostTheLeaseDoesNotTakeWhatTheNextCreates) {
  a_->api.fate = [](const auto&) { return Lost(/*executed=*/false); };
  const Pending ours = Start(*a_, SimpleRequest("ours"));
  memory_.Flush();
  b_->api.fate = [](const auto&) { return CreateFate{.answer_after = absl::Seconds(5)}; };
  const Pending theirs = Start(*b_, SimpleRequest("theirs"));
  EXPECT_EQ(Await(theirs)->id(), "created1");
  EXPECT_EQ(ReasonOf(Await(ours).status()), v1::ERROR_REASON_CREATE_OUTCOME_UNKNOWN);
  EXPECT_EQ(ReasonOf(Run(*a_, SimpleRequest("ours")).status()),
            v1::ERROR_REASON_CREATE_OUTCOME_UNKNOWN);
}

TEST_F(CreateOnceTest, WhoHasNoNameAndNoLeaseDoesNotTakeWhatAnotherCreates) {
  int calls = 0;  // The first takes the lease, the second cannot extend it.
  a_->state.trouble = [&] { return ++calls == 2 ? kFails() : kWorks(); };
  a_->api.fate = [](const auto&) {
    CreateFate fate = Lost(/*executed=*/false);
    fate.answer_after = absl::Seconds(15);
    return fate;
  };
  const Pending ours = Start(*a_, SimpleRequest(""));
  ASSERT_EQ(a_->api.create_calls, 1);
  b_->api.fate = [&](const auto&) {
    b_->state.trouble = kFails;  // It cannot say whose its capture is.
    return CreateFate{};
  };
  ASSERT_EQ(Await(Start(*b_, SimpleRequest("theirs")), absl::Seconds(11))->id(), "created1");
  EXPECT_FALSE(Await(ours).ok());
}

TEST_F(CreateOnceTest, ACaptureIsWhoseAnswerToldIt) {
  const std::string key = CreateKey(SimpleRequest("r1"), "");
  MadeCaptures made(memory_);
  a_->api.fate = [&](const auto&) { return CreateFate{.answer_after = absl::Seconds(1)}; };
  const Pending ours = Start(*a_, SimpleRequest("r1"));
  EXPECT_EQ(*RunTask(loop_, made.Bind({"acct", "created1"}, "another")), "another");
  EXPECT_EQ(Await(ours)->id(), "created1");
  EXPECT_EQ(**RunTask(loop_, made.MakerOf({"acct", "created1"})), key);
}

TEST_F(CreateOnceTest, NobodyElseCreatesInTheAccountWhileAnOutcomeIsOpen) {
  a_->api.fate = [](const auto&) { return Lost(/*executed=*/false); };
  const Pending open = Start(*a_, SimpleRequest("r1"));
  const Pending other = Start(*b_, SimpleRequest("r2"));
  Pass(absl::Seconds(9));
  EXPECT_EQ(made(), 0);
  EXPECT_FALSE(Await(open).ok());
  EXPECT_TRUE(Await(other).ok());
}

TEST_F(CreateOnceTest, ADeadReplicasCreationIsLookedForByTheNextWhoAsks) {
  // It dies before the answer: its coroutine never goes on.
  a_->api.fate = [](const auto&) { return CreateFate{.answer_after = absl::Hours(1)}; };
  a_->state.trouble = kWorks;
  boost::asio::cancellation_signal cancel;
  Start(*a_, SimpleRequest("r1"), cancel.slot());
  ASSERT_EQ(made(), 1);
  a_->state.trouble = kFails;
  a_->api.lists = false;
  cancel.emit(boost::asio::cancellation_type::terminal);
  const Answer early = Run(*b_, SimpleRequest("r1"));
  EXPECT_EQ(ReasonOf(early.status()), v1::ERROR_REASON_CREATE_OUTCOME_UNKNOWN);
  EXPECT_EQ(Run(*b_, SimpleRequest("r1"))->id(), "created1");
  EXPECT_EQ(upstream_.posts["r1"], 1);
  // The account is free again.
  EXPECT_EQ(Run(*b_, SimpleRequest("r2"))->id(), "created2");
}

TEST_F(CreateOnceTest, WithoutStateANamedCreationIsRefusedBeforeAnythingIsSent) {
  a_->state.trouble = kFails;
  const Answer refused = Run(*a_, SimpleRequest("r1"));
  EXPECT_EQ(ReasonOf(refused.status()), v1::ERROR_REASON_SHARED_STATE_UNAVAILABLE);
  EXPECT_TRUE(absl::IsUnavailable(refused.status()));
  EXPECT_TRUE(RetryAfterOf(refused.status()).has_value());
  EXPECT_EQ(a_->api.create_calls + a_->api.list_calls + a_->api.get_calls, 0);
  EXPECT_TRUE(Run(*a_, SimpleRequest("")).ok());
  a_->state.trouble = kWorks;
  EXPECT_TRUE(Run(*a_, SimpleRequest("r1")).ok());
}

// Each call of the state in turn is the one that fails, before or after it did what it was asked.
TEST_F(CreateOnceTest, WhicheverCallOfTheStateFailsOneCaptureComesOfIt) {
  for (const auto trouble :
       {FailingState::Trouble::kFailsBefore, FailingState::Trouble::kFailsAfter}) {
    for (int failing = 0; failing < 14; ++failing) {
      const std::string id =
          absl::StrCat("r", failing, trouble == FailingState::Trouble::kFailsAfter);
      int calls = 0;
      a_->state.trouble = [&] {
        return calls++ == failing ? trouble : FailingState::Trouble::kNone;
      };
      const Answer first = Run(*a_, SimpleRequest(id));
      if (!first.ok()) {
        EXPECT_EQ(ReasonOf(first.status()), v1::ERROR_REASON_SHARED_STATE_UNAVAILABLE) << id;
        EXPECT_EQ(upstream_.posts[id], 0) << id;
      }
      const Answer again = Run(*b_, SimpleRequest(id));
      ASSERT_TRUE(again.ok()) << id << ": " << again.status();
      if (first.ok()) {
        EXPECT_EQ(first->id(), again->id());
      }
      EXPECT_EQ(upstream_.posts[id], 1) << id;
      a_->state.trouble = kWorks;
      Pass(absl::Seconds(3));
    }
  }
}

TEST_F(CreateOnceTest, AnAnswerThatTheStateCannotTakeIsAnsweredAndNotedLater) {
  bool answered = false;
  a_->state.trouble = [&] {
    return answered ? FailingState::Trouble::kFailsBefore : FailingState::Trouble::kNone;
  };
  a_->api.fate = [&](const auto&) {
    answered = true;
    return CreateFate{};
  };
  EXPECT_EQ(Run(*a_, SimpleRequest("r1"))->id(), "created1");
  Pass(absl::Seconds(10));
  answered = false;
  a_->state.trouble = kWorks;
  Pass(absl::Seconds(3));
  const int lists = b_->api.list_calls;
  EXPECT_EQ(Run(*b_, SimpleRequest("r1"))->id(), "created1");
  EXPECT_EQ(b_->api.list_calls, lists);
}

TEST_F(CreateOnceTest, AnOutcomeIsNotedThoughTheStateLostEverythingDuringThePost) {
  for (const bool lost : {false, true}) {
    const std::string id = absl::StrCat("r", lost);
    a_->api.lists = !lost;
    a_->api.fate = [&, lost](const auto&) {
      memory_.Flush();
      return lost ? Lost(/*executed=*/true) : CreateFate{};
    };
    EXPECT_EQ(Run(*a_, SimpleRequest(id)).ok(), !lost);
    const Answer again = Run(*b_, SimpleRequest(id));
    ASSERT_TRUE(again.ok()) << id << ": " << again.status();
    EXPECT_EQ(upstream_.posts[id], 1) << id;
    Pass(absl::Minutes(1));
  }
}

TEST_F(CreateOnceTest, WhatALookTellsIsNotedThoughTheStateLostEverythingDuringIt) {
  for (const bool executed : {true, false}) {
    const std::string id = absl::StrCat("r", executed);
    // It dies before the answer.
    const auto dead = NewReplica(absl::StrCat("dead", executed));
    dead->api.fate = [&, executed](const auto&) {
      dead->state.trouble = kFails;
      return CreateFate{.executed = executed, .answer_after = absl::Hours(1)};
    };
    dead->api.lists = false;
    ASSERT_FALSE(Run(*dead, SimpleRequest(id)).ok());
    Pass(absl::Seconds(45));
    b_->api.read_duration = absl::Seconds(2);
    const Pending looks = Start(*b_, SimpleRequest(id));
    Pass(absl::Seconds(1));
    memory_.Flush();
    EXPECT_EQ(Await(looks).ok(), executed);
    EXPECT_EQ(Run(*NewReplica("later"), SimpleRequest(id)).ok(), executed);
    EXPECT_EQ(upstream_.posts[id], 1) << id;
    Pass(absl::Minutes(10));  // Nobody notes anything any more.
  }
}

TEST_F(CreateOnceTest, ARecordThatMakesNoSenseIsNotSent) {
  const std::string key = CreateKey(SimpleRequest("r1"), "");
  std::optional<bool> put;
  Spawn(loop_.get_executor(), {},
        memory_.CompareAndSet(key, std::nullopt, "\xff\xff", absl::Hours(1)),
        [&](const absl::StatusOr<CasResult>& result) { put = result->swapped; });
  Poll();
  ASSERT_EQ(put, true);
  EXPECT_EQ(ReasonOf(Run(*a_, SimpleRequest("r1")).status()),
            v1::ERROR_REASON_SHARED_STATE_UNAVAILABLE);
  EXPECT_EQ(made(), 0);
}

TEST_F(CreateOnceTest, MoreThanItHasRoomForAreRefused) {
  const auto small = NewReplica("small", /*max_open_per_account=*/2);
  small->api.fate = [](const auto&) { return CreateFate{.answer_after = absl::Seconds(1)}; };
  const Pending first = Start(*small, SimpleRequest("r1"));
  const Pending second = Start(*small, SimpleRequest("r2"));
  const Pending joins = Start(*small, SimpleRequest("r2"));
  const Answer third = Run(*small, SimpleRequest("r3"));
  EXPECT_EQ(ReasonOf(third.status()), v1::ERROR_REASON_OVERLOADED);
  v1::CreatePcapRequest elsewhere = SimpleRequest("r3");
  elsewhere.set_account_id("other");
  EXPECT_TRUE(Run(*small, elsewhere).ok());
  EXPECT_TRUE(Await(joins).ok());
  EXPECT_TRUE(Run(*small, SimpleRequest("r3")).ok());
}

TEST_F(CreateOnceTest, WhoWaitsInVainForTheAccountIsToldThatItIsBusy) {
  const absl::StatusOr<CasResult> held = RunTask(
      loop_, memory_.CompareAndSet("lease:create:acct", std::nullopt, "another's", absl::Hours(1)));
  ASSERT_TRUE(held->swapped);
  const Pending front = Start(*a_, Patient(SimpleRequest("r1"), absl::Minutes(1)));
  const Answer behind = Run(*a_, SimpleRequest("r2"));
  const Answer unnamed = Run(*b_, SimpleRequest(""));
  for (const Answer& busy : {behind, unnamed, Await(front)}) {
    EXPECT_EQ(ReasonOf(busy.status()), v1::ERROR_REASON_UPSTREAM_UNAVAILABLE) << busy.status();
    EXPECT_TRUE(RetryAfterOf(busy.status()).has_value());
  }
}

TEST_F(CreateOnceTest, TheStateLearnsNoKeysOfABucket) {
  const std::string fingerprint = CreateFingerprint(FullRequest("r1"));
  EXPECT_EQ(fingerprint.size(), 32);
  EXPECT_EQ(fingerprint.find("secret"), std::string::npos);
  EXPECT_NE(fingerprint, CreateFingerprint(SimpleRequest("r1")));
}

TEST_F(CreateOnceTest, WhatCameOfThemIsCounted) {
  EXPECT_TRUE(Run(*a_, SimpleRequest("r1")).ok());
  EXPECT_TRUE(Run(*a_, SimpleRequest("r1")).ok());
  EXPECT_FALSE(Run(*a_, SimpleRequest("r1", 11)).ok());
  a_->api.fate = [](const auto&) { return CreateFate{.answer_after = absl::Seconds(5)}; };
  const Pending first = Start(*a_, SimpleRequest("r2"));
  const Pending joined = Start(*a_, SimpleRequest("r2"));
  EXPECT_TRUE(Await(first).ok() && Await(joined).ok());
  const CreateOnce::Counts& counts = a_->once.counts();
  EXPECT_EQ(counts.created, 2);
  EXPECT_EQ(counts.repeated, 2) << "one from the record, one that joined";
  EXPECT_EQ(counts.refused, 1);
  EXPECT_EQ(counts.unknown + counts.failed + counts.cancelled, 0);
  EXPECT_EQ(a_->once.joined(), 1);
}

}  // namespace
}  // namespace pcaps
