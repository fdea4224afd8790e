// What files that are written step by step have in common.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace pcaps::internal {

constexpr mode_t kFileMode = 0666;  // Less the umask, as of any file a program writes for its user.

// The file that `path` names: a symbolic link is not replaced, what it leads to is. Errors:
// INVALID_ARGUMENT when that is not a regular file, or the link leads nowhere.
absl::StatusOr<std::filesystem::path> TargetOf(const std::string& path);

// Of the last system call. UNKNOWN, whatever is wrong with our disk: the other codes are the
// gateway's, and say what it would take there.
absl::Status FileError(absl::string_view what, const std::filesystem::path& path);

// Writes the beginning off `bytes`: after an error they are those that are not in the file.
absl::Status WriteAll(int descriptor, absl::string_view& bytes, const std::filesystem::path& path);

// Makes the file `from`, open as `descriptor`, durable and gives it the name `to`.
absl::Status Publish(int descriptor, const std::filesystem::path& from,
                     const std::filesystem::path& to);

}  // namespace pcaps::internal
