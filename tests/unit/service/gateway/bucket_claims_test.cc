#include "service/gateway/bucket_claims.h"

#include <gtest/gtest.h>

#include "clients/base/error.h"

namespace pcaps {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

v1::Ownership Made(const std::string& id) {
  v1::Ownership ownership;
  ownership.set_id(id);
  return ownership;
}

absl::Status Unknown() {
  return MakeError(absl::StatusCode::kAborted, v1::ERROR_REASON_OWNERSHIP_OUTCOME_UNKNOWN, "lost");
}

std::string IdOf(const std::optional<v1::Ownership>& claimed) {
  return claimed.has_value() ? claimed->id() : "none";
}

TEST(BucketClaims, TheOnlyOneThatAppearedIsOurs) {
  BucketClaims claims;
  const auto ours = claims.Begin("bucket", kNow);
  EXPECT_EQ(IdOf(claims.Claim(ours, {})), "none");
  EXPECT_EQ(IdOf(claims.Claim(ours, {Made("x"), Made("y")})), "none");
  EXPECT_EQ(IdOf(claims.Claim(ours, {Made("x")})), "x");
}

TEST(BucketClaims, WhatAnotherCreateWasAnsweredWithIsNotOurs) {
  BucketClaims claims;
  const auto ours = claims.Begin("bucket", kNow);
  claims.End(claims.Begin("bucket", kNow), Made("theirs"), kNow);
  EXPECT_EQ(IdOf(claims.Claim(ours, {Made("theirs")})), "none");
  EXPECT_EQ(IdOf(claims.Claim(ours, {Made("theirs"), Made("x")})), "x");
}

TEST(BucketClaims, WhileAnotherCreateOfTheBucketIsUnderWayNobodyCanTell) {
  BucketClaims claims;
  const auto ours = claims.Begin("bucket", kNow);
  const auto theirs = claims.Begin("bucket", kNow);
  const auto elsewhere = claims.Begin("another bucket", kNow);
  EXPECT_EQ(IdOf(claims.Claim(ours, {Made("x")})), "none");
  EXPECT_EQ(IdOf(claims.Claim(theirs, {Made("x")})), "none");
  EXPECT_EQ(IdOf(claims.Claim(elsewhere, {Made("z")})), "z");
  claims.End(theirs, absl::InvalidArgumentError("refused"), kNow);
  EXPECT_EQ(IdOf(claims.Claim(ours, {Made("x")})), "x");
}

TEST(BucketClaims, WhatACreateOfUnknownOutcomeMayHaveMadeIsNotOursForAMinute) {
  for (const absl::Status& end : {Unknown(), absl::CancelledError("the caller left")}) {
    BucketClaims claims;
    claims.End(claims.Begin("bucket", kNow), end, kNow);
    const auto soon = claims.Begin("bucket", kNow + absl::Seconds(59));
    EXPECT_EQ(IdOf(claims.Claim(soon, {Made("x")})), "none");
    claims.End(soon, absl::UnavailableError("not sent"), kNow + absl::Seconds(59));
    const auto later = claims.Begin("bucket", kNow + absl::Seconds(60));
    EXPECT_EQ(IdOf(claims.Claim(later, {Made("x")})), "x");
  }
}

TEST(BucketClaims, ACreateOfUnknownOutcomeOfWhichNothingAppearedMadeNothing) {
  BucketClaims claims;
  const auto theirs = claims.Begin("bucket", kNow);
  EXPECT_EQ(IdOf(claims.Claim(theirs, {})), "none");
  claims.End(theirs, Unknown(), kNow);
  EXPECT_EQ(IdOf(claims.Claim(claims.Begin("bucket", kNow), {Made("x")})), "x");
}

}  // namespace
}  // namespace pcaps
