// Files that are read whole: secrets, certificates, callers.
#pragma once

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"

namespace pcaps {

// What is in a regular file of at most `max_bytes`. Never waits for somebody to write: a pipe is no
// file. Errors complete "the file x ": NOT_FOUND "does not exist"; PERMISSION_DENIED;
// INVALID_ARGUMENT "is a directory", "is no regular file", "is larger than ...".
absl::StatusOr<std::string> ReadSmallFile(const std::string& path, size_t max_bytes);

}  // namespace pcaps
