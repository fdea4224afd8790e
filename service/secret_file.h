// Files that hold one secret: an upstream token, a password of Redis.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace pcaps {

// The secret without the white space around it. Errors name the file and never what is in it:
// NOT_FOUND; PERMISSION_DENIED; INVALID_ARGUMENT, it is no file, is empty, or holds more than one
// word.
absl::StatusOr<std::string> ReadSecretFile(const std::string& path);

// Checks a secret from elsewhere in the same way. `source` names it: "the file /x".
absl::StatusOr<std::string> CheckSecret(std::string secret, const std::string& source);

// Whether every user of this machine may read the file.
bool IsWorldReadable(const std::string& path);

}  // namespace pcaps
