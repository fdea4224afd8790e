// What RestPcapsApi counts: the requests that were sent, and no others.
#include <gtest/gtest.h>

#include "tests/unit/pcaps_api/rest_fixture.h"

namespace pcaps {
namespace {

using enum TestAnswer::Then;

class RestCostTest : public RestTest {
 protected:
  CallTerms Terms() const { return {Soon(), cost_}; }
  // What has been counted since it was last asked.
  int64_t Sent() {
    const int64_t before = std::exchange(counted_, cost_->requests());
    return counted_ - before;
  }

  const std::shared_ptr<UpstreamCost> cost_ = std::make_shared<UpstreamCost>();

 private:
  int64_t counted_ = 0;
};

TEST_F(RestCostTest, EachOperationCostsOneRequest) {
  Serve([](const TestRequest& request) {
    if (request.target == "/accounts/acc/pcaps/p1/download") {
      return Answer(200, "bytes", "Content-Type: application/vnd.tcpdump.pcap\r\n");
    }
    if (request.method == "PUT" || request.method == "DELETE") return Answer(204, "");
    const bool is_list = request.method == "GET" && request.target != "/accounts/acc/pcaps/p1";
    return Success(is_list ? "null" : R"({"id":"p1"})");
  });
  v1::CreateOwnershipRequest create;
  create.set_account_id("acc");
  create.set_destination_conf("s3://b");
  v1::ValidateOwnershipRequest validate;
  validate.set_account_id("acc");
  EXPECT_TRUE(Run(api_->ListPcaps("acc", Terms())).ok());
  EXPECT_EQ(Sent(), 1);
  EXPECT_TRUE(Run(api_->GetPcap("acc", "p1", Terms())).ok());
  EXPECT_EQ(Sent(), 1);
  EXPECT_TRUE(Run(api_->CreatePcap(CreateRequest(), Terms())).ok());
  EXPECT_EQ(Sent(), 1);
  EXPECT_TRUE(Run(api_->StopPcap("acc", "p1", Terms())).ok());
  EXPECT_EQ(Sent(), 1);
  EXPECT_TRUE(Run(api_->DownloadPcap("acc", "p1", 1000, Terms())).ok());
  EXPECT_EQ(Sent(), 1);
  EXPECT_TRUE(Run(api_->ListOwnerships("acc", Terms())).ok());
  EXPECT_EQ(Sent(), 1);
  EXPECT_TRUE(Run(api_->CreateOwnership(create, Terms())).ok());
  EXPECT_EQ(Sent(), 1);
  EXPECT_TRUE(Run(api_->ValidateOwnership(validate, Terms())).ok());
  EXPECT_EQ(Sent(), 1);
  EXPECT_TRUE(Run(api_->DeleteOwnership("acc", "o1", Terms())).ok());
  EXPECT_EQ(Sent(), 1);
}

TEST_F(RestCostTest, EachRepetitionCostsAnother) {
  std::atomic<int> calls = 0;
  Serve([&](const TestRequest& request) {
    if (++calls % 3 != 0) return Answer(503, "");
    return request.method == "GET" ? Success(R"({"id":"p1"})") : Answer(204, "");
  });
  EXPECT_TRUE(Run(api_->GetPcap("acc", "p1", Terms())).ok());
  EXPECT_EQ(Sent(), 3);
  limits_ = std::make_shared<UpstreamLimits>(256, 0.2);  // With a retry budget of its own.
  Connect(server_->url());
  EXPECT_TRUE(Run(api_->StopPcap("acc", "p1", Terms())).ok());
  EXPECT_EQ(Sent(), 3);
}

TEST_F(RestCostTest, WhatIsNotSentCostsNothing) {
  Connect("http://127.0.0.1:1");
  EXPECT_FALSE(Run(api_->GetPcap("acc", "p1", Terms())).ok());
  EXPECT_FALSE(Run(api_->CreatePcap(CreateRequest(), Terms())).ok());
  EXPECT_EQ(Sent(), 0) << "no connection";

  TestServer& server = Serve([](const TestRequest&) { return Failure(401, 10000, "no"); });
  EXPECT_FALSE(Run(api_->GetPcap("nobody", "p1", Terms())).ok());
  EXPECT_EQ(Sent(), 0) << "no token";
  EXPECT_FALSE(Run(api_->GetPcap("acc", "p1", Terms())).ok());
  EXPECT_EQ(Sent(), 1);
  EXPECT_FALSE(Run(api_->GetPcap("acc", "p1", Terms())).ok());
  EXPECT_EQ(Sent(), 0) << "a token known to be rejected";
  EXPECT_EQ(server.requests().size(), 1U);
}

TEST_F(RestCostTest, AKeptConnectionThatCannotBeUsedCostsNothing) {
  const TestAnswer too_long = {
      .bytes = Answer(200, absl::StrCat(R"({"success":true,"result":)", R"({"id":"p1"}})",
                                        std::string(300'000, ' ')))
                   .bytes +
               "more"};
  TestServer& server = Serve([&](const TestRequest&) { return too_long; });
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(Run(api_->GetPcap("acc", "p1", Terms())).ok());
  EXPECT_EQ(Sent(), 5);
  EXPECT_EQ(server.requests().size(), 5U);
}

TEST_F(RestCostTest, AWriteCostsItsRequestThoughItsCallerIsGone) {
  TestServer& server = Serve([](const TestRequest&) { return Then({}, kHang); });
  const auto pcap = Cancel(api_->CreatePcap(CreateRequest(), Terms()),
                           [&] { return !server.requests().empty(); });
  EXPECT_TRUE(absl::IsCancelled(pcap.status()));
  EXPECT_EQ(Sent(), 1);
}

}  // namespace
}  // namespace pcaps
