#include "clients/pcaps_api/rest_pcaps_api.h"

#include <gmock/gmock.h>

#include "tests/unit/pcaps_api/rest_fixture.h"

namespace pcaps {
namespace {

using enum TestAnswer::Then;
using testing::HasSubstr;
using testing::Not;

TEST_F(RestTest, GetPcapAsksWithTokenAndDecodes) {
  TestServer& server =
      Serve([](const TestRequest&) { return Success(R"({"id":"p1","status":"success"})"); });
  const absl::Time before = clock_.Now();
  const auto pcap = Get();
  ASSERT_TRUE(pcap.ok()) << pcap.status();
  EXPECT_EQ(pcap->id(), "p1");
  EXPECT_EQ(pcap->account_id(), "acc");
  EXPECT_TRUE(pcap->done());
  EXPECT_GE(pcap->observed_time().seconds(), absl::ToUnixSeconds(before));
  const TestRequest request = server.requests().at(0);
  EXPECT_EQ(request.method, "GET");
  EXPECT_EQ(request.target, "/accounts/acc/pcaps/p1");
  EXPECT_EQ(request.headers.at("authorization"), "Bearer t0ken");
  EXPECT_EQ(request.headers.at("user-agent"), "pcaps-gateway/" PCAPS_VERSION);
  EXPECT_EQ(request.headers.at("accept"), "application/json");
}

TEST_F(RestTest, EachOperationHasItsMethodPathAndAccept) {
  TestServer& server = Serve([](const TestRequest& request) {
    if (request.method == "PUT" || request.method == "DELETE") return Answer(204, "");
    return request.method == "GET" ? Success("null") : Success(R"({"id":"x1"})");
  });
  v1::CreateOwnershipRequest create;
  create.set_account_id("acc");
  create.set_destination_conf("s3://b");
  v1::ValidateOwnershipRequest validate;
  validate.set_account_id("acc");
  validate.set_ownership_challenge("c");
  EXPECT_TRUE(Run(api_->ListPcaps("acc", Soon()))->empty());
  EXPECT_EQ(Create()->id(), "x1");
  EXPECT_TRUE(Run(api_->StopPcap("acc", "p1", Soon())).ok());
  EXPECT_TRUE(Run(api_->ListOwnerships("acc", Soon()))->ownerships.empty());
  EXPECT_EQ(Run(api_->CreateOwnership(create, Soon()))->id(), "x1");
  EXPECT_EQ(Run(api_->ValidateOwnership(validate, Soon()))->id(), "x1");
  EXPECT_TRUE(Run(api_->DeleteOwnership("acc", "o1", Soon())).ok());
  std::vector<std::string> lines;
  for (const TestRequest& request : server.requests()) {
    lines.push_back(
        absl::StrCat(request.method, " ", request.target, " ", request.headers.at("accept")));
  }
  EXPECT_THAT(lines,
              testing::ElementsAre("GET /accounts/acc/pcaps application/json",
                                   "POST /accounts/acc/pcaps application/json",
                                   "PUT /accounts/acc/pcaps/p1/stop */*",
                                   "GET /accounts/acc/pcaps/ownership application/json",
                                   "POST /accounts/acc/pcaps/ownership application/json",
                                   "POST /accounts/acc/pcaps/ownership/validate application/json",
                                   "DELETE /accounts/acc/pcaps/ownership/o1 */*"));
  EXPECT_EQ(server.requests()[1].headers.at("content-type"), "application/json");
}

TEST_F(RestTest, PartsOfThePathAreEncoded) {
  TestServer& server = Serve([](const TestRequest&) { return Answer(404, ""); });
  Run(api_->GetPcap("acc", "../../a?b#c d", Soon())).IgnoreError();
  EXPECT_EQ(server.requests().at(0).target, "/accounts/acc/pcaps/..%2F..%2Fa%3Fb%23c%20d");
}

TEST_F(RestTest, AnotherCaptureThanTheOneAskedForIsABadResponse) {
  Serve([](const TestRequest&) { return Success(R"({"id":"p2"})"); });
  EXPECT_EQ(ReasonOf(Get().status()), v1::ERROR_REASON_UPSTREAM_BAD_RESPONSE);
}

TEST_F(RestTest, WhatIsBeyondTheLengthOfAnAnswerIsNotTheNextCallers) {
  std::atomic<int> calls = 0;
  TestServer& server = Serve([&](const TestRequest&) {
    if (++calls > 1) return Success(R"({"id":"p1","status":"running"})");
    const std::string body =
        absl::StrCat(R"({"success":true,"result":{"id":"p1"}})", std::string(300'000, ' '));
    return TestAnswer{.bytes = Answer(200, body).bytes +
                               Success(R"({"id":"p1","status":"failed"})").bytes};
  });
  EXPECT_TRUE(Get().ok());
  const auto second = Get();
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->status(), v1::Pcap::STATUS_RUNNING);
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(RestTest, AKeptConnectionThatCannotBeUsedCostsNoRepetition) {
  const TestAnswer too_long = {
      .bytes = Answer(200, absl::StrCat(R"({"success":true,"result":)", R"({"id":"p1"}})",
                                        std::string(300'000, ' ')))
                   .bytes +
               "more"};
  TestServer& server = Serve([&](const TestRequest&) { return too_long; });
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(Get().ok());  // More than the retry budget grants.
  EXPECT_EQ(server.requests().size(), 20U);
  EXPECT_EQ(attempts_.size(), 20U) << "what was not sent is no request";
}

TEST_F(RestTest, AListTellsTheUpstreamsClock) {
  std::string date;
  Serve([&](const TestRequest&) {
    return Answer(200, R"({"success":true,"errors":[],"messages":[],"result":[]})", date);
  });
  EXPECT_TRUE(Run(api_->ListPcaps("acc", Soon())).ok());
  EXPECT_FALSE(api_->UpstreamAhead().has_value());
  date = absl::FormatTime("Date: %a, %d %b %Y %H:%M:%S GMT\r\n", clock_.Now() + absl::Hours(1),
                          absl::UTCTimeZone());
  EXPECT_TRUE(Run(api_->ListPcaps("acc", Soon())).ok());
  ASSERT_TRUE(api_->UpstreamAhead().has_value());
  EXPECT_LE(*api_->UpstreamAhead(), absl::Hours(1));  // Rather too little.
  EXPECT_GT(*api_->UpstreamAhead(), absl::Hours(1) - absl::Seconds(10));
}

TEST_F(RestTest, NullForOneCaptureIsABadResponse) {
  Serve([](const TestRequest&) { return Success("null"); });
  EXPECT_EQ(ReasonOf(Get().status()), v1::ERROR_REASON_UPSTREAM_BAD_RESPONSE);
}

TEST_F(RestTest, OddElementOfAListIsLeftOutAndTold) {
  std::vector<OddAnswer> odd;
  options_.on_odd_answer = [&](const OddAnswer& answer) { odd.push_back(answer); };
  Serve([](const TestRequest&) {
    return Answer(200, R"({"success":true,"result":[{"id":"a"},{"id":7},{"id":"b","type":1}]})",
                  "cf-ray: ray-1\r\n");
  });
  const auto list = Run(api_->ListPcaps("acc", Soon()));
  ASSERT_TRUE(list.ok()) << list.status();
  EXPECT_EQ(list->size(), 2U);
  ASSERT_EQ(odd.size(), 1U);
  EXPECT_EQ(odd[0].operation, Operation::kListPcaps);
  EXPECT_EQ(odd[0].account_id, "acc");
  EXPECT_EQ(odd[0].cf_ray, "ray-1");
  EXPECT_EQ(odd[0].left_out.size(), 3U) << "the id, its element, the type";
}

TEST_F(RestTest, OurTokenNeverComesBackInTheUpstreamsWords) {
  Serve([](const TestRequest&) { return Failure(400, 1004, "what is t0ken to me?"); });
  const absl::Status status = Get().status();
  EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_UPSTREAM_REJECTED);
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("t0ken")));
}

TEST_F(RestTest, JsonBeyondTheBoundIsABadResponse) {
  Serve([](const TestRequest&) {
    return Success(absl::StrCat("\"", std::string(5 << 20, 'x'), "\""));
  });
  EXPECT_EQ(ReasonOf(Get().status()), v1::ERROR_REASON_UPSTREAM_BAD_RESPONSE);
}

TEST_F(RestTest, AccountWithoutCredentialIsRefusedWithoutACall) {
  TestServer& server = Serve([](const TestRequest&) { return Success("null"); });
  const auto pcaps = Run(api_->ListPcaps("stranger", Soon()));
  EXPECT_EQ(ReasonOf(pcaps.status()), v1::ERROR_REASON_UPSTREAM_ACCOUNT_FORBIDDEN);
  EXPECT_TRUE(server.requests().empty());
}

TEST_F(RestTest, PassingTroubleIsRetriedUnseenAndObserved) {
  std::atomic<int> calls{0};
  TestServer& server = Serve([&](const TestRequest&) {
    const int call = ++calls;
    if (call == 1) return Answer(503, "");
    if (call == 2) return Then({}, kReset);
    return Success(R"({"id":"p1"})");
  });
  EXPECT_TRUE(Get().ok());
  EXPECT_EQ(server.requests().size(), 3U);
  ASSERT_EQ(attempts_.size(), 3U);
  EXPECT_EQ(attempts_[0].outcome, "UPSTREAM_UNAVAILABLE");
  EXPECT_EQ(attempts_[0].http_status, 503);
  EXPECT_FALSE(attempts_[0].retry);
  EXPECT_EQ(attempts_[2].outcome, "OK");
  EXPECT_EQ(attempts_[2].credential, "default");
  EXPECT_TRUE(attempts_[2].retry);
}

TEST_F(RestTest, RepetitionsHaveConnectionsOfTheirOwn) {
  int requests = 0;
  TestServer& server = Serve([&](const TestRequest&) {
    return ++requests == 2 ? Failure(500, 1001, "once") : Success(R"({"id":"p1"})");
  });
  EXPECT_TRUE(Get().ok());
  EXPECT_TRUE(Get().ok());
  ASSERT_EQ(server.requests().size(), 3U);
  EXPECT_EQ(server.requests()[1].connection, 1) << "it was kept";
  EXPECT_EQ(server.requests()[2].connection, 2);
}

TEST_F(RestTest, RetriesEndWithTheLastError) {
  TestServer& server = Serve([](const TestRequest&) { return Failure(500, 1000, "x"); });
  const absl::Status status = Get().status();
  EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_UPSTREAM_UNAVAILABLE);
  EXPECT_EQ(ErrorInfoOf(status).metadata().at("cf_ray"), "5b1a2c-FRA");
  EXPECT_EQ(server.requests().size(), 3U);
}

TEST_F(RestTest, RetryBudgetBoundsTheRetriesOfAllCalls) {
  TestServer& server = Serve([](const TestRequest&) { return Answer(500, ""); });
  for (int i = 0; i < 5; ++i) Get().IgnoreError();
  EXPECT_EQ(server.requests().size(), 5U + 3U);
}

TEST_F(RestTest, RateLimitAndRefusalsAreNotRetried) {
  for (const int http_status : {400, 401, 403, 404, 429}) {
    // Nothing is held against this one.
    credentials_->Replace(CredentialsWith(absl::StrCat("token-", http_status)));
    TestServer& server = Serve([&](const TestRequest&) { return Failure(http_status, 1000, "x"); });
    EXPECT_FALSE(Get().ok());
    EXPECT_EQ(server.requests().size(), 1U) << http_status;
  }
}

TEST_F(RestTest, DeadlineBoundsConnectingHeadAndBody) {
  std::string bytes = Success(R"({"id":"p1"})").bytes;
  bytes.pop_back();
  for (const std::string& sent : {std::string(), bytes.substr(0, 20), bytes}) {
    TestServer& server =
        Serve([&](const TestRequest&) { return TestAnswer{.bytes = sent, .then = kHang}; });
    const absl::Time start = clock_.Now();
    EXPECT_EQ(ReasonOf(Get(absl::Milliseconds(50)).status()),
              v1::ERROR_REASON_UPSTREAM_UNAVAILABLE);
    EXPECT_LT(clock_.Now() - start, absl::Seconds(10));
    EXPECT_TRUE(server.AwaitAbandoned(1));
  }
}

TEST_F(RestTest, RequestTimeoutBoundsACallWithoutDeadline) {
  options_.upstream.request_timeout = absl::Milliseconds(50);
  Serve([](const TestRequest&) { return TestAnswer{.then = kHang}; });
  const auto pcap = Run(api_->GetPcap("acc", "p1", absl::InfiniteFuture()));
  EXPECT_EQ(ReasonOf(pcap.status()), v1::ERROR_REASON_UPSTREAM_UNAVAILABLE);
}

TEST_F(RestTest, CancelledReadEndsItsTransfer) {
  TestServer& server = Serve([](const TestRequest&) { return TestAnswer{.then = kHang}; });
  const auto pcap =
      Cancel(api_->GetPcap("acc", "p1", Soon()), [&] { return !server.requests().empty(); });
  EXPECT_TRUE(absl::IsCancelled(pcap.status()));
  EXPECT_TRUE(server.AwaitAbandoned(1));
  EXPECT_EQ(attempts_.at(0).outcome, "CANCELLED");
}

TEST_F(RestTest, TooManyRequestsInFlightAreRefused) {
  limits_ = std::make_shared<UpstreamLimits>(1, 0.2);
  TestServer& server = Serve([](const TestRequest&) { return Success("null"); });
  auto slot = limits_->TakeSlot();
  const absl::Status status = Run(api_->ListPcaps("acc", Soon())).status();
  EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_OVERLOADED);
  EXPECT_TRUE(RetryAfterOf(status).has_value());
  EXPECT_TRUE(server.requests().empty());
  slot.reset();
  EXPECT_TRUE(Run(api_->ListPcaps("acc", Soon())).ok());
  EXPECT_EQ(limits_->in_flight(), 0);
}

TEST_F(RestTest, OpenCircuitRefusesWithoutACall) {
  options_.upstream.retry.max_attempts = 1;
  TestServer& server = Serve([](const TestRequest&) { return Answer(503, ""); });
  for (int i = 0; i < 4; ++i) Get().IgnoreError();
  Run(api_->ListPcaps("other", Soon())).IgnoreError();
  const absl::Status status = Get().status();
  EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_UPSTREAM_UNAVAILABLE);
  EXPECT_TRUE(RetryAfterOf(status).has_value());
  EXPECT_EQ(server.requests().size(), 5U);
}

TEST_F(RestTest, ImpatientCallersDoNotOpenTheCircuit) {
  Serve([](const TestRequest&) { return TestAnswer{.then = kHang}; });
  for (int i = 0; i < 4; ++i) Get(absl::Milliseconds(5)).IgnoreError();
  for (int i = 0; i < 2; ++i) {
    Run(api_->ListPcaps("acc", clock_.Now() + absl::Milliseconds(5))).IgnoreError();
  }
  EXPECT_FALSE(limits_->circuit("default").IsOpen());
}

TEST_F(RestTest, TokenIsInNoError) {
  Serve([](const TestRequest& request) {
    return Failure(400, 1000, request.headers.at("authorization"));
  });
  EXPECT_THAT(std::string(Get().status().message()), Not(HasSubstr("t0ken")));
}

}  // namespace
}  // namespace pcaps
