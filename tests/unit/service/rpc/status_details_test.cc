#include "service/rpc/status_details.h"

#include <google/rpc/status.pb.h>
#include <gtest/gtest.h>

#include "clients/base/error.h"

namespace pcaps {
namespace {

TEST(StatusDetails, EveryDetailTravels) {
  google::rpc::BadRequest bad;
  bad.add_field_violations()->set_field("account_id");
  const absl::Status status = WithRetryAfter(
      WithBadRequest(MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_INVALID_FIELD,
                               "wrong", {{"key", "value"}}),
                     bad),
      absl::Milliseconds(1500));
  const grpc::Status converted = ToGrpcStatus(status);
  EXPECT_EQ(converted.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(converted.error_message(), "wrong");
  google::rpc::Status details;
  ASSERT_TRUE(details.ParseFromString(converted.error_details()));
  EXPECT_EQ(details.code(), 3);
  EXPECT_EQ(details.details_size(), 3);
  for (const google::protobuf::Any& detail : details.details()) {
    google::rpc::ErrorInfo info;
    if (!detail.UnpackTo(&info)) continue;
    EXPECT_EQ(info.reason(), "INVALID_FIELD");
    EXPECT_EQ(info.domain(), "pcaps-gateway");
    EXPECT_EQ(info.metadata().at("key"), "value");
  }
  EXPECT_EQ(RetryPushbackMs(status), 1500);
}

TEST(StatusDetails, AnUnexplainedErrorIsADefectOfOurs) {
  const grpc::Status converted = ToGrpcStatus(Explained(absl::UnknownError("what?")));
  EXPECT_EQ(converted.error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_FALSE(converted.error_details().empty());
}

TEST(StatusDetails, OkAndCancellationStayWhatTheyAre) {
  EXPECT_TRUE(Explained(absl::OkStatus()).ok());
  EXPECT_TRUE(absl::IsCancelled(Explained(absl::CancelledError(""))));
  EXPECT_TRUE(ToGrpcStatus(absl::OkStatus()).ok());
  EXPECT_EQ(ToGrpcStatus(absl::CancelledError("")).error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_EQ(RetryPushbackMs(absl::CancelledError("")), std::nullopt);
  EXPECT_EQ(CodeName(grpc::StatusCode::NOT_FOUND), "NOT_FOUND");
}

}  // namespace
}  // namespace pcaps
