#include "clients/gateway/status.h"

#include <google/rpc/status.pb.h>

#include <utility>

#include "absl/strings/cord.h"
#include "clients/base/error.h"

namespace pcaps {
namespace {

constexpr char kRequestIdKey[] = "request_id";

}  // namespace

absl::Status FromGrpcStatus(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  absl::Status result(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  google::rpc::Status details;
  if (!details.ParseFromString(status.error_details())) return result;
  for (const google::protobuf::Any& detail : details.details()) {
    result.SetPayload(detail.type_url(), absl::Cord(detail.value()));
  }
  return result;
}

absl::Status WithRequestId(absl::Status status, absl::string_view request_id) {
  if (status.ok()) return status;
  return WithMetadata(std::move(status), kRequestIdKey, request_id);
}

std::string RequestIdOf(const absl::Status& status) {
  const google::rpc::ErrorInfo info = ErrorInfoOf(status);
  const auto found = info.metadata().find(kRequestIdKey);
  return found == info.metadata().end() ? "" : found->second;
}

}  // namespace pcaps
