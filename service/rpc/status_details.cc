#include "service/rpc/status_details.h"

#include <google/rpc/status.pb.h>

#include <string>

#include "absl/strings/cord.h"
#include "clients/base/error.h"

namespace pcaps {

absl::Status Explained(const absl::Status& status) {
  if (status.ok() || absl::IsCancelled(status)) return status;
  if (ReasonOf(status) != v1::ERROR_REASON_UNSPECIFIED) return status;
  return MakeError(absl::StatusCode::kInternal, v1::ERROR_REASON_INTERNAL,
                   status.ToString(absl::StatusToStringMode::kWithNoExtraData));
}

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  google::rpc::Status details;
  details.set_code(static_cast<int>(status.code()));
  details.set_message(std::string(status.message()));
  status.ForEachPayload([&](absl::string_view type_url, const absl::Cord& payload) {
    google::protobuf::Any* detail = details.add_details();
    detail->set_type_url(std::string(type_url));
    detail->set_value(std::string(payload));
  });
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), details.message(),
                      details.SerializeAsString());
}

std::optional<int64_t> RetryPushbackMs(const absl::Status& status) {
  const std::optional<absl::Duration> delay = RetryAfterOf(status);
  if (!delay.has_value()) return std::nullopt;
  return absl::ToInt64Milliseconds(*delay);
}

std::string CodeName(grpc::StatusCode code) {
  return absl::StatusCodeToString(static_cast<absl::StatusCode>(code));
}

}  // namespace pcaps
