// gRPC's errors as the errors of clients/base/error.h: absl::Status with each google.rpc detail as
// a payload.
#pragma once

#include <grpcpp/support/status.h>

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace pcaps {

// Details that cannot be read are left out; code and message stay.
absl::Status FromGrpcStatus(const grpc::Status& status);

// The same error with the id under which the gateway logged the call, as ErrorInfo metadata. OK
// stays OK.
absl::Status WithRequestId(absl::Status status, absl::string_view request_id);
// Empty where it has none.
std::string RequestIdOf(const absl::Status& status);

}  // namespace pcaps
