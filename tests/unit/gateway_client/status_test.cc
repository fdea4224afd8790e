#include "clients/gateway/status.h"

#include <gtest/gtest.h>

#include "clients/base/error.h"
#include "tests/unit/gateway_client/fake_gateway.h"

namespace pcaps {
namespace {

absl::Status DetailedError() {
  google::rpc::BadRequest bad_request;
  auto& violation = *bad_request.add_field_violations();
  violation.set_field("time_limit");
  violation.set_description("is too long");
  return WithBadRequest(
      WithRetryAfter(MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_INVALID_FIELD,
                               "1 field is wrong", {{"cf_ray", "8a1b"}}),
                     absl::Seconds(12)),
      bad_request);
}

TEST(FromGrpcStatus, KeepsEveryDetailOfTheGateway) {
  const absl::Status error = DetailedError();
  EXPECT_EQ(FromGrpcStatus(ToGrpcStatus(error)), error);  // Code, message and payloads.
}

TEST(FromGrpcStatus, OkIsOk) { EXPECT_TRUE(FromGrpcStatus(grpc::Status::OK).ok()); }

TEST(FromGrpcStatus, DetailsThatCannotBeReadCostNothingButThemselves) {
  const absl::Status status =
      FromGrpcStatus(grpc::Status(grpc::StatusCode::NOT_FOUND, "gone", "\xFF not a message"));
  EXPECT_EQ(status, absl::NotFoundError("gone"));
}

TEST(RequestId, IsAddedToAnErrorAndLeavesItsReason) {
  const absl::Status error = WithRequestId(DetailedError(), "0f3c");
  EXPECT_EQ(RequestIdOf(error), "0f3c");
  EXPECT_EQ(ReasonOf(error), v1::ERROR_REASON_INVALID_FIELD);
  EXPECT_EQ(RequestIdOf(DetailedError()), "");
  EXPECT_TRUE(WithRequestId(absl::OkStatus(), "0f3c").ok());
}

}  // namespace
}  // namespace pcaps
