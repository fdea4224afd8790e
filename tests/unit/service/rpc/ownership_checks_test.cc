#include "service/rpc/ownership_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "clients/base/error.h"
#include "service/gateway/page.h"

namespace pcaps {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::vector<std::string> FieldsOf(const absl::Status& status) {
  std::vector<std::string> fields;
  const google::rpc::BadRequest bad = BadRequestOf(status);
  for (const auto& violation : bad.field_violations()) fields.push_back(violation.field());
  if (!status.ok()) {
    EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_INVALID_FIELD);
    EXPECT_FALSE(fields.empty());
  }
  return fields;
}

v1::ValidateOwnershipRequest Validation(absl::string_view bucket, absl::string_view challenge) {
  v1::ValidateOwnershipRequest request;
  request.set_account_id("account");
  request.set_destination_conf(std::string(bucket));
  request.set_ownership_challenge(std::string(challenge));
  return request;
}

TEST(OwnershipChecks, EveryBadFieldIsNamedAtOnce) {
  EXPECT_THAT(FieldsOf(CheckRequest(v1::CreateOwnershipRequest())),
              ElementsAre("account_id", "destination_conf"));
  EXPECT_THAT(FieldsOf(CheckRequest(v1::ValidateOwnershipRequest())),
              ElementsAre("account_id", "destination_conf", "ownership_challenge"));
  v1::ListOwnershipsRequest list;
  list.set_page_size(-1);
  list.set_page_token("forged");
  EXPECT_THAT(FieldsOf(CheckRequest(list)), ElementsAre("account_id", "page_size", "page_token"));
  v1::DeleteOwnershipRequest forget;
  forget.set_account_id("a/b");
  forget.set_ownership_id("../pcaps");
  EXPECT_THAT(FieldsOf(CheckRequest(forget)), ElementsAre("account_id", "ownership_id"));
}

TEST(OwnershipChecks, ListTakesThePageTokensOfItsAccountOnly) {
  v1::ListOwnershipsRequest request;
  request.set_account_id("account");
  request.set_page_size(100'000);
  request.set_page_token(MakePageToken("account", {.seconds = 1, .id = "x"}));
  EXPECT_TRUE(CheckRequest(request).ok());
  request.set_page_token(MakePageToken("other", {.seconds = 1, .id = "x"}));
  EXPECT_THAT(FieldsOf(CheckRequest(request)), ElementsAre("page_token"));
}

TEST(OwnershipChecks, BucketsAreUrisOfS3GcsAndR2) {
  const std::string longest = absl::StrCat("s3://", std::string(2043, 'b'));
  const std::string too_long = longest + "b";
  for (const absl::string_view uri :
       {"s3://b/d?region=us-east-1", "gs://b",
        "r2://b?account-id=a&access-key-id=b&secret-access-key=c", longest.c_str()}) {
    EXPECT_THAT(FieldsOf(CheckRequest(Validation(uri, "x"))), IsEmpty()) << uri;
  }
  for (const absl::string_view uri : {"s3://", "http://b", "b", "s3://b c", too_long.c_str()}) {
    EXPECT_THAT(FieldsOf(CheckRequest(Validation(uri, "x"))), ElementsAre("destination_conf"))
        << uri;
  }
}

TEST(OwnershipChecks, ChallengesHaveOneTo4096BytesOfAnything) {
  EXPECT_TRUE(CheckRequest(Validation("s3://b", std::string(4096, '\n'))).ok());
  EXPECT_THAT(FieldsOf(CheckRequest(Validation("s3://b", ""))), ElementsAre("ownership_challenge"));
  EXPECT_THAT(FieldsOf(CheckRequest(Validation("s3://b", std::string(4097, 'x')))),
              ElementsAre("ownership_challenge"));
}

TEST(OwnershipChecks, AnErrorRepeatsNeitherBucketNorChallenge) {
  const absl::Status refused = CheckRequest(
      Validation("r2:/b?secret-access-key=hunter2", std::string(5000, 'x') + "hunter2"));
  EXPECT_THAT(FieldsOf(refused), ElementsAre("destination_conf", "ownership_challenge"));
  EXPECT_THAT(refused.ToString(), Not(HasSubstr("hunter2")));
  EXPECT_THAT(BadRequestOf(refused).ShortDebugString(), Not(HasSubstr("hunter2")));
}

}  // namespace
}  // namespace pcaps
