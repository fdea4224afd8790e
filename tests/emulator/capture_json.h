// Captures as the API's JSON: reads the body of a create, writes results.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <variant>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tests/emulator/api_error.h"
#include "tests/emulator/capture.h"

namespace pcaps::emulator {

// A body that must be a JSON object.
std::variant<boost::json::object, ApiError> ParseObject(absl::string_view body);

// The capture a create request asks for, submitted now, without an id.
std::variant<Capture, ApiError> ParseCapture(absl::string_view body, absl::Time now);

boost::json::object ToJson(const Capture& capture, absl::Time now);

// RFC 3339 with up to six decimals, UTC.
std::string ToRfc3339(absl::Time time);

// "/destination_conf" where a bucket URI is not s3://, gs:// or r2:// with a bucket.
std::optional<ApiError> CheckDestination(absl::string_view destination_conf);

}  // namespace pcaps::emulator
