// Errors as people and programs read them.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace pcaps::pcapctl {

// Code, reason and message; each bad field; request id, cf-ray and when to try again, where known.
std::string ErrorText(const absl::Status& error);
// The same as one JSON object on a line.
std::string ErrorJson(const absl::Status& error);

}  // namespace pcaps::pcapctl
