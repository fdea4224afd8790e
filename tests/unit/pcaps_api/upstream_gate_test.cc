// Leave for each request: when it is asked for, what is told of it, and what a refusal does.
#include "clients/pcaps_api/upstream_gate.h"

#include <gmock/gmock.h>

#include <deque>

#include "tests/unit/pcaps_api/rest_fixture.h"

namespace pcaps {
namespace {

using enum TestAnswer::Then;

// Gives leave on a clock of its own, unless told otherwise.
class FakeGate : public UpstreamGate {
 public:
  explicit FakeGate(const Loop& loop) : opened(loop) {}

  Task<absl::StatusOr<UpstreamLeave>> Enter(UpstreamAsk ask) override {
    asks.push_back(ask);
    while (shut) {
      const bool cancelled = co_await Cancelled();
      if (cancelled && heeds_cancellation) co_return absl::CancelledError("the caller left");
      co_await opened.Wait();
    }
    if (answers.empty()) co_return UpstreamLeave{.began = absl::FromUnixSeconds(1000)};
    absl::Status answer = answers.front();
    answers.pop_front();
    if (!answer.ok()) co_return answer;
    co_return UpstreamLeave{.began = absl::FromUnixSeconds(1000), .probe = true};
  }

  void Report(const UpstreamAsk& ask, const UpstreamLeave& leave,
              const UpstreamVerdict& verdict) override {
    reported.push_back(ask.operation);
    probes += leave.probe ? 1 : 0;
    verdicts.push_back(verdict);
  }

  std::vector<int> Statuses() const {
    std::vector<int> statuses;
    for (const UpstreamVerdict& verdict : verdicts) statuses.push_back(verdict.http_status);
    return statuses;
  }

  Event opened;
  bool shut = false;
  bool heeds_cancellation = true;
  std::deque<absl::Status> answers;
  std::vector<UpstreamAsk> asks;
  std::vector<Operation> reported;
  std::vector<UpstreamVerdict> verdicts;
  int probes = 0;
};

absl::Status Spent() {
  return WithRetryAfter(
      MakeError(absl::StatusCode::kResourceExhausted, v1::ERROR_REASON_UPSTREAM_BUDGET_EXHAUSTED,
                "the budget is spent"),
      absl::Seconds(3));
}

class UpstreamGateTest : public RestTest {
 protected:
  UpstreamGateTest() { options_.upstream.gate = gate_; }

  const std::shared_ptr<FakeGate> gate_ = std::make_shared<FakeGate>(loop_.get_executor());
};

TEST_F(UpstreamGateTest, EveryAttemptHasLeaveOfItsOwnAndIsReported) {
  std::atomic<int> calls{0};
  Serve([&](const TestRequest&) {
    const int call = ++calls;
    if (call == 1) return Then({}, kReset);
    return call == 2 ? Answer(503, "") : Success(R"({"id":"p1"})");
  });
  const absl::Time deadline = clock_.Now() + absl::Seconds(9);
  ASSERT_TRUE(Run(api_->GetPcap("acc", "p1", deadline)).ok());
  ASSERT_EQ(gate_->asks.size(), 3U);
  EXPECT_THAT(gate_->Statuses(), testing::ElementsAre(0, 503, 200));
  EXPECT_EQ(gate_->asks[0].operation, Operation::kGetPcap);
  EXPECT_EQ(gate_->asks[0].account_id, "acc");
  EXPECT_EQ(gate_->asks[0].budget, "default");
  EXPECT_EQ(gate_->asks[0].deadline, deadline);
}

TEST_F(UpstreamGateTest, WithoutLeaveNothingIsSent) {
  TestServer& server = Serve([](const TestRequest&) { return Success(R"({"id":"p1"})"); });
  gate_->answers = {Spent(), Spent()};
  const absl::Status refused = Get().status();
  EXPECT_EQ(ReasonOf(refused), v1::ERROR_REASON_UPSTREAM_BUDGET_EXHAUSTED);
  EXPECT_EQ(RetryAfterOf(refused), absl::Seconds(3));
  EXPECT_EQ(ReasonOf(Create().status()), v1::ERROR_REASON_UPSTREAM_BUDGET_EXHAUSTED);
  EXPECT_EQ(server.connections(), 0);
  EXPECT_TRUE(attempts_.empty());
  EXPECT_TRUE(gate_->verdicts.empty());
}

TEST_F(UpstreamGateTest, WithoutLeaveToRepeatTheErrorIsThatOfTheAttemptBefore) {
  Serve([](const TestRequest& request) {
    return request.method == "DELETE" ? Then({}, kReset) : Answer(503, "");
  });
  gate_->answers = {absl::OkStatus(), Spent()};
  const absl::Status read = Get().status();
  EXPECT_EQ(ReasonOf(read), v1::ERROR_REASON_UPSTREAM_UNAVAILABLE);
  EXPECT_EQ(ErrorInfoOf(read).metadata().at("upstream_http_status"), "503");
  gate_->answers = {absl::OkStatus(), Spent()};
  EXPECT_EQ(ReasonOf(Run(api_->DeleteOwnership("acc", "o1", Soon()))),
            v1::ERROR_REASON_OWNERSHIP_OUTCOME_UNKNOWN);
  EXPECT_EQ(gate_->asks.size(), 4U);
}

TEST_F(UpstreamGateTest, AKeptConnectionThatCannotBeUsedCostsNoLeave) {
  const TestAnswer too_long = {
      .bytes = Answer(200, absl::StrCat(R"({"success":true,"result":{"id":"p1"}})",
                                        std::string(300'000, ' ')))
                   .bytes +
               "more"};
  TestServer& server = Serve([&](const TestRequest&) { return too_long; });
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(Get().ok());
  EXPECT_EQ(server.requests().size(), 20U);
  EXPECT_EQ(gate_->asks.size(), 20U);
  EXPECT_EQ(gate_->verdicts.size(), 20U);
}

TEST_F(UpstreamGateTest, ObservedTimeIsOnTheFleetsClockAndDurationsAreOnOurs) {
  Serve([](const TestRequest&) {
    return Answer(200, R"({"success":true,"result":[]})",
                  "Date: Thu, 01 Jan 1970 00:16:40 GMT\r\n");
  });
  const auto ownerships = Run(api_->ListOwnerships("acc", Soon()));
  ASSERT_TRUE(ownerships.ok()) << ownerships.status();
  EXPECT_LT(ownerships->upstream_ahead, -absl::Hours(24)) << "the gate's clock is not ours";
  EXPECT_LT(attempts_.at(0).duration, absl::Minutes(1));
  Serve([](const TestRequest&) { return Success(R"({"id":"p1"})"); });
  EXPECT_EQ(Get()->observed_time().seconds(), 1000);
  EXPECT_EQ(Create()->observed_time().seconds(), 1000);
}

TEST_F(UpstreamGateTest, ReadsAreForThePurposeOfTheirViewAndWritesAreWrites) {
  Serve([](const TestRequest& request) {
    return request.method == "GET" ? Success("[]") : Success(R"({"id":"p1"})");
  });
  const std::unique_ptr<PcapsApi> polls = api_->For(Purpose::kPoll);
  const std::unique_ptr<PcapsApi> writes = api_->For(Purpose::kWrite);
  EXPECT_TRUE(Run(api_->ListPcaps("acc", Soon())).ok());
  api_.reset();
  EXPECT_TRUE(Run(polls->ListPcaps("acc", Soon())).ok());
  EXPECT_TRUE(Run(writes->ListOwnerships("acc", Soon())).ok());
  EXPECT_TRUE(Run(polls->CreatePcap(CreateRequest(), Soon())).ok());
  EXPECT_TRUE(Run(polls->StopPcap("acc", "p1", Soon())).ok());
  EXPECT_TRUE(Run(polls->DeleteOwnership("acc", "p1", Soon())).ok());
  std::vector<Purpose> purposes;
  for (const UpstreamAsk& ask : gate_->asks) purposes.push_back(ask.purpose);
  using enum Purpose;
  EXPECT_THAT(purposes, testing::ElementsAre(kRead, kPoll, kWrite, kWrite, kWrite, kWrite));
}

TEST_F(UpstreamGateTest, A429IsReportedWithWhatItSaysAndNotRepeated) {
  TestServer& server = Serve([](const TestRequest&) {
    return Answer(429, "", "Retry-After: 20\r\nRatelimit: \"default\";r=0;t=30\r\n");
  });
  EXPECT_EQ(ReasonOf(Get().status()), v1::ERROR_REASON_UPSTREAM_RATE_LIMITED);
  EXPECT_EQ(server.requests().size(), 1U);
  ASSERT_EQ(gate_->verdicts.size(), 1U);
  EXPECT_EQ(gate_->verdicts[0].http_status, 429);
  EXPECT_EQ(gate_->verdicts[0].retry_after, absl::Seconds(20));
  ASSERT_EQ(gate_->verdicts[0].windows.size(), 1U);
  EXPECT_EQ(gate_->verdicts[0].windows[0].remaining, 0);
}

TEST_F(UpstreamGateTest, AWriteAbandonedWhileItWaitsForLeaveIsNotSent) {
  TestServer& server = Serve([](const TestRequest&) { return Success(R"({"id":"p1"})"); });
  for (const bool heeds : {true, false}) {  // Leave may come all the same.
    gate_->shut = true;
    gate_->heeds_cancellation = heeds;
    const size_t asks = gate_->asks.size();
    const absl::Status late = Create(absl::Milliseconds(20)).status();
    EXPECT_EQ(ReasonOf(late), v1::ERROR_REASON_UPSTREAM_UNAVAILABLE) << late;
    const auto left = Cancel(api_->CreatePcap(CreateRequest(), Soon()),
                             [&] { return gate_->asks.size() == asks + 2; });
    EXPECT_TRUE(absl::IsCancelled(left.status()));
    loop_.poll();  // Lets the writes learn that they were left.
    gate_->shut = false;
    gate_->opened.Notify();
    EXPECT_TRUE(Run(api_->StopPcap("acc", "p1", Soon())).ok());  // Time enough to be sent.
  }
  for (const TestRequest& request : server.requests()) EXPECT_EQ(request.method, "PUT");
  EXPECT_THAT(gate_->Statuses(), testing::ElementsAre(200, 0, 0, 200))
      << "leave that came too late is reported, too";
}

TEST_F(UpstreamGateTest, ACallersEndIsTheAsksDeadline) {
  Serve([](const TestRequest&) { return Success(R"({"id":"p1"})"); });
  const absl::Time deadline = clock_.Now() + absl::Seconds(7);
  EXPECT_TRUE(Run(api_->CreatePcap(CreateRequest(), deadline)).ok());
  EXPECT_EQ(gate_->asks.at(0).deadline, deadline);
  EXPECT_TRUE(Create(absl::Hours(1)).ok());
  EXPECT_LE(gate_->asks.at(1).deadline, clock_.Now() + options_.upstream.request_timeout);
}

TEST_F(UpstreamGateTest, WhoWaitsForLeaveTakesNoPlaceFromOthers) {
  limits_ = std::make_shared<UpstreamLimits>(1, 0.2);
  Serve([](const TestRequest&) { return Success(R"({"id":"p1"})"); });
  gate_->shut = true;
  const auto left = Cancel(api_->GetPcap("acc", "p1", Soon()), [&] {
    if (gate_->asks.empty()) return false;
    EXPECT_EQ(limits_->in_flight(), 0);
    return true;
  });
  EXPECT_TRUE(absl::IsCancelled(left.status()));
}

TEST_F(UpstreamGateTest, AnOpenCircuitAsksForNoLeaveAndKeepsItsProbeForOneThatHasSome) {
  Serve([](const TestRequest&) { return Success(R"({"id":"p1"})"); });
  CircuitBreaker& circuit = limits_->circuit("default");
  const auto fail = [&](absl::Time when) {
    for (const char* path : {"a", "b", "c", "d", "e"}) {
      circuit.RecordFailure(when, path, CircuitBreaker::Admission::kPass);
    }
  };
  fail(clock_.Now());
  EXPECT_EQ(ReasonOf(Get().status()), v1::ERROR_REASON_UPSTREAM_UNAVAILABLE);
  EXPECT_TRUE(gate_->asks.empty());

  circuit.RecordSuccess();
  fail(clock_.Now() - absl::Minutes(1));  // Time for a probe.
  gate_->answers = {Spent()};
  EXPECT_EQ(ReasonOf(Get().status()), v1::ERROR_REASON_UPSTREAM_BUDGET_EXHAUSTED);
  EXPECT_TRUE(Get().ok()) << "the probe was not used up by what was never sent";
  EXPECT_FALSE(circuit.IsOpen());
}

}  // namespace
}  // namespace pcaps
