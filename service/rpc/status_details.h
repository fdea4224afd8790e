// The one bridge from absl::Status to grpc::Status.
#pragma once

#include <grpcpp/support/status.h>

#include <cstdint>
#include <optional>

#include "absl/status/status.h"

namespace pcaps {

// The same error; one without ErrorInfo is a defect of ours and becomes INTERNAL/INTERNAL, unless
// it is a cancellation.
absl::Status Explained(const absl::Status& status);

// Code and message, and every google.rpc payload as a detail.
grpc::Status ToGrpcStatus(const absl::Status& status);

// RetryInfo in the form gRPC's own retries understand: milliseconds for grpc-retry-pushback-ms.
std::optional<int64_t> RetryPushbackMs(const absl::Status& status);

// "NOT_FOUND" for 5.
std::string CodeName(grpc::StatusCode code);

}  // namespace pcaps
