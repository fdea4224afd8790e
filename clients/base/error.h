// Errors as values: absl::Status with google.rpc details as payloads, from the clients up to the
// gRPC border.
#pragma once

#include <google/rpc/error_details.pb.h>
#include <pcaps/v1/pcaps.pb.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace pcaps {

using ErrorMetadata = std::vector<std::pair<std::string, std::string>>;

// A status with ErrorInfo{reason, domain "pcaps-gateway", metadata}. `message` says what is wrong
// and what to do.
absl::Status MakeError(absl::StatusCode code, v1::ErrorReason reason, absl::string_view message,
                       const ErrorMetadata& metadata = {});

// The reason of an error; ERROR_REASON_UNSPECIFIED where it has none, or is OK.
v1::ErrorReason ReasonOf(const absl::Status& status);

// "INVALID_FIELD" for ERROR_REASON_INVALID_FIELD.
std::string ReasonName(v1::ErrorReason reason);

// The ErrorInfo of an error; empty where it has none.
google::rpc::ErrorInfo ErrorInfoOf(const absl::Status& status);

// The same error with one more ErrorInfo metadata entry.
absl::Status WithMetadata(absl::Status status, absl::string_view key, absl::string_view value);

// The same error with RetryInfo.
absl::Status WithRetryAfter(absl::Status status, absl::Duration delay);
std::optional<absl::Duration> RetryAfterOf(const absl::Status& status);

// The same error with BadRequest.
absl::Status WithBadRequest(absl::Status status, const google::rpc::BadRequest& bad_request);
google::rpc::BadRequest BadRequestOf(const absl::Status& status);

// The same error with QuotaFailure.
absl::Status WithQuotaFailure(absl::Status status, const google::rpc::QuotaFailure& quota_failure);
google::rpc::QuotaFailure QuotaFailureOf(const absl::Status& status);

// Text from outside, fit for a message or a log line: valid UTF-8 without control characters, at
// most 1 KiB.
std::string CleanText(absl::string_view text);

}  // namespace pcaps
