// What RestPcapsApi promises of writes: at most one POST, and what was sent runs to its end.
#include <gmock/gmock.h>

#include "clients/pcaps_api/rest_pcaps_api.h"
#include "tests/unit/pcaps_api/rest_fixture.h"

namespace pcaps {
namespace {

using enum TestAnswer::Then;
using testing::HasSubstr;
using testing::Not;
using RestWriteTest = RestTest;

TEST_F(RestWriteTest, ThousandPostsOnConnectionsClosedAfterTheRequestAreExecutedOnceEach) {
  std::atomic<int> posts{0};
  Serve([&](const TestRequest& request) {
    if (request.method == "GET") return Success("null");
    ++posts;
    return Then({}, kClose);
  });
  constexpr int kPosts = 1000;
  for (int i = 0; i < kPosts; ++i) {
    ASSERT_TRUE(
        Run(api_->ListPcaps("acc", Soon())).ok());  // Leaves a connection a POST could reuse.
    EXPECT_EQ(ReasonOf(Create().status()), v1::ERROR_REASON_CREATE_OUTCOME_UNKNOWN);
  }
  EXPECT_EQ(posts.load(), kPosts);
}

TEST_F(RestWriteTest, PostIsNeverRepeatedAndItsLostAnswerIsAnUnknownOutcome) {
  const TestAnswer truncated = {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{",
                                .then = kClose};
  const std::vector<TestAnswer> answers = {
      Then({}, kReset), Then({}, kClose),       truncated,
      Answer(500, ""),  Answer(502, "<html>"),  Answer(408, ""),
      Answer(200, ""),  Answer(200, "<html>"),  Answer(200, std::string(5 << 20, ' ')),
      Success("null"),  Success(R"({"id":7})"), {.bytes = "nonsense\r\n\r\n", .then = kClose}};
  for (const TestAnswer& answer : answers) {
    TestServer& server = Serve([&](const TestRequest&) { return answer; });
    const absl::Status status = Create().status();
    EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_CREATE_OUTCOME_UNKNOWN) << answer.bytes << status;
    EXPECT_EQ(server.requests().size(), 1U);
  }
}

TEST_F(RestWriteTest, PostThatWasAnsweredWithARefusalDidNotHappen) {
  const std::vector<std::pair<TestAnswer, v1::ErrorReason>> cases = {
      {Failure(400, 1004, "x"), v1::ERROR_REASON_UPSTREAM_REJECTED},
      {Failure(200, 1004, "x"), v1::ERROR_REASON_UPSTREAM_REJECTED},
      {Failure(401, 10000, "x"), v1::ERROR_REASON_UPSTREAM_CREDENTIALS_REJECTED},
      {Failure(429, 1, "x"), v1::ERROR_REASON_UPSTREAM_RATE_LIMITED},
      {Answer(425, ""), v1::ERROR_REASON_UPSTREAM_UNAVAILABLE},  // "Too early" to be executed.
      {Answer(302, ""), v1::ERROR_REASON_UPSTREAM_BAD_RESPONSE}};
  for (const auto& [answer, reason] : cases) {
    // Nothing is held against this one.
    credentials_->Replace(CredentialsWith(absl::StrCat("token-", static_cast<int>(reason))));
    Serve([answer = answer](const TestRequest&) { return answer; });
    EXPECT_EQ(ReasonOf(Create().status()), reason) << answer.bytes;
  }
}

TEST_F(RestWriteTest, PostThatWasNeverSentIsUnavailable) {
  Connect("http://127.0.0.1:1");
  EXPECT_EQ(ReasonOf(Create().status()), v1::ERROR_REASON_UPSTREAM_UNAVAILABLE);
  EXPECT_EQ(attempts_.size(), 1U);
}

TEST_F(RestWriteTest, ABucketsKeysAreSentToAddItAndNeverToValidateIt) {
  const std::string keys = "&access-key-id=AKIA1234&Secret-Access-Key=s%2Fecret";
  TestServer& server = Serve([](const TestRequest&) {
    return Failure(400, 1004, "no bucket for AKIA1234 with s/ecret or s%2Fecret, says ch4llenge");
  });
  v1::CreateOwnershipRequest create;
  create.set_account_id("acc");
  create.set_destination_conf("r2://b?account-id=a1" + keys);
  v1::ValidateOwnershipRequest validate;
  validate.set_account_id("acc");
  validate.set_destination_conf(create.destination_conf());
  validate.set_ownership_challenge("ch4llenge");
  const absl::Status created = Run(api_->CreateOwnership(create, Soon())).status();
  const absl::Status validated = Run(api_->ValidateOwnership(validate, Soon())).status();
  ASSERT_EQ(server.requests().size(), 2U);
  EXPECT_THAT(server.requests()[0].body, HasSubstr(keys));
  EXPECT_THAT(server.requests()[1].body, HasSubstr("\"r2://b?account-id=a1\""));
  EXPECT_EQ(validated.message(),
            "the upstream refuses the request: 1004 no bucket for REDACTED with REDACTED or "
            "REDACTED, says REDACTED");
  EXPECT_THAT(created.ToString(), Not(HasSubstr("ecret")));
}

TEST_F(RestWriteTest, LostAnswersOfOwnershipPostsAreUnknownToo) {
  Serve([](const TestRequest&) { return Then({}, kReset); });
  v1::CreateOwnershipRequest create;
  create.set_account_id("acc");
  v1::ValidateOwnershipRequest validate;
  validate.set_account_id("acc");
  EXPECT_EQ(ReasonOf(Run(api_->CreateOwnership(create, Soon())).status()),
            v1::ERROR_REASON_OWNERSHIP_OUTCOME_UNKNOWN);
  EXPECT_EQ(ReasonOf(Run(api_->ValidateOwnership(validate, Soon())).status()),
            v1::ERROR_REASON_OWNERSHIP_OUTCOME_UNKNOWN);
}

TEST_F(RestWriteTest, PostRunsToItsEndWithoutItsCaller) {
  TestServer& server = Serve([](const TestRequest&) {
    TestAnswer answer = Success(R"({"id":"p1"})");
    answer.piece = 10;  // Long enough for the caller to leave in the middle.
    answer.pause = std::chrono::milliseconds(5);
    return answer;
  });
  const auto pcap =
      Cancel(api_->CreatePcap(CreateRequest(), Soon()), [&] { return !server.requests().empty(); });
  EXPECT_TRUE(absl::IsCancelled(pcap.status()));
  EXPECT_TRUE(attempts_.empty());
  api_.reset();  // The write keeps what it needs alive.
  while (attempts_.empty()) loop_.run_one_for(std::chrono::milliseconds(10));
  EXPECT_EQ(attempts_[0].outcome, "OK");
}

TEST_F(RestWriteTest, PostWhoseCallersDeadlinePassedIsUnknownAndRunsToItsEnd) {
  Serve([](const TestRequest&) {
    TestAnswer answer = Success(R"({"id":"p1"})");
    answer.piece = 10;
    answer.pause = std::chrono::milliseconds(20);
    return answer;
  });
  EXPECT_EQ(ReasonOf(Create(absl::Milliseconds(50)).status()),
            v1::ERROR_REASON_CREATE_OUTCOME_UNKNOWN);
  while (attempts_.empty()) loop_.run_one_for(std::chrono::milliseconds(10));
  EXPECT_EQ(attempts_[0].outcome, "OK");
}

TEST_F(RestWriteTest, PostCancelledBeforeItIsSentIsNeverSent) {
  TestServer& server = Serve([](const TestRequest&) { return Success(R"({"id":"p1"})"); });
  const auto pcap =
      Cancel(api_->CreatePcap(CreateRequest(), Soon()), [] { return true; });  // After one step.
  EXPECT_TRUE(absl::IsCancelled(pcap.status()));
  EXPECT_FALSE(Run(api_->ListPcaps("other", Soon())).ok());  // Gives the write time to be sent.
  for (const TestRequest& request : server.requests()) EXPECT_EQ(request.method, "GET");
}

TEST_F(RestWriteTest, StopIsRepeatedAfterALostAnswer) {
  std::atomic<int> calls{0};
  TestServer& server =
      Serve([&](const TestRequest&) { return ++calls == 1 ? Then({}, kReset) : Answer(204, ""); });
  EXPECT_TRUE(Run(api_->StopPcap("acc", "p1", Soon())).ok());
  EXPECT_EQ(server.requests().size(), 2U);
}

TEST_F(RestWriteTest, DeletionNotFoundAfterALostAnswerIsDone) {
  std::atomic<int> calls{0};
  TestServer& server = Serve([&](const TestRequest&) {
    return ++calls == 1 ? Then({}, kReset) : Failure(404, 1000, "x");
  });
  EXPECT_TRUE(Run(api_->DeleteOwnership("acc", "o1", Soon())).ok());
  EXPECT_EQ(server.requests().size(), 2U);
  // A first 404 is the caller's error.
  EXPECT_EQ(ReasonOf(Run(api_->DeleteOwnership("acc", "o1", Soon()))),
            v1::ERROR_REASON_OWNERSHIP_NOT_FOUND);
}

TEST_F(RestWriteTest, SecretsOfTheBucketAreInNoErrorAndNoAnswer) {
  v1::CreatePcapRequest request = CreateRequest();
  request.mutable_full()->set_destination_conf("r2://b?account-id=a&secret-access-key=S3CR%2FT9");
  const auto leaks = [](const std::string& text) { return text.find("S3CR") != std::string::npos; };
  Serve([](const TestRequest&) {
    return Failure(400, 1004, "S3CR%2FT9 and S3CR/T9 do not open r2://b?k=S3CR%2FT9");
  });
  const absl::Status refused = Run(api_->CreatePcap(request, Soon())).status();
  EXPECT_FALSE(leaks(refused.ToString())) << refused;
  Serve([](const TestRequest&) {
    return Success(
        R"({"id":"p1","type":"full","destination_conf":"r2://b?account-id=a&secret-access-key=S3CR%2FT9"})");
  });
  const auto pcap = Run(api_->CreatePcap(request, Soon()));
  ASSERT_TRUE(pcap.ok()) << pcap.status();
  EXPECT_FALSE(leaks(pcap->DebugString()));
}

}  // namespace
}  // namespace pcaps
