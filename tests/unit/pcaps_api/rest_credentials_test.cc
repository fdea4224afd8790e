// Tokens that are replaced, and what the upstream says of them.
#include <gmock/gmock.h>

#include <atomic>
#include <cstring>

#include "clients/pcaps_api/rest_pcaps_api.h"
#include "tests/unit/pcaps_api/rest_fixture.h"

namespace pcaps {
namespace {

constexpr char kCapture[] = R"({"id":"p1","status":"success"})";

class RestCredentialsTest : public RestTest {
 protected:
  // The token of each request, in order.
  std::vector<std::string> Tokens() const {
    std::vector<std::string> tokens;
    for (const TestRequest& request : server_->requests()) {
      tokens.push_back(request.headers.at("authorization").substr(strlen("Bearer ")));
    }
    return tokens;
  }

  static v1::ErrorReason Reason(const absl::StatusOr<v1::Pcap>& pcap) {
    return ReasonOf(pcap.status());
  }
};

TEST_F(RestCredentialsTest, ARepetitionTakesTheTokenOfItsTime) {
  Serve([this](const TestRequest& request) {
    if (request.headers.at("authorization") == "Bearer new") return Success(kCapture);
    credentials_->Replace(CredentialsWith("new"));
    return Failure(503, 1001, "busy");
  });
  EXPECT_TRUE(Get().ok());
  EXPECT_THAT(Tokens(), testing::ElementsAre("t0ken", "new"));
}

TEST_F(RestCredentialsTest, ARejectedTokenIsAskedOnceAndThenRemembered) {
  Serve([](const TestRequest&) { return Failure(401, 10000, "Authentication error"); });
  EXPECT_EQ(Reason(Get()), v1::ERROR_REASON_UPSTREAM_CREDENTIALS_REJECTED);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(Reason(Get()), v1::ERROR_REASON_UPSTREAM_CREDENTIALS_REJECTED);
  }
  EXPECT_EQ(Reason(Create()), v1::ERROR_REASON_UPSTREAM_CREDENTIALS_REJECTED);
  const auto other = Run(api_->GetPcap("other", "p1", Soon()));
  EXPECT_EQ(Reason(other), v1::ERROR_REASON_UPSTREAM_CREDENTIALS_REJECTED);
  EXPECT_EQ(server_->requests().size(), 1U);
  EXPECT_EQ(credentials_->States().at(0).rejections, 1);
}

TEST_F(RestCredentialsTest, ANewTokenIsAskedAtOnceAndTheSameOneIsNot) {
  Serve([](const TestRequest& request) {
    if (request.headers.at("authorization") == "Bearer new") return Success(kCapture);
    return Failure(401, 10000, "Authentication error");
  });
  EXPECT_FALSE(Get().ok());
  credentials_->Replace(CredentialsWith("t0ken"));
  EXPECT_FALSE(Get().ok());
  credentials_->Replace(CredentialsWith("new"));
  EXPECT_TRUE(Get().ok());
  EXPECT_THAT(Tokens(), testing::ElementsAre("t0ken", "new"));
  EXPECT_EQ(credentials_->States().at(0).rejections, 0);
}

TEST_F(RestCredentialsTest, WhatTheReplacedTokenIsToldIsNotSaidOfTheNewOne) {
  for (const int status : {401, 403}) {
    credentials_->Replace(CredentialsWith("t0ken"));
    Serve([&](const TestRequest& request) {
      if (request.headers.at("authorization") != "Bearer t0ken") return Success(kCapture);
      credentials_->Replace(CredentialsWith(absl::StrCat("new-", status)));
      return Failure(status, 10000, "Authentication error");
    });
    EXPECT_TRUE(Create().ok()) << "even a POST: the refused one did nothing";
    EXPECT_TRUE(Get().ok());
    EXPECT_THAT(Tokens(), testing::ElementsAre("t0ken", absl::StrCat("new-", status),
                                               absl::StrCat("new-", status)));
  }
}

TEST_F(RestCredentialsTest, TokensReplacedWithoutEndDoNotMakeACallEndless) {
  int replaced = 0;
  Serve([&](const TestRequest&) {
    credentials_->Replace(CredentialsWith(absl::StrCat("t", ++replaced)));
    return Failure(401, 10000, "Authentication error");
  });
  EXPECT_EQ(Reason(Create()), v1::ERROR_REASON_UPSTREAM_CREDENTIALS_REJECTED);
  EXPECT_EQ(server_->requests().size(), 3U);
}

TEST_F(RestCredentialsTest, AForbiddenAccountHarmsOnlyItself) {
  Serve([](const TestRequest& request) {
    if (request.target == "/accounts/acc/pcaps/p1") return Success(kCapture);
    return Failure(403, 10000, "Authentication error");
  });
  for (int i = 0; i < 100; ++i) {
    const auto refused = Run(api_->GetPcap("other", "p1", Soon()));
    EXPECT_EQ(Reason(refused), v1::ERROR_REASON_UPSTREAM_ACCOUNT_FORBIDDEN);
  }
  EXPECT_EQ(server_->requests().size(), 1U);
  EXPECT_TRUE(Get().ok());
  EXPECT_TRUE(Get().ok());
  EXPECT_EQ(credentials_->States().at(0).forbidden, 1U);
}

TEST_F(RestCredentialsTest, WhatIsRememberedCostsNoLeave) {
  struct CountingGate final : UpstreamGate {
    Task<absl::StatusOr<UpstreamLeave>> Enter(UpstreamAsk) override {
      ++asked;
      co_return UpstreamLeave{absl::Now()};
    }
    void Report(const UpstreamAsk&, const UpstreamLeave&, const UpstreamVerdict&) override {}
    int asked = 0;
  };
  const auto gate = std::make_shared<CountingGate>();
  options_.upstream.gate = gate;
  Serve([](const TestRequest&) { return Failure(401, 10000, "Authentication error"); });
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(Get().ok());
  EXPECT_EQ(gate->asked, 1);
}

TEST_F(RestCredentialsTest, AfterAWhileOneFindsOut) {
  std::atomic<bool> accepted = false;
  std::vector<std::string> news;
  credentials_ = std::make_shared<Credentials>(
      CredentialsWith("t0ken"),
      CredentialsOptions{.standing = {.memory = absl::ZeroDuration()},
                         .on_change = [&](const std::string& name, const absl::Status& status) {
                           news.push_back(absl::StrCat(name, " ", status.ok() ? "good" : "bad"));
                         }});
  Serve([&](const TestRequest&) {
    return accepted ? Success(kCapture) : Failure(401, 10000, "Authentication error");
  });
  EXPECT_FALSE(Get().ok());
  EXPECT_FALSE(Get().ok());
  accepted = true;
  EXPECT_TRUE(Get().ok());
  EXPECT_EQ(server_->requests().size(), 3U);
  EXPECT_THAT(news, testing::ElementsAre("default bad", "default good"));
}

}  // namespace
}  // namespace pcaps
