// The API's envelope around results and errors, and the errors the emulator answers with.
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "tests/emulator/answer.h"

namespace pcaps::emulator {

// Error codes. Those from 6000 on are the real API's, seen in the wild; it does not document the
// others.
enum ErrorCode {
  kInvalidJson = 1001,
  kInvalidField = 1002,
  kCreateTooSoon = 1003,
  kFullCaptureRunning = 1004,
  kNotFound = 1005,
  kNotReady = 1006,
  kNotDownloadable = 1007,
  kCaptureFailed = 1008,
  kNotStoppable = 1009,
  kNotValidated = 1010,
  kInvalidHeaders = 6003,
  kInvalidAuthorizationFormat = 6111,
  kNoRoute = 7003,
  kAuthentication = 10000,
  kMethodNotAllowed = 10405,
  kRateLimited = 10429,
};

struct ApiError {
  int status = 400;
  int code = kInvalidField;
  std::string message;
  std::string pointer = {};                 // source.pointer: the bad field. Empty: none.
  std::optional<int64_t> retry_after = {};  // Header, seconds.
  std::optional<boost::json::array> error_chain = {};  // Causes inside the error.
};

// 400 for one field of a body, named by its JSON pointer.
ApiError BadField(absl::string_view pointer, absl::string_view message);

// {"success":false,"errors":[...],"messages":[],"result":null}
Answer ErrorAnswer(const ApiError& error);
// {"success":true,"errors":[],"messages":[],"result":...}
Answer ResultAnswer(boost::json::value result);
// The same for a list: null when empty, and result_info.
Answer ListAnswer(boost::json::array items, size_t total, size_t per_page);
// 204.
Answer EmptyAnswer();
// Any JSON, without an envelope.
Answer JsonAnswer(int status, const boost::json::value& value);

}  // namespace pcaps::emulator
