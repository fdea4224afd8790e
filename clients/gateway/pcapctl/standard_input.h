// Standard input as the value of an argument.
#pragma once

#include <cstddef>
#include <stop_token>
#include <string>

#include "absl/status/statusor.h"

namespace pcaps::pcapctl {

// All of it, to its end. Errors: INVALID_ARGUMENT for more than `max_bytes`, CANCELLED once stop is
// requested, UNKNOWN where it cannot be read.
absl::StatusOr<std::string> ReadStandardInput(size_t max_bytes, const std::stop_token& stop);

}  // namespace pcaps::pcapctl
