#include "clients/pcaps_api/credential_standing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "clients/base/error.h"

namespace pcaps {
namespace {

using testing::HasSubstr;
using enum Access;

absl::Status Rejected() {
  return MakeError(absl::StatusCode::kInternal, v1::ERROR_REASON_UPSTREAM_CREDENTIALS_REJECTED,
                   "the upstream refuses the token", {{"cf_ray", "5b1a2c-FRA"}});
}

absl::Status Forbidden() {
  return MakeError(absl::StatusCode::kPermissionDenied, v1::ERROR_REASON_UPSTREAM_ACCOUNT_FORBIDDEN,
                   "not this account");
}

absl::Status Broken() {
  return MakeError(absl::StatusCode::kUnavailable, v1::ERROR_REASON_UPSTREAM_UNAVAILABLE, "down");
}

class CredentialStandingTest : public testing::Test {
 protected:
  using Permit = std::unique_ptr<CredentialStanding::Permit>;

  absl::StatusOr<Permit> Admit(const std::string& account = "acc", Access access = kRead) {
    return standing_->Admit(account, access, now_);
  }
  // A request with this outcome; true where it was let pass.
  bool Ask(const absl::Status& outcome, const std::string& account = "acc", Access access = kRead) {
    const absl::StatusOr<Permit> permit = Admit(account, access);
    if (permit.ok()) (*permit)->Record(outcome, now_);
    return permit.ok();
  }
  void MakeStanding(bool was_rejected = false) {
    standing_ = std::make_shared<CredentialStanding>(
        options_, was_rejected, [this](const absl::Status& status) {
          news_.push_back(status.ok() ? "accepted" : ReasonName(ReasonOf(status)));
        });
  }
  void Pass(absl::Duration time) { now_ += time; }

  StandingOptions options_;
  absl::Time now_ = absl::FromUnixSeconds(1'000'000);
  std::vector<std::string> news_;
  std::shared_ptr<CredentialStanding> standing_ =
      std::make_shared<CredentialStanding>(options_, false, nullptr);
};

TEST_F(CredentialStandingTest, ARejectedTokenIsNotSentForAMinute) {
  EXPECT_TRUE(Ask(Rejected()));
  EXPECT_EQ(standing_->rejections(), 1);
  Pass(absl::Seconds(59));
  const absl::Status refused = Admit("another", kWrite).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(ReasonOf(refused), v1::ERROR_REASON_UPSTREAM_CREDENTIALS_REJECTED);
  EXPECT_EQ(ErrorInfoOf(refused).metadata().at("cf_ray"), "5b1a2c-FRA");
  EXPECT_THAT(std::string(refused.message()), HasSubstr("said so 59 s ago"));
  EXPECT_FALSE(RetryAfterOf(refused).has_value());
  Pass(absl::Seconds(1));
  EXPECT_TRUE(Ask(absl::OkStatus()));
  EXPECT_EQ(standing_->rejections(), 0);
}

TEST_F(CredentialStandingTest, AfterAMinuteOneFindsOutAndTheOthersWaitForIt) {
  Ask(Rejected());
  Pass(absl::Minutes(1));
  absl::StatusOr<Permit> probe = Admit();
  ASSERT_TRUE(probe.ok());
  EXPECT_FALSE(Admit().ok());
  Pass(absl::Seconds(20));
  EXPECT_FALSE(Admit("another").ok());
  (*probe)->Record(absl::OkStatus(), now_);
  EXPECT_TRUE(Admit().ok());
  EXPECT_TRUE(Admit("another").ok());
}

TEST_F(CredentialStandingTest, AProbeThatIsRejectedStartsTheMinuteAnew) {
  Ask(Rejected());
  Pass(absl::Minutes(1));
  EXPECT_TRUE(Ask(Rejected()));
  Pass(absl::Seconds(59));
  EXPECT_FALSE(Admit().ok());
  Pass(absl::Seconds(1));
  EXPECT_TRUE(Admit().ok());
}

TEST_F(CredentialStandingTest, RejectionsInARowAreThoseThatWereFoundOutAnew) {
  const absl::StatusOr<Permit> under_way = Admit();
  Ask(Rejected());
  (*under_way)->Record(Rejected(), now_);
  EXPECT_EQ(standing_->rejections(), 1) << "they were asked together";
  Pass(absl::Minutes(1));
  Ask(Rejected());
  EXPECT_EQ(standing_->rejections(), 2);
  Pass(absl::Hours(1));
  EXPECT_EQ(standing_->rejections(), 2) << "while nobody asks it stays";
  Ask(Broken());
  EXPECT_EQ(standing_->rejections(), 2);
  Ask(Rejected());
  EXPECT_EQ(standing_->rejections(), 3);
  Pass(absl::Minutes(1));
  Ask(absl::OkStatus());
  Ask(Rejected());
  EXPECT_EQ(standing_->rejections(), 1);
}

TEST_F(CredentialStandingTest, AProbeThatProvesNothingIsFollowedByTheNext) {
  Ask(Rejected());
  Ask(Forbidden(), "typo");
  Pass(absl::Minutes(1));
  EXPECT_TRUE(Admit().ok()) << "and it goes untold";
  EXPECT_TRUE(Ask(Broken()));
  EXPECT_TRUE(Ask(Forbidden(), "typo"));
  EXPECT_EQ(standing_->rejections(), 1);
  absl::StatusOr<Permit> probe = Admit();
  EXPECT_TRUE(probe.ok());
  EXPECT_FALSE(Admit().ok());
}

TEST_F(CredentialStandingTest, AProbeOfWhichNothingIsEverHeardIsFollowedByAnother) {
  Ask(Rejected());
  Pass(absl::Minutes(1));
  const absl::StatusOr<Permit> lost = Admit();
  EXPECT_FALSE(Admit().ok());
  Pass(absl::Minutes(1));
  EXPECT_TRUE(Admit().ok());
}

TEST_F(CredentialStandingTest, AMistypedAccountHarmsOnlyItself) {
  EXPECT_TRUE(Ask(Forbidden(), "typo"));
  EXPECT_EQ(standing_->rejections(), 0);
  const absl::Status refused = Admit("typo").status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(ReasonOf(refused), v1::ERROR_REASON_UPSTREAM_ACCOUNT_FORBIDDEN);
  EXPECT_TRUE(Admit("acc").ok());
  Pass(absl::Minutes(1));
  const absl::StatusOr<Permit> probe = Admit("typo");
  EXPECT_TRUE(probe.ok());
  EXPECT_FALSE(Admit("typo").ok());
  (*probe)->Record(absl::OkStatus(), now_);
  EXPECT_TRUE(Admit("typo").ok());
  EXPECT_EQ(standing_->forbidden(), 0U);
}

TEST_F(CredentialStandingTest, ATokenThatMayNotWriteStillReads) {
  EXPECT_TRUE(Ask(Forbidden(), "acc", kWrite));
  EXPECT_FALSE(Admit("acc", kWrite).ok());
  EXPECT_TRUE(Ask(absl::OkStatus(), "acc", kRead));
  EXPECT_FALSE(Admit("acc", kWrite).ok());
}

TEST_F(CredentialStandingTest, WhatWasUnderWayWhenTheVerdictCameSaysNothingAgainstIt) {
  const absl::StatusOr<Permit> slow = Admit();
  const absl::StatusOr<Permit> slow_too = Admit("typo");
  Pass(absl::Seconds(1));
  Ask(Forbidden(), "typo");
  Ask(Rejected());
  (*slow)->Record(absl::OkStatus(), now_);
  (*slow_too)->Record(absl::OkStatus(), now_);
  EXPECT_EQ(standing_->rejections(), 1);
  EXPECT_EQ(standing_->forbidden(), 1U);
}

TEST_F(CredentialStandingTest, AnyAnswerThatNeedsAnAcceptedTokenProvesIt) {
  for (const v1::ErrorReason reason :
       {v1::ERROR_REASON_CAPTURE_NOT_FOUND, v1::ERROR_REASON_OWNERSHIP_NOT_FOUND,
        v1::ERROR_REASON_UPSTREAM_REJECTED}) {
    Ask(Rejected());
    Pass(absl::Minutes(1));
    EXPECT_TRUE(Ask(MakeError(absl::StatusCode::kNotFound, reason, "")));
    EXPECT_EQ(standing_->rejections(), 0) << reason;
  }
  for (const v1::ErrorReason reason :
       {v1::ERROR_REASON_UPSTREAM_BAD_RESPONSE, v1::ERROR_REASON_UPSTREAM_RATE_LIMITED,
        v1::ERROR_REASON_UPSTREAM_BUDGET_EXHAUSTED}) {
    Ask(Rejected());
    Pass(absl::Minutes(1));
    EXPECT_TRUE(Ask(MakeError(absl::StatusCode::kInternal, reason, "")));
    EXPECT_EQ(standing_->rejections(), 1) << reason;
    EXPECT_TRUE(Ask(absl::OkStatus()));
  }
}

TEST_F(CredentialStandingTest, ForbiddenAccountsAreBoundedAndTheOldestGoFirst) {
  options_.max_forbidden = 3;
  MakeStanding();
  for (const char* const account : {"a", "b", "c"}) EXPECT_TRUE(Ask(Forbidden(), account));
  Pass(absl::Minutes(1));
  EXPECT_TRUE(Ask(Forbidden(), "a"));  // Now the youngest.
  EXPECT_TRUE(Ask(Forbidden(), "d"));
  EXPECT_EQ(standing_->forbidden(), 3U);
  EXPECT_EQ(standing_->forgotten(), 1);
  EXPECT_FALSE(Admit("a").ok());
  EXPECT_FALSE(Admit("d").ok());
  const absl::StatusOr<Permit> forgotten = Admit("b");
  EXPECT_TRUE(forgotten.ok());
  EXPECT_TRUE(Admit("b").ok()) << "nobody has to wait for a probe of what is forgotten";
}

TEST_F(CredentialStandingTest, IsToldWhenItChangesAndNotAgain) {
  MakeStanding();
  EXPECT_TRUE(Ask(absl::OkStatus()));
  for (int i = 0; i < 3; ++i) {
    Ask(Rejected());
    Pass(absl::Minutes(1));
  }
  EXPECT_THAT(news_, testing::ElementsAre("UPSTREAM_CREDENTIALS_REJECTED"));
  Ask(Forbidden(), "typo");
  EXPECT_TRUE(Ask(absl::OkStatus()));
  EXPECT_TRUE(Ask(absl::OkStatus()));
  EXPECT_THAT(news_, testing::ElementsAre("UPSTREAM_CREDENTIALS_REJECTED", "accepted"));
}

TEST_F(CredentialStandingTest, FirstWordOnTheSuccessorOfARejectedTokenIsToldEitherWay) {
  for (const absl::Status& outcome : {absl::OkStatus(), Rejected()}) {
    news_.clear();
    MakeStanding(/*was_rejected=*/true);
    EXPECT_EQ(standing_->rejections(), 0);
    EXPECT_TRUE(Ask(outcome));
    EXPECT_EQ(news_.size(), 1U) << outcome;
  }
}

TEST_F(CredentialStandingTest, OfManyThreadsOneFindsOut) {
  Ask(Rejected());
  Pass(absl::Minutes(1));
  std::atomic<int> passed = 0;
  std::barrier all_have_asked(4);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      std::vector<Permit> held;
      for (int call = 0; call < 1000; ++call) {
        absl::StatusOr<Permit> permit = Admit(absl::StrCat("account-", call));
        if (!permit.ok()) continue;
        ++passed;
        held.push_back(*std::move(permit));
      }
      all_have_asked.arrive_and_wait();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(passed, 1);
}

}  // namespace
}  // namespace pcaps
