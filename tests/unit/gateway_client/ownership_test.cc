// Bucket ownership: the client's calls, and what gRPC may repeat of them.
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "clients/base/error.h"
#include "tests/unit/gateway_client/client_fixture.h"

namespace pcaps {
namespace {

using ClientOwnership = ClientFixture;

v1::CreateOwnershipRequest Creation(const std::string& bucket = "s3://b/d?region=us-east-1") {
  v1::CreateOwnershipRequest request;
  request.set_account_id(kAccount);
  request.set_destination_conf(bucket);
  return request;
}

v1::ValidateOwnershipRequest Validation(const std::string& challenge) {
  v1::ValidateOwnershipRequest request;
  request.set_account_id(kAccount);
  request.set_destination_conf("s3://b/d?region=us-east-1");
  request.set_ownership_challenge(challenge);
  return request;
}

v1::DeleteOwnershipRequest Deletion(const std::string& id) {
  v1::DeleteOwnershipRequest request;
  request.set_account_id(kAccount);
  request.set_ownership_id(id);
  return request;
}

TEST_F(ClientOwnership, ABucketIsAddedProvedAndForgotten) {
  const auto added = client_->CreateOwnership(Creation());
  ASSERT_TRUE(added.ok()) << added.status();
  EXPECT_EQ(added->status(), v1::Ownership::STATUS_PENDING);
  EXPECT_EQ(client_->ValidateOwnership(Validation("wrong"))->status(),
            v1::Ownership::STATUS_FAILED);
  EXPECT_EQ(client_->ValidateOwnership(Validation(FakeOwnerships::kChallenge))->status(),
            v1::Ownership::STATUS_SUCCESS);
  EXPECT_TRUE(client_->DeleteOwnership(Deletion(added->id())).ok());
  EXPECT_EQ(ReasonOf(client_->DeleteOwnership(Deletion(added->id()))),
            v1::ERROR_REASON_OWNERSHIP_NOT_FOUND);
}

TEST_F(ClientOwnership, ListReadsAllPagesInOrder) {
  gateway_.ownerships().SetPageSize(2);
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(client_->CreateOwnership(Creation(absl::StrCat("s3://b", i))).ok());
  }
  const auto all = client_->ListOwnerships(kAccount);
  ASSERT_TRUE(all.ok()) << all.status();
  std::string ids;
  for (const v1::Ownership& each : *all) ids += each.id();
  EXPECT_EQ(ids, "own5own4own3own2own1");
  EXPECT_EQ(gateway_.ownerships().calls("ListOwnerships"), 3);
}

TEST_F(ClientOwnership, ReadsAreRepeatedWhenTheGatewayIsUnavailable) {
  ASSERT_TRUE(client_->CreateOwnership(Creation()).ok());
  gateway_.ownerships().FailNext(Retryable(v1::ERROR_REASON_UPSTREAM_UNAVAILABLE));
  EXPECT_TRUE(client_->ListOwnerships(kAccount).ok());
  EXPECT_EQ(gateway_.ownerships().calls("ListOwnerships"), 2);
}

TEST_F(ClientOwnership, AWriteIsNeverSentTwice) {
  for (const absl::Status& error :
       {Retryable(v1::ERROR_REASON_UPSTREAM_UNAVAILABLE), absl::CancelledError("gone")}) {
    gateway_.ownerships().FailNext(error);
    EXPECT_EQ(client_->CreateOwnership(Creation()).status().code(), error.code());
    gateway_.ownerships().FailNext(error);
    EXPECT_EQ(client_->ValidateOwnership(Validation("x")).status().code(), error.code());
    gateway_.ownerships().FailNext(error);
    EXPECT_EQ(client_->DeleteOwnership(Deletion("own1")).code(), error.code());
  }
  EXPECT_EQ(gateway_.ownerships().calls("CreateOwnership"), 2);
  EXPECT_EQ(gateway_.ownerships().calls("ValidateOwnership"), 2);
  EXPECT_EQ(gateway_.ownerships().calls("DeleteOwnership"), 2);
}

}  // namespace
}  // namespace pcaps
