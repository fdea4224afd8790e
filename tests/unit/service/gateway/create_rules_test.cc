#include "service/gateway/create_rules.h"

#include "tests/unit/service/gateway/create_fixture.h"

namespace pcaps {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(150);

class CreateRulesTest : public CreateFixture {
 protected:
  CreateRulesTest() : CreateFixture(CreateRulesOptions{}) {}

  v1::Pcap& Last() { return upstream_.made.back().pcap; }
};

TEST_F(CreateRulesTest, ASecondSimpleCaptureIsTooSoonForAMinuteAtAllReplicas) {
  a_->api.fate = [](const auto&) { return CreateFate{.answer_after = absl::Seconds(2)}; };
  ASSERT_TRUE(Run(*a_, SimpleRequest("r1")).ok());
  for (Replica* each : {a_.get(), b_.get()}) {
    const Answer refused = Run(*each, SimpleRequest("r2"));
    EXPECT_TRUE(absl::IsResourceExhausted(refused.status()));
    EXPECT_EQ(ReasonOf(refused.status()), v1::ERROR_REASON_CREATE_TOO_SOON);
    EXPECT_EQ(RetryAfterOf(refused.status()), absl::Seconds(60));  // From the answer on.
  }
  EXPECT_EQ(a_->api.create_calls + b_->api.create_calls, 1);
  Pass(absl::Seconds(60));
  EXPECT_TRUE(Run(*b_, SimpleRequest("r2")).ok());
}

TEST_F(CreateRulesTest, ARetryOfWhatIsCreatedGetsTheCaptureNotARefusal) {
  ASSERT_TRUE(Run(*a_, SimpleRequest("r1")).ok());
  EXPECT_EQ(Run(*b_, SimpleRequest("r1"))->id(), "created1");
}

TEST_F(CreateRulesTest, WhatCreatedNothingTakesNoSlot) {
  a_->api.fate = [](const auto&) { return CreateFate{.answer = CreateFate::Answer::kNotSent}; };
  EXPECT_FALSE(Run(*a_, SimpleRequest("r1")).ok());
  EXPECT_TRUE(Run(*b_, SimpleRequest("r2")).ok());
}

TEST_F(CreateRulesTest, OtherAccountsAndFullCapturesDoNotWaitForASimpleSlot) {
  ASSERT_TRUE(Run(*a_, SimpleRequest("r1")).ok());
  v1::CreatePcapRequest other = SimpleRequest("r2");
  other.set_account_id("other");
  EXPECT_TRUE(Run(*a_, other).ok());
  const Pending waiting = Start(*a_, Patient(SimpleRequest("r3"), kPatience));
  EXPECT_TRUE(Run(*a_, FullRequest("r4")).ok());
  EXPECT_FALSE(waiting->has_value());
}

TEST_F(CreateRulesTest, PatientCreatesFollowEachOtherAMinuteApartInOrder) {
  std::vector<Pending> all;
  for (const char* id : {"r1", "r2", "r3"}) {
    all.push_back(Start(*a_, Patient(SimpleRequest(id), kPatience)));
  }
  const Answer impatient = Run(*a_, SimpleRequest("r4"));
  EXPECT_EQ(ReasonOf(impatient.status()), v1::ERROR_REASON_CREATE_TOO_SOON);
  for (const Pending& each : all) ASSERT_TRUE(Await(each).ok());
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(upstream_.made[i].request_id, absl::StrCat("r", i + 1));
  }
  const auto between = [&](size_t i) {
    return FromTimestamp(upstream_.made[i + 1].pcap.submit_time()) -
           FromTimestamp(upstream_.made[i].pcap.submit_time());
  };
  for (const size_t i : {0, 1}) {
    EXPECT_GE(between(i), absl::Seconds(60));
    EXPECT_LE(between(i), absl::Seconds(61));
  }
}

TEST_F(CreateRulesTest, PatienceAtTwoReplicasSharesTheSlots) {
  std::vector<Pending> all;
  for (const char* id : {"r1", "r2"}) {
    all.push_back(Start(*a_, Patient(SimpleRequest(id), absl::Seconds(200))));
    all.push_back(Start(*b_, Patient(SimpleRequest(absl::StrCat(id, "b")), absl::Seconds(200))));
  }
  for (const Pending& each : all) ASSERT_TRUE(Await(each).ok());
  EXPECT_EQ(a_->api.create_calls + b_->api.create_calls, 4);
  EXPECT_LE(clock_.Now() - FromTimestamp(upstream_.made.front().pcap.submit_time()),
            absl::Seconds(190));
}

TEST_F(CreateRulesTest, ADuplicateThatWaitsElsewhereGetsTheCapture) {
  ASSERT_TRUE(Run(*a_, SimpleRequest("r0")).ok());
  const Pending here = Start(*a_, Patient(SimpleRequest("r1"), kPatience));
  const Pending there = Start(*b_, Patient(SimpleRequest("r1"), kPatience));
  EXPECT_EQ(Await(here)->id(), "created2");
  EXPECT_EQ(Await(there, absl::Seconds(10))->id(), "created2");
}

TEST_F(CreateRulesTest, PatienceEndsInTheRefusalItHadPutOff) {
  ASSERT_TRUE(Run(*a_, SimpleRequest("r1")).ok());
  const Pending first = Start(*a_, Patient(SimpleRequest("r2"), absl::Seconds(30)));
  const Pending second = Start(*a_, Patient(SimpleRequest("r3"), absl::Seconds(20)));
  const Pending hurried =
      Start(*a_, Patient(SimpleRequest("r4"), kPatience), {}, clock_.Now() + absl::Seconds(10));
  const absl::Time start = clock_.Now();
  for (const auto& [pending, after] :
       {std::pair(hurried, 10), std::pair(second, 20), std::pair(first, 30)}) {
    EXPECT_EQ(ReasonOf(Await(pending).status()), v1::ERROR_REASON_CREATE_TOO_SOON);
    EXPECT_EQ(clock_.Now() - start, absl::Seconds(after));
  }
}

TEST_F(CreateRulesTest, WhoJoinsALessPatientDuplicateWaitsOn) {
  ASSERT_TRUE(Run(*a_, SimpleRequest("r1")).ok());
  const Pending impatient = Start(*a_, Patient(SimpleRequest("r2"), absl::Seconds(5)));
  const Pending patient = Start(*a_, Patient(SimpleRequest("r2"), kPatience));
  EXPECT_FALSE(Await(impatient).ok());
  EXPECT_EQ(Await(patient)->id(), "created2");
}

TEST_F(CreateRulesTest, DrainingEndsTheWaits) {
  ASSERT_TRUE(Run(*a_, SimpleRequest("r1")).ok());
  const Pending front = Start(*a_, Patient(SimpleRequest("r2"), kPatience));
  const Pending behind = Start(*a_, Patient(SimpleRequest("r3"), kPatience));
  a_->once.EndWaits(
      MakeError(absl::StatusCode::kUnavailable, v1::ERROR_REASON_DRAINING, "it goes away"));
  Poll();
  for (const Pending& each : {front, behind}) {
    ASSERT_TRUE(each->has_value());
    EXPECT_EQ(ReasonOf((*each)->status()), v1::ERROR_REASON_DRAINING);
  }
  EXPECT_EQ(ReasonOf(Run(*a_, Patient(SimpleRequest("r4"), kPatience)).status()),
            v1::ERROR_REASON_DRAINING);
  EXPECT_EQ(ReasonOf(Run(*a_, SimpleRequest("r4")).status()), v1::ERROR_REASON_CREATE_TOO_SOON);
}

TEST_F(CreateRulesTest, OneFullCaptureRunsAtATime) {
  ASSERT_TRUE(Run(*a_, FullRequest("r1")).ok());
  Last().set_status(v1::Pcap::STATUS_RUNNING);
  const Answer refused = Run(*b_, FullRequest("r2"));
  EXPECT_TRUE(absl::IsFailedPrecondition(refused.status()));
  EXPECT_EQ(ReasonOf(refused.status()), v1::ERROR_REASON_FULL_CAPTURE_RUNNING);
  EXPECT_EQ(ErrorInfoOf(refused.status()).metadata().at("running_pcap_id"), "created1");
  EXPECT_GT(RetryAfterOf(refused.status()), absl::Seconds(290));
  EXPECT_EQ(b_->api.create_calls, 0);
  // Converting is no capturing.
  Last().set_status(v1::Pcap::STATUS_CONVERSION_PENDING);
  EXPECT_TRUE(Run(*b_, FullRequest("r2")).ok());
}

TEST_F(CreateRulesTest, AFullCaptureThatIsGoneOrCannotBeReadRefusesNobody) {
  ASSERT_TRUE(Run(*a_, FullRequest("r1")).ok());
  upstream_.made.clear();
  EXPECT_TRUE(Run(*b_, FullRequest("r2")).ok());
}

TEST_F(CreateRulesTest, APatientFullCaptureFollowsTheRunningOne) {
  ASSERT_TRUE(Run(*a_, FullRequest("r1")).ok());
  const Pending next = Start(*b_, Patient(FullRequest("r2"), absl::Minutes(10)));
  Pass(absl::Minutes(1));
  EXPECT_FALSE(next->has_value());
  EXPECT_LE(b_->api.get_calls, 31);  // Every 2 s; a cache answers most of them.
  Last().set_status(v1::Pcap::STATUS_SUCCESS);
  EXPECT_EQ(Await(next, absl::Seconds(3))->id(), "created2");
}

TEST_F(CreateRulesTest, ALostFullCaptureHoldsItsSlotOnceItIsFound) {
  a_->api.fate = [](const auto&) { return Lost(/*executed=*/true); };
  ASSERT_TRUE(Run(*a_, FullRequest("r1")).ok());
  EXPECT_EQ(ReasonOf(Run(*b_, FullRequest("r2")).status()), v1::ERROR_REASON_FULL_CAPTURE_RUNNING);
}

TEST_F(CreateRulesTest, AFullCaptureThatIsFoundLaterHoldsItsSlotToo) {
  a_->api.fate = [](const auto&) { return Lost(/*executed=*/true); };
  a_->api.lists = false;
  ASSERT_FALSE(Run(*a_, FullRequest("r1")).ok());
  EXPECT_EQ(Run(*b_, FullRequest("r1"))->id(), "created1");
  EXPECT_EQ(ReasonOf(Run(*b_, FullRequest("r2")).status()), v1::ERROR_REASON_FULL_CAPTURE_RUNNING);
}

TEST_F(CreateRulesTest, ARefusedFullCaptureDoesNotShortenTheSlotOfARunningOne) {
  v1::CreatePcapRequest day = FullRequest("r1");
  day.mutable_time_limit()->set_seconds(24 * 3600);
  ASSERT_TRUE(Run(*a_, day).ok());
  // For a moment the running one cannot be seen, and only the upstream refuses the next.
  std::vector<CreatingUpstream::Made> hidden;
  hidden.swap(upstream_.made);
  b_->api.fate = [](const auto&) { return CreateFate{.answer = CreateFate::Answer::kNotSent}; };
  ASSERT_FALSE(Run(*b_, FullRequest("r2")).ok());
  hidden.swap(upstream_.made);
  Pass(absl::Hours(1));  // Longer than the refused one could have run.
  EXPECT_EQ(ReasonOf(Run(*a_, FullRequest("r3")).status()), v1::ERROR_REASON_FULL_CAPTURE_RUNNING);
}

TEST_F(CreateRulesTest, ASlotFromAClockThatHasSteppedBackRefusesNobody) {
  memory_.ahead = absl::Hours(1);
  ASSERT_TRUE(Run(*a_, SimpleRequest("r1")).ok());
  memory_.ahead = absl::ZeroDuration();
  EXPECT_TRUE(Run(*b_, SimpleRequest("r2")).ok());
  memory_.ahead = -absl::Milliseconds(10);  // No step, but what clocks are apart.
  EXPECT_EQ(ReasonOf(Run(*b_, SimpleRequest("r3")).status()), v1::ERROR_REASON_CREATE_TOO_SOON);
}

TEST(CreateRules, AreTheUpstreamsWhereTheyAreOff) {
  class Off : public CreateFixture {
   public:
    Off() : CreateFixture(NoRules()) {}
    void TestBody() override {
      EXPECT_TRUE(Run(*a_, SimpleRequest("r1")).ok());
      EXPECT_TRUE(Run(*a_, SimpleRequest("r2")).ok());
      EXPECT_TRUE(Run(*a_, FullRequest("r3")).ok());
      EXPECT_TRUE(Run(*a_, FullRequest("r4")).ok());
    }
  };
  Off().TestBody();
}

}  // namespace
}  // namespace pcaps
