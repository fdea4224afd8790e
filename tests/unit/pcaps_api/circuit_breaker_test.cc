#include "clients/pcaps_api/circuit_breaker.h"

#include <gtest/gtest.h>

namespace pcaps {
namespace {

using Admission = CircuitBreaker::Admission;

class CircuitBreakerTest : public testing::Test {
 protected:
  void Fail(int times, const std::string& resource = "/a") {
    for (int i = 0; i < times; ++i) circuit_.RecordFailure(now_, resource, Admission::kPass);
  }
  void Open() {
    Fail(4, "/a");
    Fail(1, "/b");
  }

  absl::Time now_ = absl::FromUnixSeconds(1'700'000'000);
  CircuitBreaker circuit_;
};

TEST_F(CircuitBreakerTest, OpensAfterFiveFailuresInARowFromTwoResources) {
  Fail(4, "/a");
  EXPECT_EQ(circuit_.Admit(now_), Admission::kPass);
  Fail(1, "/b");
  EXPECT_TRUE(circuit_.IsOpen());
  EXPECT_EQ(circuit_.Admit(now_), Admission::kRefuse);
  EXPECT_EQ(circuit_.NextProbe(), now_ + absl::Seconds(5));
}

TEST_F(CircuitBreakerTest, WhoOpensOrClosesItIsToldOnce) {
  Fail(4, "/a");
  EXPECT_TRUE(circuit_.RecordFailure(now_, "/b", Admission::kPass));
  EXPECT_FALSE(circuit_.RecordFailure(now_, "/b", Admission::kPass));
  EXPECT_FALSE(circuit_.RecordFailure(now_, "/b", Admission::kProbe)) << "it stays open";
  EXPECT_TRUE(circuit_.RecordSuccess());
  EXPECT_FALSE(circuit_.RecordSuccess());
}

TEST_F(CircuitBreakerTest, OneSickResourceNeverOpensIt) {
  Fail(100);
  EXPECT_EQ(circuit_.Admit(now_), Admission::kPass);
}

TEST_F(CircuitBreakerTest, SuccessInBetweenStartsTheCountAgain) {
  Fail(4, "/a");
  circuit_.RecordSuccess();
  Fail(4, "/b");
  EXPECT_FALSE(circuit_.IsOpen());
}

TEST_F(CircuitBreakerTest, LetsOneProbePassPerIntervalAndDoublesItUpToThirtySeconds) {
  Open();
  for (const int seconds : {5, 10, 20, 30, 30}) {
    now_ += absl::Seconds(seconds) - absl::Milliseconds(1);
    EXPECT_EQ(circuit_.Admit(now_), Admission::kRefuse) << seconds;
    now_ += absl::Milliseconds(1);
    EXPECT_EQ(circuit_.Admit(now_), Admission::kProbe) << seconds;
    EXPECT_EQ(circuit_.Admit(now_), Admission::kRefuse) << seconds;
    circuit_.RecordFailure(now_, "/a", Admission::kProbe);
  }
}

TEST_F(CircuitBreakerTest, LateFailuresOfOtherCallsDoNotPostponeTheProbe) {
  Open();
  now_ += absl::Seconds(4);
  Fail(3);
  now_ += absl::Seconds(1);
  EXPECT_EQ(circuit_.Admit(now_), Admission::kProbe);
}

TEST_F(CircuitBreakerTest, ProbeOfWhichNothingIsHeardIsFollowedByAnother) {
  Open();
  now_ += absl::Seconds(5);
  EXPECT_EQ(circuit_.Admit(now_), Admission::kProbe);
  now_ += absl::Seconds(5);
  EXPECT_EQ(circuit_.Admit(now_), Admission::kProbe);
}

TEST_F(CircuitBreakerTest, AnySuccessClosesIt) {
  Open();
  circuit_.RecordSuccess();
  EXPECT_FALSE(circuit_.IsOpen());
  EXPECT_EQ(circuit_.Admit(now_), Admission::kPass);
  Fail(4, "/a");
  EXPECT_FALSE(circuit_.IsOpen());
}

}  // namespace
}  // namespace pcaps
